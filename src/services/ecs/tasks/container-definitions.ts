// Container definitions: what AWS checks when a task definition is registered, and how it shows them afterwards.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html

import { clientError, unmodelled } from '../faults.ts';
import type { ContainerDefinition, TaskDefinition } from '../tables.ts';

type NetworkMode = TaskDefinition['networkMode'];

/** Logs that others take would go nowhere. */
const LOG_DRIVERS: ReadonlySet<string> = new Set(['awslogs', 'json-file', 'journald']);

export interface TaskSettings {
  readonly networkMode: NetworkMode;
  readonly cpu: number | undefined;
  readonly memory: number | undefined;
  readonly volumes: readonly string[];
}

/** Throws AWS's errors, for the first container that has one. */
export function checkContainers(containers: readonly ContainerDefinition[], task: TaskSettings): void {
  if (containers.length === 0) throw clientError('Container list cannot be empty.');
  const names = new Set<string>();
  for (const container of containers) {
    const { name = '', image = '' } = container;
    if (name === '') throw clientError('Container.name should not be null or empty.');
    if (!/^[A-Za-z0-9_-]{1,255}$/.test(name)) throw clientError(`Invalid container name: ${name}`);
    if (names.has(name)) throw clientError(`The container name must be unique: ${name}`);
    names.add(name);
    if (image === '') throw clientError('Container.image should not be null or empty.');
    checkMemory(container, task);
    checkPorts(container, task.networkMode);
  }
  if (!containers.some(({ essential = true }) => essential))
    throw clientError('Task definition must have at least one essential container.');
  for (const container of containers) checkReferences(container, containers, task);
}

function checkMemory({ name, memory, memoryReservation }: ContainerDefinition, task: TaskSettings): void {
  if (memory === undefined && memoryReservation === undefined && task.memory === undefined) {
    throw clientError(
      `Invalid setting for container '${name}'. At least one of 'memory' or 'memoryReservation' must be specified.`,
    );
  }
  if (memory !== undefined && memory < 6)
    throw clientError(`Invalid setting for container '${name}'. 'memory' must be at least 6 MiB.`);
  if (memory !== undefined && memoryReservation !== undefined && memory < memoryReservation) {
    throw clientError(
      `Invalid setting for container '${name}'. 'memory' must be greater than or equal to 'memoryReservation'.`,
    );
  }
  if (task.memory !== undefined && (memory ?? 0) > task.memory)
    throw clientError(`The 'memory' setting for container is greater than for the task.`);
}

function checkPorts({ name, portMappings = [] }: ContainerDefinition, networkMode: NetworkMode): void {
  if (networkMode === 'none' && portMappings.length > 0)
    throw clientError('Port mappings are not supported when networkMode=none.');
  for (const { containerPort, hostPort } of portMappings) {
    if (containerPort === undefined) throw clientError(`Container port is required for container '${name}'.`);
    if (containerPort < 1 || containerPort > 65_535)
      throw clientError(`Invalid container port ${containerPort} for container '${name}'.`);
    if (hostPort === undefined || hostPort === 0 || hostPort === containerPort) continue;
    if (networkMode === 'awsvpc') {
      throw clientError(
        'When networkMode=awsvpc, the host ports and container ports in port mappings must match.',
      );
    }
    if (networkMode === 'host')
      throw clientError(
        'When networkMode=host, the host ports and container ports in port mappings must match.',
      );
  }
}

function checkReferences(
  {
    name,
    links = [],
    dependsOn = [],
    mountPoints = [],
    volumesFrom = [],
    logConfiguration,
  }: ContainerDefinition,
  containers: readonly ContainerDefinition[],
  { networkMode, volumes }: TaskSettings,
): void {
  const known = new Set(containers.map((one) => one.name));
  if (links.length > 0 && networkMode !== 'bridge')
    throw clientError(`Links are not supported when networkMode=${networkMode}.`);
  const named = [
    ...links.map((link) => link.split(':')[0]),
    ...dependsOn.map((one) => one.containerName),
    ...volumesFrom.map((one) => one.sourceContainer),
  ];
  for (const other of named) {
    if (other === undefined || !known.has(other) || other === name)
      throw clientError(`Container '${name}' refers to an unknown container '${other ?? ''}'.`);
  }
  for (const { sourceVolume } of mountPoints) {
    if (sourceVolume !== undefined && !volumes.includes(sourceVolume))
      throw clientError(`Unknown volume '${sourceVolume}'.`);
  }
  if (logConfiguration && !LOG_DRIVERS.has(logConfiguration.logDriver))
    throw unmodelled(`The log driver ${logConfiguration.logDriver} is`);
  if (logConfiguration?.logDriver !== 'awslogs') return;
  const { options = {} } = logConfiguration;
  for (const option of ['awslogs-group', 'awslogs-region']) {
    if (options[option] === undefined) throw clientError(`Log driver awslogs requires options: ${option}`);
  }
}

/** Only of tasks that are to run on Fargate. */
export function checkForFargate(
  containers: readonly ContainerDefinition[],
  executionRole: string | undefined,
): void {
  for (const { privileged, logConfiguration, image = '' } of containers) {
    if (privileged) throw clientError('Fargate only supports unprivileged containers.');
    const awslogs = logConfiguration?.logDriver === 'awslogs';
    if (awslogs && executionRole === undefined)
      throw clientError(
        'Fargate requires task definition to have execution role ARN to support log driver awslogs.',
      );
    if (awslogs && logConfiguration.options?.['awslogs-stream-prefix'] === undefined)
      throw clientError('Log driver awslogs requires options: awslogs-stream-prefix');
    if (isPrivate(image) && executionRole === undefined)
      throw clientError('Fargate requires task definition to have execution role ARN to support ECR images.');
  }
}

/** A repository of ECR's, which only who is allowed to may pull from. */
export function isPrivate(image: string): boolean {
  return /^\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com\//.test(image);
}

/** With what AWS fills in. */
export function filledIn(container: ContainerDefinition, networkMode: NetworkMode): ContainerDefinition {
  const own = networkMode === 'awsvpc' || networkMode === 'host';
  return {
    cpu: 0,
    essential: true,
    environment: [],
    mountPoints: [],
    volumesFrom: [],
    systemControls: [],
    ...container,
    portMappings: (container.portMappings ?? []).map((mapping) => ({
      protocol: 'tcp' as const,
      ...mapping,
      hostPort: own ? mapping.containerPort : (mapping.hostPort ?? 0),
    })),
    ...(container.healthCheck
      ? { healthCheck: { interval: 30, timeout: 5, retries: 3, ...container.healthCheck } }
      : {}),
  };
}
