// The resources and conditions by which IAM sees requests to Amazon ECS.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html

import type { Ctx } from '#cloud/ctx.ts';
import type { PassedRole, ServiceDefinition } from '#cloud/service.ts';
import { clusterArn, clusterName } from './clusters/clusters.ts';
import { serviceArn } from './services/services.ts';
import { containerInstanceArn, PRINCIPAL, TASKS_PRINCIPAL } from './tables.ts';
import { findTagged, tagging } from './tags.ts';
import { findDefinition, roleArn, rolesOf } from './tasks/task-definitions.ts';

type Named = string | undefined;

interface OfTargets {
  cluster?: Named;
  attributes: readonly { targetId?: Named }[];
}

const ofCluster = {
  resources: (ctx: Ctx, { cluster }: { cluster?: Named }): string => clusterArn(ctx, cluster),
};

const inCluster = (ctx: Ctx, { cluster }: { cluster?: Named }): Record<string, string> => ({
  'ecs:cluster': clusterArn(ctx, cluster),
});

const ofService = {
  resources: (ctx: Ctx, { cluster, service }: { cluster?: Named; service: string }): string =>
    serviceArn(ctx, cluster, service),
  conditions: inCluster,
};

/** A revision's ARN also where the request names the family alone. */
function definitionArn(ctx: Ctx, given: string): string {
  return (
    findDefinition(ctx, given)?.arn ??
    (given.startsWith('arn:') ? given : ctx.arn('ecs', `task-definition/${given}`))
  );
}

/** Whoever starts tasks hands on their roles. */
function passedBy(
  ctx: Ctx,
  given: Named,
  overrides?: { taskRoleArn?: Named; executionRoleArn?: Named },
): readonly PassedRole[] {
  const definition = given === undefined ? undefined : findDefinition(ctx, given);
  const roles = [...(definition ? rolesOf(definition.given) : []), ...rolesOf(overrides ?? {})];
  return [...new Set(roles)].map((one) => ({ roleArn: roleArn(ctx, one), service: TASKS_PRINCIPAL }));
}

const taskArn = (ctx: Ctx, cluster: Named, given: string): string =>
  given.startsWith('arn:') ? given : ctx.arn('ecs', `task/${clusterName(cluster)}/${given}`);

const ofTagged = { resources: (_: Ctx, { resourceArn }: { resourceArn: string }): string => resourceArn };

const ofTargets = {
  resources: (ctx: Ctx, { cluster, attributes }: OfTargets): string[] =>
    attributes.map(({ targetId = '*' }) => containerInstanceArn(ctx, clusterName(cluster), targetId)),
  conditions: inCluster,
};

