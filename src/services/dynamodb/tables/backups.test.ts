// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/BackupRestore.html

import {
  CreateBackupCommand,
  CreateTableCommand,
  DeleteBackupCommand,
  DeleteTableCommand,
  DescribeBackupCommand,
  DescribeTableCommand,
  ListBackupsCommand,
  QueryCommand,
  RestoreTableFromBackupCommand,
} from '@aws-sdk/client-dynamodb';
import type { RestoreTableFromBackupCommandInput } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { backedUpItems } from '../rows.ts';
import { indexed, MINUTE, music, refusal, SOME, Stand, TableArn, TableName } from '../test-stand.ts';

const HOUR = 60 * MINUTE;
const byYear = {
  ...indexed('ALL'),
  Tags: [{ Key: 'a', Value: 'b' }],
};

async function backedUp(stand: Stand, BackupName: string = 'first'): Promise<string> {
  const { BackupDetails } = await stand.dynamodb.send(new CreateBackupCommand({ TableName, BackupName }));
  expect(BackupDetails).toMatchObject({ BackupName, BackupStatus: 'CREATING', BackupType: 'USER' });
  stand.table.advance(MINUTE);
  return BackupDetails?.BackupArn ?? '';
}

function restore({ dynamodb }: Stand, input: Partial<RestoreTableFromBackupCommandInput>) {
  const request = { TargetTableName: 'again', BackupArn: '', ...input };
  return dynamodb.send(new RestoreTableFromBackupCommand(request));
}

describe('a backup', () => {
  it('keeps what its table was when it was asked for, beyond the table itself', async () => {
    const stand = await new Stand().with(byYear);
    await stand.put({ ...SOME, year: { N: '1999' } });
    const BackupArn = await backedUp(stand);
    expect(BackupArn).toMatch(/:table\/music\/backup\/\d{14}-[0-9a-f]{8}$/);
    await stand.put({ ...SOME, song: { S: 'later' } });
    await stand.dynamodb.send(new DeleteTableCommand({ TableName }));
    stand.table.advance(MINUTE);
    const { BackupDescription } = await stand.dynamodb.send(new DescribeBackupCommand({ BackupArn }));
    expect(BackupDescription).toMatchObject({
      BackupDetails: { BackupArn, BackupStatus: 'AVAILABLE', BackupSizeBytes: 19 },
      SourceTableDetails: { TableName, TableArn, BillingMode: 'PAY_PER_REQUEST', KeySchema: music.KeySchema },
      SourceTableFeatureDetails: { GlobalSecondaryIndexes: [{ IndexName: 'by-year' }] },
    });
    const { TableDescription } = await restore(stand, { BackupArn });
    expect(TableDescription).toMatchObject({
      TableStatus: 'CREATING',
      RestoreSummary: { SourceBackupArn: BackupArn, SourceTableArn: TableArn, RestoreInProgress: true },
    });
    stand.table.advance(HOUR);
    const { Table } = await stand.dynamodb.send(new DescribeTableCommand({ TableName: 'again' }));
    expect(Table).toMatchObject({ TableStatus: 'ACTIVE', RestoreSummary: { RestoreInProgress: false } });
    const { Items } = await stand.dynamodb.send(
      new QueryCommand({
        TableName: 'again',
        IndexName: 'by-year',
        KeyConditionExpression: '#y = :y',
        ExpressionAttributeNames: { '#y': 'year' },
        ExpressionAttributeValues: { ':y': { N: '1999' } },
      }),
    );
    expect(Items).toEqual([{ ...SOME, year: { N: '1999' } }]);
  });

  it('is listed, and deleted with all that it keeps', async () => {
    const stand = await new Stand().with();
    await stand.put(SOME);
    const [first, second] = [await backedUp(stand), await backedUp(stand, 'second')];
    const list = (more: object = {}) => stand.dynamodb.send(new ListBackupsCommand({ TableName, ...more }));
    const page = await list({ Limit: 1 });
    expect(page).toMatchObject({ BackupSummaries: [{ BackupArn: first }], LastEvaluatedBackupArn: first });
    const rest = await list({ ExclusiveStartBackupArn: first });
    expect(rest.BackupSummaries).toMatchObject([{ BackupArn: second, BackupName: 'second', TableName }]);
    expect((await list({ BackupType: 'SYSTEM' })).BackupSummaries).toEqual([]);
    for (const BackupArn of [first, second]) {
      const { BackupDescription } = await stand.dynamodb.send(new DeleteBackupCommand({ BackupArn }));
      expect(BackupDescription?.BackupDetails?.BackupStatus).toBe('DELETED');
    }
    expect((await list()).BackupSummaries).toEqual([]);
    expect(stand.table.read((ctx) => ctx.list(backedUpItems))).toEqual([]);
  });

  it('gives a table that is billed otherwise, if asked to', async () => {
    const stand = await new Stand().with();
    const BackupArn = await backedUp(stand);
    const { TableDescription } = await restore(stand, {
      BackupArn,
      BillingModeOverride: 'PROVISIONED',
      ProvisionedThroughputOverride: { ReadCapacityUnits: 2, WriteCapacityUnits: 3 },
    });
    expect(TableDescription?.ProvisionedThroughput).toMatchObject({
      ReadCapacityUnits: 2,
      WriteCapacityUnits: 3,
    });
  });

  // As moto has them.
  it('has to be there, and a table of its name not', async () => {
    const stand = await new Stand().with();
    const none = `${TableArn}/backup/01623095754481-2cfcd6f9`;
    const missing = `BackupNotFoundException: Backup not found: ${none}`;
    expect(await refusal(stand.dynamodb.send(new DescribeBackupCommand({ BackupArn: none })))).toBe(missing);
    expect(await refusal(restore(stand, { BackupArn: none }))).toBe(missing);
    const BackupArn = await backedUp(stand);
    expect(await refusal(restore(stand, { BackupArn, TargetTableName: TableName }))).toBe(
      'TableAlreadyExistsException: Table already exists: music',
    );
    const request = new CreateBackupCommand({ TableName: 'nothing', BackupName: 'backup' });
    expect(await refusal(stand.dynamodb.send(request))).toBe(
      'TableNotFoundException: Table not found: nothing',
    );
    await stand.dynamodb.send(new CreateTableCommand({ ...music, TableName: 'early' }));
    const early = new CreateBackupCommand({ TableName: 'early', BackupName: 'backup' });
    expect(await refusal(stand.dynamodb.send(early))).toMatch(/^TableInUseException: .*being created: early/);
  });
});
