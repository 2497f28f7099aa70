// Container instances. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/launch_container_instance.html

import {
  DescribeImagesCommand,
  RebootInstancesCommand,
  RunInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import {
  DeleteAttributesCommand,
  DeleteClusterCommand,
  DescribeContainerInstancesCommand,
  DescribeTasksCommand,
  ListAttributesCommand,
  ListContainerInstancesCommand,
  PutAttributesCommand,
  RunTaskCommand,
  UpdateContainerInstancesStateCommand,
} from '@aws-sdk/client-ecs';
import type { Attribute, ContainerInstance } from '@aws-sdk/client-ecs';
import {
  AddRoleToInstanceProfileCommand,
  AttachRolePolicyCommand,
  CreateInstanceProfileCommand,
  CreateRoleCommand,
  IAMClient,
} from '@aws-sdk/client-iam';
import { describe, expect, it } from 'vitest';
import { MINUTE, stand, web } from '../test-stand.ts';
import type { Stand } from '../test-stand.ts';

const JOINS = '#!/bin/bash\necho ECS_CLUSTER=shop >> /etc/ecs/ecs.config\n';
const OPTIMISED = 'al2023-ami-ecs-hvm-*-x86_64';
const TRUST = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }],
});
const FOR_EC2 = 'arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role';

async function profile(one: Stand, policy: string = FOR_EC2): Promise<void> {
  const iam = one.table.client(IAMClient);
  await iam.send(new CreateRoleCommand({ RoleName: 'ecsInstanceRole', AssumeRolePolicyDocument: TRUST }));
  await iam.send(new AttachRolePolicyCommand({ RoleName: 'ecsInstanceRole', PolicyArn: policy }));
  await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName: 'ecsInstanceRole' }));
  await iam.send(
    new AddRoleToInstanceProfileCommand({
      InstanceProfileName: 'ecsInstanceRole',
      RoleName: 'ecsInstanceRole',
    }),
  );
  one.table.advance(20_000);
}

interface Machine {
  image?: string;
  userData?: string;
  withProfile?: boolean;
  count?: number;
}

async function boot(
  one: Stand,
  { image = OPTIMISED, userData = JOINS, withProfile = true, count = 1 }: Machine = {},
) {
  const { Images = [] } = await one.ec2.send(
    new DescribeImagesCommand({ Filters: [{ Name: 'name', Values: [image] }] }),
  );
  const ids: string[] = [];
  for (let i = 0; i < count; i += 1) {
    const { Instances } = await one.ec2.send(
      new RunInstancesCommand({
        MinCount: 1,
        MaxCount: 1,
        SubnetId: one.subnets[i % 2],
        ImageId: Images[0]?.ImageId,
        InstanceType: 't3.medium',
        UserData: btoa(userData),
        ...(withProfile ? { IamInstanceProfile: { Name: 'ecsInstanceRole' } } : {}),
      }),
    );
    ids.push(Instances?.[0]?.InstanceId ?? '');
  }
  one.table.advance(5 * MINUTE);
  return ids;
}

async function registered(one: Stand): Promise<ContainerInstance[]> {
  const { containerInstanceArns = [] } = await one.ecs.send(
    new ListContainerInstancesCommand({ cluster: 'shop' }),
  );
  if (containerInstanceArns.length === 0) return [];
  const { containerInstances = [] } = await one.ecs.send(
    new DescribeContainerInstancesCommand({ cluster: 'shop', containerInstances: containerInstanceArns }),
  );
  return containerInstances;
}

/** A revision for EC2 in bridge mode. */
const onInstances = (one: Stand, hostPort?: number) =>
  one.define([web(undefined, { memory: 256, portMappings: [{ containerPort: 80, hostPort }] })], {
    networkMode: 'bridge',
    requiresCompatibilities: ['EC2'],
    cpu: undefined,
    memory: undefined,
  });