export const authorization: NonNullable<ServiceDefinition<'ecs'>['authorization']> = {
  CreateCluster: {
    resources: (ctx, { clusterName: name }) => clusterArn(ctx, name),
    further: (ctx, { clusterName: name, tags }) => tagging(tags, clusterArn(ctx, name)),
  },
  UpdateCluster: ofCluster,
  UpdateClusterSettings: ofCluster,
  PutClusterCapacityProviders: ofCluster,
  DeleteCluster: ofCluster,
  DescribeClusters: {
    resources: (ctx, { clusters: asked = ['default'] }) => asked.map((one) => clusterArn(ctx, one)),
  },
  DescribeCapacityProviders: {
    resources: (ctx, { capacityProviders = ['*'] }) =>
      capacityProviders.map((name) => ctx.arn('ecs', `capacity-provider/${name}`)),
  },
  RegisterTaskDefinition: {
    resources: (ctx, { family }) => ctx.arn('ecs', `task-definition/${family}:*`),
    passes: (ctx, request) =>
      rolesOf(request).map((one) => ({ roleArn: roleArn(ctx, one), service: TASKS_PRINCIPAL })),
    further: (ctx, { family, tags }) => tagging(tags, ctx.arn('ecs', `task-definition/${family}:*`)),
  },
  DeleteTaskDefinitions: {
    resources: (ctx, { taskDefinitions }) => taskDefinitions.map((one) => definitionArn(ctx, one)),
  },
  RunTask: {
    resources: (ctx, { taskDefinition }) => definitionArn(ctx, taskDefinition),
    conditions: inCluster,
    passes: (ctx, { taskDefinition, overrides }) => passedBy(ctx, taskDefinition, overrides),
    further: (ctx, { cluster, tags }) => tagging(tags, ctx.arn('ecs', `task/${clusterName(cluster)}/*`)),
  },
  StartTask: {
    resources: (ctx, { taskDefinition }) => definitionArn(ctx, taskDefinition),
    conditions: inCluster,
    passes: (ctx, { taskDefinition, overrides }) => passedBy(ctx, taskDefinition, overrides),
    further: (ctx, { cluster, tags }) => tagging(tags, ctx.arn('ecs', `task/${clusterName(cluster)}/*`)),
  },
  StopTask: { resources: (ctx, { cluster, task }) => taskArn(ctx, cluster, task), conditions: inCluster },
  DescribeTasks: {
    resources: (ctx, { cluster, tasks }) => tasks.map((one) => taskArn(ctx, cluster, one)),
    conditions: inCluster,
  },
  ListTasks: {
    resources: (ctx, { cluster, containerInstance = '*' }) =>
      containerInstanceArn(ctx, clusterName(cluster), containerInstance),
    conditions: inCluster,
  },
  CreateService: {
    resources: (ctx, { cluster, serviceName }) => serviceArn(ctx, cluster, serviceName),
    conditions: (ctx, request) => ({
      ...inCluster(ctx, request),
      ...(request.taskDefinition === undefined
        ? {}
        : { 'ecs:task-definition': definitionArn(ctx, request.taskDefinition) }),
    }),
    passes: (ctx, { role, taskDefinition }) => [
      ...passedBy(ctx, taskDefinition),
      ...(role === undefined ? [] : [{ roleArn: roleArn(ctx, role), service: PRINCIPAL }]),
    ],
    further: (ctx, { cluster, serviceName, tags }) => tagging(tags, serviceArn(ctx, cluster, serviceName)),
  },
  UpdateService: { ...ofService, passes: (ctx, { taskDefinition }) => passedBy(ctx, taskDefinition) },
  DeleteService: ofService,
  DescribeServices: {
    resources: (ctx, { cluster, services }) => services.map((one) => serviceArn(ctx, cluster, one)),
    conditions: inCluster,
  },
  RegisterContainerInstance: ofCluster,
  DeregisterContainerInstance: ofCluster,
  ListContainerInstances: ofCluster,
  DescribeContainerInstances: {
    resources: (ctx, { cluster, containerInstances }) =>
      containerInstances.map((one) => containerInstanceArn(ctx, clusterName(cluster), one)),
    conditions: inCluster,
  },
  UpdateContainerInstancesState: {
    resources: (ctx, { cluster, containerInstances }) =>
      containerInstances.map((one) => containerInstanceArn(ctx, clusterName(cluster), one)),
    conditions: inCluster,
  },
  PutAttributes: ofTargets,
  DeleteAttributes: ofTargets,
  ListAttributes: {
    resources: (ctx, { cluster }) => containerInstanceArn(ctx, clusterName(cluster), '*'),
    conditions: inCluster,
  },
  TagResource: ofTagged,
  UntagResource: ofTagged,
  ListTagsForResource: ofTagged,
};

/** Tags of a resource, for conditions on `aws:ResourceTag` and `ecs:ResourceTag`. */
export function resourceConditions(ctx: Ctx, arn: string): Readonly<Record<string, string>> {
  const [, , , region = '', account = ''] = arn.split(':');
  const tagged = findTagged(ctx.in({ region, account }), arn);
  return Object.fromEntries(
    Object.entries(tagged?.tags ?? {}).flatMap(([key, value]) => [
      [`aws:ResourceTag/${key}`, value],
      [`ecs:ResourceTag/${key}`, value],
    ]),
  );
}
