// AWS::Logs through CloudFormation.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Logs.html

import {
  CloudWatchLogsClient,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  DescribeMetricFiltersCommand,
  DescribeQueryDefinitionsCommand,
  DescribeResourcePoliciesCommand,
  DescribeSubscriptionFiltersCommand,
  ListTagsForResourceCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { AddPermissionCommand } from '@aws-sdk/client-lambda';
import { describe, expect, it } from 'vitest';
import { functionArn, stand as lambdaStand } from '../../../../../tests/lambda-stand.ts';
import { ProviderStand } from '../test-stand.ts';

const ref = (Ref: string): object => ({ Ref });

function newStand(): ProviderStand & { logs: CloudWatchLogsClient } {
  const stand = new ProviderStand();
  return Object.assign(stand, { logs: stand.table.client(CloudWatchLogsClient) });
}

describe('AWS::Logs::LogGroup', () => {
  const group = (properties: object): { Resources: object; Outputs: object } => ({
    Resources: { Group: { Type: 'AWS::Logs::LogGroup', Properties: properties } },
    Outputs: { Name: { Value: ref('Group') }, Arn: { Value: { 'Fn::GetAtt': ['Group', 'Arn'] } } },
  });

  it('keeps its retention and tags, and its ARN ends in :*', async () => {
    const stand = newStand();
    expect(await stand.create(group({ RetentionInDays: 7, Tags: [{ Key: 'team', Value: 'a' }] }))).toBe(
      'CREATE_COMPLETE',
    );
    const { Name = '', Arn = '' } = await stand.outputs();
    expect(Name).toMatch(/^shop-Group-[A-Za-z0-9]{12}$/);
    expect(Arn).toMatch(new RegExp(`:log-group:${Name}:\\*$`));
    const resourceArn = Arn.slice(0, -2);
    const { tags } = await stand.logs.send(new ListTagsForResourceCommand({ resourceArn }));
    expect(tags).toMatchObject({ team: 'a', 'aws:cloudformation:logical-id': 'Group' });

    await stand.update(group({ DeletionProtectionEnabled: true, Tags: [{ Key: 'other', Value: 'b' }] }));
    const { logGroups = [] } = await stand.logs.send(new DescribeLogGroupsCommand({}));
    expect(logGroups).toMatchObject([{ logGroupName: Name, deletionProtectionEnabled: true }]);
    expect(logGroups[0]?.retentionInDays).toBeUndefined();
    const after = await stand.logs.send(new ListTagsForResourceCommand({ resourceArn }));
    expect([after.tags?.['team'], after.tags?.['other']]).toEqual([undefined, 'b']);
    expect(await stand.delete()).toBe('DELETE_FAILED');
  });

  it('cannot get another class', async () => {
    const stand = newStand();
    await stand.create(group({}));
    expect(await stand.update(group({ LogGroupClass: 'INFREQUENT_ACCESS' }))).toBe(
      'UPDATE_ROLLBACK_COMPLETE',
    );
    expect((await stand.failures())[0]).toContain('The class of a log group cannot be changed.');
  });

  it('is not made where there is one of its name', async () => {
    const stand = newStand();
    const twice = { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: '/shop' } };
    const Resources = { First: twice, Second: { ...twice, DependsOn: 'First' } };
    expect(await stand.create({ Resources })).toBe('ROLLBACK_COMPLETE');
    expect((await stand.failures())[0]).toMatch(
      /Second CREATE_FAILED .*The specified log group already exists.*HandlerErrorCode: AlreadyExists/,
    );
  });
});

