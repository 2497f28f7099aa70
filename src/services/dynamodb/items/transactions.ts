// Transactions: all or nothing, and nothing else in between.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html

import { hex, timer } from '#world/index.ts';
import type { TimerHandler, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { pick } from '../expressions/path.ts';
import type { Path } from '../expressions/path.ts';
import { invalid } from '../faults.ts';
import { checkKey, checkKeyPaths, tableKey } from '../keys.ts';
import { transactions } from '../rows.ts';
import type { TableRow } from '../rows.ts';
import { findItem } from '../store.ts';
import { usableTable } from '../tables/table.ts';
import { MOST_TRANSACTION_BYTES, TOKEN_MS } from '../timings.ts';
import { canonical } from '../values/canonical.ts';
import { fromWire, itemBytes, toWire } from '../values/value.ts';
import type { Item } from '../values/value.ts';
import { consume, Consumed, readUnits, shown, THROTTLED } from './capacity.ts';
import { expressionsOf } from './expressions.ts';
import {
  aim,
  checkChange,
  checkCondition,
  collectionMetrics,
  deleteChange,
  outcome,
  putChange,
  updateChange,
  write,
} from './writing.ts';
import type { Aimed, Change } from './writing.ts';

type TransactWriteItem = Input<'dynamodb', 'TransactWriteItems'>['TransactItems'][number];
type ConsumedCapacity = NonNullable<Output<'dynamodb', 'TransactWriteItems'>['ConsumedCapacity']>[number];
type Metrics = NonNullable<Output<'dynamodb', 'TransactWriteItems'>['ItemCollectionMetrics']>;

/** Items are prepared and then written, or read: twice the usual units. */
const FACTOR = 2;

interface Reason {
  readonly Code: string;
  readonly Message?: string;
  readonly Item?: unknown;
}

/** Codes of cancellation reasons by the errors that the same writes would get on their own. */
const CODES: Readonly<Record<string, string>> = {
  ConditionalCheckFailedException: 'ConditionalCheckFailed',
  [THROTTLED]: 'ProvisionedThroughputExceeded',
  DuplicateItemException: 'DuplicateItem',
  ValidationException: 'ValidationError',
};

/** A key that is empty cancels nothing: it is wrong with the request. */
const EMPTY_KEY = /cannot contain an empty \w+ value\. Key: /;

const tokenDue: TimerKind<{ token: string; at: number }> = timer<{ token: string; at: number }>(
  'dynamodb/token-due',
  { background: true },
);

export const forgetToken: TimerHandler<{ token: string; at: number }, Ctx> = {
  kind: tokenDue,
  live: (ctx, { token, at }) => ctx.get(transactions, token)?.at === at,
  fire: (ctx, { token }) => ctx.delete(transactions, token),
};

function changeOf({ Put, Update, Delete, ConditionCheck }: TransactWriteItem): Change {
  const given = [Put, Update, Delete, ConditionCheck].filter((one) => one !== undefined);
  if (given.length > 1) throw invalid('TransactItems can only contain one of Check, Put, Update or Delete');
  if (Put) return putChange(Put);
  if (Update) return updateChange(Update);
  if (Delete) return deleteChange(Delete);
  if (ConditionCheck) return checkChange(ConditionCheck);
  throw invalid('Invalid Request: TransactWriteRequest should contain Delete or Put or Update request');
}

function cancelled(reasons: readonly Reason[]): Fault {
  const codes = reasons.map(({ Code }) => Code).join(', ');
  return new Fault(
    'TransactionCanceledException',
    `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`,
    { fields: { CancellationReasons: reasons } },
  );
}

/** Runs each part; if any fails, the transaction is cancelled with the reasons of all. */
function allOf<T, U>(parts: readonly T[], run: (part: T) => U): U[] {
  const reasons: Reason[] = [];
  const results: U[] = [];
  for (const part of parts) {
    try {
      results.push(run(part));
      reasons.push({ Code: 'None' });
    } catch (error) {
      const code = error instanceof Fault ? CODES[error.shape] : undefined;
      if (!(error instanceof Fault) || code === undefined || EMPTY_KEY.test(error.message)) throw error;
      reasons.push({ Code: code, Message: error.message, ...error.fields });
    }
  }
  if (results.length < parts.length) throw cancelled(reasons);
  return results;
}

function checkDistinct(places: readonly { readonly table: TableRow; readonly key: string }[]): void {
  if (new Set(places.map(({ table, key }) => `${table.arn} ${key}`)).size < places.length)
    throw invalid('Transaction request cannot include multiple operations on one item');
}

/** Capacity by table, in the order of the request. */
class Totals {
  readonly #kind: 'read' | 'write';
  readonly #byArn = new Map<string, { table: TableRow; consumed: Consumed }>();

  constructor(kind: 'read' | 'write') {
    this.#kind = kind;
  }

  add(table: TableRow, consumed: Consumed): void {
    const total = this.#byArn.get(table.arn) ?? { table, consumed: new Consumed(this.#kind) };
    total.consumed.addAll(consumed);
    this.#byArn.set(table.arn, total);
  }

  told(level: 'INDEXES' | 'TOTAL' | 'NONE' | undefined): { ConsumedCapacity?: ConsumedCapacity[] } {
    if (level !== 'TOTAL' && level !== 'INDEXES') return {};
    const all = [...this.#byArn.values()];
    return { ConsumedCapacity: all.map(({ table, consumed }) => shown(table, consumed, level, true)) };
  }
}

/** Whether a request with this token was carried out before. Throws where that was another request. */
function isRepeated(ctx: Ctx, token: string | undefined, asked: unknown): boolean {
  if (token === undefined) return false;
  const request = hex(ctx.kernel.primitives.sha256(canonical(asked)));
  const before = ctx.get(transactions, token);
  if (before && before.request !== request)
    throw new Fault(
      'IdempotentParameterMismatchException',
      'The provided client token is already in use with different parameters',
    );
  if (before) return true;
  ctx.put(transactions, { token, request, at: ctx.now });
  ctx.schedule(tokenDue, ctx.now + TOKEN_MS, { token, at: ctx.now });
  return false;
}

/** What a request costs that is answered from its token: it reads what it would have written. */
function repeated(aimed: readonly Aimed[]): Totals {
  const totals = new Totals('read');
  for (const { table, before } of aimed) {
    const consumed = new Consumed('read');
    consumed.add(readUnits(before?.bytes ?? 0, true, FACTOR));
    totals.add(table, consumed);
  }
  return totals;
}

interface Asked {
  readonly ClientRequestToken?: string | undefined;
  readonly ReturnConsumedCapacity?: 'INDEXES' | 'TOTAL' | 'NONE' | undefined;
  readonly ReturnItemCollectionMetrics?: 'SIZE' | 'NONE' | undefined;
}

/** Carries out all changes or none. `request`: what a token stands for. */
export function writeTogether(
  ctx: Ctx,
  changes: readonly Change[],
  { ClientRequestToken, ReturnConsumedCapacity, ReturnItemCollectionMetrics }: Asked,
  request: unknown,
): { ConsumedCapacity?: ConsumedCapacity[]; ItemCollectionMetrics?: Metrics } {
  if (changes.reduce((sum, { finds }) => sum + itemBytes(finds), 0) > MOST_TRANSACTION_BYTES)
    throw invalid('Transaction size exceeds 4 MB');
  for (const { tableName } of changes) usableTable(ctx, tableName);
  const aimed = allOf(changes, (change) => aim(ctx, change));
  checkDistinct(aimed.map(({ table, change }) => ({ table, key: tableKey(table, change.finds) })));
  if (isRepeated(ctx, ClientRequestToken, request)) return repeated(aimed).told(ReturnConsumedCapacity);
  const outcomes = allOf(aimed, (one) => {
    checkCondition(one);
    return { one, after: outcome(one) };
  });
  const written = allOf(outcomes, ({ one, after }) => ({ one, ...write(one, after, FACTOR) }));
  const totals = new Totals('write');
  const metrics: Record<string, Metrics[string][number][]> = {};
  for (const { one, consumed } of written) {
    totals.add(one.table, consumed);
    const { ItemCollectionMetrics } = collectionMetrics(one, ReturnItemCollectionMetrics);
    if (ItemCollectionMetrics) (metrics[one.table.name] ??= []).push(ItemCollectionMetrics);
  }
  return {
    ...totals.told(ReturnConsumedCapacity),
    ...(Object.keys(metrics).length > 0 && { ItemCollectionMetrics: metrics }),
  };
}

/** An item to be read, and what is shown of it. */
export interface Wanted {
  readonly tableName: string;
  readonly key: Item;
  readonly paths: readonly Path[];
  shows(item: Item): Item;
}

export function readTogether(
  ctx: Ctx,
  wanted: readonly Wanted[],
  { ReturnConsumedCapacity }: Asked,
): { found: (Item | undefined)[]; ConsumedCapacity?: ConsumedCapacity[] } {
  for (const { tableName } of wanted) usableTable(ctx, tableName);
  const aimed = allOf(wanted, (one) => {
    const { home, table } = usableTable(ctx, one.tableName);
    checkKey(table, one.key);
    checkKeyPaths(table, one.paths);
    return { home, table, one };
  });
  checkDistinct(aimed.map(({ table, one: { key } }) => ({ table, key: tableKey(table, key) })));
  const totals = new Totals('read');
  const found = allOf(aimed, ({ home, table, one }) => {
    const row = findItem(home, table, one.key);
    const consumed = new Consumed('read');
    consumed.add(readUnits(row?.bytes ?? 0, true, FACTOR));
    consume(home, table, consumed);
    totals.add(table, consumed);
    return row && one.shows(row.item);
  });
  return { found, ...totals.told(ReturnConsumedCapacity) };
}

export const transactionOperations: Operations<'dynamodb'> = {
  TransactWriteItems: (ctx, input) =>
    writeTogether(ctx, input.TransactItems.map(changeOf), input, input.TransactItems),

  TransactGetItems(ctx, input) {
    const wanted = input.TransactItems.map(({ Get }) => {
      const { projection } = expressionsOf(Get, ['ProjectionExpression']);
      return {
        tableName: Get.TableName,
        key: fromWire(Get.Key),
        paths: projection ?? [],
        shows: (item: Item): Item => (projection ? pick(item, projection) : item),
      };
    });
    const { found, ...capacity } = readTogether(ctx, wanted, input);
    return { Responses: found.map((item) => (item ? { Item: toWire(item) } : {})), ...capacity };
  },
};
