// Task definitions. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html

import {
  DeleteTaskDefinitionsCommand,
  DeregisterTaskDefinitionCommand,
  DescribeTaskDefinitionCommand,
  ListTagsForResourceCommand,
  ListTaskDefinitionFamiliesCommand,
  ListTaskDefinitionsCommand,
  RunTaskCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import { stand, web } from '../test-stand.ts';

describe('a task definition', () => {
  it('is a revision of its family, and numbers are not given out again', async () => {
    const one = await stand();
    const first = await one.define();
    await one.define();
    await one.ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition: first }));
    await one.ecs.send(new DeleteTaskDefinitionsCommand({ taskDefinitions: [first] }));
    expect(await one.define()).toBe('arn:aws:ecs:us-east-1:000000000000:task-definition/web:3');
    const { taskDefinition } = await one.ecs.send(
      new DescribeTaskDefinitionCommand({ taskDefinition: 'web' }),
    );
    expect(taskDefinition).toMatchObject({
      revision: 3,
      status: 'ACTIVE',
      cpu: '256',
      compatibilities: ['EC2', 'FARGATE'],
    });
    expect(taskDefinition?.containerDefinitions?.[0]).toMatchObject({
      essential: true,
      portMappings: [{ containerPort: 80, hostPort: 80, protocol: 'tcp' }],
    });
  });

  it('that was deregistered is still described, and starts no tasks', async () => {
    const one = await stand();
    const taskDefinition = await one.define();
    await one.ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition }));
    const found = await one.ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition }));
    expect(found.taskDefinition?.status).toBe('INACTIVE');
    await expect(
      one.ecs.send(new RunTaskCommand({ cluster: 'shop', taskDefinition, launchType: 'FARGATE' })),
    ).rejects.toThrow('TaskDefinition is inactive');
    const { families } = await one.ecs.send(new ListTaskDefinitionFamiliesCommand({ status: 'ACTIVE' }));
    expect(families).toEqual([]);
  });

  it('is deleted only once it is deregistered', async () => {
    const one = await stand();
    const taskDefinition = await one.define();
    // The words are those of moto's test_ecs_task_definitions.
    const { failures } = await one.ecs.send(
      new DeleteTaskDefinitionsCommand({ taskDefinitions: [taskDefinition, 'web', 'none:1'] }),
    );
    expect(failures?.map(({ reason }) => reason?.split('. ')[0])).toEqual([
      'The specified task definition is still in ACTIVE status',
      'The specified task definition identifier is invalid',
      'The specified task definition does not exist',
    ]);
    const deregister = (given: string) =>
      one.ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition: given }));
    await expect(deregister('web')).rejects.toThrow('Revision is missing.');
    await expect(deregister('web:new')).rejects.toThrow('Invalid revision number. Number: new');
    await expect(deregister('web:9')).rejects.toThrow('Unable to describe task definition.');
  });

  // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html: pidMode
  it('shares no processes with its host on Fargate', async () => {
    const one = await stand();
    await expect(one.define([web()], { pidMode: 'host' })).rejects.toThrow(
      "Tasks using the Fargate launch type do not support pidMode 'host'. The supported value for pidMode is 'task'.",
    );
  });

  it('is listed by family, page by page, the newest last or first', async () => {
    const one = await stand();
    for (let i = 0; i < 11; i += 1) await one.define();
    await one.define([web()], { family: 'other' });
    const first = await one.ecs.send(new ListTaskDefinitionsCommand({ familyPrefix: 'web', maxResults: 6 }));
    const { nextToken } = first;
    const second = await one.ecs.send(
      new ListTaskDefinitionsCommand({ familyPrefix: 'web', maxResults: 6, nextToken }),
    );
    const arns = [...(first.taskDefinitionArns ?? []), ...(second.taskDefinitionArns ?? [])];
    expect(arns.map((arn) => Number(arn.split(':').at(-1)))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    const newest = await one.ecs.send(new ListTaskDefinitionsCommand({ familyPrefix: 'web', sort: 'DESC' }));
    expect(newest.taskDefinitionArns?.[0]).toMatch(/web:11$/);
  });

  it('carries tags', async () => {
    const one = await stand();
    const resourceArn = await one.define([web()], { tags: [{ key: 'team', value: 'a' }] });
    await one.ecs.send(new TagResourceCommand({ resourceArn, tags: [{ key: 'cost', value: '7' }] }));
    await one.ecs.send(new UntagResourceCommand({ resourceArn, tagKeys: ['team'] }));
    const { tags } = await one.ecs.send(new ListTagsForResourceCommand({ resourceArn }));
    expect(tags).toEqual([{ key: 'cost', value: '7' }]);
  });

  it.each([
    ['256', '512'],
    ['256', '2048'],
    ['1 vCPU', '2 GB'],
    ['8192', '20480'],
    ['16384', '122880'],
  ])('for Fargate may have %s CPU and %s of memory', async (cpu, memory) => {
    const one = await stand();
    expect(await one.define([web()], { cpu, memory })).toMatch(/web:1$/);
  });

  it.each([
    ['256', '4096'],
    ['512', '1536'],
    ['300', '1024'],
    ['8192', '16385'],
  ])('for Fargate may not have %s CPU and %s of memory', async (cpu, memory) => {
    const one = await stand();
    await expect(one.define([web()], { cpu, memory })).rejects.toMatchObject({
      name: 'ClientException',
      message:
        `No Fargate configuration exists for given values: ${cpu} CPU, ${memory} memory. ` +
        'See the Amazon ECS documentation for the valid values.',
    });
  });

  it.each([
    [[web()], { networkMode: 'bridge' as const }, "Fargate only supports network mode 'awsvpc'."],
    [[web()], { cpu: undefined }, "Fargate requires that 'cpu' be defined at the task level."],
    [[web()], { memory: undefined }, 'At least one of'],
    [
      [web(undefined, { memory: 128 })],
      { memory: undefined },
      "Fargate requires that 'memory' be defined at the task level.",
    ],
    [[web(undefined, { name: '' })], {}, 'Container.name should not be null or empty.'],
    [[web(undefined, { image: '' })], {}, 'Container.image should not be null or empty.'],
    [[web(), web()], {}, 'The container name must be unique: web'],
    [
      [web(undefined, { essential: false })],
      {},
      'Task definition must have at least one essential container.',
    ],
    [
      [web(undefined, { memory: 1024 })],
      {},
      "The 'memory' setting for container is greater than for the task.",
    ],
    [
      [web(undefined, { portMappings: [{ containerPort: 80, hostPort: 8080 }] })],
      {},
      'When networkMode=awsvpc, the host ports and container ports in port mappings must match.',
    ],
    [[web(undefined, { links: ['db'] })], {}, 'Links are not supported when networkMode=awsvpc.'],
    [[web(undefined, { privileged: true })], {}, 'Fargate only supports unprivileged containers.'],
    [[web(undefined, { mountPoints: [{ sourceVolume: 'x' }] })], {}, "Unknown volume 'x'."],
    [[], {}, 'Container list cannot be empty.'],
  ])('is checked as AWS does (%#)', async (containers, more, why) => {
    const one = await stand();
    await expect(one.define(containers, more)).rejects.toThrow(why);
  });

  it.each([
    [[web(undefined, { firelensConfiguration: { type: 'fluentbit' } })], {}],
    [[web(undefined, { logConfiguration: { logDriver: 'splunk' } })], {}],
    [[web()], { volumes: [{ name: 'x', efsVolumeConfiguration: { fileSystemId: 'fs-1' } }] }],
    [[web()], { runtimePlatform: { operatingSystemFamily: 'WINDOWS_SERVER_2022_CORE' as const } }],
  ])('is refused by name where it is not modelled (%#)', async (containers, more) => {
    const one = await stand();
    await expect(one.define(containers, more)).rejects.toMatchObject({ $metadata: { httpStatusCode: 501 } });
  });
});
