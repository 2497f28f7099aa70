// Machines without processes: boot, user data, agents, shutdown, loss.

import { timer, wake } from '#world/index.ts';
import type { Reconciler, TimerHandler, TimerKind } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { active, injectionChanged } from '#cloud/injections.ts';
import { instances, machineChanged } from '#cloud/ports.ts';
import type { InstanceFacts } from '#cloud/ports.ts';
import { applicationEnds, applicationKey } from '../application.ts';
import { forgetAgent, startAgent, stopAgent } from '../codedeploy-agent/codedeploy-agent.ts';
import { agents } from '../codedeploy-agent/agent-rows.ts';
import { deploymentRoots } from '../codedeploy-agent/deployment-root.ts';
import { ManifestError } from '../manifest.ts';
import { agentInstall, agentInstallFailure, agentStart, boot, shutdown, userDataScript } from '../timings.ts';
import { readUserData } from '../user-data.ts';
import type { UserData } from '../user-data.ts';
import { disks, groupSizes, images, installed, machineRows } from './machine-rows.ts';
import type { Image, Machine } from './machine-rows.ts';
import { startApplication, startServices, stopAll } from './running.ts';

const agentDue: TimerKind<{ instanceId: string; boots: number }> = timer<{
  instanceId: string;
  boots: number;
}>('workloads/codedeploy-agent-due');

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
    return machine.phase === 'booting' ? systemUp(ctx, machine) : userDataDone(ctx, machine);
  },
};

function isLost(ctx: Ctx, { instanceId, zone }: Machine): boolean {
  if (active(ctx, 'zone-loss').some((injection) => injection.zone === zone)) return true;
  return active(ctx, 'instance-loss').some((injection) => injection.instanceId === instanceId);
}

function isAgentDead(ctx: Ctx, { instanceId }: Machine): boolean {
  return active(ctx, 'agent-death').some((injection) => injection.instanceId === instanceId);
}

/** The hardware of an instance starts. */
export function power(ctx: Ctx, instanceId: string, firstBoot: boolean): void {
  const facts = ctx.port(instances).facts(ctx, instanceId);
  if (!facts) throw new Error(`There is no instance ${instanceId} to start.`);
  const known = ctx.get(machineRows, instanceId);
  const machine = known && !firstBoot ? known : fresh(ctx, facts);
  begin(ctx, machine);
  ctx.wake(machineLife, instanceId);
}

/** A machine whose disk is a copy of its image. */
function fresh(ctx: Ctx, { instanceId, imageId, zone, tags, userData }: InstanceFacts): Machine {
  const image = ctx.get(images, imageId);
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
    userDataDone: userData === undefined || userData === '',
    codedeployAgent: image?.codedeployAgent ?? false,
  };
}

function unpackImage(ctx: Ctx, instanceId: string, image: Image): void {
  ctx.put(disks, { instanceId, files: image.files });
  for (const one of image.installed) ctx.put(installed, { ...one, instanceId });
  if (image.deploymentRoot) ctx.put(deploymentRoots, { ...image.deploymentRoot, instanceId });
}

function begin(ctx: Ctx, machine: Machine): Machine {
  const boots = machine.boots + 1;
  const until = ctx.now + ctx.duration(boot, machine.identity, boots);
  const next: Machine = { ...machine, phase: 'booting', until, boots };
  ctx.put(machineRows, next);
  return next;
}

function systemUp(ctx: Ctx, machine: Machine): number | undefined {
  const { instanceId, boots } = machine;
  startServices(ctx, instanceId);
  if (machine.codedeployAgent) agentComes(ctx, machine);
  if (machine.userDataDone) return settle(ctx, machine, 'up');
  const until = ctx.now + userDataTime(ctx, machine);
  ctx.update(machineRows, machine, { phase: 'user-data', until, boots });
  ctx.emit(machineChanged, { instanceId });
  return until;
}