describe('an instance with the ECS-optimised image', () => {
  it('joins the cluster that its user data names', async () => {
    const one = await stand();
    await profile(one);
    const [instanceId] = await boot(one);
    const [found, ...others] = await registered(one);
    expect(others).toEqual([]);
    expect(found).toMatchObject({ ec2InstanceId: instanceId, status: 'ACTIVE', agentConnected: true });
    const amounts = found?.registeredResources?.map(({ name, integerValue }) => [name, integerValue]);
    expect(amounts?.slice(0, 2)).toEqual([
      ['CPU', 2048],
      ['MEMORY', 3992],
    ]);
  });

  // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PutAttributes.html
  it('has attributes of its own, and up to ten of its owner', async () => {
    const one = await stand();
    await profile(one);
    await boot(one);
    const [found] = await registered(one);
    const targetId = found?.containerInstanceArn ?? '';
    const id = targetId.split('/').at(-1);
    const list = async (attributeName: string, attributeValue?: string) => {
      const asked = {
        cluster: 'shop',
        targetType: 'container-instance',
        attributeName,
        attributeValue,
      } as const;
      return (await one.ecs.send(new ListAttributesCommand(asked))).attributes;
    };
    const put = (attributes: Attribute[]) =>
      one.ecs.send(new PutAttributesCommand({ cluster: 'shop', attributes }));
    expect(await list('ecs.availability-zone')).toEqual([
      { name: 'ecs.availability-zone', value: 'us-east-1a', targetId },
    ]);
    await put([{ name: 'stack', value: 'blue', targetId: id, targetType: 'container-instance' }]);
    const { attributes } = await put([{ name: 'stack', value: 'green', targetId }]);
    expect(attributes).toEqual([{ name: 'stack', value: 'green', targetId }]);
    expect(await list('stack', 'blue')).toEqual([]);
    const [shown] = await registered(one);
    expect(shown?.attributes).toContainEqual({ name: 'stack', value: 'green' });
    const many = Array.from({ length: 10 }, (_, i) => ({ name: `more-${i}`, targetId }));
    await expect(put(many)).rejects.toMatchObject({ name: 'AttributeLimitExceededException' });
    await expect(put([{ name: 'stack', targetId: `${targetId.slice(0, -1)}z` }])).rejects.toMatchObject({
      name: 'TargetNotFoundException',
    });
    await expect(put([{ name: 'stack', targetId: id }])).rejects.toThrow('target type');
    await one.ecs.send(
      new DeleteAttributesCommand({ cluster: 'shop', attributes: [{ name: 'stack', targetId }] }),
    );
    expect(await list('stack')).toEqual([]);
  });

  it('does not appear without an instance profile', async () => {
    const one = await stand();
    await boot(one, { withProfile: false });
    expect(await registered(one)).toEqual([]);
  });

  it('does not appear where its role may not register it', async () => {
    const one = await stand();
    await profile(one, 'arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess');
    await boot(one);
    expect(await registered(one)).toEqual([]);
  });

  it('keeps its cluster from being deleted', async () => {
    const one = await stand();
    await profile(one);
    await boot(one);
    await expect(one.ecs.send(new DeleteClusterCommand({ cluster: 'shop' }))).rejects.toMatchObject({
      name: 'ClusterContainsContainerInstancesException',
      message: 'The Cluster cannot be deleted while Container Instances are active or draining.',
    });
  });

  it('is the same container instance after a reboot', async () => {
    const one = await stand();
    await profile(one);
    const [instanceId = ''] = await boot(one);
    const [before] = await registered(one);
    await one.ec2.send(new RebootInstancesCommand({ InstanceIds: [instanceId] }));
    one.table.advance(5 * MINUTE);
    const [after] = await registered(one);
    expect(after?.containerInstanceArn).toBe(before?.containerInstanceArn);
    expect(after?.agentConnected).toBe(true);
  });

  it('leaves the cluster when it is terminated, and its tasks stop', async () => {
    const one = await stand();
    await profile(one);
    const [instanceId = ''] = await boot(one);
    await onInstances(one);
    const { tasks } = await one.ecs.send(new RunTaskCommand({ cluster: 'shop', taskDefinition: 'web' }));
    one.table.advance(MINUTE);
    await one.ec2.send(new TerminateInstancesCommand({ InstanceIds: [instanceId] }));
    one.table.advance(5 * MINUTE);
    expect(await registered(one)).toEqual([]);
    const found = await one.ecs.send(
      new DescribeTasksCommand({ cluster: 'shop', tasks: [tasks?.[0]?.taskArn ?? ''] }),
    );
    expect(found.tasks?.[0]).toMatchObject({
      lastStatus: 'STOPPED',
      stoppedReason: `Host EC2 (instance ${instanceId}) terminated.`,
    });
  });
});

