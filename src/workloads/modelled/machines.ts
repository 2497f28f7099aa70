// Machines without processes: boot, user data, agents, shutdown, loss.

import { wake } from '#world/index.ts';
import type { Reconciler } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { active, injectionChanged } from '#cloud/injections.ts';
import { instances } from '#cloud/ports/instances.ts';
import { machineChanged } from '#cloud/ports/machines.ts';
import type { InstanceFacts } from '#cloud/ports/instances.ts';
import { applicationEnds, applicationKey } from '../application.ts';
import { restartHup, stopHup } from '../cfn-bootstrap/cfn-hup.ts';
import { forgetAgent, stopAgent } from '../codedeploy-agent/codedeploy-agent.ts';
import { carriesAgent, forgetEcsAgent, startEcsAgent } from '../ecs-agent/ecs-agent.ts';
import { agents } from '../codedeploy-agent/agent-rows.ts';
import { deploymentRoots } from '../codedeploy-agent/deployment-root.ts';
import { boot, shutdown, windowsBoot } from '../timings.ts';
import { agentComes, isAgentDead } from './agent-start.ts';
import { appliedMetadata, disks, groupSizes, images, installed, machineRows } from './machine-rows.ts';
import type { Image, Machine } from './machine-rows.ts';
import { startServices, stopAll } from './running.ts';
import { runUserData, stopRuns } from './script-runs.ts';

export const machineLife: Reconciler<Machine, Ctx> = {
  name: 'workloads/machine',
  table: machineRows,
  wakes: [
    wake(injectionChanged, (ctx: Ctx, { injection }) => {
      if (injection.kind === 'zone-loss')
        return ctx.list(machineRows, 'zone', injection.zone).map(({ instanceId }) => instanceId);
      return injection.kind === 'instance-loss' || injection.kind === 'agent-death'
        ? [injection.instanceId]
        : [];
    }),
  ],
  step(ctx, machine) {
    if (machine.phase === 'off') return undefined;
    if (isLost(ctx, machine)) return void (machine.phase === 'lost' || lose(ctx, machine));
    if (machine.phase === 'lost') return begin(ctx, machine).until; // The hardware is back, and boots.
    if (isAgentDead(ctx, machine) && ctx.get(agents, machine.instanceId)) stopAgent(ctx, machine.instanceId);
    if (machine.until === undefined || ctx.now < machine.until) return machine.until;
    if (machine.phase === 'booting') systemUp(ctx, machine);
    return undefined;
  },
};

function isLost(ctx: Ctx, { instanceId, zone }: Machine): boolean {
  if (active(ctx, 'zone-loss').some((injection) => injection.zone === zone)) return true;
  return active(ctx, 'instance-loss').some((injection) => injection.instanceId === instanceId);
}

/** The hardware of an instance starts. `real`: its servers will really run. */
export function power(ctx: Ctx, instanceId: string, firstBoot: boolean, real: boolean = false): void {
  const facts = ctx.port(instances).facts(ctx, instanceId);
  if (!facts) throw new Error(`There is no instance ${instanceId} to start.`);
  const known = ctx.get(machineRows, instanceId);
  const machine = known && !firstBoot ? known : { ...fresh(ctx, facts), ...(real ? { real } : {}) };
  begin(ctx, machine);
  ctx.wake(machineLife, instanceId);
}

/** A machine whose disk is a copy of its image. */
function fresh(ctx: Ctx, facts: InstanceFacts): Machine {
  const { instanceId, imageId, zone, tags, userData = '' } = facts;
  const windows = facts.platform === 'windows';
  const image = ctx.get(images, imageId);
  const { imageName = '' } = ctx.port(instances).hardware(ctx, instanceId) ?? {};
  const ecsConfiguration = image?.ecsConfiguration ?? (carriesAgent(imageName) ? '' : undefined);
  if (image) unpackImage(ctx, instanceId, image);
  const group = tags['aws:autoscaling:groupName'] ?? tags['Name'] ?? '';
  const ordinal = ctx.get(groupSizes, group)?.machines ?? 0;
  ctx.put(groupSizes, { group, machines: ordinal + 1 });
  return {
    instanceId,
    identity: `${group}#${ordinal}`,
    zone,
    phase: 'off',
    boots: 0,
    userDataDone: userData === '',
    codedeployAgent: image?.codedeployAgent ?? false,
    ...(windows ? { windows } : {}),
    ...(ecsConfiguration === undefined ? {} : { ecsConfiguration }),
  };
}

