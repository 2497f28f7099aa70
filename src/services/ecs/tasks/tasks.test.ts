// Tasks on Fargate. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html

import {
  DescribeLogStreamsCommand,
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  GetLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { DeleteNetworkInterfaceCommand, DescribeNetworkInterfacesCommand } from '@aws-sdk/client-ec2';
import { CreateRepositoryCommand, ECRClient, PutImageCommand } from '@aws-sdk/client-ecr';
import {
  CreateClusterCommand,
  DescribeTasksCommand,
  ECSClient,
  RunTaskCommand,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import type { RunTaskCommandInput, Task } from '@aws-sdk/client-ecs';
import { AttachRolePolicyCommand, CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { describe, expect, it } from 'vitest';
import { injectionChanged, injections } from '#cloud/injections.ts';
import { composeCloud } from '#sandtable';
import { newTable } from '../../../../tests/table.ts';
import { MINUTE, SECOND, stand, web } from '../test-stand.ts';
import type { Stand } from '../test-stand.ts';

const ROLE = 'arn:aws:iam::000000000000:role/execution';
const EXECUTION = 'arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy';
const IMAGE = '000000000000.dkr.ecr.us-east-1.amazonaws.com/shop:v1';
const AWSLOGS = {
  logDriver: 'awslogs' as const,
  options: { 'awslogs-group': 'shop', 'awslogs-region': 'us-east-1', 'awslogs-stream-prefix': 'web' },
};

async function role(
  one: Stand,
  policies: readonly string[] = [EXECUTION],
  service = 'ecs-tasks.amazonaws.com',
) {
  const iam = one.table.client(IAMClient);
  const trust = { Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' };
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [trust] });
  await iam.send(new CreateRoleCommand({ RoleName: 'execution', AssumeRolePolicyDocument }));
  for (const PolicyArn of policies)
    await iam.send(new AttachRolePolicyCommand({ RoleName: 'execution', PolicyArn }));
  one.table.advance(20 * SECOND);
}

async function run(one: Stand, more: Partial<RunTaskCommandInput> = {}): Promise<string> {
  const { tasks } = await one.ecs.send(
    new RunTaskCommand({
      cluster: 'shop',
      taskDefinition: 'web',
      launchType: 'FARGATE',
      networkConfiguration: one.network,
      ...more,
    }),
  );
  return tasks?.[0]?.taskArn ?? '';
}

async function look(one: Stand, arn: string): Promise<Task> {
  const { tasks } = await one.ecs.send(new DescribeTasksCommand({ cluster: 'shop', tasks: [arn] }));
  one.table.check();
  return tasks?.[0] as Task;
}

/** The statuses of a task until it stays as it is. */
async function statuses(one: Stand, arn: string, forMs: number): Promise<(string | undefined)[]> {
  const found: (string | undefined)[] = [];
  for (let at = 0; at < forMs; at += 250) {
    const { lastStatus } = await look(one, arn);
    if (lastStatus !== found.at(-1)) found.push(lastStatus);
    one.table.advance(250);
  }
  return found;
}

const after = async (one: Stand, arn: string): Promise<Task> => {
  one.table.advance(5 * MINUTE);
  return look(one, arn);
};

describe('a task', () => {
  it('goes through its life cycle', async () => {
    const one = await stand();
    await one.define();
    const arn = await run(one);
    expect(await statuses(one, arn, MINUTE)).toEqual(['PROVISIONING', 'PENDING', 'RUNNING']);
    await one.ecs.send(new StopTaskCommand({ cluster: 'shop', task: arn, reason: 'enough' }));
    expect(await statuses(one, arn, MINUTE)).toEqual(['RUNNING', 'STOPPING', 'DEPROVISIONING', 'STOPPED']);
    expect(await look(one, arn)).toMatchObject({ stopCode: 'UserInitiated', stoppedReason: 'enough' });
  });

  it('has a network interface in one of its subnets, until it is gone', async () => {
    const one = await stand();
    await one.define();
    const arn = await run(one);
    one.table.advance(MINUTE);
    const { attachments = [], containers = [] } = await look(one, arn);
    const detail = (name: string) => attachments[0]?.details?.find((one) => one.name === name)?.value;
    const interfaces = async () =>
      (await one.ec2.send(new DescribeNetworkInterfacesCommand({}))).NetworkInterfaces ?? [];
    const [found] = await interfaces();
    expect(found).toMatchObject({
      NetworkInterfaceId: detail('networkInterfaceId'),
      PrivateIpAddress: detail('privateIPv4Address'),
      SubnetId: detail('subnetId'),
      RequesterManaged: true,
      Status: 'in-use',
    });
    expect(found?.Association?.PublicIp).toMatch(/^3\./);
    expect(containers[0]?.networkInterfaces?.[0]?.privateIpv4Address).toBe(detail('privateIPv4Address'));
    const NetworkInterfaceId = found?.NetworkInterfaceId;
    await expect(
      one.ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId })),
    ).rejects.toMatchObject({ name: 'OperationNotPermitted' });
    await one.ecs.send(new StopTaskCommand({ cluster: 'shop', task: arn }));
    one.table.advance(MINUTE);
    expect(await interfaces()).toEqual([]);
  });

  it('ends with its essential container, and not with another', async () => {
    const one = await stand();
    const helper = {
      name: 'helper',
      image: 'helper',
      essential: false,
      dockerLabels: { 'sandtable.yml': 'exits: { after: 1s, code: 3 }' },
    };
    await one.define([web('exits: { after: 2m, code: 7 }'), helper]);
    const arn = await run(one);
    one.table.advance(MINUTE);
    const running = await look(one, arn);
    expect(running.lastStatus).toBe('RUNNING');
    expect(running.containers?.map(({ lastStatus, exitCode }) => [lastStatus, exitCode])).toEqual([
      ['RUNNING', undefined],
      ['STOPPED', 3],
    ]);
    expect(await after(one, arn)).toMatchObject({
      stopCode: 'EssentialContainerExited',
      stoppedReason: 'Essential container in task exited',
      containers: [{ exitCode: 7 }, { exitCode: 3 }],
    });
  });

  it('is shown for an hour after it has stopped', async () => {
    const one = await stand();
    await one.define([web('exits: { after: 1s, code: 0 }')]);
    const arn = await run(one);
    expect((await after(one, arn)).lastStatus).toBe('STOPPED');
    one.table.advance(61 * MINUTE);
    expect(await look(one, arn)).toBeUndefined();
  });

  it('is killed when its stop takes longer than stopTimeout', async () => {
    const one = await stand();
    await one.define([web('application: { stop: 40s, drain: true }', { stopTimeout: 5 })]);
    const arn = await run(one);
    one.table.advance(MINUTE);
    await one.ecs.send(new StopTaskCommand({ cluster: 'shop', task: arn }));
    expect((await after(one, arn)).containers?.[0]?.exitCode).toBe(137);
  });

  it('starts containers in the order of their dependencies', async () => {
    const one = await stand();
    const first = {
      name: 'first',
      image: 'first',
      essential: false,
      dockerLabels: { 'sandtable.yml': 'exits: { after: 20s, code: 0 }' },
    };
    await one.define([
      web(undefined, { dependsOn: [{ containerName: 'first', condition: 'SUCCESS' }] }),
      first,
    ]);
    const arn = await run(one);
    one.table.advance(40 * SECOND);
    expect((await look(one, arn)).containers?.map(({ lastStatus }) => lastStatus)).toEqual([
      'PENDING',
      'RUNNING',
    ]);
    one.table.advance(MINUTE);
    expect((await look(one, arn)).containers?.map(({ lastStatus }) => lastStatus)).toEqual([
      'RUNNING',
      'STOPPED',
    ]);
    expect((await look(one, arn)).lastStatus).toBe('RUNNING');
  });

  it('is healthy or not as its container health checks say', async () => {
    const one = await stand();
    const healthCheck = { command: ['CMD-SHELL', 'curl -f localhost'], interval: 10, retries: 2 };
    await one.define([web('application: { hangsAfter: 60s }', { healthCheck })]);
    const arn = await run(one);
    one.table.advance(80 * SECOND);
    expect((await look(one, arn)).healthStatus).toBe('HEALTHY');
    one.table.advance(MINUTE);
    expect((await look(one, arn)).healthStatus).toBe('UNHEALTHY');
  });

  it('does not start with a label that cannot be read', async () => {
    const one = await stand();
    await one.define([web('application: { prot: 80 }')]);
    const { stopCode, stoppedReason } = await after(one, await run(one));
    expect(stopCode).toBe('TaskFailedToStart');
    expect(stoppedReason).toContain('label sandtable.yml:1: There is no member "prot" here');
  });
});

