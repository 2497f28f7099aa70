// What can happen in a simulation. Each disturbance looks at the world, chooses, and asks for something that may well be
// refused; it remembers nothing, so that a world that was saved, opened or forked goes on as the original does.

import type { Ctx } from '#cloud/ctx.ts';
import { codedeployDisturbances } from './disturb-codedeploy.ts';
import { fleetDisturbances } from './disturb-fleet.ts';
import { messagingDisturbances } from './disturb-messaging.ts';
import { stackDisturbances } from './disturb-stacks.ts';
import { injections, injectionChanged } from '#cloud/injections.ts';
import type { Injection } from '#cloud/injections.ts';
import { instanceRows } from '#services/ec2/instances/instances.ts';
import type { Disturb, Stage } from './stage.ts';

const begin = (stage: Stage, injection: Injection): void =>
  stage.act('inject', (ctx) => {
    ctx.everywhere.put(injections, { id: ctx.id('injection'), injection, startedAt: ctx.now });
    ctx.emit(injectionChanged, { injection, active: true });
  });

/** Ends one injection, or all of them. */
export function end(stage: Stage, id?: string): void {
  stage.act('heal', (ctx: Ctx) => {
    for (const row of ctx.everywhere.list(injections)) {
      if (id !== undefined && row.id !== id) continue;
      ctx.everywhere.delete(injections, row.id);
      ctx.emit(injectionChanged, { injection: row.injection, active: false });
    }
  });
}

/** Instances that are not on their way out. */
function living(stage: Stage): { instanceId: string; zone: string }[] {
  return stage.look((ctx) =>
    ctx.list(instanceRows).filter(({ state }) => state === 'running' || state === 'pending'),
  );
}

const API_ERRORS = [
  ['ec2', 'RunInstances', 'InsufficientInstanceCapacity'],
  ['ec2', 'TerminateInstances', 'InternalError'],
  ['elasticloadbalancing', 'RegisterTargets', 'Throttling'],
  ['elasticloadbalancing', 'DeregisterTargets', 'Throttling'],
  ['elasticloadbalancing', 'DescribeTargetHealth', 'Throttling'],
  ['autoscaling', '*', 'Throttling'],
  ['codedeploy-commands', 'PollHostCommand', 'ThrottlingException'],
  ['codedeploy-commands', '*', 'ThrottlingException'],
  ['s3', 'GetObject', 'SlowDown'],
  ['sqs', 'SendMessage', 'ThrottlingException'],
] as const;

const injectionDisturbances: Readonly<Record<string, Disturb>> = {
  'inject instance loss': (stage, draw) => {
    const all = living(stage);
    if (all.length > 0) begin(stage, { kind: 'instance-loss', instanceId: draw.pick(all).instanceId });
  },
  'inject zone loss': (stage, draw) => {
    const all = living(stage);
    if (all.length > 0 && draw.chance(0.3)) begin(stage, { kind: 'zone-loss', zone: draw.pick(all).zone });
  },
  'inject capacity shortage': (stage, draw) => {
    const all = living(stage);
    if (all.length > 0) begin(stage, { kind: 'capacity-shortage', zone: draw.pick(all).zone });
  },
  'inject agent death': (stage, draw) => {
    const all = living(stage);
    if (all.length > 0) begin(stage, { kind: 'agent-death', instanceId: draw.pick(all).instanceId });
  },
  'inject api errors': (stage, draw) => {
    const [service, operation, shape] = draw.pick(API_ERRORS);
    const perMille = draw.pick([100, 500, 1000]);
    begin(stage, { kind: 'api-error', service, operation, shape, message: 'Injected.', perMille });
  },
};

/** Ends injections at the rate at which they begin, whatever the seed leaves out. */
export const heal: Disturb = (stage, draw) => {
  const all = stage.look((ctx) => ctx.everywhere.list(injections));
  if (all.length > 0) end(stage, draw.pick(all).id);
};

export const DISTURBANCES: Readonly<Record<string, Disturb>> = {
  ...fleetDisturbances,
  ...codedeployDisturbances,
  ...messagingDisturbances,
  ...stackDisturbances,
  ...injectionDisturbances,
};
