// Deployments as the API makes and shows them. What they do is in ./rollout.ts; how they end, in ./ending.ts.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { StackOrigin } from '#cloud/ports/stacks.ts';
import type { Operations } from '#cloud/service.ts';
import { invalidToken, PAGE_SIZE, tooMany } from '../faults.ts';
import { suitableConfig } from '../groups/deployment-configs.ts';
import { checkAlarms, checkRollback } from '../groups/group-settings.ts';
import { checkRevision, useRevision } from '../groups/revisions.ts';
import {
  activeDeployment,
  applicationOf,
  deploymentLook,
  deploymentOf,
  deployments,
  groupOf,
  hasEnded,
} from '../rows.ts';
import type {
  AlarmConfiguration,
  AutoRollbackConfiguration,
  Creator,
  Deployment,
  DeploymentGroup,
  Overview,
  RevisionLocation,
  RollbackInfo,
} from '../rows.ts';
import { deploymentStart, LIMITS } from '../timings.ts';

const ID_LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const NOBODY: Overview = { Pending: 0, InProgress: 0, Succeeded: 0, Failed: 0, Skipped: 0, Ready: 0 };

/** What a deployment is asked to do, beyond what its group says. */
export interface Order extends Partial<Pick<Deployment, Optional>> {
  revision: RevisionLocation;
  creator: Creator;
  configName?: string;
  autoRollback?: AutoRollbackConfiguration;
  overrideAlarms?: AlarmConfiguration;
  rollbackInfo?: RollbackInfo;
}
type Optional =
  | 'description'
  | 'ignoreApplicationStopFailures'
  | 'updateOutdatedInstancesOnly'
  | 'fileExistsBehavior'
  | 'targetInstances'
  | 'externalId'
  | 'followsUp'
  | 'launch'
  | 'restores';

/** Begins a deployment. Its id is new unless the caller already gave it out. */
export function beginDeployment(
  ctx: Ctx,
  group: DeploymentGroup,
  order: Order,
  id: string = newId(ctx),
): Deployment {
  const { settings, applicationName, name, computePlatform } = group;
  const { deploymentType = 'IN_PLACE', deploymentOption = 'WITHOUT_TRAFFIC_CONTROL' } =
    settings.deploymentStyle ?? {};
  const autoRollback = order.autoRollback ?? settings.autoRollbackConfiguration;
  const alarms = order.overrideAlarms ?? settings.alarmConfiguration;
  const ordinal = ctx.list(deployments, 'group', group.id).length;
  const deployment: Deployment = {
    ignoreApplicationStopFailures: false,
    updateOutdatedInstancesOnly: false,
    fileExistsBehavior: 'DISALLOW',
    ...order,
    configName: order.configName ?? group.configName,
    id,
    applicationName,
    groupId: group.id,
    groupName: name,
    ...(computePlatform ? { computePlatform } : {}),
    serviceRoleArn: group.serviceRoleArn,
    ...(group.targetRevision ? { previousRevision: group.targetRevision } : {}),
    status: 'Created',
    createdAt: ctx.now,
    overview: NOBODY,
    ...(autoRollback ? { autoRollback } : {}),
    ...(alarms ? { alarms } : {}),
    // What brings single instances up to date does it in place, whatever the group's other deployments do.
    style: {
      deploymentType: order.launch || order.followsUp ? 'IN_PLACE' : deploymentType,
      deploymentOption,
    },
    ...(settings.blueGreenDeploymentConfiguration
      ? { blueGreen: settings.blueGreenDeploymentConfiguration }
      : {}),
    ...(settings.loadBalancerInfo ? { loadBalancerInfo: settings.loadBalancerInfo } : {}),
    stage: 'created',
    targetGroupArns: [],
    terminationWaitStarted: false,
  };
  ctx.put(deployments, deployment);
  useRevision(ctx, applicationName, order.revision, name);
  ctx.wake(
    deploymentLook,
    id,
    ctx.now + ctx.duration(deploymentStart, `${applicationName}/${name}`, ordinal),
  );
  return deployment;
}

export function newId(ctx: Ctx): string {
  return `d-${ctx.id('deployment', 9, ID_LETTERS)}`;
}

type Info = NonNullable<Output<'codedeploy', 'GetDeployment'>['deploymentInfo']>;

