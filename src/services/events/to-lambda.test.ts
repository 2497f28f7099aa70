// A function completes the lifecycle actions that EventBridge tells it of:
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/tutorial-lifecycle-hook-lambda.html

import {
  AutoScalingClient,
  CreateAutoScalingGroupCommand,
  DescribeAutoScalingGroupsCommand,
} from '@aws-sdk/client-auto-scaling';
import { CreateLaunchTemplateCommand, DescribeImagesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import { AddPermissionCommand } from '@aws-sdk/client-lambda';
import { expect, it } from 'vitest';
import { ACCOUNT, functionArn, MINUTE, stand } from '../../../tests/lambda-stand.ts';
import type { Stand } from '../../../tests/lambda-stand.ts';

async function launch({ table }: Stand): Promise<() => Promise<string | undefined>> {
  const ec2 = table.client(EC2Client);
  const Filters = [{ Name: 'name', Values: ['al2023-ami-2023*-x86_64'] }];
  const { Images = [] } = await ec2.send(new DescribeImagesCommand({ Owners: ['amazon'], Filters }));
  const LaunchTemplateData = { ImageId: Images[0]?.ImageId, InstanceType: 't3.micro' as const };
  await ec2.send(new CreateLaunchTemplateCommand({ LaunchTemplateName: 'web', LaunchTemplateData }));
  const autoScaling = table.client(AutoScalingClient);
  const hook = {
    LifecycleHookName: 'warm',
    LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING',
    HeartbeatTimeout: 3600,
  };
  await autoScaling.send(
    new CreateAutoScalingGroupCommand({
      AutoScalingGroupName: 'web',
      MinSize: 1,
      MaxSize: 1,
      LaunchTemplate: { LaunchTemplateName: 'web' },
      AvailabilityZones: ['us-east-1a'],
      LifecycleHookSpecificationList: [hook],
    }),
  );
  return async () => {
    const { AutoScalingGroups = [] } = await autoScaling.send(new DescribeAutoScalingGroupsCommand({}));
    return AutoScalingGroups[0]?.Instances?.[0]?.LifecycleState;
  };
}

it.each([
  [`arn:aws:events:us-east-1:${ACCOUNT}:rule/launches`, 'InService'],
  [`arn:aws:events:us-east-1:${ACCOUNT}:rule/others`, 'Pending:Wait'],
])('a function that lets %s in has launched instances %s', async (SourceArn, state) => {
  const made = await stand('autoscaling:CompleteLifecycleAction', 'logs:*');
  await made.active('ready', 'function: { lifecycleHook: Succeeded }');
  await made.lambda.send(
    new AddPermissionCommand({
      FunctionName: 'ready',
      StatementId: 'events',
      Action: 'lambda:InvokeFunction',
      Principal: 'events.amazonaws.com',
      SourceArn,
    }),
  );
  const events = made.table.client(EventBridgeClient);
  const EventPattern = JSON.stringify({
    source: ['aws.autoscaling'],
    'detail-type': ['EC2 Instance-launch Lifecycle Action'],
  });
  await events.send(new PutRuleCommand({ Name: 'launches', EventPattern }));
  const Targets = [{ Id: 'function', Arn: functionArn('ready') }];
  await events.send(new PutTargetsCommand({ Rule: 'launches', Targets }));
  const stateOf = await launch(made);
  made.table.advance(10 * MINUTE);
  expect(await stateOf()).toBe(state);
});
