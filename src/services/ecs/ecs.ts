// Amazon Elastic Container Service: clusters, task definitions, tasks, and services that keep tasks up and replace them.

import type { Reconciler, Row, Table } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { defineService } from '#cloud/service.ts';
import type { Service as CloudService } from '#cloud/service.ts';
import { accountSettingOperations } from './account-settings.ts';
import { attributeOperations } from './attributes.ts';
import { authorization, resourceConditions } from './authorization.ts';
import { clusterOperations } from './clusters/clusters.ts';
import { containerInstanceOperations, watchInstance } from './clusters/container-instances.ts';
import { refused, withoutEffect } from './refused.ts';
import { serviceScheduler } from './services/scheduler.ts';
import { serviceOperations } from './services/services.ts';
import {
  accountSettings,
  clusters,
  containerInstances,
  deployments,
  families,
  PRINCIPAL,
  serviceEvents,
  services,
  targetOwners,
  taskCounts,
  taskDefinitions,
  tasks,
} from './tables.ts';
import { tagOperations } from './tags.ts';
import { taskDefinitionOperations } from './tasks/task-definitions.ts';
import { forgetTask, taskLife } from './tasks/task-life.ts';
import { taskOperations } from './tasks/tasks.ts';

export const service: CloudService = defineService({
  contract: 'ecs',
  principal: PRINCIPAL,
  tables: [
    clusters,
    accountSettings,
    families,
    taskDefinitions,
    tasks,
    targetOwners,
    taskCounts,
    services,
    deployments,
    serviceEvents,
    containerInstances,
  ] as unknown as Table<Row>[],
  operations: {
    ...clusterOperations,
    ...accountSettingOperations,
    ...taskDefinitionOperations,
    ...taskOperations,
    ...serviceOperations,
    ...containerInstanceOperations,
    ...attributeOperations,
    ...tagOperations,
  },
  reconcilers: [taskLife, forgetTask, serviceScheduler, watchInstance] as unknown as Reconciler<Row, Ctx>[],
  authorization,
  resourceConditions,
  refused,
  withoutEffect,
});
