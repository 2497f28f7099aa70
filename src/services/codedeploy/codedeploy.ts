// AWS CodeDeploy for instances and for functions, and the API of its agents.

import type { Reconciler, Row, Table } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { stackDeployments } from '#cloud/ports/stacks.ts';
import { provide } from '#cloud/port.ts';
import { defineService } from '#cloud/service.ts';
import type { Service } from '#cloud/service.ts';
import { alarmReconciler } from './deployments/alarms.ts';
import { adopt, deploymentOperations } from './deployments/deployments.ts';
import { endingOperations } from './deployments/ending.ts';
import { followUpReconciler } from './deployments/follow-up.ts';
import { targetOperations } from './deployments/target-operations.ts';
import { targetReconciler } from './deployments/targets.ts';
import { invalid } from './faults.ts';
import { applicationOperations } from './groups/applications.ts';
import { deploymentConfigOperations } from './groups/deployment-configs.ts';
import { deploymentGroupOperations } from './groups/deployment-groups.ts';
import { onPremisesOperations } from './groups/on-premises-instances.ts';
import { revisionOperations } from './groups/revisions.ts';
import { launchReconciler } from './instances/auto-scaling.ts';
import { commandOperations } from './instances/commands.ts';
import { deploymentReconciler } from './instances/rollout.ts';
import { hookOperations } from './lambda/hooks.ts';
import { lambdaTargets } from './lambda/targets.ts';
import { lifecycleEvents } from './lifecycle-events.ts';
import {
  alarmWatches,
  applications,
  deploymentConfigs,
  deploymentGroups,
  deployments,
  instanceRecords,
  launches,
  onPremisesInstances,
  revisions,
  targets,
} from './rows.ts';
import { PRINCIPAL } from './service-role.ts';
import { tagOperations } from './tags.ts';

interface Named {
  applicationName?: string | undefined;
  deploymentGroupName?: string | undefined;
  deploymentGroupNames?: readonly string[] | undefined;
  currentDeploymentGroupName?: string | undefined;
  deploymentConfigName?: string | undefined;
  deploymentId?: string | undefined;
  deploymentIds?: readonly string[] | undefined;
  instanceName?: string | undefined;
  instanceNames?: readonly string[] | undefined;
}

const application = {
  resources: (ctx: Ctx, { applicationName = '*' }: Named): string =>
    ctx.arn('codedeploy', `application:${applicationName}`),
};

const config = {
  resources: (ctx: Ctx, { deploymentConfigName = '*' }: Named): string =>
    ctx.arn('codedeploy', `deploymentconfig:${deploymentConfigName}`),
};

const group = {
  resources: (ctx: Ctx, { applicationName = '*', ...named }: Named): string[] => {
    const names = named.deploymentGroupNames ?? [
      named.deploymentGroupName ?? named.currentDeploymentGroupName ?? '*',
    ];
    return names.map((name) => ctx.arn('codedeploy', `deploymentgroup:${applicationName}/${name}`));
  },
};

/** Deployments are protected as their group is. */
const deployment = {
  resources: (ctx: Ctx, { deploymentId, deploymentIds }: Named): string[] =>
    (deploymentIds ?? [deploymentId ?? '']).map((id) => {
      const found = ctx.get(deployments, id);
      return ctx.arn(
        'codedeploy',
        `deploymentgroup:${found ? `${found.applicationName}/${found.groupName}` : '*'}`,
      );
    }),
};

const instance = {
  resources: (ctx: Ctx, { instanceName, instanceNames }: Named): string[] =>
    (instanceNames ?? [instanceName ?? '*']).map((name) => ctx.arn('codedeploy', `instance:${name}`)),
};

const tagged = { resources: (_: Ctx, { ResourceArn }: { ResourceArn: string }): string => ResourceArn };

const passesRole = {
  passes: (
    _: Ctx,
    { serviceRoleArn }: { serviceRoleArn?: string | undefined },
  ): { roleArn: string; service: string }[] =>
    serviceRoleArn === undefined ? [] : [{ roleArn: serviceRoleArn, service: PRINCIPAL }],
};

