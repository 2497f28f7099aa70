// The types of AWS::ECS that are modelled.

import type { Provider } from '../provider.ts';
import { cluster, clusterCapacity } from './cluster.ts';
import { service } from './service.ts';
import { taskDefinition } from './task-definition.ts';

export const ecsProviders: readonly Provider[] = [cluster, clusterCapacity, service, taskDefinition];
