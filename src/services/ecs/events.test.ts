// Events of Amazon ECS. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_cwe_events.html

import { RunTaskCommand } from '@aws-sdk/client-ecs';
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { expect, it } from 'vitest';
import { MINUTE, stand } from './test-stand.ts';
import type { Stand } from './test-stand.ts';

const Arn = 'arn:aws:sqs:us-east-1:000000000000:events';
const OPEN = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: '*', Action: 'sqs:SendMessage', Resource: Arn }],
});

interface EcsEvent {
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, string>>;
}

/** Puts events of one kind into a queue; what it returns reads them, in the order of their time. */
async function listen(one: Stand, detailType: string): Promise<() => Promise<EcsEvent[]>> {
  const sqs = one.table.client(SQSClient);
  const { QueueUrl } = await sqs.send(
    new CreateQueueCommand({ QueueName: 'events', Attributes: { Policy: OPEN } }),
  );
  const events = one.table.client(EventBridgeClient);
  const EventPattern = JSON.stringify({ source: ['aws.ecs'], 'detail-type': [detailType] });
  await events.send(new PutRuleCommand({ Name: 'ecs', EventPattern }));
  await events.send(new PutTargetsCommand({ Rule: 'ecs', Targets: [{ Id: 'q', Arn }] }));
  one.table.advance(MINUTE);
  return async () => {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
    );
    const found = Messages.map(({ Body = '' }) => JSON.parse(Body) as EcsEvent);
    const at = ({ detail }: EcsEvent): string => detail['updatedAt'] ?? detail['createdAt'] ?? '';
    return found.toSorted((left, right) => (at(left) < at(right) ? -1 : 1));
  };
}

it('each change of a task is told', async () => {
  const one = await stand();
  const heard = await listen(one, 'ECS Task State Change');
  await one.define();
  const { tasks } = await one.ecs.send(
    new RunTaskCommand({
      cluster: 'shop',
      taskDefinition: 'web',
      launchType: 'FARGATE',
      networkConfiguration: one.network,
    }),
  );
  one.table.advance(2 * MINUTE);
  const events = await heard();
  expect(events.map(({ detail }) => detail['lastStatus'])).toEqual(['PROVISIONING', 'PENDING', 'RUNNING']);
  expect(events[0]?.resources).toEqual([tasks?.[0]?.taskArn]);
  expect(events[2]?.detail['startedAt']).toMatch(/^2026-01-05T/);
});

it('a deployment is told when it begins and when it is completed', async () => {
  const one = await stand();
  const heard = await listen(one, 'ECS Deployment State Change');
  await one.define();
  await one.serve();
  one.steady();
  one.table.advance(MINUTE);
  const events = await heard();
  expect(events.map(({ detail }) => [detail['eventType'], detail['eventName'], detail['reason']])).toEqual([
    [
      'INFO',
      'SERVICE_DEPLOYMENT_IN_PROGRESS',
      expect.stringMatching(/^ECS deployment ecs-svc\/\d+ in progress\.$/),
    ],
    [
      'INFO',
      'SERVICE_DEPLOYMENT_COMPLETED',
      expect.stringMatching(/^ECS deployment ecs-svc\/\d+ completed\.$/),
    ],
  ]);
  expect(events[0]?.resources).toEqual(['arn:aws:ecs:us-east-1:000000000000:service/shop/web']);
});

it('a service tells of its steady state', async () => {
  const one = await stand();
  const heard = await listen(one, 'ECS Service Action');
  await one.define();
  await one.serve();
  one.steady();
  one.table.advance(MINUTE);
  expect((await heard()).map(({ detail }) => detail)).toMatchObject([
    {
      eventType: 'INFO',
      eventName: 'SERVICE_STEADY_STATE',
      clusterArn: 'arn:aws:ecs:us-east-1:000000000000:cluster/shop',
    },
  ]);
});
