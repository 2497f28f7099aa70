import * as sdk from '@aws-sdk/client-cloudwatch-logs';
import { describe, expect, it } from 'vitest';
import { START } from '../../../tests/table.ts';
import { DAY, GROUP, HOUR, MINUTE, stage } from './test-stand.ts';
import type { LogsStand } from './test-stand.ts';

const invalid = (message: string) => ({ name: 'InvalidParameterException', message });
const noGroup = { name: 'ResourceNotFoundException', message: 'The specified log group does not exist.' };
const groupArn = `arn:aws:logs:us-east-1:000000000000:log-group:${GROUP}`;

async function names({ logs }: LogsStand, input: sdk.DescribeLogGroupsCommandInput) {
  const { logGroups = [], nextToken } = await logs.send(new sdk.DescribeLogGroupsCommand(input));
  return { names: logGroups.map(({ logGroupName }) => logGroupName), nextToken };
}

// Messages: https://github.com/localstack/localstack/blob/main/tests/aws/services/logs/test_logs_groups.snapshot.json
describe('log groups', () => {
  it('are described as AWS describes them', async () => {
    const { logs } = await stage();
    const { logGroups } = await logs.send(new sdk.DescribeLogGroupsCommand({ logGroupNamePrefix: '/shop' }));
    expect(logGroups).toEqual([
      {
        logGroupName: GROUP,
        creationTime: START,
        metricFilterCount: 0,
        arn: `${groupArn}:*`,
        storedBytes: 0,
        logGroupClass: 'STANDARD',
        logGroupArn: groupArn,
        deletionProtectionEnabled: false,
      },
    ]);
  });

  it('have names of their own', async () => {
    const { logs } = await stage();
    await expect(logs.send(new sdk.CreateLogGroupCommand({ logGroupName: GROUP }))).rejects.toMatchObject({
      name: 'ResourceAlreadyExistsException',
      message: 'The specified log group already exists',
    });
    const logGroupName = 'x'.repeat(513);
    await expect(logs.send(new sdk.CreateLogGroupCommand({ logGroupName }))).rejects.toMatchObject(
      invalid('Invalid LogGroup or LogStream, both must have length less than or equal to 512.'),
    );
  });

  it('are found by prefix, by part of the name, by class and in pages', async () => {
    const stand = await stage();
    for (const logGroupName of ['/shop/api', '/other/shop'])
      await stand.logs.send(new sdk.CreateLogGroupCommand({ logGroupName }));
    await stand.logs.send(
      new sdk.CreateLogGroupCommand({ logGroupName: 'cold', logGroupClass: 'INFREQUENT_ACCESS' }),
    );
    expect((await names(stand, { logGroupNamePrefix: '/shop' })).names).toEqual(['/shop/api', GROUP]);
    expect((await names(stand, { logGroupNamePattern: 'shop' })).names).toEqual([
      '/other/shop',
      '/shop/api',
      GROUP,
    ]);
    expect((await names(stand, { logGroupClass: 'INFREQUENT_ACCESS' })).names).toEqual(['cold']);
    expect((await names(stand, { logGroupIdentifiers: [groupArn, 'cold'] })).names).toEqual([GROUP, 'cold']);
    const first = await names(stand, { limit: 3 });
    expect(first.names).toHaveLength(3);
    expect((await names(stand, { limit: 3, nextToken: first.nextToken })).names).toEqual(['cold']);
    await expect(names(stand, { logGroupNamePrefix: 'a', logGroupNamePattern: 'b' })).rejects.toMatchObject(
      invalid('LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.'),
    );
    const listed = await stand.logs.send(
      new sdk.ListLogGroupsCommand({ logGroupNamePattern: '^/other|cold' }),
    );
    expect(listed.logGroups?.map(({ logGroupName }) => logGroupName)).toEqual(['/other/shop', 'cold']);
  });

  // Recorded by LocalStack: test_describe_log_groups_with_prefix, test_describe_log_groups_with_pattern.
  it('tell less of themselves where they are found by a pattern', async () => {
    const { logs } = await stage();
    const found = async (input: object) =>
      (await logs.send(new sdk.DescribeLogGroupsCommand(input))).logGroups?.[0];
    const whole = { storedBytes: 0, deletionProtectionEnabled: false };
    expect(await found({ logGroupNamePrefix: GROUP })).toMatchObject(whole);
    const less = await found({ logGroupNamePattern: GROUP });
    expect(less).toMatchObject({ logGroupName: GROUP, metricFilterCount: 0 });
    expect(Object.keys(less ?? {}).filter((name) => name in whole)).toEqual([]);
  });

  it('share their tags between both APIs for tags', async () => {
    const { logs } = await stage();
    await logs.send(new sdk.TagLogGroupCommand({ logGroupName: GROUP, tags: { a: '1' } }));
    await logs.send(new sdk.TagResourceCommand({ resourceArn: groupArn, tags: { b: '2', c: '3' } }));
    await logs.send(new sdk.UntagResourceCommand({ resourceArn: groupArn, tagKeys: ['a'] }));
    await logs.send(new sdk.UntagLogGroupCommand({ logGroupName: GROUP, tags: ['c'] }));
    expect((await logs.send(new sdk.ListTagsForResourceCommand({ resourceArn: groupArn }))).tags).toEqual({
      b: '2',
    });
    expect((await logs.send(new sdk.ListTagsLogGroupCommand({ logGroupName: GROUP }))).tags).toEqual({
      b: '2',
    });
  });

  // https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/protecting-log-groups-from-deletion.html
  it('are not deleted while they are protected', async () => {
    const stand = await stage();
    await stand.write(['hello']);
    const protect = (deletionProtectionEnabled: boolean) =>
      stand.logs.send(
        new sdk.PutLogGroupDeletionProtectionCommand({
          logGroupIdentifier: GROUP,
          deletionProtectionEnabled,
        }),
      );
    const remove = () => stand.logs.send(new sdk.DeleteLogGroupCommand({ logGroupName: GROUP }));
    await protect(true);
    await expect(remove()).rejects.toMatchObject({ name: 'ValidationException' });
    await protect(false);
    await remove();
    await expect(remove()).rejects.toMatchObject(noGroup);
    await stand.logs.send(new sdk.CreateLogGroupCommand({ logGroupName: GROUP }));
    const { events } = await stand.logs.send(new sdk.FilterLogEventsCommand({ logGroupName: GROUP }));
    expect(events).toEqual([]);
  });

  it('refuse the class DELIVERY and queries by name', async () => {
    const { logs } = await stage();
    const create = (more: object) => logs.send(new sdk.CreateLogGroupCommand({ logGroupName: 'x', ...more }));
    await expect(create({ logGroupClass: 'DELIVERY' })).rejects.toMatchObject({ name: 'NotImplemented' });
    const query = { logGroupName: GROUP, startTime: 0, endTime: 1, queryString: 'fields @message' };
    await expect(logs.send(new sdk.StartQueryCommand(query))).rejects.toMatchObject({
      name: 'NotImplemented',
    });
  });
});

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
describe('retention', () => {
  const messages = async ({ logs }: LogsStand) => {
    const { events = [] } = await logs.send(new sdk.FilterLogEventsCommand({ logGroupName: GROUP }));
    return events.map(({ message }) => message);
  };

  it('deletes events up to 72 hours after their time', async () => {
    const stand = await stage();
    await stand.logs.send(new sdk.PutRetentionPolicyCommand({ logGroupName: GROUP, retentionInDays: 3 }));
    await stand.write(['old']);
    stand.table.advance(3 * DAY - MINUTE);
    await stand.write(['new']);
    expect(await messages(stand)).toEqual(['old', 'new']);
    stand.table.advance(3 * DAY);
    expect(await messages(stand)).toEqual(['new']);
    stand.table.advance(4 * DAY);
    expect(await messages(stand)).toEqual([]);
    const { logGroups } = await stand.logs.send(new sdk.DescribeLogGroupsCommand({}));
    expect(logGroups?.[0]).toMatchObject({ retentionInDays: 3, storedBytes: 0 });
  });

  it('holds for events that came before it, and ends with its policy', async () => {
    const stand = await stage();
    await stand.write(['old']);
    stand.table.advance(10 * DAY);
    await stand.logs.send(new sdk.PutRetentionPolicyCommand({ logGroupName: GROUP, retentionInDays: 5 }));
    stand.table.advance(MINUTE);
    expect(await messages(stand)).toEqual([]);
    await stand.write(['kept']);
    await stand.logs.send(new sdk.DeleteRetentionPolicyCommand({ logGroupName: GROUP }));
    stand.table.advance(100 * DAY);
    expect(await messages(stand)).toEqual(['kept']);
  });

  it('knows only AWS’s numbers of days', async () => {
    const { logs } = await stage();
    await expect(
      logs.send(new sdk.PutRetentionPolicyCommand({ logGroupName: GROUP, retentionInDays: 2 })),
    ).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: expect.stringMatching(/^Invalid retention value\. Valid values are: \[1, 3, 5, 7, 14, 30, /),
    });
  });
});

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogStreams.html
describe('log streams', () => {
  it('show the times of their events some minutes late', async () => {
    const { table, logs, write } = await stage();
    await write(['a', 'b']);
    const stream = async () => {
      const { logStreams } = await logs.send(new sdk.DescribeLogStreamsCommand({ logGroupName: GROUP }));
      return logStreams?.[0];
    };
    expect(await stream()).toEqual({
      logStreamName: 'one',
      creationTime: START,
      arn: `${groupArn}:log-stream:one`,
      storedBytes: 0,
    });
    table.advance(HOUR);
    expect(await stream()).toMatchObject({
      firstEventTimestamp: START,
      lastEventTimestamp: START,
      lastIngestionTime: START,
    });
  });

  it('are found by the ARN of their group that has no star', async () => {
    const { logs, write } = await stage();
    await write(['a']);
    const list = (logGroupIdentifier: string) =>
      logs.send(new sdk.DescribeLogStreamsCommand({ logGroupIdentifier }));
    expect((await list(groupArn)).logStreams).toHaveLength(1);
    await expect(list(`${groupArn}:*`)).rejects.toMatchObject(
      invalid(
        "1 validation error detected: Value at 'logGroupIdentifier' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w#+=/:,.@-]*",
      ),
    );
  });

  it('are listed by name or by their last event', async () => {
    const { table, logs, write } = await stage();
    for (const name of ['b', 'c', 'a']) {
      await write(['x'], name);
      table.advance(1000);
    }
    table.advance(HOUR);
    const list = async (input: object) => {
      const command = new sdk.DescribeLogStreamsCommand({ logGroupIdentifier: groupArn, ...input });
      const { logStreams = [], nextToken } = await logs.send(command);
      return { names: logStreams.map(({ logStreamName }) => logStreamName).join(''), nextToken };
    };
    expect((await list({})).names).toBe('abc');
    expect((await list({ descending: true })).names).toBe('cba');
    expect((await list({ orderBy: 'LastEventTime' })).names).toBe('bca');
    const first = await list({ orderBy: 'LastEventTime', descending: true, limit: 2 });
    expect(first.names).toBe('ac');
    const { nextToken } = first;
    expect((await list({ orderBy: 'LastEventTime', descending: true, limit: 2, nextToken })).names).toBe('b');
    await expect(list({ orderBy: 'LastEventTime', logStreamNamePrefix: 'a' })).rejects.toMatchObject(
      invalid('Cannot order by LastEventTime with a logStreamNamePrefix.'),
    );
    await expect(list({ logGroupName: GROUP })).rejects.toMatchObject({
      name: 'ValidationException',
      message: 'LogGroup name and LogGroup ARN are mutually exclusive parameters.',
    });
  });

  it('take their events with them when they are deleted', async () => {
    const { logs, write } = await stage();
    await write(['gone'], 'a');
    await write(['kept'], 'b');
    await logs.send(new sdk.DeleteLogStreamCommand({ logGroupName: GROUP, logStreamName: 'a' }));
    const { events } = await logs.send(new sdk.FilterLogEventsCommand({ logGroupName: GROUP }));
    expect(events?.map(({ message }) => message)).toEqual(['kept']);
    const { logGroups } = await logs.send(new sdk.DescribeLogGroupsCommand({}));
    expect(logGroups?.[0]?.storedBytes).toBe('kept'.length + 26);
  });
});

