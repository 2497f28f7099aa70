// Deployment configurations for instances: AWS's own three, and custom ones.
// https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { invalidToken, PAGE_SIZE } from './faults.ts';
import type { MinimumHealthyHosts } from './minimum-healthy-hosts.ts';
import { deploymentConfigs, deploymentGroups } from './rows.ts';
import type { DeploymentConfig } from './rows.ts';
import { LIMITS } from './timings.ts';

export const DEFAULT_CONFIG = 'CodeDeployDefault.OneAtATime';

const PREDEFINED: Readonly<Record<string, MinimumHealthyHosts>> = {
  'CodeDeployDefault.AllAtOnce': { type: 'FLEET_PERCENT', value: 0 },
  'CodeDeployDefault.HalfAtATime': { type: 'FLEET_PERCENT', value: 50 },
  // The user guide's table says 99 %; the API answers this, and only this lets small fleets begin.
  'CodeDeployDefault.OneAtATime': { type: 'MOST_CONCURRENCY', value: 1 },
};

/** 2014-10-06T00:00:00Z, the version of the API: AWS's own configurations are older than every world. */
const PREDEFINED_AT = 1_412_553_600_000;

const NAME = /^[A-Za-z0-9._+=,@-]{1,100}$/;

/** A configuration, or AWS's answer when there is none. */
export function configOf(ctx: Ctx, name: string): DeploymentConfig {
  const own = Object.hasOwn(PREDEFINED, name) ? PREDEFINED[name] : undefined;
  if (own)
    return {
      name,
      id: `00000000-0000-0000-0000-00000000000${indexOf(name)}`,
      minimum: own,
      createdAt: PREDEFINED_AT,
    };
  const found = ctx.get(deploymentConfigs, name);
  if (found) return found;
  if (/^CodeDeployDefault\.(Lambda|ECS)/.test(name)) {
    throw new Fault('NotImplemented', `The deployment configuration ${name} is not modelled by Sandtable.`);
  }
  throw new Fault(
    'DeploymentConfigDoesNotExistException',
    `No Deployment Configuration found for name: ${name}`,
  );
}

function indexOf(name: string): number {
  return Object.keys(PREDEFINED).indexOf(name) + 1;
}

function checkMinimum(
  minimum: { type?: string | undefined; value?: number | undefined } | undefined,
): MinimumHealthyHosts {
  const { type, value } = minimum ?? {};
  const valid =
    Number.isInteger(value) &&
    (value as number) >= 0 &&
    (type === 'HOST_COUNT' || (type === 'FLEET_PERCENT' && (value as number) < 100));
  if (valid) return { type, value: value as number };
  throw new Fault(
    'InvalidMinimumHealthyHostValueException',
    'The minimum healthy instance value was specified in an invalid format.',
  );
}

type Info = NonNullable<Output<'codedeploy', 'GetDeploymentConfig'>['deploymentConfigInfo']>;

function describe({ name, id, minimum, createdAt }: DeploymentConfig): Info {
  return {
    deploymentConfigId: id,
    deploymentConfigName: name,
    // AWS's own one-at-a-time configuration answers a type that its contract lists nowhere.
    minimumHealthyHosts: minimum as NonNullable<Info['minimumHealthyHosts']>,
    createTime: createdAt,
    computePlatform: 'Server',
  };
}

export const deploymentConfigOperations: Operations<'codedeploy'> = {
  CreateDeploymentConfig(
    ctx,
    { deploymentConfigName: name, minimumHealthyHosts, computePlatform = 'Server' },
  ) {
    if (!NAME.test(name) || name.startsWith('CodeDeployDefault.')) {
      throw new Fault(
        'InvalidDeploymentConfigNameException',
        'The deployment configuration name was specified in an invalid format.',
      );
    }
    if (computePlatform !== 'Server') {
      throw new Fault(
        'NotImplemented',
        `The compute platform ${computePlatform} is not modelled by Sandtable.`,
      );
    }
    if (ctx.get(deploymentConfigs, name)) {
      throw new Fault(
        'DeploymentConfigAlreadyExistsException',
        `Deployment Configuration already exists: ${name}`,
      );
    }
    const minimum = checkMinimum(minimumHealthyHosts);
    if (ctx.list(deploymentConfigs).length >= LIMITS.customConfigs) {
      throw new Fault(
        'DeploymentConfigLimitExceededException',
        'The deployment configurations limit was exceeded.',
      );
    }
    const id = ctx.uuid('deployment-config');
    ctx.put(deploymentConfigs, { name, id, minimum, createdAt: ctx.now });
    return { deploymentConfigId: id };
  },

  GetDeploymentConfig(ctx, { deploymentConfigName }) {
    return { deploymentConfigInfo: describe(configOf(ctx, deploymentConfigName)) };
  },

  ListDeploymentConfigs(ctx, { nextToken: token }) {
    const names = [...Object.keys(PREDEFINED), ...ctx.list(deploymentConfigs).map(({ name }) => name)];
    const { items, next } = pageOf(names, (name) => name, { token, limit: PAGE_SIZE, invalidToken });
    return { deploymentConfigsList: items, nextToken: next };
  },

  DeleteDeploymentConfig(ctx, { deploymentConfigName: name }) {
    if (Object.hasOwn(PREDEFINED, name)) {
      throw new Fault('InvalidOperationException', 'An invalid operation was detected.');
    }
    if (ctx.list(deploymentGroups).some(({ configName }) => configName === name)) {
      throw new Fault('DeploymentConfigInUseException', 'The deployment configuration is still in use.');
    }
    ctx.delete(deploymentConfigs, name); // Deleting what is not there succeeds.
  },
};
