// How traffic goes from one version of a function to another: a share at once, the rest after a while or little by little.
// https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html#deployment-configurations-predefined-lambda

import { Fault } from '#contract/fault.ts';
import type { Input } from '#cloud/contracts.ts';
import { LIMITS } from '../timings.ts';

export type TrafficRouting =
  | { readonly type: 'AllAtOnce' }
  | {
      readonly type: 'TimeBasedCanary' | 'TimeBasedLinear';
      /** Of the traffic, with each step. */
      readonly percentage: number;
      readonly intervalMinutes: number;
    };

/** Percentage of the traffic that the new version gets after so many intervals. */
export function percentAfter(routing: TrafficRouting, intervals: number): number {
  if (routing.type === 'AllAtOnce') return 100;
  if (routing.type === 'TimeBasedCanary') return intervals === 0 ? routing.percentage : 100;
  return Math.min(100, routing.percentage * (intervals + 1));
}

/** Milliseconds between two steps. */
export function intervalMs(routing: TrafficRouting): number {
  return routing.type === 'AllAtOnce' ? 0 : routing.intervalMinutes * 60_000;
}

type Given = NonNullable<Input<'codedeploy', 'CreateDeploymentConfig'>['trafficRoutingConfig']>;

/** What a request says, or CodeDeploy's answer. */
export function checkRouting(given: Given | undefined): TrafficRouting {
  const { type, timeBasedCanary: canary, timeBasedLinear: linear } = given ?? {};
  if (type === 'AllAtOnce' && !canary && !linear) return { type };
  if (type === 'TimeBasedCanary' && canary && !linear) {
    const { canaryPercentage, canaryInterval } = canary;
    return checkSteps({ type, percentage: canaryPercentage ?? 0, intervalMinutes: canaryInterval ?? 0 }, 1);
  }
  if (type === 'TimeBasedLinear' && linear && !canary) {
    const { linearPercentage = 0, linearInterval = 0 } = linear;
    const steps = Math.ceil(100 / Math.max(1, linearPercentage)) - 1;
    return checkSteps({ type, percentage: linearPercentage, intervalMinutes: linearInterval }, steps);
  }
  throw invalid();
}

function checkSteps(routing: Exclude<TrafficRouting, { type: 'AllAtOnce' }>, steps: number): TrafficRouting {
  const { percentage, intervalMinutes } = routing;
  const valid =
    percentage >= 1 &&
    percentage <= LIMITS.shiftPercent &&
    intervalMinutes >= 1 &&
    intervalMinutes * steps <= LIMITS.shiftMinutes;
  if (valid) return routing;
  throw invalid();
}

function invalid(): Fault {
  return new Fault(
    'InvalidTrafficRoutingConfigurationException',
    'The configuration that specifies how traffic routes during a deployment is invalid.',
  );
}

/** As the API spells it. */
export function shownRouting(routing: TrafficRouting): Given {
  if (routing.type === 'AllAtOnce') return { type: 'AllAtOnce' };
  const { type, percentage, intervalMinutes } = routing;
  return type === 'TimeBasedCanary'
    ? { type, timeBasedCanary: { canaryPercentage: percentage, canaryInterval: intervalMinutes } }
    : { type, timeBasedLinear: { linearPercentage: percentage, linearInterval: intervalMinutes } };
}
