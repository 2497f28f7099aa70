// The ECS-optimised image carries the container agent: three instances with the same user data, of which one has an image
// without it and one a role that may not register.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-optimized_AMI.html

import {
  DescribeContainerInstancesCommand,
  ECSClient,
  ListContainerInstancesCommand,
} from '@aws-sdk/client-ecs';
import { fact, rehearsal } from 'sandtable';
import type { Ending, Scene } from 'sandtable';
import { create, outputsOf } from '../cfn/stacks.ts';
import { defaultNetwork } from '../deploy/foundations.ts';
import { AMAZON_LINUX } from '../deploy/web-stack.ts';
import { ECS_OPTIMISED, instance, instanceProfile } from './instances.ts';

const MINUTE = 60_000;

async function run(scene: Scene): Promise<Ending> {
  const network = await defaultNetwork(scene);
  const startedAt = scene.clock.now;
  const ended = await create(scene, 'hosts', {
    Resources: {
      Cluster: { Type: 'AWS::ECS::Cluster', Properties: { ClusterName: 'shop' } },
      ...instanceProfile(),
      Optimised: instance(network, ECS_OPTIMISED, 'Profile'),
      Plain: instance(network, AMAZON_LINUX, 'Profile'),
      WithoutRole: instance(network, ECS_OPTIMISED),
    },
    Outputs: { Optimised: { Value: { Ref: 'Optimised' } } },
  });
  await scene.clock.sleep(10 * MINUTE);
  const ecs = scene.aws.client(ECSClient);
  const { containerInstanceArns: containerInstances = [] } = await ecs.send(
    new ListContainerInstancesCommand({ cluster: 'shop' }),
  );
  const described =
    containerInstances.length === 0
      ? []
      : ((await ecs.send(new DescribeContainerInstancesCommand({ cluster: 'shop', containerInstances })))
          .containerInstances ?? []);
  const { Optimised } = await outputsOf(scene, 'hosts');
  return {
    ended,
    startedAt,
    facts: {
      registered: described.length,
      isTheOptimised: described[0]?.ec2InstanceId === Optimised,
      connected: described[0]?.agentConnected,
      hasVersion: described[0]?.versionInfo?.agentVersion !== '',
    },
  };
}

export default rehearsal({
  title: 'The ECS-optimised image carries the agent',
  claim: { id: 'ecs/optimised-ami', verdict: 'holds' },
  run,
  expect: [
    fact('registered', 1),
    fact('isTheOptimised', true),
    fact('connected', true),
    fact('hasVersion', true),
  ],
});
