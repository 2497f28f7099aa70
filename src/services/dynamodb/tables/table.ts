// Finding tables by name or ARN.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { inUse, invalid, noResource, noTable } from '../faults.ts';
import { tables } from '../rows.ts';
import type { Index, TableRow } from '../rows.ts';

const ARN = /^arn:aws:dynamodb:([a-z0-9-]+):(\d{12}):table\/([A-Za-z0-9_.-]{3,255})$/;
const NAME = /^[A-Za-z0-9_.-]+$/;

/** Where a table is, and what it is called there. Other accounts' tables are named by ARN. */
export interface Place {
  readonly home: Ctx;
  readonly name: string;
}

export interface Located extends Place {
  readonly table: TableRow;
}

export function placeIn(ctx: Ctx, nameOrArn: string): Place {
  const [, region, account, name] = ARN.exec(nameOrArn) ?? [];
  if (name === undefined || account === undefined) {
    if (nameOrArn.startsWith('arn:'))
      throw invalid(`Invalid TableArn: Invalid ResourceArn provided as input ${nameOrArn}`);
    checkName(nameOrArn);
    return { home: ctx, name: nameOrArn };
  }
  if (region !== ctx.region)
    throw invalid('One or more parameter values were invalid: Invalid region in the ARN');
  return { home: ctx.in({ account }), name };
}

function checkName(name: string): void {
  if (name.length < 3 || name.length > 255)
    throw invalid('TableName must be at least 3 characters long and at most 255 characters long');
  if (!NAME.test(name))
    throw invalid(
      `1 validation error detected: Value '${name}' at 'tableName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+`,
    );
}

export function tableArn(ctx: Ctx, nameOrArn: string): string {
  return nameOrArn.startsWith('arn:') ? nameOrArn : ctx.arn('dynamodb', `table/${nameOrArn}`);
}

/** The table of an ARN, if it is there. */
export function tableByArn(ctx: Ctx, arn: string): Located | undefined {
  const [, region, account, name] = ARN.exec(arn.split('/').slice(0, 2).join('/')) ?? [];
  if (region === undefined || account === undefined || name === undefined) return undefined;
  const home = ctx.in({ region, account });
  const table = home.get(tables, name);
  return table && { home, name, table };
}

/** For operations on tables. */
export function tableOf(ctx: Ctx, nameOrArn: string): Located {
  const place = placeIn(ctx, nameOrArn);
  const table = place.home.get(tables, place.name);
  if (!table) throw noTable(place.name);
  return { ...place, table };
}

/** For operations on items: the table has to be there for good. */
export function usableTable(ctx: Ctx, nameOrArn: string): Located {
  const place = placeIn(ctx, nameOrArn);
  const table = place.home.get(tables, place.name);
  if (!table || table.status === 'CREATING' || table.status === 'DELETING') throw noResource();
  return { ...place, table };
}

const DOING = { CREATING: 'created', UPDATING: 'updated', DELETING: 'deleted' } as const;

/** For operations that change a table: one change at a time. */
export function changeableTable(ctx: Ctx, nameOrArn: string): Located {
  const located = tableOf(ctx, nameOrArn);
  const { name, status } = located.table;
  if (status !== 'ACTIVE') throw inUse(name, DOING[status]);
  return located;
}

/** For operations on tags and policies, which take ARNs only. `missing`: what they answer where no table is called so. */
export function tableByResource(
  ctx: Ctx,
  arn: string,
  missing: (name: string) => Fault = () => noResourceArn(arn),
): Located {
  const name = ARN.exec(arn)?.[3];
  if (name === undefined) throw invalid(`Invalid TableArn: Invalid ResourceArn provided as input ${arn}`);
  const located = tableByArn(ctx, arn);
  if (located && located.home.region === ctx.region) return located;
  throw missing(name);
}

function noResourceArn(arn: string): Fault {
  return new Fault('ResourceNotFoundException', `Requested resource not found: ResourcArn: ${arn} not found`);
}

export function indexNamed(table: TableRow, name: string): Index {
  const index = table.indexes.find((one) => one.name === name);
  if (!index) throw invalid(`The table does not have the specified index: ${name}`);
  if (index.kind === 'global' && (index.status === 'CREATING' || index.status === 'DELETING'))
    throw invalid(`Cannot read from backfilling global secondary index: ${name}`);
  return index;
}