describe('an image', () => {
  it('of Docker Hub needs a way to the internet', async () => {
    const one = await stand();
    await one.define();
    const { awsvpcConfiguration } = one.network;
    const inside = {
      awsvpcConfiguration: {
        ...awsvpcConfiguration,
        subnets: one.subnets,
        assignPublicIp: 'DISABLED' as const,
      },
    };
    const found = await after(one, await run(one, { networkConfiguration: inside }));
    expect(found.stopCode).toBe('TaskFailedToStart');
    expect(found.stoppedReason).toBe(
      'CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref ' +
        'docker.io/library/shop:v1: failed to do request: Head "https://registry-1.docker.io/v2/": dial tcp: i/o timeout',
    );
  });

  it('of ECR has to be there', async () => {
    const one = await stand();
    await role(one);
    await one.define([web(undefined, { image: IMAGE })], { executionRoleArn: ROLE });
    const ecr = one.table.client(ECRClient);
    await ecr.send(new CreateRepositoryCommand({ repositoryName: 'shop' }));
    expect((await after(one, await run(one))).stoppedReason).toContain(`${IMAGE}: not found`);
    const imageManifest = JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
    });
    await ecr.send(new PutImageCommand({ repositoryName: 'shop', imageManifest, imageTag: 'v1' }));
    expect((await after(one, await run(one))).lastStatus).toBe('RUNNING');
  });

  it('of ECR needs permissions of the execution role', async () => {
    const one = await stand();
    await role(one, []);
    await one.define([web(undefined, { image: IMAGE })], { executionRoleArn: ROLE });
    const { stoppedReason } = await after(one, await run(one));
    expect(stoppedReason).toContain('ResourceInitializationError: unable to pull secrets or registry auth');
    expect(stoppedReason).toContain('is not authorized to perform: ecr:GetAuthorizationToken');
  });
});