// Messages: https://github.com/localstack/localstack/blob/main/tests/aws/services/logs/test_logs_resource_policies.snapshot.json
describe('resource policies', () => {
  it('let services write to log groups', async () => {
    const { table, logs, write } = await stage();
    await write(['a']);
    const put = () =>
      table.act((ctx) =>
        ctx.call(
          'logs',
          'PutLogEvents',
          {
            logGroupName: GROUP,
            logStreamName: 'one',
            logEvents: [{ timestamp: ctx.now, message: 'by a service' }],
          },
          { type: 'service', service: 'route53.amazonaws.com', account: ctx.account },
        ),
      );
    expect(put()).toMatchObject({ ok: false, fault: { shape: 'AccessDenied' } });
    const policyDocument = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { Service: 'route53.amazonaws.com' },
          Action: 'logs:PutLogEvents',
          Resource: `${groupArn}:*`,
        },
      ],
    });
    const { resourcePolicy } = await logs.send(
      new sdk.PutResourcePolicyCommand({ policyName: 'dns', policyDocument }),
    );
    expect(resourcePolicy).toEqual({
      policyName: 'dns',
      policyDocument,
      lastUpdatedTime: START,
      policyScope: 'ACCOUNT',
    });
    expect(put()).toMatchObject({ ok: true });
    const { resourcePolicies } = await logs.send(new sdk.DescribeResourcePoliciesCommand({}));
    expect(resourcePolicies).toEqual([resourcePolicy]);
    await logs.send(new sdk.DeleteResourcePolicyCommand({ policyName: 'dns' }));
    expect(put()).toMatchObject({ ok: false });
    await expect(logs.send(new sdk.DeleteResourcePolicyCommand({ policyName: 'dns' }))).rejects.toMatchObject(
      { message: 'Policy with name [dns] does not exist.' },
    );
  });
});

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutQueryDefinition.html
describe('query definitions', () => {
  it('are kept, found by name, changed by id and deleted', async () => {
    const { logs } = await stage();
    const put = async (input: sdk.PutQueryDefinitionCommandInput) =>
      (await logs.send(new sdk.PutQueryDefinitionCommand(input))).queryDefinitionId;
    const clientToken = 'a'.repeat(36);
    const id = await put({
      name: 'shop/errors',
      queryString: 'filter 1',
      logGroupNames: [GROUP],
      clientToken,
    });
    expect(await put({ name: 'shop/errors', queryString: 'filter 1', clientToken })).toBe(id);
    await put({ name: 'other', queryString: 'fields @message', clientToken: 'b'.repeat(36) });
    await put({ name: 'shop/errors', queryString: 'filter 2', queryDefinitionId: id });
    const describe = async () => {
      const command = new sdk.DescribeQueryDefinitionsCommand({ queryDefinitionNamePrefix: 'shop' });
      return (await logs.send(command)).queryDefinitions;
    };
    expect(await describe()).toEqual([
      {
        queryLanguage: 'CWLI',
        queryDefinitionId: id,
        name: 'shop/errors',
        queryString: 'filter 2',
        lastModified: START,
      },
    ]);
    await logs.send(new sdk.DeleteQueryDefinitionCommand({ queryDefinitionId: id }));
    expect(await describe()).toEqual([]);
  });
});
