// Deployment groups: instances or functions, and how deployments to them go.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import { page } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { mergeTags } from '#cloud/tags.ts';
import { invalidToken, PAGE_SIZE, tooMany } from '../faults.ts';
import { hookAll, unhookGroup } from '../instances/hooks.ts';
import { forgetInstances } from '../instances/instances.ts';
import {
  applicationOf,
  deploymentGroups,
  deploymentLook,
  deployments,
  groupNamed,
  groupOf,
} from '../rows.ts';
import type { DeploymentGroup, HookedGroup } from '../rows.ts';
import { checkRole } from '../service-role.ts';
import { LIMITS } from '../timings.ts';
import { DEFAULT_CONFIGS, suitableConfig } from './deployment-configs.ts';
import { checkLambda, mergeSettings } from './group-settings.ts';

const NAME = /^[A-Za-z0-9._+=,@-]{1,100}$/;

type Info = NonNullable<Output<'codedeploy', 'GetDeploymentGroup'>['deploymentGroupInfo']>;

function describeGroup(row: DeploymentGroup): Info {
  const { id, applicationName, name, configName, serviceRoleArn, settings, autoScalingGroups } = row;
  const { computePlatform = 'Server', targetRevision, lastSuccessful, lastAttempted } = row;
  return {
    applicationName,
    deploymentGroupId: id,
    deploymentGroupName: name,
    deploymentConfigName: configName,
    ec2TagFilters: [],
    onPremisesInstanceTagFilters: [],
    triggerConfigurations: [],
    ...settings,
    autoScalingGroups,
    serviceRoleArn,
    computePlatform,
    ...(targetRevision ? { targetRevision } : {}),
    ...(lastSuccessful ? { lastSuccessfulDeployment: lastSuccessful } : {}),
    ...(lastAttempted ? { lastAttemptedDeployment: lastAttempted } : {}),
  };
}

/** Takes a group away, and its hooks. Returns the hooks that stay behind. Deployments of it fail at their next look. */
export function removeGroup(ctx: Ctx, group: DeploymentGroup): HookedGroup[] {
  const left = group.autoScalingGroups.filter((hooked) => !unhookGroup(ctx, group, hooked));
  forgetInstances(ctx, group.id);
  ctx.delete(deploymentGroups, group.id);
  for (const { id } of ctx.list(deployments, 'active', group.id)) ctx.wake(deploymentLook, id);
  return left;
}

function checkName(name: string): void {
  if (NAME.test(name)) return;
  throw new Fault(
    'InvalidDeploymentGroupNameException',
    'The deployment group name was specified in an invalid format.',
  );
}

function checkGroups(names: readonly string[]): void {
  if (names.length <= LIMITS.autoScalingGroups && new Set(names).size === names.length) return;
  throw new Fault(
    'InvalidAutoScalingGroupException',
    'The Auto Scaling group was specified in an invalid format or does not exist.',
  );
}

function alreadyExists(name: string): Fault {
  return new Fault('DeploymentGroupAlreadyExistsException', `Deployment group already exists: ${name}`);
}

export const deploymentGroupOperations: Operations<'codedeploy'> = {
  CreateDeploymentGroup(ctx, input) {
    const { applicationName, deploymentGroupName: name } = input;
    const { autoScalingGroups = [], serviceRoleArn, tags = [] } = input;
    const application = applicationOf(ctx, applicationName);
    const { computePlatform } = application;
    checkName(name);
    if (groupNamed(ctx, applicationName, name)) throw alreadyExists(name);
    const configName = input.deploymentConfigName ?? DEFAULT_CONFIGS[computePlatform ?? 'Server'];
    suitableConfig(ctx, configName, application);
    checkGroups(autoScalingGroups);
    const settings = mergeSettings({}, input, computePlatform);
    if (computePlatform) checkLambda(settings, autoScalingGroups);
    const id = ctx.uuid('deployment-group');
    checkRole(ctx, { id, serviceRoleArn });
    const platform = computePlatform ? { computePlatform } : {};
    const group = { id, applicationName, name, ...platform, configName, serviceRoleArn, settings };
    const hooked = hookAll(ctx, group, autoScalingGroups);
    ctx.put(deploymentGroups, { ...group, autoScalingGroups: hooked, tags: mergeTags({}, tags) });
    return { deploymentGroupId: id };
  },

  GetDeploymentGroup(ctx, { applicationName, deploymentGroupName }) {
    return { deploymentGroupInfo: describeGroup(groupOf(ctx, applicationName, deploymentGroupName)) };
  },

  BatchGetDeploymentGroups(ctx, { applicationName, deploymentGroupNames }) {
    applicationOf(ctx, applicationName);
    if (deploymentGroupNames.length > LIMITS.batch) throw tooMany();
    const found = deploymentGroupNames.map((name) => groupNamed(ctx, applicationName, name));
    const missing = deploymentGroupNames.filter((_, index) => !found[index]);
    return {
      deploymentGroupsInfo: found.filter((row) => row !== undefined).map(describeGroup),
      errorMessage: missing.length > 0 ? `No Deployment Group found for name: ${missing.join(', ')}` : '',
    };
  },

  ListDeploymentGroups(ctx, { applicationName, nextToken: token }) {
    applicationOf(ctx, applicationName);
    const where = (row: DeploymentGroup): boolean => row.applicationName === applicationName;
    const { rows, next } = page(ctx, deploymentGroups, { token, limit: PAGE_SIZE, where, invalidToken });
    return { applicationName, deploymentGroups: rows.map(({ name }) => name), nextToken: next };
  },

  UpdateDeploymentGroup(ctx, input) {
    const {
      applicationName,
      currentDeploymentGroupName,
      newDeploymentGroupName,
      deploymentConfigName,
      autoScalingGroups,
    } = input;
    const before = groupOf(ctx, applicationName, currentDeploymentGroupName);
    const { id, computePlatform } = before;
    const name = newDeploymentGroupName ?? before.name;
    checkName(name);
    if (name !== before.name && groupNamed(ctx, applicationName, name)) throw alreadyExists(name);
    const configName = deploymentConfigName ?? before.configName;
    suitableConfig(ctx, configName, before);
    const serviceRoleArn = input.serviceRoleArn ?? before.serviceRoleArn;
    const settings = mergeSettings(before.settings, input, computePlatform);
    checkRole(ctx, { id, serviceRoleArn });
    const wanted = autoScalingGroups ?? before.autoScalingGroups.map((hooked) => hooked.name);
    checkGroups(wanted);
    if (computePlatform) checkLambda(settings, wanted);
    const rehook = settings.terminationHookEnabled !== before.settings.terminationHookEnabled;
    const kept = rehook ? [] : before.autoScalingGroups.filter((hooked) => wanted.includes(hooked.name));
    const next = { ...before, name, configName, serviceRoleArn, settings };
    const dropped = before.autoScalingGroups.filter((hooked) => !kept.includes(hooked));
    const hooksNotCleanedUp = dropped.filter((hooked) => !unhookGroup(ctx, before, hooked));
    const missing = wanted.filter((one) => !kept.some((hooked) => hooked.name === one));
    ctx.put(deploymentGroups, { ...next, autoScalingGroups: [...kept, ...hookAll(ctx, next, missing)] });
    return { hooksNotCleanedUp };
  },

  DeleteDeploymentGroup(ctx, { applicationName, deploymentGroupName }) {
    const group = groupNamed(ctx, applicationName, deploymentGroupName);
    // Deleting what is not there succeeds.
    return { hooksNotCleanedUp: group ? removeGroup(ctx, group) : [] };
  },
};
