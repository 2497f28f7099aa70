// Tasks as AWS shows them.

import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import { containerInstances, taskDefinitions } from '../tables.ts';
import type { Container, ContainerDefinition, Task } from '../tables.ts';
import { tagsShown } from '../tags.ts';

type WireTask = NonNullable<Output<'ecs', 'DescribeTasks'>['tasks']>[number];
type WireContainer = NonNullable<WireTask['containers']>[number];

const ATTACHED: Readonly<Record<Task['lastStatus'], string>> = {
  PROVISIONING: 'PRECREATED',
  PENDING: 'ATTACHED',
  ACTIVATING: 'ATTACHED',
  RUNNING: 'ATTACHED',
  DEACTIVATING: 'ATTACHED',
  STOPPING: 'ATTACHED',
  DEPROVISIONING: 'ATTACHED',
  STOPPED: 'DELETED',
};

function attachments(task: Task): WireTask['attachments'] {
  const { attachmentId: id, subnetId = '', interfaceId, macAddress = '', privateIp } = task;
  const { privateDnsName = '' } = task;
  if (task.network === undefined || id === undefined) return [];
  const details = [
    { name: 'subnetId', value: subnetId },
    ...(interfaceId === undefined ? [] : [{ name: 'networkInterfaceId', value: interfaceId }]),
    ...(macAddress === '' ? [] : [{ name: 'macAddress', value: macAddress }]),
    ...(privateIp === undefined
      ? []
      : [
          { name: 'privateDnsName', value: privateDnsName },
          { name: 'privateIPv4Address', value: privateIp },
        ]),
  ];
  return [{ id, type: 'ElasticNetworkInterface', status: ATTACHED[task.lastStatus], details }];
}

function describeContainer(
  task: Task,
  { name, image, lastStatus, exitCode, reason, bindings, health }: Container,
  definition: ContainerDefinition | undefined,
): WireContainer {
  const { privateIp, attachmentId } = task;
  const { cpu = 0, memory, memoryReservation } = definition ?? {};
  const interfaces = privateIp === undefined ? [] : [{ attachmentId, privateIpv4Address: privateIp }];
  return {
    containerArn: containerArn(task, name),
    taskArn: task.arn,
    name,
    image,
    lastStatus,
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(reason === undefined ? {} : { reason }),
    networkBindings: task.network ? [] : bindings.map((binding) => ({ bindIP: '0.0.0.0', ...binding })),
    networkInterfaces: interfaces,
    healthStatus: health,
    cpu: String(cpu),
    ...(memory === undefined ? {} : { memory: String(memory) }),
    ...(memoryReservation === undefined ? {} : { memoryReservation: String(memoryReservation) }),
    ...(lastStatus === 'PENDING' ? {} : { runtimeId: runtimeId(task, name) }),
  };
}

export function runtimeId({ id }: Task, container: string): string {
  let sum = 0;
  for (const letter of container) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 4_294_967_296;
  return `${id}-${sum}`;
}

function containerArn({ arn }: Task, container: string): string {
  return `${arn.replace(':task/', ':container/')}/${container}`;
}

/** Of all its essential containers that have a health check. */
export function healthOf(task: Task, definitions: readonly ContainerDefinition[] = []): Container['health'] {
  const checked = definitions.filter(({ essential, healthCheck }) => essential !== false && healthCheck);
  const found = checked.map(
    ({ name }) => task.containers.find((one) => one.name === name)?.health ?? 'UNKNOWN',
  );
  if (found.includes('UNHEALTHY')) return 'UNHEALTHY';
  return found.length === 0 || found.includes('UNKNOWN') ? 'UNKNOWN' : 'HEALTHY';
}

export function describeTask(ctx: Ctx, task: Task, withTags: boolean = false): WireTask {
  const definition = ctx.get(taskDefinitions, task.definitionArn);
  const instance = task.containerInstance;
  const { capacityProvider, platformVersion, startedBy, stopCode, stoppedReason } = task;
  const connected = instance === undefined || (ctx.get(containerInstances, instance)?.connected ?? false);
  return {
    attachments: attachments(task),
    attributes: [],
    availabilityZone: task.zone,
    clusterArn: ctx.arn('ecs', `cluster/${task.clusterName}`),
    connectivity: connected ? 'CONNECTED' : 'DISCONNECTED',
    ...(task.startedAt === undefined ? {} : { connectivityAt: task.pullStartedAt ?? task.startedAt }),
    containers: task.containers.map((one) =>
      describeContainer(
        task,
        one,
        definition?.containers.find(({ name }) => name === one.name),
      ),
    ),
    cpu: String(task.cpu),
    memory: String(task.memory),
    createdAt: task.createdAt,
    desiredStatus: task.desiredStatus,
    enableExecuteCommand: false,
    group: task.group,
    healthStatus: healthOf(task, definition?.containers),
    lastStatus: task.lastStatus,
    launchType: task.launchType,
    overrides: { containerOverrides: [], ...task.overrides },
    pullStartedAt: task.pullStartedAt,
    pullStoppedAt: task.pullStoppedAt,
    startedAt: task.startedAt,
    stoppingAt: task.stoppingAt,
    executionStoppedAt: task.executionStoppedAt,
    stoppedAt: task.stoppedAt,
    tags: withTags ? tagsShown(task.tags) : [],
    taskArn: task.arn,
    taskDefinitionArn: task.definitionArn,
    version: task.version,
    ...(instance === undefined ? {} : { containerInstanceArn: instance }),
    ...(capacityProvider === undefined ? {} : { capacityProviderName: capacityProvider }),
    ...(platformVersion === undefined ? {} : { platformVersion, platformFamily: 'Linux' }),
    ...(startedBy === undefined ? {} : { startedBy }),
    ...(stopCode === undefined ? {} : { stopCode }),
    ...(stoppedReason === undefined ? {} : { stoppedReason }),
  };
}
