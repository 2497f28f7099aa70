// Logs of containers by the log driver awslogs: on a container instance through its agent and under its role, on Fargate without
// an agent of one's own and under the execution role.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html

import {
  CloudWatchLogsClient,
  DescribeLogStreamsCommand,
  FilterLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { DescribeTasksCommand, ECSClient, RunTaskCommand } from '@aws-sdk/client-ecs';
import type { Task } from '@aws-sdk/client-ecs';
import { fact, rehearsal } from 'sandtable';
import type { Ending, Scene } from 'sandtable';
import { create, outputsOf } from '../cfn/stacks.ts';
import { defaultNetwork } from '../deploy/foundations.ts';
import type { Network } from '../deploy/foundations.ts';
import { AMAZON_LINUX } from '../deploy/web-stack.ts';
import { ECS_OPTIMISED, instance, instanceProfile, role } from './instances.ts';

const MINUTE = 60_000;
const LINE = 'job done';
const EXECUTION = 'arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy';

/** A task definition whose container writes one line. */
function definition(compatibility: 'EC2' | 'FARGATE', executionRole?: string): object {
  return {
    Type: 'AWS::ECS::TaskDefinition',
    Properties: {
      Cpu: '256',
      Memory: '512',
      NetworkMode: compatibility === 'FARGATE' ? 'awsvpc' : 'bridge',
      RequiresCompatibilities: [compatibility],
      ...(executionRole === undefined ? {} : { ExecutionRoleArn: { 'Fn::GetAtt': [executionRole, 'Arn'] } }),
      ContainerDefinitions: [
        {
          Name: 'job',
          Image: 'job',
          DockerLabels: { 'sandtable.yml': `exits: { after: 30s, code: 0 }\nlog: [${LINE}]` },
          LogConfiguration: {
            LogDriver: 'awslogs',
            Options: {
              'awslogs-group': { Ref: 'Log' },
              'awslogs-region': { Ref: 'AWS::Region' },
              'awslogs-stream-prefix': 'jobs',
            },
          },
        },
      ],
    },
  };
}

async function prepare(scene: Scene): Promise<Network> {
  const network = await defaultNetwork(scene);
  await create(scene, 'jobs', {
    Resources: {
      Cluster: { Type: 'AWS::ECS::Cluster', Properties: { ClusterName: 'shop' } },
      Log: { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: '/shop/jobs' } },
      ExecutionRole: role('ecs-tasks.amazonaws.com', [EXECUTION]),
      PowerlessRole: role('ecs-tasks.amazonaws.com', []),
      OnFargate: definition('FARGATE', 'ExecutionRole'),
      Powerless: definition('FARGATE', 'PowerlessRole'),
      OnInstance: definition('EC2'),
    },
    Outputs: Object.fromEntries(
      ['OnFargate', 'Powerless', 'OnInstance'].map((name) => [name, { Value: { Ref: name } }]),
    ),
  });
  return network;
}

/** Runs a task to its end; nothing where there is no place for it. */
async function run(scene: Scene, network: Network, name: string): Promise<Task | undefined> {
  const ecs = scene.aws.client(ECSClient);
  const { [name]: taskDefinition } = await outputsOf(scene, 'jobs');
  const awsvpcConfiguration = { subnets: [...network.subnetIds], assignPublicIp: 'ENABLED' as const };
  const onInstance = name === 'OnInstance';
  const asked = ecs.send(
    new RunTaskCommand({
      cluster: 'shop',
      taskDefinition,
      launchType: onInstance ? 'EC2' : 'FARGATE',
      ...(onInstance ? {} : { networkConfiguration: { awsvpcConfiguration } }),
    }),
  );
  const { tasks = [] } = await asked.catch((error: Error) => {
    if (error.message.includes('No Container Instances were found')) return { tasks: [] };
    throw error;
  });
  const [arn] = tasks.map(({ taskArn = '' }) => taskArn);
  if (arn === undefined) return undefined;
  return scene.clock.until(
    async () => {
      const found = await ecs.send(new DescribeTasksCommand({ cluster: 'shop', tasks: [arn] }));
      return found.tasks?.[0]?.lastStatus === 'STOPPED' ? found.tasks[0] : undefined;
    },
    { within: 30 * MINUTE },
  );
}

/** What of a task is in the log. */
async function logged(scene: Scene, task: Task | undefined): Promise<NonNullable<Ending['facts']>> {
  const logs = scene.aws.client(CloudWatchLogsClient);
  const logGroupName = '/shop/jobs';
  const { logStreams = [] } = await logs.send(new DescribeLogStreamsCommand({ logGroupName }));
  const { events = [] } = await logs.send(new FilterLogEventsCommand({ logGroupName }));
  const id = task?.taskArn?.split('/').at(-1);
  return {
    stopCode: task?.stopCode,
    reason: task?.stoppedReason?.split(':')[0],
    streamOfTheTask: logStreams.map(({ logStreamName }) => logStreamName).includes(`jobs/job/${id}`),
    lines: events.map(({ message }) => message),
  };
}

async function onFargate(scene: Scene, network: Network, name: string): Promise<Ending> {
  const task = await run(scene, network, name);
  return { ended: task?.lastStatus ?? 'not placed', facts: await logged(scene, task) };
}

async function onInstance(scene: Scene, network: Network, image: string): Promise<Ending> {
  await create(scene, 'host', {
    Resources: {
      Cluster: { Type: 'AWS::CloudFormation::WaitConditionHandle' },
      ...instanceProfile(),
      Host: instance(network, image, 'Profile'),
    },
  });
  await scene.clock.sleep(5 * MINUTE);
  const task = await run(scene, network, 'OnInstance');
  return { ended: task?.lastStatus ?? 'not placed', facts: await logged(scene, task) };
}

const WRITTEN = [
  fact('stopCode', 'EssentialContainerExited'),
  fact('streamOfTheTask', true),
  fact('lines', [LINE]),
];

export default rehearsal<Network>({
  title: 'Logs of containers by awslogs',
  claim: {
    id: 'ecs/awslogs',
    verdict:
      "corrected: on EC2 the container agent starts the driver, which writes under the instance's role; on Fargate no agent of one's own is needed, and the execution role writes",
  },
  prepare,
  variants: {
    'on Fargate': { run: (scene, network) => onFargate(scene, network, 'OnFargate'), expect: WRITTEN },
    'on Fargate, with a role that may not write': {
      run: (scene, network) => onFargate(scene, network, 'Powerless'),
      expect: [
        fact('stopCode', 'TaskFailedToStart'),
        fact('reason', 'ResourceInitializationError'),
        fact('streamOfTheTask', false),
        fact('lines', []),
      ],
    },
    'on an instance with the agent': {
      run: (scene, network) => onInstance(scene, network, ECS_OPTIMISED),
      expect: WRITTEN,
    },
    'on an instance without the agent': {
      run: (scene, network) => onInstance(scene, network, AMAZON_LINUX),
      expect: [fact('lines', []), fact('streamOfTheTask', false)],
    },
  },
});