it('an execution role has to trust ECS', async () => {
  const one = await stand();
  await role(one, [EXECUTION], 'ec2.amazonaws.com');
  await one.define([web()], { executionRoleArn: ROLE });
  expect((await after(one, await run(one))).stoppedReason).toBe(
    `ECS was unable to assume the role '${ROLE}' that was provided for this task. Please verify that the role being ` +
      'passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this role.',
  );
});

describe('secrets', () => {
  const secrets = [{ name: 'TOKEN', valueFrom: '/shop/token' }];

  it('are fetched under the execution role', async () => {
    const one = await stand();
    await role(one, [EXECUTION, 'arn:aws:iam::aws:policy/AmazonSSMReadOnlyAccess']);
    await one.define([web(undefined, { secrets })], { executionRoleArn: ROLE });
    const missing = await after(one, await run(one));
    expect(missing.stoppedReason).toContain('invalid parameters: /shop/token');
    await one.table
      .client(SSMClient)
      .send(new PutParameterCommand({ Name: '/shop/token', Value: 'x', Type: 'String' }));
    expect((await after(one, await run(one))).lastStatus).toBe('RUNNING');
  });

  it('without the permission keep the task from starting', async () => {
    const one = await stand();
    await role(one);
    await one.define([web(undefined, { secrets })], { executionRoleArn: ROLE });
    expect((await after(one, await run(one))).stoppedReason).toContain(
      'unable to retrieve secrets from ssm: service call has been retried 1 time(s): AccessDeniedException',
    );
  });
});

describe('the log driver awslogs', () => {
  const definition = { executionRoleArn: ROLE };

  it('writes to a stream named after prefix, container and task', async () => {
    const one = await stand();
    await role(one);
    const logs = one.table.client(CloudWatchLogsClient);
    await logs.send(new CreateLogGroupCommand({ logGroupName: 'shop' }));
    await one.define([web('log: [listening on 80]', { logConfiguration: AWSLOGS })], definition);
    const arn = await run(one);
    one.table.advance(MINUTE);
    const { logStreams = [] } = await logs.send(new DescribeLogStreamsCommand({ logGroupName: 'shop' }));
    const logStreamName = `web/web/${arn.slice(arn.lastIndexOf('/') + 1)}`;
    expect(logStreams.map((stream) => stream.logStreamName)).toEqual([logStreamName]);
    const { events = [] } = await logs.send(new GetLogEventsCommand({ logGroupName: 'shop', logStreamName }));
    expect(events.map(({ message }) => message)).toEqual(['listening on 80']);
  });

  it('needs the log group', async () => {
    const one = await stand();
    await role(one);
    await one.define([web(undefined, { logConfiguration: AWSLOGS })], definition);
    expect((await after(one, await run(one))).stoppedReason).toBe(
      'ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to ' +
        'create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. : exit status 1',
    );
  });

  it('makes the log group where it is told to and may', async () => {
    const one = await stand();
    await role(one, [EXECUTION, 'arn:aws:iam::aws:policy/CloudWatchLogsFullAccess']);
    const options = { ...AWSLOGS.options, 'awslogs-create-group': 'true' };
    await one.define([web(undefined, { logConfiguration: { ...AWSLOGS, options } })], definition);
    expect((await after(one, await run(one))).lastStatus).toBe('RUNNING');
  });

  it('on Fargate needs an execution role when the task definition is registered', async () => {
    const one = await stand();
    await expect(one.define([web(undefined, { logConfiguration: AWSLOGS })])).rejects.toThrow(
      'Fargate requires task definition to have execution role ARN to support log driver awslogs.',
    );
  });
});

describe('Fargate', () => {
  it.each([['capacity-shortage' as const], ['zone-loss' as const]])(
    'starts tasks in other zones during a %s',
    async (kind) => {
      const one = await stand();
      await one.define();
      const injection = { kind, zone: 'us-east-1a' };
      one.table.act((ctx) => {
        ctx.everywhere.put(injections, { id: 'lost', injection, startedAt: ctx.now });
        ctx.emit(injectionChanged, { injection, active: true });
      });
      await run(one, { count: 2 });
      one.table.advance(MINUTE);
      const zones = (await one.tasks()).map(({ availabilityZone }) => availabilityZone);
      expect(zones).toEqual(['us-east-1b', 'us-east-1b']);
    },
  );
});

it('where servers really run, tasks are refused by name', async () => {
  const table = newTable({ cloud: composeCloud('process') });
  const ecs = table.client(ECSClient);
  await ecs.send(new CreateClusterCommand({}));
  const started = ecs.send(new RunTaskCommand({ taskDefinition: 'web' }));
  await expect(started).rejects.toMatchObject({ $metadata: { httpStatusCode: 501 } });
});