describe('what stands around a log group', () => {
  const parts = (pattern: string, query: string): { Resources: object; Outputs: object } => ({
    Resources: {
      Group: { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: '/shop/web' } },
      Stream: { Type: 'AWS::Logs::LogStream', Properties: { LogGroupName: ref('Group') } },
      Filter: {
        Type: 'AWS::Logs::MetricFilter',
        Properties: {
          LogGroupName: ref('Group'),
          FilterPattern: pattern,
          MetricTransformations: [
            {
              MetricName: 'Errors',
              MetricNamespace: 'Shop',
              MetricValue: '1',
              Unit: 'Count',
              Dimensions: [{ Key: 'Level', Value: '$.level' }],
            },
          ],
        },
      },
      Policy: {
        Type: 'AWS::Logs::ResourcePolicy',
        Properties: {
          PolicyName: 'events',
          PolicyDocument: JSON.stringify({
            Version: '2012-10-17',
            Statement: [
              {
                Effect: 'Allow',
                Principal: { Service: 'events.amazonaws.com' },
                Action: 'logs:PutLogEvents',
                Resource: '*',
              },
            ],
          }),
        },
      },
      Query: {
        Type: 'AWS::Logs::QueryDefinition',
        Properties: { Name: 'shop/errors', QueryString: query, LogGroupNames: [ref('Group')] },
      },
    },
    Outputs: {
      Stream: { Value: ref('Stream') },
      Filter: { Value: ref('Filter') },
      Query: { Value: { 'Fn::GetAtt': ['Query', 'QueryDefinitionId'] } },
    },
  });

  it('is made, changed in place and removed with the stack', async () => {
    const stand = newStand();
    expect(await stand.create(parts('{ $.level = "error" }', 'fields @message'))).toBe('CREATE_COMPLETE');
    const { Stream, Filter, Query } = await stand.outputs();
    const streams = await stand.logs.send(new DescribeLogStreamsCommand({ logGroupName: '/shop/web' }));
    expect(streams.logStreams?.map(({ logStreamName }) => logStreamName)).toEqual([Stream]);
    expect(await stand.update(parts('{ $.level = "fatal" }', 'fields @timestamp'))).toBe('UPDATE_COMPLETE');
    expect(await stand.outputs()).toEqual({ Stream, Filter, Query });
    const filters = await stand.logs.send(new DescribeMetricFiltersCommand({}));
    expect(filters.metricFilters).toMatchObject([
      {
        filterName: Filter,
        filterPattern: '{ $.level = "fatal" }',
        metricTransformations: [{ metricName: 'Errors', unit: 'Count', dimensions: { Level: '$.level' } }],
      },
    ]);
    const queries = await stand.logs.send(new DescribeQueryDefinitionsCommand({}));
    expect(queries.queryDefinitions).toMatchObject([
      { queryDefinitionId: Query, queryString: 'fields @timestamp' },
    ]);
    expect(await stand.delete()).toBe('DELETE_COMPLETE');
    const policies = await stand.logs.send(new DescribeResourcePoliciesCommand({}));
    const groups = await stand.logs.send(new DescribeLogGroupsCommand({}));
    const left = await stand.logs.send(new DescribeQueryDefinitionsCommand({}));
    expect([policies.resourcePolicies, groups.logGroups, left.queryDefinitions]).toEqual([[], [], []]);
  });

  it('sends what its subscription filter lets through to a function', async () => {
    const functions = await lambdaStand('logs:*');
    await functions.active('watch');
    await functions.lambda.send(
      new AddPermissionCommand({
        FunctionName: 'watch',
        StatementId: 'logs',
        Action: 'lambda:InvokeFunction',
        Principal: 'logs.amazonaws.com',
      }),
    );
    const stand = new ProviderStand(functions.table);
    const logs = functions.table.client(CloudWatchLogsClient);
    const subscribed = (FilterPattern: string): { Resources: object } => ({
      Resources: {
        Group: { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: '/shop/web' } },
        Subscription: {
          Type: 'AWS::Logs::SubscriptionFilter',
          Properties: { LogGroupName: ref('Group'), FilterPattern, DestinationArn: functionArn('watch') },
        },
      },
    });
    const filters = async (): Promise<object[]> => {
      const query = { logGroupName: '/shop/web' };
      return (await logs.send(new DescribeSubscriptionFiltersCommand(query))).subscriptionFilters ?? [];
    };
    expect(await stand.create(subscribed('ERROR'))).toBe('CREATE_COMPLETE');
    const { Subscription } = await stand.physicalIds();
    await stand.update(subscribed('FATAL'));
    expect(await filters()).toMatchObject([
      { filterName: Subscription, filterPattern: 'FATAL', destinationArn: functionArn('watch') },
    ]);
    expect(await stand.drift()).toContain('Subscription IN_SYNC');
    const { Group } = subscribed('').Resources as Record<string, object>;
    await stand.update({ Resources: { Group } });
    expect(await filters()).toEqual([]);
  });

  it('fails on a subscription whose function is not there, and leaves nothing', async () => {
    const stand = newStand();
    const Subscription = {
      Type: 'AWS::Logs::SubscriptionFilter',
      Properties: {
        LogGroupName: ref('Group'),
        FilterPattern: '',
        DestinationArn: {
          'Fn::Sub': 'arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:nobody',
        },
      },
    };
    const Resources = { Group: { Type: 'AWS::Logs::LogGroup', Properties: {} }, Subscription };
    expect(await stand.create({ Resources })).toBe('ROLLBACK_COMPLETE');
    expect((await stand.failures())[0]).toContain('Could not execute the lambda function.');
    const groups = await stand.logs.send(new DescribeLogGroupsCommand({}));
    expect(groups.logGroups).toEqual([]);
  });
});
