// Amazon DynamoDB: tables (./tables.ts, ./changes.ts), items (./items.ts, ./batches.ts, ./transactions.ts), queries and scans
// (./query.ts, ./scan.ts), statements (./statements.ts), time to live (./expiring.ts), backups
// (./backups.ts). Expressions live in ./expressions, the
// language of statements in ./partiql.

import type { Reconciler, Row, TimerHandler } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { parsePolicy } from '#cloud/iam/policy.ts';
import { defineService } from '#cloud/service.ts';
import type { Service } from '#cloud/service.ts';
import { authorization } from './authorization.ts';
import { batchOperations } from './items/batches.ts';
import { changeOperations } from './items/changes.ts';
import { itemOperations } from './items/items.ts';
import { queryOperations } from './items/query.ts';
import { scanOperations } from './items/scan.ts';
import { forgetToken, transactionOperations } from './items/transactions.ts';
import { statementOperations } from './partiql/statements.ts';
import { backedUpItems, backups, buckets, counts, entries, items, tables, transactions } from './rows.ts';
import { backupOperations } from './tables/backups.ts';
import { expire, settleTimeToLive, timeToLiveOperations } from './tables/expiring.ts';
import { settling } from './tables/lifecycle.ts';
import { policyOperations } from './tables/policies.ts';
import { recoveryOperations } from './tables/recovery.ts';
import { tableByArn } from './tables/table.ts';
import { tableOperations } from './tables/tables.ts';
import { tagOperations } from './tags.ts';

const GLOBAL_TABLES = ['GlobalTableSettingsReplicationMode'] as const;

export const service: Service = defineService({
  contract: 'dynamodb',
  tables: [tables, items, entries, counts, buckets, transactions, backups, backedUpItems],
  operations: {
    ...tableOperations,
    ...changeOperations,
    ...tagOperations,
    ...policyOperations,
    ...timeToLiveOperations,
    ...backupOperations,
    ...recoveryOperations,
    ...itemOperations,
    ...queryOperations,
    ...scanOperations,
    ...batchOperations,
    ...transactionOperations,
    ...statementOperations,
  },
  timers: [expire, settleTimeToLive, forgetToken] as TimerHandler<unknown, Ctx>[],
  reconcilers: [settling] as unknown as Reconciler<Row, Ctx>[],
  authorization,
  resourcePolicy(ctx, arn) {
    const policy = tableByArn(ctx, arn)?.table.policy;
    return policy && parsePolicy(policy.text, 'resource');
  },
  resourceConditions(ctx, arn) {
    const tags = Object.entries(tableByArn(ctx, arn)?.table.tags ?? {});
    return Object.fromEntries(tags.map(([key, value]) => [`aws:ResourceTag/${key}`, value]));
  },
  refused: {
    CreateTable: [
      ...GLOBAL_TABLES,
      'GlobalTableSourceArn',
      'OnDemandThroughput',
      'WarmThroughput',
      'GlobalSecondaryIndexes.OnDemandThroughput',
      'GlobalSecondaryIndexes.WarmThroughput',
    ],
    UpdateTable: [
      ...GLOBAL_TABLES,
      'StreamSpecification',
      'ReplicaUpdates',
      'MultiRegionConsistency',
      'GlobalTableWitnessUpdates',
      'OnDemandThroughput',
      'WarmThroughput',
      'GlobalSecondaryIndexUpdates.Create.OnDemandThroughput',
      'GlobalSecondaryIndexUpdates.Create.WarmThroughput',
      'GlobalSecondaryIndexUpdates.Update.OnDemandThroughput',
      'GlobalSecondaryIndexUpdates.Update.WarmThroughput',
    ],
    PutResourcePolicy: ['ConfirmRemoveSelfResourceAccess'],
    RestoreTableFromBackup: [
      'GlobalSecondaryIndexOverride',
      'LocalSecondaryIndexOverride',
      'OnDemandThroughputOverride',
    ],
  },
});
