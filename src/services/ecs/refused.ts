// What requests to Amazon ECS may not ask for, and what they may without changing anything.

import type { ServiceDefinition } from '#cloud/service.ts';

type Refused = NonNullable<ServiceDefinition<'ecs'>['refused']>;
type WithoutEffect = NonNullable<ServiceDefinition<'ecs'>['withoutEffect']>;

const of = (prefix: string, names: readonly string[]): string[] => names.map((name) => `${prefix}.${name}`);

const OVERRIDES = [
  'overrides.inferenceAcceleratorOverrides',
  ...of('overrides.containerOverrides', ['environmentFiles', 'resourceRequirements']),
];

const RUN = [...OVERRIDES, 'referenceId', 'volumeConfigurations'];

const SERVICE = [
  'loadBalancers.advancedConfiguration',
  'serviceRegistries',
  'volumeConfigurations',
  'vpcLatticeConfigurations',
  'placementConstraints.expression',
  ...of('deploymentConfiguration', [
    'bakeTimeInMinutes',
    'lifecycleHooks',
    'linearConfiguration',
    'canaryConfiguration',
  ]),
  ...of('serviceConnectConfiguration', [
    'namespace',
    'services',
    'logConfiguration',
    'accessLogConfiguration',
  ]),
];

export const refused: Refused = {
  CreateCluster: ['serviceConnectDefaults'],
  UpdateCluster: ['serviceConnectDefaults'],
  RegisterTaskDefinition: [
    ...of('containerDefinitions', [
      'repositoryCredentials',
      'restartPolicy',
      'environmentFiles',
      'startTimeout',
      'disableNetworking',
      'firelensConfiguration',
      'credentialSpecs',
      'resourceRequirements',
      'portMappings.containerPortRange',
    ]),
    ...of('volumes', [
      'efsVolumeConfiguration',
      's3filesVolumeConfiguration',
      'fsxWindowsFileServerVolumeConfiguration',
      'configuredAtLaunch',
    ]),
    'placementConstraints',
    'proxyConfiguration',
    'inferenceAccelerators',
    'enableFaultInjection',
  ],
  RunTask: [...RUN, 'placementConstraints.expression'],
  StartTask: RUN,
  CreateService: SERVICE,
  UpdateService: SERVICE,
  ListTasks: ['daemonName'],
  ListServices: ['resourceManagementType'],
  RegisterContainerInstance: ['platformDevices'],
};

const NOTHING_RUNS = 'stored and shown; nothing runs in a container here';
const NO_CONNECT = 'names ports for Service Connect, which is refused';
const NO_DISK = 'files of containers are not modelled';

const IN_CONTAINERS = [
  'command',
  'entryPoint',
  'environment',
  'hostname',
  'user',
  'workingDirectory',
  'readonlyRootFilesystem',
  'dnsServers',
  'dnsSearchDomains',
  'extraHosts',
  'dockerSecurityOptions',
  'interactive',
  'pseudoTerminal',
  'ulimits',
  'linuxParameters',
  'systemControls',
];

const explained = (paths: readonly string[], reason: string): Record<string, string> =>
  Object.fromEntries(paths.map((path) => [path, reason]));

const ON_CLUSTERS = explained(
  of('configuration', ['executeCommandConfiguration', 'managedStorageConfiguration']),
  'stored and shown; ECS Exec and storage of tasks are not modelled',
);

const ON_RUN = {
  ...explained(
    of('overrides.containerOverrides', ['command', 'environment', 'cpu', 'memory', 'memoryReservation']),
    NOTHING_RUNS,
  ),
  'overrides.ephemeralStorage': NO_DISK,
};

export const withoutEffect: WithoutEffect = {
  CreateCluster: ON_CLUSTERS,
  UpdateCluster: ON_CLUSTERS,
  RegisterTaskDefinition: {
    ...explained(of('containerDefinitions', IN_CONTAINERS), NOTHING_RUNS),
    ...explained(of('containerDefinitions.portMappings', ['name', 'appProtocol']), NO_CONNECT),
    ...explained(of('containerDefinitions.mountPoints', ['containerPath', 'readOnly']), NO_DISK),
    'containerDefinitions.volumesFrom.readOnly': NO_DISK,
    'containerDefinitions.versionConsistency': 'an image is the same whenever it is pulled',
    'volumes.host': NO_DISK,
    'volumes.dockerVolumeConfiguration': NO_DISK,
    ephemeralStorage: NO_DISK,
    pidMode: NOTHING_RUNS,
    ipcMode: NOTHING_RUNS,
    'runtimePlatform.cpuArchitecture': NOTHING_RUNS,
  },
  RunTask: ON_RUN,
  StartTask: ON_RUN,
  RegisterContainerInstance: {
    instanceIdentityDocumentSignature:
      'who may register is for IAM to decide, and the instance has to be there',
    ...explained(of('totalResources', ['doubleValue', 'longValue', 'type']), 'an agent tells whole numbers'),
    ...explained(of('versionInfo', ['agentHash', 'dockerVersion']), 'nothing depends on it'),
    'attributes.targetType': 'attributes are of the instance that registers',
    'attributes.targetId': 'attributes are of the instance that registers',
  },
};