function describe(row: Deployment): Info {
  const { id, applicationName, groupName, configName, revision, previousRevision, status, error, creator } =
    row;
  const { createdAt, startedAt, completedAt, overview, description, ignoreApplicationStopFailures, style } =
    row;
  const { followUps, followsUp, autoRollback, rollbackInfo, blueGreen, targetInstances } = row;
  const { computePlatform = 'Server', externalId } = row;
  // What was to become of the one function shows in the end only.
  const counted = startedAt !== undefined && (computePlatform === 'Server' || hasEnded(row));
  const related = {
    ...(followUps ? { autoUpdateOutdatedInstancesDeploymentIds: followUps } : {}),
    ...(followsUp === undefined ? {} : { autoUpdateOutdatedInstancesRootDeploymentId: followsUp }),
  };
  const info: Record<string, unknown> = {
    applicationName,
    deploymentGroupName: groupName,
    deploymentConfigName: configName,
    deploymentId: id,
    previousRevision,
    revision,
    status,
    errorInformation: error,
    createTime: createdAt,
    startTime: startedAt,
    completeTime: completedAt,
    deploymentOverview: counted ? overview : undefined,
    description,
    creator,
    ignoreApplicationStopFailures,
    autoRollbackConfiguration: autoRollback,
    updateOutdatedInstancesOnly: row.updateOutdatedInstancesOnly,
    rollbackInfo,
    deploymentStyle: style,
    targetInstances,
    instanceTerminationWaitTimeStarted: row.terminationWaitStarted,
    blueGreenDeploymentConfiguration: blueGreen,
    loadBalancerInfo: row.loadBalancerInfo,
    fileExistsBehavior: row.fileExistsBehavior,
    deploymentStatusMessages: [],
    computePlatform,
    externalId,
    relatedDeployments: Object.keys(related).length > 0 ? related : undefined,
    overrideAlarmConfiguration: row.overrideAlarms,
  };
  return Object.fromEntries(Object.entries(info).filter(([, value]) => value !== undefined)) as Info;
}

/** CloudFormation asked for a deployment: it bears the stack's id, and says so. */
export function adopt(ctx: Ctx, id: string, { stackId, rollback }: StackOrigin): void {
  const creator = rollback ? 'CloudFormationRollback' : 'CloudFormation';
  ctx.update(deployments, deploymentOf(ctx, id), { creator, externalId: stackId });
}

function checkDescription(description: string | undefined): void {
  if (description === undefined || description.length <= LIMITS.description) return;
  throw new Fault('DescriptionTooLongException', 'The description is too long.');
}

