// Logs and Lambda together, as they stand beside all other services.

import { gunzipSync } from 'node:zlib';
import * as sdk from '@aws-sdk/client-cloudwatch-logs';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { AddPermissionCommand, CreateFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { expect, it } from 'vitest';
import { packBundle } from '#workloads/bundle.ts';
import { newTable } from '../../../tests/table.ts';

const policy = (statement: object): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...statement }] });

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html#LambdaFunctionExample
it('invokes a function with what the filter lets through, once the function lets CloudWatch Logs in', async () => {
  const table = newTable();
  const logs = table.client(sdk.CloudWatchLogsClient);
  const lambda = table.client(LambdaClient);
  const iam = table.client(IAMClient);
  await iam.send(
    new CreateRoleCommand({
      RoleName: 'runner',
      AssumeRolePolicyDocument: policy({
        Principal: { Service: 'lambda.amazonaws.com' },
        Action: 'sts:AssumeRole',
      }),
    }),
  );
  const PolicyDocument = policy({ Action: 'logs:*', Resource: '*' });
  await iam.send(new PutRolePolicyCommand({ RoleName: 'runner', PolicyName: 'logs', PolicyDocument }));
  const { FunctionArn: destinationArn } = await lambda.send(
    new CreateFunctionCommand({
      FunctionName: 'watch',
      Runtime: 'nodejs22.x',
      Handler: 'index.handler',
      Role: 'arn:aws:iam::000000000000:role/runner',
      Code: {
        ZipFile: packBundle({
          'index.js': 'exports.handler = async () => null;',
          'sandtable.yml': 'function: { log: ["got ${event.awslogs.data}"] }',
        }),
      },
    }),
  );
  table.advance(10_000);
  const place = { logGroupName: '/shop/web', logStreamName: 'one' };
  await logs.send(new sdk.CreateLogGroupCommand(place));
  await logs.send(new sdk.CreateLogStreamCommand(place));
  const subscribe = () =>
    logs.send(
      new sdk.PutSubscriptionFilterCommand({
        logGroupName: '/shop/web',
        filterName: 'errors',
        filterPattern: 'ERROR',
        destinationArn,
      }),
    );
  await expect(subscribe()).rejects.toMatchObject({ message: expect.stringMatching(/^Could not execute/) });
  await lambda.send(
    new AddPermissionCommand({
      FunctionName: 'watch',
      StatementId: 'logs',
      Action: 'lambda:InvokeFunction',
      Principal: 'logs.amazonaws.com',
      SourceArn: 'arn:aws:logs:us-east-1:000000000000:log-group:/shop/web:*',
      SourceAccount: '000000000000',
    }),
  );
  await subscribe();
  const logEvents = ['INFO', 'ERROR one'].map((message) => ({ timestamp: table.world.now, message }));
  await logs.send(new sdk.PutLogEventsCommand({ ...place, logEvents }));
  table.advance(60_000);
  const { events = [] } = await logs.send(
    new sdk.FilterLogEventsCommand({ logGroupName: '/aws/lambda/watch', filterPattern: 'got' }),
  );
  expect(events).toHaveLength(1);
  const data = Buffer.from(events[0]?.message?.replace('got ', '') ?? '', 'base64');
  expect(JSON.parse(gunzipSync(data).toString())).toMatchObject({
    logGroup: '/shop/web',
    logEvents: [{ message: 'ERROR one' }],
  });
});
