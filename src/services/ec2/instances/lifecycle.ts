// The life of an instance: pending, running, stopping, stopped, shutting-down, terminated.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html

import { table, timer } from '#world/index.ts';
import type { Table, TimerHandler, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import { formatIso } from '#contract/protocols/timestamp.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { injectionChanged, injections } from '#cloud/injections.ts';
import { instanceChanged } from '#cloud/ports/instances.ts';
import { machines } from '#cloud/ports/machines.ts';
import type { InstanceState } from '#cloud/ports/instances.ts';
import type { Operations } from '#cloud/service.ts';
import { tellEventBridge } from '#cloud/service-events.ts';
import { newPublicIp, releaseInterfaces, releasePublicIp } from '../interfaces/interfaces.ts';
import { removeTagsOf } from '../tags.ts';
import { launchTime, releaseTime, terminatedVisible } from '../timings.ts';
import { releaseVolumes, volumesOf } from '../volumes/volumes.ts';
import { interfaces, subnets } from '../vpcs/network.ts';
import { withoutCapacity, zonesOf } from '../zones.ts';
import { beginChecks, endChecks, hardwareLost } from './instance-status.ts';
import {
  instanceOf,
  instanceRows,
  instancesOf,
  interfaceOfInstance,
  launches,
  launchOf,
  stateShown,
} from './instances.ts';
import type { Instance } from './instances.ts';

type Step = { instanceId: string; step: number };

/** An instance leaves its state. */
const stepDue: TimerKind<Step> = timer<Step>('ec2/instance-step');
/** A reboot's shutdown is over. */
const rebootDue: TimerKind<Step> = timer<Step>('ec2/instance-reboot');
/** A terminated instance disappears from view. */
const forgetDue: TimerKind<Step> = timer<Step>('ec2/instance-forget', { background: true });

const live = (ctx: Ctx, { instanceId, step }: Step): boolean =>
  ctx.get(instanceRows, instanceId)?.step === step;

export const instanceStep: TimerHandler<Step, Ctx> = {
  kind: stepDue,
  live,
  fire(ctx, { instanceId }) {
    const instance = instanceOf(ctx, instanceId);
    if (instance.state === 'pending') run(ctx, instance);
    else if (instance.state === 'stopping') stopped(ctx, instance);
    else terminated(ctx, instance);
  },
};

export const instanceReboot: TimerHandler<Step, Ctx> = {
  kind: rebootDue,
  live,
  fire(ctx, { instanceId }) {
    ctx.port(machines).off(ctx, instanceId, false);
    ctx.port(machines).power(ctx, instanceId, false);
  },
};

export const instanceForget: TimerHandler<Step, Ctx> = {
  kind: forgetDue,
  live,
  fire(ctx, { instanceId }) {
    ctx.delete(instanceRows, instanceId);
    ctx.delete(launches, instanceId);
    removeTagsOf(ctx, instanceId);
  },
};

/**
 * How long instances have run so far, all together: `milliseconds` + `running` x now, so that asking costs
 * nothing.
 */
interface RunningTime {
  id: 'all';
  running: number;
  milliseconds: number;
}
export const runningTimes: Table<RunningTime> = table<RunningTime>('ec2/running-times', (row) => row.id);

function meter(ctx: Ctx, running: number, milliseconds: number): void {
  const sofar = ctx.get(runningTimes, 'all') ?? { id: 'all', running: 0, milliseconds: 0 };
  ctx.put(runningTimes, {
    id: 'all',
    running: sofar.running + running,
    milliseconds: sofar.milliseconds + milliseconds,
  });
}

/** Milliseconds that instances have spent in the state `running`, all added up. */
export function instanceMs(ctx: Ctx): number {
  const { running, milliseconds } = ctx.get(runningTimes, 'all') ?? { running: 0, milliseconds: 0 };
  return milliseconds + running * ctx.now;
}

/** Writes the state with its reasons and tells the rest of the cloud. */
function enter(
  ctx: Ctx,
  instance: Instance,
  state: InstanceState,
  why?: { transition: string; code: string; message: string },
): Instance {
  const { reason: _, ...rest } = instance;
  const told = why
    ? { transitionReason: why.transition, reason: { code: why.code, message: why.message } }
    : { transitionReason: '' };
  const next: Instance = { ...rest, ...told, state, step: instance.step + 1 };
  ctx.put(instanceRows, next);
  tellChange(ctx, next.instanceId, state);
  return next;
}

/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-instance-state-changes.html */
function tellChange(ctx: Ctx, instanceId: string, state: InstanceState): void {
  ctx.emit(instanceChanged, { instanceId, state });
  tellEventBridge(ctx, 'aws.ec2', () => ({
    detailType: 'EC2 Instance State-change Notification',
    resources: [ctx.arn('ec2', `instance/${instanceId}`)],
    detail: { 'instance-id': instanceId, state },
  }));
}

const keep = ({
  transitionReason,
  reason,
}: Instance): { transition: string; code: string; message: string } | undefined =>
  reason && { transition: transitionReason, ...reason };

/** From here on an instance that was put down as `pending` is under way. */
export function beginLaunch(ctx: Ctx, { instanceId, step }: Instance): void {
  ctx.schedule(stepDue, ctx.now + ctx.duration(launchTime, instanceId, step), { instanceId, step });
  tellChange(ctx, instanceId, 'pending');
}

/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html */
function launchFailure(ctx: Ctx, instance: Instance): { code: string; message: string } | undefined {
  if (hardwareLost(ctx, instance))
    return { code: 'Server.InternalError', message: 'Server.InternalError: Internal error on launch' };
  if (volumesOf(ctx, instance.instanceId).some((volume) => volume.keyless))
    return { code: 'Client.InternalError', message: 'Client.InternalError: Client error on launch' };
  return undefined;
}

function run(ctx: Ctx, instance: Instance): void {
  const failure = launchFailure(ctx, instance);
  if (failure) {
    release(ctx, enter(ctx, instance, 'terminated', { transition: failure.code, ...failure }));
    return;
  }
  const next = enter(ctx, { ...instance, booted: true }, 'running');
  meter(ctx, 1, -ctx.now);
  ctx.port(machines).power(ctx, next.instanceId, !instance.booted);
  beginChecks(ctx, next);
}

function stopped(ctx: Ctx, instance: Instance): void {
  ctx.port(machines).off(ctx, instance.instanceId, false);
  const row = interfaceOfInstance(ctx, instance);
  // An Elastic IP address stays with a stopped instance; any other public address is given back.
  if (row?.publicIp !== undefined && row.allocationId === undefined) releasePublicIp(ctx, row);
  enter(ctx, instance, 'stopped', keep(instance));
}

function terminated(ctx: Ctx, instance: Instance): void {
  ctx.port(machines).off(ctx, instance.instanceId, true);
  release(ctx, enter(ctx, instance, 'terminated', keep(instance)));
}

/**
 * What goes with a terminated instance: its profile, and its interfaces and volumes unless they are to outlive it. The rest
 * stays visible for about an hour.
 */
function release(ctx: Ctx, instance: Instance): void {
  const { interfaceId: _, profile: __, ...rest } = instance;
  releaseInterfaces(ctx, instance.instanceId);
  releaseVolumes(ctx, instance.instanceId);
  ctx.put(instanceRows, rest);
  const { instanceId, step } = instance;
  ctx.schedule(forgetDue, ctx.now + ctx.duration(terminatedVisible, instanceId), { instanceId, step });
}

/** `2026-01-05 00:00:00 GMT`, as EC2 prints it in reasons. */
function gmt(epochMs: number): string {
  return `${formatIso(epochMs).slice(0, 19).replace('T', ' ')} GMT`;
}

function byUser(ctx: Ctx): { transition: string; code: string; message: string } {
  const code = 'Client.UserInitiatedShutdown';
  return {
    transition: `User initiated (${gmt(ctx.now)})`,
    code,
    message: `${code}: User initiated shutdown`,
  };
}

/** Shuts the machine down unless that is skipped, and says how long until nothing of it is left (ms). */
function shutDown(ctx: Ctx, { instanceId, state, step }: Instance, skip: boolean): number {
  if (state !== 'running') return ctx.duration(releaseTime, instanceId, step);
  endChecks(ctx, instanceId);
  meter(ctx, -1, ctx.now);
  const ms = skip ? 0 : ctx.port(machines).shutDown(ctx, instanceId);
  return ms + ctx.duration(releaseTime, instanceId, step);
}

function leave(
  ctx: Ctx,
  instance: Instance,
  state: 'stopping' | 'shutting-down',
  skipShutdown: boolean,
): Instance {
  const ms = shutDown(ctx, instance, skipShutdown);
  const next = enter(ctx, instance, state, byUser(ctx));
  ctx.schedule(stepDue, ctx.now + ms, { instanceId: next.instanceId, step: next.step });
  return next;
}

function incorrectState(instanceId: string, verb: string): Fault {
  return new Fault(
    'IncorrectInstanceState',
    `The instance '${instanceId}' is not in a state from which it can be ${verb}.`,
  );
}

/** A start puts the instance on other hardware: what happened to the old one is over for it. */
function leaveHardware(ctx: Ctx, instanceId: string): void {
  const everywhere = ctx.everywhere;
  for (const { id, injection } of everywhere.list(injections, 'kind', 'instance-loss')) {
    if (injection.kind !== 'instance-loss' || injection.instanceId !== instanceId) continue;
    everywhere.delete(injections, id);
    ctx.emit(injectionChanged, { injection, active: false });
  }
}

function start(ctx: Ctx, instance: Instance): Instance {
  if (instance.state === 'running' || instance.state === 'pending') return instance;
  if (instance.state !== 'stopped') throw incorrectState(instance.instanceId, 'started');
  if (withoutCapacity(ctx, instance.zone)) throw noCapacity(ctx, instance.instanceType, instance.zone);
  leaveHardware(ctx, instance.instanceId);
  const row = interfaceOfInstance(ctx, instance);
  const subnet = ctx.get(subnets, instance.subnetId);
  if (row && row.publicIp === undefined && subnet?.mapPublicIp)
    ctx.update(interfaces, row, { publicIp: newPublicIp(ctx) });
  const next = enter(ctx, { ...instance, launchedAt: ctx.now }, 'pending');
  ctx.schedule(stepDue, ctx.now + ctx.duration(launchTime, next.instanceId, next.step), {
    instanceId: next.instanceId,
    step: next.step,
  });
  return next;
}

/** AWS's words for a zone that is full. */
export function noCapacity(ctx: Ctx, instanceType: string, zone: string): Fault {
  const others = zonesOf(ctx.region).filter((other) => other !== zone && !withoutCapacity(ctx, other));
  const instead =
    others.length === 0
      ? ''
      : ` You can currently get ${instanceType} capacity by not specifying an Availability Zone in your request or choosing ${others.join(', ')}.`;
  const message =
    `We currently do not have sufficient ${instanceType} capacity in the Availability Zone you requested (${zone}). ` +
    `Our system will be working on provisioning additional capacity.${instead}`;
  return new Fault('InsufficientInstanceCapacity', message, { status: 500 });
}

function stop(ctx: Ctx, instance: Instance, skipShutdown: boolean): Instance {
  const { instanceId, state } = instance;
  if (state === 'stopped' || state === 'stopping') return instance;
  if (state !== 'running') throw incorrectState(instanceId, 'stopped');
  if (launchOf(ctx, instanceId).stopProtection) {
    throw new Fault(
      'OperationNotPermitted',
      `The instance '${instanceId}' may not be stopped. Modify its 'disableApiStop' instance attribute and try again.`,
    );
  }
  return leave(ctx, instance, 'stopping', skipShutdown);
}

function terminate(ctx: Ctx, instance: Instance, skipShutdown: boolean): Instance {
  const { instanceId, state } = instance;
  if (launchOf(ctx, instanceId).terminationProtection) {
    throw new Fault(
      'OperationNotPermitted',
      `The instance '${instanceId}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.`,
    );
  }
  if (state === 'terminated' || state === 'shutting-down') return instance;
  if (state !== 'stopped') return leave(ctx, instance, 'shutting-down', skipShutdown);
  // Nothing of a stopped instance is left to shut down.
  ctx.port(machines).off(ctx, instanceId, true);
  const next = enter(ctx, instance, 'terminated', byUser(ctx));
  release(ctx, next);
  return next;
}

/**
 * Restarts the operating system. The instance stays `running`, on the same hardware and with the same
 * addresses.
 */
export function reboot(ctx: Ctx, { instanceId, step }: Instance): void {
  const ms = ctx.port(machines).shutDown(ctx, instanceId);
  ctx.schedule(rebootDue, ctx.now + ms, { instanceId, step });
}

interface StateChange {
  InstanceId: string;
  PreviousState: { Code: number; Name: InstanceState };
  CurrentState: { Code: number; Name: InstanceState };
}

function changed(ctx: Ctx, ids: readonly string[], change: (instance: Instance) => Instance): StateChange[] {
  return instancesOf(ctx, ids).map((instance) => ({
    InstanceId: instance.instanceId,
    PreviousState: stateShown(instance.state),
    CurrentState: stateShown(change(instance).state),
  }));
}

export const lifecycleOperations: Operations<'ec2'> = {
  StartInstances: (ctx, { InstanceIds }) => ({
    StartingInstances: changed(ctx, InstanceIds, (one) => start(ctx, one)),
  }),

  StopInstances(ctx, { InstanceIds, Force = false, SkipOsShutdown = false }) {
    const skip = Force || SkipOsShutdown;
    return { StoppingInstances: changed(ctx, InstanceIds, (one) => stop(ctx, one, skip)) };
  },

  TerminateInstances(ctx, { InstanceIds, Force = false, SkipOsShutdown = false }) {
    const skip = Force || SkipOsShutdown;
    return { TerminatingInstances: changed(ctx, InstanceIds, (one) => terminate(ctx, one, skip)) };
  },

  RebootInstances(ctx, { InstanceIds }) {
    for (const instance of instancesOf(ctx, InstanceIds)) {
      if (instance.state !== 'running') throw incorrectState(instance.instanceId, 'rebooted');
      reboot(ctx, instance);
    }
  },
};