export const deploymentOperations: Operations<'codedeploy'> = {
  CreateDeployment(ctx, input) {
    const {
      applicationName,
      deploymentGroupName,
      revision: asked,
      deploymentConfigName,
      description,
      targetInstances,
    } = input;
    applicationOf(ctx, applicationName);
    if (!deploymentGroupName) {
      throw new Fault('DeploymentGroupNameRequiredException', 'The deployment group name was not specified.');
    }
    const group = groupOf(ctx, applicationName, deploymentGroupName);
    const configName = deploymentConfigName ?? group.configName;
    // Whoever deploys needs to read the configuration too: CreateDeployment is denied without GetDeploymentConfig.
    const config = ctx.call(
      'codedeploy',
      'GetDeploymentConfig',
      { deploymentConfigName: configName },
      ctx.principal,
    );
    if (!config.ok) throw config.fault;
    suitableConfig(ctx, configName, group);
    // The outdated instances get what the others have.
    const chosen = asked ?? (input.updateOutdatedInstancesOnly ? group.targetRevision : undefined);
    if (!chosen) throw new Fault('RevisionRequiredException', 'The revision ID was not specified.');
    const revision = checkRevision(ctx, chosen, group);
    checkDescription(description);
    checkRollback(input.autoRollbackConfiguration);
    checkAlarms(input.overrideAlarmConfiguration);
    checkInstances(group, input);
    const active = activeDeployment(ctx, group.id);
    if (active) {
      const message = `The Deployment Group '${group.name}' already has an active Deployment '${active.id}'`;
      throw new Fault('DeploymentLimitExceededException', message);
    }
    const { id } = beginDeployment(ctx, group, {
      revision,
      creator: 'user',
      configName,
      ...(description === undefined ? {} : { description }),
      ignoreApplicationStopFailures: input.ignoreApplicationStopFailures ?? false,
      updateOutdatedInstancesOnly: input.updateOutdatedInstancesOnly ?? false,
      fileExistsBehavior: input.fileExistsBehavior ?? 'DISALLOW',
      ...(targetInstances ? { targetInstances } : {}),
      ...(input.autoRollbackConfiguration ? { autoRollback: input.autoRollbackConfiguration } : {}),
      ...(input.overrideAlarmConfiguration ? { overrideAlarms: input.overrideAlarmConfiguration } : {}),
    });
    return { deploymentId: id };
  },

  GetDeployment(ctx, { deploymentId }) {
    return { deploymentInfo: describe(deploymentOf(ctx, deploymentId)) };
  },

  BatchGetDeployments(ctx, { deploymentIds }) {
    if (deploymentIds.length > LIMITS.targetBatch) throw tooMany();
    const found = deploymentIds.map((id) => ctx.get(deployments, id)).filter((row) => row !== undefined);
    return { deploymentsInfo: found.map(describe) };
  },

  ListDeployments(
    ctx,
    {
      applicationName,
      deploymentGroupName,
      externalId,
      includeOnlyStatuses,
      createTimeRange,
      nextToken: token,
    },
  ) {
    if (deploymentGroupName && !applicationName) {
      throw new Fault(
        'ApplicationNameRequiredException',
        'The minimum number of required application names was not specified.',
      );
    }
    if (applicationName && !deploymentGroupName) {
      throw new Fault('DeploymentGroupNameRequiredException', 'The deployment group name was not specified.');
    }
    const rows =
      applicationName && deploymentGroupName
        ? ctx.list(deployments, 'group', groupOf(ctx, applicationName, deploymentGroupName).id)
        : ctx.list(deployments);
    const { start = 0, end = Infinity } = createTimeRange ?? {};
    if (start > end)
      throw new Fault(
        'InvalidTimeRangeException',
        'The specified time range was specified in an invalid format.',
      );
    const wanted = rows
      .filter(
        ({ status, createdAt, externalId: stack }) =>
          (externalId === undefined || stack === externalId) &&
          (includeOnlyStatuses?.includes(status) ?? true) &&
          createdAt >= start &&
          createdAt <= end,
      )
      .toSorted((left, right) => right.createdAt - left.createdAt || (left.id < right.id ? -1 : 1));
    const { items, next } = pageOf(wanted, ({ id }) => id, { token, limit: PAGE_SIZE, invalidToken });
    return { deployments: items.map(({ id }) => id), nextToken: next };
  },

  ContinueDeployment(ctx, { deploymentId, deploymentWaitType = 'READY_WAIT' }) {
    const deployment = waitingDeployment(ctx, deploymentId);
    const stage = deploymentWaitType === 'READY_WAIT' ? 'waiting' : 'terminating';
    if (deployment.stage !== stage || deployment.waitUntil === undefined) {
      throw new Fault(
        'DeploymentIsNotInReadyStateException',
        "The deployment does not have a status of Ready and can't continue yet.",
      );
    }
    endWait(ctx, deployment);
  },

  SkipWaitTimeForInstanceTermination(ctx, { deploymentId }) {
    const deployment = waitingDeployment(ctx, deploymentId);
    if (deployment.stage !== 'terminating') {
      throw new Fault('DeploymentNotStartedException', 'The specified deployment has not started.');
    }
    endWait(ctx, deployment);
  },
};

/** Instances are named where existing ones replace others; functions know no instances at all. */
function checkInstances(
  { settings, computePlatform }: DeploymentGroup,
  { targetInstances, updateOutdatedInstancesOnly = false }: Input<'codedeploy', 'CreateDeployment'>,
): void {
  if (computePlatform === 'Lambda' && updateOutdatedInstancesOnly) {
    throw new Fault(
      'InvalidUpdateOutdatedInstancesOnlyValueException',
      'The UpdateOutdatedInstancesOnly value is invalid. For AWS Lambda deployments, false is expected. For ' +
        'EC2/On-premises deployments, true or false is expected.',
    );
  }
  const { deploymentStyle, blueGreenDeploymentConfiguration: blueGreen } = settings;
  const discovers = blueGreen?.greenFleetProvisioningOption?.action !== 'COPY_AUTO_SCALING_GROUP';
  const replaces =
    computePlatform !== 'Lambda' && deploymentStyle?.deploymentType === 'BLUE_GREEN' && discovers;
  if (replaces === (targetInstances !== undefined)) return;
  throw new Fault('InvalidTargetInstancesException', 'The target instance configuration is invalid.');
}

function waitingDeployment(ctx: Ctx, id: string | undefined): Deployment {
  const deployment = deploymentOf(ctx, id);
  if (hasEnded(deployment))
    throw new Fault('DeploymentAlreadyCompletedException', 'The deployment is already complete.');
  if (deployment.style.deploymentType === 'BLUE_GREEN') return deployment;
  throw new Fault(
    'UnsupportedActionForDeploymentTypeException',
    'A call was submitted that is not supported for the specified deployment type.',
  );
}

/** The wait is over: what comes after it begins. */
function endWait(ctx: Ctx, deployment: Deployment): void {
  ctx.update(deployments, deployment, { waitUntil: ctx.now, continued: true });
  ctx.wake(deploymentLook, deployment.id);
}