/** A source that needs GitHub. */
function inGitHub(member: string): string[] {
  return [`${member}.gitHubLocation`];
}

const ECS = ['ecsServices', 'loadBalancerInfo.targetGroupPairInfoList'];

export const service: Service = defineService({
  contract: 'codedeploy',
  principal: PRINCIPAL,
  tables: [
    applications,
    deploymentConfigs,
    deploymentGroups,
    revisions,
    onPremisesInstances,
    deployments,
    targets,
    lifecycleEvents,
    instanceRecords,
    lambdaTargets,
    alarmWatches,
    launches,
  ] as unknown as Table<Row>[],
  operations: {
    ...applicationOperations,
    ...deploymentConfigOperations,
    ...deploymentGroupOperations,
    ...revisionOperations,
    ...onPremisesOperations,
    ...deploymentOperations,
    ...endingOperations,
    ...targetOperations,
    ...hookOperations,
    ...tagOperations,
  },
  reconcilers: [
    deploymentReconciler,
    targetReconciler,
    alarmReconciler,
    launchReconciler,
    followUpReconciler,
  ] as unknown as Reconciler<Row, Ctx>[],
  authorization: {
    CreateApplication: application,
    GetApplication: application,
    UpdateApplication: application,
    DeleteApplication: application,
    BatchGetApplications: {
      resources: (ctx, { applicationNames }) =>
        applicationNames.map((name) => ctx.arn('codedeploy', `application:${name}`)),
    },
    RegisterApplicationRevision: application,
    GetApplicationRevision: application,
    BatchGetApplicationRevisions: application,
    ListApplicationRevisions: application,
    CreateDeploymentConfig: config,
    GetDeploymentConfig: config,
    DeleteDeploymentConfig: config,
    CreateDeploymentGroup: { ...group, ...passesRole },
    UpdateDeploymentGroup: { ...group, ...passesRole },
    GetDeploymentGroup: group,
    BatchGetDeploymentGroups: group,
    DeleteDeploymentGroup: group,
    ListDeploymentGroups: application,
    CreateDeployment: group,
    ListDeployments: group,
    GetDeployment: deployment,
    BatchGetDeployments: deployment,
    GetDeploymentInstance: deployment,
    BatchGetDeploymentInstances: deployment,
    ListDeploymentInstances: deployment,
    RegisterOnPremisesInstance: instance,
    DeregisterOnPremisesInstance: instance,
    GetOnPremisesInstance: instance,
    BatchGetOnPremisesInstances: instance,
    AddTagsToOnPremisesInstances: instance,
    RemoveTagsFromOnPremisesInstances: instance,
    TagResource: tagged,
    UntagResource: tagged,
    ListTagsForResource: tagged,
  },
  refused: {
    CreateDeployment: inGitHub('revision'),
    RegisterApplicationRevision: inGitHub('revision'),
    GetApplicationRevision: inGitHub('revision'),
    BatchGetApplicationRevisions: inGitHub('revisions'),
    CreateDeploymentConfig: ['zonalConfig'],
    CreateDeploymentGroup: ECS,
    UpdateDeploymentGroup: ECS,
  },
  provides: [provide(stackDeployments, { adopt })],
  withoutEffect: {
    ListTagsForResource: {
      NextToken: 'all tags of a resource fit on one page, so no token is ever given out',
    },
  },
  invalid,
});

/** The agents' endpoint. As with the agent's default configuration, valid credentials are enough: IAM is not asked. */
export const commandService: Service = defineService({
  contract: 'codedeploy-commands',
  actionPrefix: 'codedeploy-commands-secure',
  tables: [],
  operations: commandOperations,
  authorization: {
    PollHostCommand: { actions: [] },
    GetDeploymentSpecification: { actions: [] },
    PutHostCommandAcknowledgement: { actions: [] },
    PutHostCommandComplete: { actions: [] },
    PostHostCommandUpdate: { actions: [] },
  },
  withoutEffect: {
    PostHostCommandUpdate: {
      EstimatedCompletionTime: 'time limits of lifecycle events do not depend on estimates',
    },
  },
});