function settle(ctx: Ctx, machine: Machine, phase: Machine['phase']): undefined {
  const { until: _, ...rest } = machine;
  ctx.put(machineRows, { ...rest, phase });
  ctx.emit(machineChanged, { instanceId: machine.instanceId });
}

function agentComes(ctx: Ctx, { instanceId, identity, boots }: Machine): void {
  ctx.schedule(agentDue, ctx.now + ctx.duration(agentStart, identity, boots), { instanceId, boots });
}

export const onAgentDue: TimerHandler<{ instanceId: string; boots: number }, Ctx> = {
  kind: agentDue,
  live(ctx, { instanceId, boots }) {
    const machine = ctx.get(machineRows, instanceId);
    if (machine?.boots !== boots || ctx.get(agents, instanceId)) return false;
    return (machine.phase === 'up' || machine.phase === 'user-data') && !isAgentDead(ctx, machine);
  },
  fire(ctx, { instanceId }) {
    startAgent(ctx, instanceId);
    ctx.emit(machineChanged, { instanceId });
  },
};

function userDataOf(ctx: Ctx, { instanceId }: Machine): UserData & { readonly problem?: string } {
  const text = ctx.port(instances).facts(ctx, instanceId)?.userData ?? '';
  try {
    return readUserData(text, ctx.region);
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    return { problem: error.text };
  }
}

function reachable(ctx: Ctx, instanceId: string, host: string): boolean {
  return ctx.port(instances).reachEndpoint(ctx, instanceId, host).ok;
}

function userDataTime(ctx: Ctx, machine: Machine): number {
  const { codedeployAgent } = userDataOf(ctx, machine);
  const own = ctx.duration(userDataScript, machine.identity);
  if (!codedeployAgent) return own;
  const timing = reachable(ctx, machine.instanceId, codedeployAgent.host)
    ? agentInstall
    : agentInstallFailure;
  return own + ctx.duration(timing, machine.identity);
}

function userDataDone(ctx: Ctx, machine: Machine): undefined {
  const { instanceId } = machine;
  const { codedeployAgent, manifest, problem } = userDataOf(ctx, machine);
  const path = codedeployAgent === undefined || reachable(ctx, instanceId, codedeployAgent.host);
  const trouble = path
    ? problem
    : `${codedeployAgent?.host ?? ''} cannot be reached: the CodeDeploy agent was not installed`;
  const next: Machine = {
    ...machine,
    userDataDone: true,
    codedeployAgent: machine.codedeployAgent || (codedeployAgent !== undefined && path),
    ...(trouble === undefined ? {} : { problem: trouble }),
  };
  settle(ctx, next, 'up');
  if (trouble !== undefined) ctx.note('user-data', { instanceId, problem: trouble });
  if (next.codedeployAgent) agentComes(ctx, next);
  if (manifest?.application)
    startApplication(ctx, instanceId, manifest.version ?? 'user data', manifest.application);
}

/** The instance shuts down cleanly. Returns how long that takes (ms). */
export function shutDown(ctx: Ctx, instanceId: string): number {
  const machine = ctx.get(machineRows, instanceId);
  if (!machine || machine.phase === 'off' || machine.phase === 'lost') return 0;
  stopAgent(ctx, instanceId);
  const slowest = stopAll(ctx, instanceId, false);
  settle(ctx, machine, 'shutting-down');
  return slowest + ctx.duration(shutdown, machine.identity, machine.boots);
}

export function off(ctx: Ctx, instanceId: string, terminated: boolean): void {
  const machine = ctx.get(machineRows, instanceId);
  if (!machine) return;
  stopAll(ctx, instanceId, true);
  stopAgent(ctx, instanceId);
  if (terminated) forget(ctx, instanceId);
  else settle(ctx, machine, 'off');
}

function forget(ctx: Ctx, instanceId: string): void {
  forgetAgent(ctx, instanceId);
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
    files: ctx.get(disks, instanceId)?.files ?? [],
    installed: ctx.list(installed, 'instance', instanceId),
    ...(root ? { deploymentRoot: root } : {}),
  });
}
