// Deployment configurations for instances and for functions: AWS's own, and custom ones.
// https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { INVALID_PLATFORM, invalidToken, PAGE_SIZE } from '../faults.ts';
import { checkRouting, shownRouting } from '../lambda/shift.ts';
import type { TrafficRouting } from '../lambda/shift.ts';
import { deploymentConfigs, deploymentGroups } from '../rows.ts';
import type { ComputePlatform, DeploymentConfig } from '../rows.ts';
import { LIMITS } from '../timings.ts';
import type { MinimumHealthyHosts } from './minimum-healthy-hosts.ts';

/** For groups that name none, by compute platform. */
export const DEFAULT_CONFIGS: Readonly<Record<ComputePlatform, string>> = {
  Server: 'CodeDeployDefault.OneAtATime',
  Lambda: 'CodeDeployDefault.LambdaAllAtOnce',
};

type Choice = Pick<DeploymentConfig, 'minimum' | 'routing'>;

const hosts = (type: MinimumHealthyHosts['type'], value: number): Choice => ({ minimum: { type, value } });
const shift = (
  type: 'TimeBasedCanary' | 'TimeBasedLinear',
  intervalMinutes: number,
  percentage: number = 10,
): Choice => ({ routing: { type, percentage, intervalMinutes } });

const PREDEFINED: Readonly<Record<string, Choice>> = {
  'CodeDeployDefault.AllAtOnce': hosts('FLEET_PERCENT', 0),
  'CodeDeployDefault.HalfAtATime': hosts('FLEET_PERCENT', 50),
  // The user guide's table says 99 %; the API answers this, and only this lets small fleets begin.
  'CodeDeployDefault.OneAtATime': hosts('MOST_CONCURRENCY', 1),
  'CodeDeployDefault.LambdaAllAtOnce': { routing: { type: 'AllAtOnce' } },
  'CodeDeployDefault.LambdaCanary10Percent10Minutes': shift('TimeBasedCanary', 10),
  'CodeDeployDefault.LambdaCanary10Percent15Minutes': shift('TimeBasedCanary', 15),
  'CodeDeployDefault.LambdaCanary10Percent30Minutes': shift('TimeBasedCanary', 30),
  'CodeDeployDefault.LambdaCanary10Percent5Minutes': shift('TimeBasedCanary', 5),
  'CodeDeployDefault.LambdaLinear10PercentEvery10Minutes': shift('TimeBasedLinear', 10),
  'CodeDeployDefault.LambdaLinear10PercentEvery1Minute': shift('TimeBasedLinear', 1),
  'CodeDeployDefault.LambdaLinear10PercentEvery2Minutes': shift('TimeBasedLinear', 2),
  'CodeDeployDefault.LambdaLinear10PercentEvery3Minutes': shift('TimeBasedLinear', 3),
};

/** 2014-10-06T00:00:00Z, the version of the API: AWS's own configurations are older than every world. */
const PREDEFINED_AT = 1_412_553_600_000;

const NAME = /^[A-Za-z0-9._+=,@-]{1,100}$/;

/** A configuration, or AWS's answer when there is none. */
function configOf(ctx: Ctx, name: string): DeploymentConfig {
  const own = Object.hasOwn(PREDEFINED, name) ? PREDEFINED[name] : undefined;
  if (own)
    return {
      name,
      id: `00000000-0000-0000-0000-${String(indexOf(name)).padStart(12, '0')}`,
      ...own,
      createdAt: PREDEFINED_AT,
    };
  const found = ctx.get(deploymentConfigs, name);
  if (found) return found;
  if (name.startsWith('CodeDeployDefault.ECS')) {
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

/** What belongs to one compute platform: nothing for instances. */
interface OnPlatform {
  readonly computePlatform?: 'Lambda';
}

/** The platform that a request names, as rows keep it. */
export function platformOf(given: string): Pick<OnPlatform, 'computePlatform'> {
  if (given === 'Server') return {};
  if (given === 'Lambda') return { computePlatform: 'Lambda' };
  throw new Fault('NotImplemented', `The compute platform ${given} is not modelled by Sandtable.`);
}

/** A configuration that suits what it is used for, or CodeDeploy's answer. */
export function suitableConfig(ctx: Ctx, name: string, { computePlatform }: OnPlatform): DeploymentConfig {
  const config = configOf(ctx, name);
  if ((config.routing !== undefined) === (computePlatform === 'Lambda')) return config;
  throw new Fault(
    'InvalidDeploymentConfigNameException',
    `The compute platform of the deployment configuration ${name} is not that of the application.`,
  );
}

/** How many instances have to stay healthy. */
export function minimumIn(ctx: Ctx, name: string): MinimumHealthyHosts {
  return configOf(ctx, name).minimum as MinimumHealthyHosts;
}

/** How traffic is shifted from one version of a function to another. */
export function routingIn(ctx: Ctx, name: string): TrafficRouting {
  return configOf(ctx, name).routing as TrafficRouting;
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

function describe({ name, id, minimum, routing, createdAt }: DeploymentConfig): Info {
  const named = { deploymentConfigId: id, deploymentConfigName: name, createTime: createdAt };
  if (routing) return { ...named, computePlatform: 'Lambda', trafficRoutingConfig: shownRouting(routing) };
  return {
    ...named,
    // AWS's own one-at-a-time configuration answers a type that its contract lists nowhere.
    minimumHealthyHosts: minimum as NonNullable<Info['minimumHealthyHosts']>,
    computePlatform: 'Server',
  };
}

/** A configuration is for instances or for functions, never for both. */
function choiceOf({
  computePlatform = 'Server',
  minimumHealthyHosts,
  trafficRoutingConfig,
}: Input<'codedeploy', 'CreateDeploymentConfig'>): Choice {
  const lambda = platformOf(computePlatform).computePlatform === 'Lambda';
  if (lambda ? minimumHealthyHosts !== undefined : trafficRoutingConfig !== undefined) {
    throw new Fault('InvalidComputePlatformException', INVALID_PLATFORM);
  }
  return lambda
    ? { routing: checkRouting(trafficRoutingConfig) }
    : { minimum: checkMinimum(minimumHealthyHosts) };
}

export const deploymentConfigOperations: Operations<'codedeploy'> = {
  CreateDeploymentConfig(ctx, input) {
    const { deploymentConfigName: name } = input;
    if (!NAME.test(name) || name.startsWith('CodeDeployDefault.')) {
      throw new Fault(
        'InvalidDeploymentConfigNameException',
        'The deployment configuration name was specified in an invalid format.',
      );
    }
    platformOf(input.computePlatform ?? 'Server');
    if (ctx.get(deploymentConfigs, name)) {
      throw new Fault(
        'DeploymentConfigAlreadyExistsException',
        `Deployment Configuration already exists: ${name}`,
      );
    }
    const choice = choiceOf(input);
    if (ctx.list(deploymentConfigs).length >= LIMITS.customConfigs) {
      throw new Fault(
        'DeploymentConfigLimitExceededException',
        'The deployment configurations limit was exceeded.',
      );
    }
    const id = ctx.uuid('deployment-config');
    ctx.put(deploymentConfigs, { name, id, ...choice, createdAt: ctx.now });
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
