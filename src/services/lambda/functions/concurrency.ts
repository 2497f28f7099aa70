// Concurrency: how many invocations run, and how many may.
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { functionOf, invalid, named, unqualified } from '../names.ts';
import { functions, LATEST, versions } from '../rows.ts';
import type { LambdaFunction } from '../rows.ts';
import { ACCOUNT_CONCURRENCY, LARGEST_CODE_STORAGE, LEAST_UNRESERVED } from '../timings.ts';
import { LARGEST_UNZIPPED, LARGEST_ZIPPED } from './package.ts';

/** What runs now. The row without a name is the account's. */
interface Running {
  name: string;
  running: number;
  /** Invocations so far: what random choices of single invocations are keyed by. */
  invocations: number;
}
export const runnings: Table<Running> = table<Running>('lambda/running', (row) => row.name);

const ACCOUNT = '';
const NONE = { running: 0, invocations: 0 };

function runningOf(owner: Ctx, name: string): Running {
  return owner.get(runnings, name) ?? { name, ...NONE };
}

export function runningNow(owner: Ctx, name: string): number {
  return runningOf(owner, name).running;
}

export function runningInAccount(owner: Ctx): number {
  return runningOf(owner, ACCOUNT).running;
}

/** An invocation of the function begins. Returns its ordinal. */
export function counted(owner: Ctx, name: string): number {
  for (const counter of [name, ACCOUNT]) {
    const { running, invocations } = runningOf(owner, counter);
    owner.put(runnings, { name: counter, running: running + 1, invocations: invocations + 1 });
  }
  return runningOf(owner, name).invocations;
}

export function uncounted(owner: Ctx, name: string): void {
  for (const counter of [name, ACCOUNT]) {
    const row = runningOf(owner, counter);
    owner.put(runnings, { ...row, running: Math.max(0, row.running - 1) });
  }
}

function reserved(owner: Ctx): LambdaFunction[] {
  return owner.list(functions).filter(({ reservedConcurrency }) => reservedConcurrency !== undefined);
}

function sumReserved(of: readonly LambdaFunction[]): number {
  return of.reduce((sum, { reservedConcurrency = 0 }) => sum + reservedConcurrency, 0);
}

/** How many invocations of a function may run at once. */
export function concurrencyOf(owner: Ctx, { reservedConcurrency }: LambdaFunction): number {
  return reservedConcurrency ?? ACCOUNT_CONCURRENCY - sumReserved(reserved(owner));
}

export type ThrottleReason =
  | 'ReservedFunctionConcurrentInvocationLimitExceeded'
  | 'ConcurrentInvocationLimitExceeded';

/** Why one more invocation of the function may not run now. */
export function throttleReason(owner: Ctx, fn: LambdaFunction): ThrottleReason | undefined {
  if (fn.reservedConcurrency !== undefined) {
    return runningNow(owner, fn.name) < fn.reservedConcurrency
      ? undefined
      : 'ReservedFunctionConcurrentInvocationLimitExceeded';
  }
  const all = runningInAccount(owner);
  // Far from any limit nobody needs to know how much is reserved: the others are left with no less than this.
  if (all < LEAST_UNRESERVED) return undefined;
  const holders = reserved(owner);
  const theirs = holders.reduce((sum, { name }) => sum + runningNow(owner, name), 0);
  return all - theirs < ACCOUNT_CONCURRENCY - sumReserved(holders)
    ? undefined
    : 'ConcurrentInvocationLimitExceeded';
}

export const concurrencyOperations: Operations<'lambda'> = {
  PutFunctionConcurrency(ctx, { FunctionName, ReservedConcurrentExecutions: wanted }) {
    const of = unqualified(named(ctx, FunctionName));
    const fn = functionOf(of, `${of.arn}:${LATEST}`);
    const others = reserved(of.owner).filter(({ name }) => name !== fn.name);
    if (ACCOUNT_CONCURRENCY - sumReserved(others) - wanted < LEAST_UNRESERVED) {
      throw invalid(
        "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution " +
          `below its minimum value of [${LEAST_UNRESERVED}].`,
      );
    }
    of.owner.update(functions, fn, { reservedConcurrency: wanted });
    return { ReservedConcurrentExecutions: wanted };
  },

  GetFunctionConcurrency(ctx, { FunctionName }) {
    const { reservedConcurrency } = functionOf(unqualified(named(ctx, FunctionName)));
    return reservedConcurrency === undefined ? {} : { ReservedConcurrentExecutions: reservedConcurrency };
  },

  DeleteFunctionConcurrency(ctx, { FunctionName }) {
    const of = unqualified(named(ctx, FunctionName));
    const { reservedConcurrency: _, ...fn } = functionOf(of);
    of.owner.put(functions, fn);
  },

  GetAccountSettings(ctx) {
    const sizes = ctx.list(versions).map(({ configuration }) => configuration.code.sizeBytes);
    return {
      AccountLimit: {
        TotalCodeSize: LARGEST_CODE_STORAGE,
        CodeSizeUnzipped: LARGEST_UNZIPPED,
        CodeSizeZipped: LARGEST_ZIPPED,
        ConcurrentExecutions: ACCOUNT_CONCURRENCY,
        UnreservedConcurrentExecutions: ACCOUNT_CONCURRENCY - sumReserved(reserved(ctx)),
      },
      AccountUsage: {
        TotalCodeSize: sizes.reduce((sum, size) => sum + size, 0),
        FunctionCount: ctx.list(functions).length,
      },
    };
  },

  GetFunctionCodeSigningConfig(ctx, { FunctionName }) {
    const { name } = functionOf(unqualified(named(ctx, FunctionName)));
    // No function here can have one: code signing is refused.
    return { FunctionName: name, CodeSigningConfigArn: '' };
  },
};
