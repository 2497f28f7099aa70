// Lifecycle hooks to do something for an instance before it serves, and before it goes: here a queue tells of both, and whoever
// reads it registers and deregisters a licence, and fetches the logs while the instance still runs.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks-overview.html

import {
  AutoScalingClient,
  CompleteLifecycleActionCommand,
  DeleteAutoScalingGroupCommand,
  PutLifecycleHookCommand,
  SetDesiredCapacityCommand,
} from '@aws-sdk/client-auto-scaling';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { availability, fact, rehearsal } from 'sandtable';
import type { Ending, Scene } from 'sandtable';
import { GROUP, MINUTE, prepareWebFleet, serve } from '../deploy/web-fleet.ts';
import type { WebFleet } from '../deploy/web-fleet.ts';
import { healthyTargets, instanceStates, memberStates } from '../looks.ts';

const SIZE = 2;

interface Prepared extends WebFleet {
  readonly queueUrl: string;
}

/** What a hook's message says. */
interface Message {
  readonly Event?: string;
  readonly EC2InstanceId: string;
  readonly LifecycleHookName: string;
  readonly LifecycleActionToken: string;
  readonly LifecycleTransition: string;
  readonly Origin: string;
  readonly Destination: string;
}

async function prepare(scene: Scene): Promise<Prepared> {
  const fleet = await prepareWebFleet(scene, {
    size: SIZE,
    minSize: 1,
    codedeploy: false,
    deregistrationDelaySeconds: 30,
  });
  const sqs = scene.aws.client(SQSClient);
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'lifecycle' }));
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }),
  );
  const NotificationTargetARN = Attributes?.QueueArn ?? '';
  const RoleARN = await notifyingRole(scene, NotificationTargetARN);
  for (const transition of ['LAUNCHING', 'TERMINATING']) {
    await scene.aws.client(AutoScalingClient).send(
      new PutLifecycleHookCommand({
        AutoScalingGroupName: GROUP,
        LifecycleHookName: transition.toLowerCase(),
        LifecycleTransition: `autoscaling:EC2_INSTANCE_${transition}`,
        NotificationTargetARN,
        RoleARN,
      }),
    );
  }
  return { ...fleet, queueUrl: QueueUrl };
}

async function notifyingRole(scene: Scene, queueArn: string): Promise<string> {
  const iam = scene.aws.client(IAMClient);
  const document = (statement: Record<string, unknown>): string =>
    JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...statement }] });
  const { Role } = await iam.send(
    new CreateRoleCommand({
      RoleName: 'notify',
      AssumeRolePolicyDocument: document({
        Principal: { Service: 'autoscaling.amazonaws.com' },
        Action: 'sts:AssumeRole',
      }),
    }),
  );
  await iam.send(
    new PutRolePolicyCommand({
      RoleName: 'notify',
      PolicyName: 'queue',
      PolicyDocument: document({ Action: ['sqs:SendMessage', 'sqs:GetQueueUrl'], Resource: queueArn }),
    }),
  );
  return Role?.Arn ?? '';
}

/** The next message about an instance; the test messages of new hooks are passed over. */
async function next(scene: Scene, QueueUrl: string): Promise<Message> {
  const sqs = scene.aws.client(SQSClient);
  for (;;) {
    const { Messages: [message] = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }),
    );
    if (!message) continue;
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle ?? '' }));
    const said = JSON.parse(message.Body ?? '{}') as Message;
    if (said.Event === undefined) return said;
  }
}

async function resize(scene: Scene, DesiredCapacity: number): Promise<void> {
  await scene.aws
    .client(AutoScalingClient)
    .send(new SetDesiredCapacityCommand({ AutoScalingGroupName: GROUP, DesiredCapacity }));
}

/** Takes three minutes over the instance, says that it may go on, and tells what it was like before and after. */
async function attend(
  scene: Scene,
  { queueUrl, targetGroupArn }: Prepared,
): Promise<Record<string, unknown>> {
  const message = await next(scene, queueUrl);
  const { EC2InstanceId, LifecycleHookName, LifecycleActionToken, Origin, Destination } = message;
  const look = async (): Promise<(string | boolean)[]> => [
    (await memberStates(scene)).get(EC2InstanceId) ?? 'no member',
    (await instanceStates(scene, [EC2InstanceId]))[0] ?? '',
    (await healthyTargets(scene, targetGroupArn)).includes(EC2InstanceId),
  ];
  await scene.clock.sleep(3 * MINUTE);
  const waiting = await look();
  await scene.aws.client(AutoScalingClient).send(
    new CompleteLifecycleActionCommand({
      AutoScalingGroupName: GROUP,
      LifecycleHookName,
      LifecycleActionToken,
      LifecycleActionResult: 'CONTINUE',
    }),
  );
  await scene.clock.sleep(3 * MINUTE);
  return { from: Origin, to: Destination, waiting, after: await look() };
}

async function comeAndGo(scene: Scene, prepared: Prepared): Promise<Ending> {
  serve(scene, prepared);
  await resize(scene, SIZE + 1);
  const launching = await attend(scene, prepared);
  await resize(scene, SIZE);
  const terminating = await attend(scene, prepared);
  return { ended: 'attended', facts: { launching, terminating } };
}

/** A group that is deleted by force does not wait for its hooks. */
async function byForce(scene: Scene): Promise<Ending> {
  const ids = [...(await memberStates(scene)).keys()];
  await scene.aws
    .client(AutoScalingClient)
    .send(new DeleteAutoScalingGroupCommand({ AutoScalingGroupName: GROUP, ForceDelete: true }));
  await scene.clock.sleep(5 * MINUTE);
  return { ended: 'deleted', facts: { states: [...new Set(await instanceStates(scene, ids))] } };
}

export default rehearsal<Prepared>({
  title: 'Lifecycle hooks to register and deregister',
  claim: { id: 'asg/hook-register', verdict: 'holds' },
  prepare,
  variants: {
    'an instance comes and goes': {
      run: comeAndGo,
      expect: [
        fact('launching', {
          from: 'EC2',
          to: 'AutoScalingGroup',
          waiting: ['Pending:Wait', 'running', false],
          after: ['InService', 'running', true],
        }),
        fact('terminating', {
          from: 'AutoScalingGroup',
          to: 'EC2',
          waiting: ['Terminating:Wait', 'running', false],
          after: ['no member', 'terminated', false],
        }),
        availability.atLeast(1),
      ],
    },
    'deleted by force': { run: byForce, expect: [fact('states', ['terminated'])] },
  },
});