function unpackImage(ctx: Ctx, instanceId: string, image: Image): void {
  ctx.put(disks, { instanceId, files: image.files });
  for (const one of image.installed) ctx.put(installed, { ...one, instanceId });
  if (image.deploymentRoot) ctx.put(deploymentRoots, { ...image.deploymentRoot, instanceId });
}

function begin(ctx: Ctx, machine: Machine): Machine {
  const boots = machine.boots + 1;
  const takes = machine.windows ? windowsBoot : boot;
  const until = ctx.now + ctx.duration(takes, machine.identity, boots);
  const next: Machine = { ...machine, phase: 'booting', until, boots };
  ctx.put(machineRows, next);
  return next;
}

function systemUp(ctx: Ctx, machine: Machine): void {
  const { instanceId } = machine;
  startServices(ctx, instanceId);
  if (machine.codedeployAgent) agentComes(ctx, machine);
  settle(ctx, machine, machine.userDataDone ? 'up' : 'user-data');
  if (!machine.userDataDone) return runUserData(ctx, machine);
  restartHup(ctx, instanceId);
  if (machine.ecsConfiguration !== undefined) startEcsAgent(ctx, instanceId, machine.ecsConfiguration);
}

function settle(ctx: Ctx, machine: Machine, phase: Machine['phase']): void {
  const { until: _, ...rest } = machine;
  ctx.put(machineRows, { ...rest, phase });
  ctx.emit(machineChanged, { instanceId: machine.instanceId });
}

/** The instance shuts down cleanly. Returns how long that takes (ms). */
export function shutDown(ctx: Ctx, instanceId: string): number {
  const machine = ctx.get(machineRows, instanceId);
  if (!machine || machine.phase === 'off' || machine.phase === 'lost') return 0;
  stopAgent(ctx, instanceId);
  stopRuns(ctx, instanceId);
  const slowest = stopAll(ctx, instanceId, false);
  settle(ctx, machine, 'shutting-down');
  return slowest + ctx.duration(shutdown, machine.identity, machine.boots);
}

export function off(ctx: Ctx, instanceId: string, terminated: boolean): void {
  const machine = ctx.get(machineRows, instanceId);
  if (!machine) return;
  stopAll(ctx, instanceId, true);
  stopAgent(ctx, instanceId);
  stopRuns(ctx, instanceId);
  if (terminated) forget(ctx, instanceId);
  else settle(ctx, machine, 'off');
}

function forget(ctx: Ctx, instanceId: string): void {
  forgetAgent(ctx, instanceId);
  forgetEcsAgent(ctx, instanceId);
  stopHup(ctx, instanceId);
  for (const { of } of ctx.scan(appliedMetadata, { prefix: `${instanceId} ` }))
    ctx.delete(appliedMetadata, `${instanceId} ${of}`);
  for (const { application } of ctx.list(installed, 'instance', instanceId)) {
    ctx.delete(installed, applicationKey(instanceId, application.port));
  }
  for (const { port } of ctx.list(applicationEnds, 'instance', instanceId))
    ctx.delete(applicationEnds, applicationKey(instanceId, port));
  if (ctx.get(disks, instanceId)) ctx.delete(disks, instanceId);
  ctx.delete(machineRows, instanceId);
  ctx.emit(machineChanged, { instanceId });
}

/** The hardware is gone: nothing is stopped, everything just ends. */
function lose(ctx: Ctx, machine: Machine): void {
  stopAll(ctx, machine.instanceId, true);
  stopAgent(ctx, machine.instanceId);
  stopRuns(ctx, machine.instanceId);
  settle(ctx, machine, 'lost');
}

/** Keeps what is on an instance's disk under the image's id. */
export function imaged(ctx: Ctx, instanceId: string, imageId: string): void {
  const machine = ctx.get(machineRows, instanceId);
  if (!machine) return;
  const root = ctx.get(deploymentRoots, instanceId);
  ctx.put(images, {
    imageId,
    codedeployAgent: machine.codedeployAgent,
    ...(machine.ecsConfiguration === undefined ? {} : { ecsConfiguration: machine.ecsConfiguration }),
    files: ctx.get(disks, instanceId)?.files ?? [],
    installed: ctx.list(installed, 'instance', instanceId),
    ...(root ? { deploymentRoot: root } : {}),
  });
}

/** The same is on a copy, wherever it is made. */
export function copied(
  ctx: Ctx,
  { id, ...place }: { account: string; region: string; id: string },
  imageId: string,
): void {
  const image = ctx.in(place).get(images, id);
  if (image) ctx.put(images, { ...image, imageId, original: image.original ?? id });
}
