// AWS::ECS::TaskDefinition. A change makes a new revision, and the old one is deregistered in the end.

import type { Input } from '#cloud/contracts.ts';
import { provider } from '../provider.ts';
import type { Provider, Work } from '../provider.ts';
import { spelled } from '../spelling.ts';
import { retag, tagsFor } from './tagging.ts';

type Definition = Work<'AWS::ECS::TaskDefinition'>;
type Register = Input<'ecs', 'RegisterTaskDefinition'>;

const LONGEST = 255;
/** Maps of free names. */
const FREE: ReadonlySet<string> = new Set(['DockerLabels', 'Options', 'DriverOpts', 'Labels']);

function found(work: Definition) {
  const answer = work.find('ecs', 'DescribeTaskDefinition', { taskDefinition: work.physicalId });
  return answer?.taskDefinition;
}

export const taskDefinition: Provider = provider({
  type: 'AWS::ECS::TaskDefinition',
  refused: ['EnableFaultInjection', 'InferenceAccelerators', 'PlacementConstraints', 'ProxyConfiguration'],
  passedOn: ['ContainerDefinitions', 'Volumes', 'EphemeralStorage', 'RuntimePlatform'],
  create(work) {
    const { Family, ContainerDefinitions = [], Volumes, EphemeralStorage, RuntimePlatform } = work.properties;
    const { Cpu, Memory, NetworkMode, PidMode, IpcMode, TaskRoleArn, ExecutionRoleArn } = work.properties;
    const { taskDefinition: made } = work.call('ecs', 'RegisterTaskDefinition', {
      family: Family ?? work.name({ longest: LONGEST }),
      containerDefinitions: spelled(ContainerDefinitions, FREE) as Register['containerDefinitions'],
      volumes: spelled(Volumes, FREE) as Register['volumes'],
      ephemeralStorage: spelled(EphemeralStorage) as Register['ephemeralStorage'],
      runtimePlatform: spelled(RuntimePlatform) as Register['runtimePlatform'],
      cpu: Cpu,
      memory: Memory,
      networkMode: NetworkMode as Register['networkMode'],
      pidMode: PidMode as Register['pidMode'],
      ipcMode: IpcMode as Register['ipcMode'],
      // Templates that leave a role out often give an empty text.
      taskRoleArn: TaskRoleArn || undefined,
      executionRoleArn: ExecutionRoleArn || undefined,
      requiresCompatibilities: work.properties.RequiresCompatibilities as Register['requiresCompatibilities'],
      tags: tagsFor(work),
    });
    return made?.taskDefinitionArn ?? '';
  },
  update(work) {
    retag(work, work.physicalId);
  },
  delete(work) {
    if (found(work)?.status === 'ACTIVE')
      work.call('ecs', 'DeregisterTaskDefinition', { taskDefinition: work.physicalId });
  },
  attributes: ({ physicalId }) => ({ TaskDefinitionArn: physicalId }),
  read(work) {
    const there = found(work);
    return there?.status === 'ACTIVE'
      ? { Family: there.family, Cpu: there.cpu, Memory: there.memory }
      : undefined;
  },
});
