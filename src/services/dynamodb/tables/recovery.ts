// Point-in-time recovery: its settings. Tables are not restored to an instant.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery_Howitworks.html

import { Fault } from '#contract/fault.ts';
import type { Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { tables } from '../rows.ts';
import type { TableRow } from '../rows.ts';
import { tableToKeep } from './backups.ts';

type Description = NonNullable<
  Output<'dynamodb', 'DescribeContinuousBackups'>['ContinuousBackupsDescription']
>;

const DAY_MS = 86_400_000;
/** The latest instant to which a table can be restored is typically five minutes ago. */
const LAG_MS = 300_000;
const LONGEST_DAYS = 35;

function recoveryOf({ now }: Ctx, { recovery }: TableRow): Description {
  if (!recovery)
    return {
      ContinuousBackupsStatus: 'ENABLED',
      PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: 'DISABLED' },
    };
  const { days, since } = recovery;
  return {
    ContinuousBackupsStatus: 'ENABLED',
    PointInTimeRecoveryDescription: {
      PointInTimeRecoveryStatus: 'ENABLED',
      RecoveryPeriodInDays: days,
      EarliestRestorableDateTime: Math.max(since, now - days * DAY_MS),
      LatestRestorableDateTime: Math.max(since, now - LAG_MS),
    },
  };
}

export const recoveryOperations: Operations<'dynamodb'> = {
  DescribeContinuousBackups(ctx, { TableName }) {
    const { home, table } = tableToKeep(ctx, TableName);
    return { ContinuousBackupsDescription: recoveryOf(home, table) };
  },

  UpdateContinuousBackups(ctx, { TableName, PointInTimeRecoverySpecification }) {
    const { home, table } = tableToKeep(ctx, TableName);
    if (table.status === 'CREATING')
      throw new Fault(
        'ContinuousBackupsUnavailableException',
        'Backups are being enabled for the table: ' + table.name + '. Please retry later',
      );
    const { PointInTimeRecoveryEnabled, RecoveryPeriodInDays } = PointInTimeRecoverySpecification;
    const { recovery, ...rest } = table;
    const days = RecoveryPeriodInDays ?? recovery?.days ?? LONGEST_DAYS;
    const next = PointInTimeRecoveryEnabled
      ? { ...rest, recovery: { days, since: recovery?.since ?? home.now } }
      : rest;
    home.put(tables, next);
    return { ContinuousBackupsDescription: recoveryOf(home, next) };
  },
};
