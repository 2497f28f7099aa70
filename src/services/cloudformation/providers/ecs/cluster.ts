// AWS::ECS::Cluster and AWS::ECS::ClusterCapacityProviderAssociations.

import type { Input } from '#cloud/contracts.ts';
import { provider } from '../provider.ts';
import type { Provider, Work } from '../provider.ts';
import { spelled } from '../spelling.ts';
import { retag, tagsFor } from './tagging.ts';

type Cluster = Work<'AWS::ECS::Cluster'>;
type Create = Input<'ecs', 'CreateCluster'>;
type Strategy = Input<'ecs', 'PutClusterCapacityProviders'>['defaultCapacityProviderStrategy'];

const LONGEST = 255;
const NO_INSIGHTS = [{ name: 'containerInsights', value: 'disabled' }] as const;

function found(work: Cluster) {
  const answer = work.find('ecs', 'DescribeClusters', {
    clusters: [work.physicalId],
    include: ['SETTINGS', 'CONFIGURATIONS'],
  });
  const there = answer?.clusters?.[0];
  return there?.status === 'ACTIVE' ? there : undefined;
}

function capacity({ properties }: Cluster): { capacityProviders: string[]; strategy: Strategy } {
  const { CapacityProviders = [], DefaultCapacityProviderStrategy = [] } = properties;
  return {
    capacityProviders: [...CapacityProviders],
    strategy: spelled(DefaultCapacityProviderStrategy) as Strategy,
  };
}

export const cluster: Provider = provider({
  type: 'AWS::ECS::Cluster',
  refused: ['ServiceConnectDefaults'],
  passedOn: ['ClusterSettings', 'Configuration', 'DefaultCapacityProviderStrategy'],
  create(work) {
    const { ClusterName, ClusterSettings, Configuration } = work.properties;
    const { capacityProviders, strategy } = capacity(work);
    const clusterName = ClusterName ?? work.name({ longest: LONGEST });
    work.call('ecs', 'CreateCluster', {
      clusterName,
      settings: spelled(ClusterSettings) as Create['settings'],
      configuration: spelled(Configuration) as Create['configuration'],
      capacityProviders,
      defaultCapacityProviderStrategy: strategy,
      tags: tagsFor(work),
    });
    return clusterName;
  },
  update(work) {
    const { ClusterSettings, Configuration } = work.properties;
    work.call('ecs', 'UpdateCluster', {
      cluster: work.physicalId,
      settings: (spelled(ClusterSettings) as Create['settings']) ?? NO_INSIGHTS,
      configuration: spelled(Configuration) as Create['configuration'],
    });
    if (work.changed('CapacityProviders', 'DefaultCapacityProviderStrategy')) {
      const { capacityProviders, strategy } = capacity(work);
      work.call('ecs', 'PutClusterCapacityProviders', {
        cluster: work.physicalId,
        capacityProviders,
        defaultCapacityProviderStrategy: strategy,
      });
    }
    retag(work, found(work)?.clusterArn ?? '');
  },
  delete(work) {
    work.find('ecs', 'DeleteCluster', { cluster: work.physicalId });
  },
  attributes(work) {
    return { Arn: found(work)?.clusterArn ?? '' };
  },
  read(work) {
    const there = found(work);
    const settings = there?.settings ?? [];
    return (
      there && {
        ClusterName: work.physicalId,
        CapacityProviders: [...(there.capacityProviders ?? [])],
        ...(work.properties.ClusterSettings
          ? { ClusterSettings: settings.map(({ name = '', value = '' }) => ({ Name: name, Value: value })) }
          : {}),
      }
    );
  },
});

type Associations = Work<'AWS::ECS::ClusterCapacityProviderAssociations'>;

function associate(work: Associations): string {
  const { Cluster: name, CapacityProviders = [], DefaultCapacityProviderStrategy = [] } = work.properties;
  work.call('ecs', 'PutClusterCapacityProviders', {
    cluster: name,
    capacityProviders: [...CapacityProviders],
    defaultCapacityProviderStrategy: spelled(DefaultCapacityProviderStrategy) as Strategy,
  });
  return name;
}

export const clusterCapacity: Provider = provider({
  type: 'AWS::ECS::ClusterCapacityProviderAssociations',
  passedOn: ['DefaultCapacityProviderStrategy'],
  create: associate,
  update(work) {
    associate(work);
  },
  delete(work) {
    work.find('ecs', 'PutClusterCapacityProviders', {
      cluster: work.physicalId,
      capacityProviders: [],
      defaultCapacityProviderStrategy: [],
    });
  },
});