it('an instance of another image has no agent and does not appear', async () => {
  const one = await stand();
  await profile(one);
  await boot(one, { image: 'al2023-ami-2023.*-x86_64' });
  expect(await registered(one)).toEqual([]);
});

describe('tasks on container instances', () => {
  it('are not placed where there are none', async () => {
    const one = await stand();
    await onInstances(one);
    await expect(
      one.ecs.send(new RunTaskCommand({ cluster: 'shop', taskDefinition: 'web' })),
    ).rejects.toThrow('No Container Instances were found in your cluster.');
  });

  it('are not placed beyond the memory of an instance', async () => {
    const one = await stand();
    await profile(one);
    await boot(one);
    await one.define([web(undefined, { memory: 4000 })], {
      networkMode: 'bridge',
      requiresCompatibilities: ['EC2'],
      cpu: undefined,
      memory: undefined,
    });
    const { failures } = await one.ecs.send(new RunTaskCommand({ cluster: 'shop', taskDefinition: 'web' }));
    expect(failures?.map(({ reason }) => reason)).toEqual(['RESOURCE:MEMORY']);
  });

  it('share no port of an instance', async () => {
    const one = await stand();
    await profile(one);
    await boot(one);
    await onInstances(one, 8080);
    await one.ecs.send(new RunTaskCommand({ cluster: 'shop', taskDefinition: 'web' }));
    const { failures } = await one.ecs.send(new RunTaskCommand({ cluster: 'shop', taskDefinition: 'web' }));
    expect(failures?.map(({ reason }) => reason)).toEqual(['RESOURCE:PORTS']);
  });

  it('get ports of their own where they ask for none, and serve there as targets of a load balancer', async () => {
    const one = await stand();
    await profile(one);
    await boot(one);
    const targetGroupArn = await one.balanced('instance');
    await onInstances(one);
    await one.serve({
      launchType: 'EC2',
      networkConfiguration: undefined,
      loadBalancers: [{ targetGroupArn, containerName: 'web', containerPort: 80 }],
    });
    one.steady();
    expect(await one.targets(targetGroupArn)).toEqual(['healthy', 'healthy']);
    const ports = (await one.tasks()).map(
      ({ containers }) => containers?.[0]?.networkBindings?.[0]?.hostPort,
    );
    expect(ports.toSorted()).toEqual([32_768, 32_769]);
  });

  it('are spread over zones, and leave an instance that drains', async () => {
    const one = await stand();
    await profile(one);
    await boot(one, { count: 2 });
    await onInstances(one);
    await one.serve({ launchType: 'EC2', networkConfiguration: undefined });
    one.steady();
    const zones = new Set((await one.tasks()).map(({ availabilityZone }) => availabilityZone));
    expect(zones.size).toBe(2);
    const [drained, other] = await registered(one);
    await one.ecs.send(
      new UpdateContainerInstancesStateCommand({
        cluster: 'shop',
        containerInstances: [drained?.containerInstanceArn ?? ''],
        status: 'DRAINING',
      }),
    );
    one.table.advance(10 * MINUTE);
    const places = (await one.tasks()).map(({ containerInstanceArn }) => containerInstanceArn);
    expect(places).toEqual([other?.containerInstanceArn, other?.containerInstanceArn]);
  });

  it('wait, with an event that says why, until an instance can take them', async () => {
    const one = await stand();
    await onInstances(one);
    await one.serve({ launchType: 'EC2', networkConfiguration: undefined });
    one.table.advance(MINUTE);
    expect(await one.events()).toEqual([
      '(service web) was unable to place a task because no container instance met all of its requirements. Reason: No ' +
        'Container Instances were found in your cluster. For more information, see the Troubleshooting section of the ' +
        'Amazon ECS Developer Guide.',
    ]);
    await profile(one);
    await boot(one);
    one.steady();
    expect((await one.service()).runningCount).toBe(2);
  });
});
