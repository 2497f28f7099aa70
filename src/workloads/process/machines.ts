// Machines with real processes. Boot, agent and loss go by the same rules and timings as on modelled ones; here their folders
// and processes follow.

import { wake } from '#world/index.ts';
import type { EffectHandler, Reconciler } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { instances } from '#cloud/ports/instances.ts';
import { machineChanged, probes } from '#cloud/ports/machines.ts';
import type { Machines, Probe, ProbeResult } from '#cloud/ports/machines.ts';
import { images, machineRows } from '../modelled/machine-rows.ts';
import type { Machine } from '../modelled/machine-rows.ts';
import * as modelled from '../modelled/machines.ts';
import { readUserData } from '../user-data.ts';
import { bootMachine, makeImage, sendProbe, stopMachine } from './effects.ts';
import { forgetServers, found } from './listening.ts';

function power(ctx: Ctx, instanceId: string, firstBoot: boolean): void {
  modelled.power(ctx, instanceId, firstBoot, true);
  const facts = ctx.port(instances).facts(ctx, instanceId);
  const { imageId = '', userData = '' } = facts ?? {};
  const image = firstBoot ? ctx.get(images, imageId) : undefined;
  ctx.perform(bootMachine, {
    instanceId,
    ...(image ? { imageId: image.original ?? imageId } : {}),
    declaresApplication: firstBoot && readUserData(userData, ctx.region).manifest?.application !== undefined,
  });
}

function shutDown(ctx: Ctx, instanceId: string): number {
  const takesMs = modelled.shutDown(ctx, instanceId);
  stop(ctx, instanceId, 'term');
  return takesMs;
}

function off(ctx: Ctx, instanceId: string, terminated: boolean): void {
  modelled.off(ctx, instanceId, terminated);
  stop(ctx, instanceId, 'cut', terminated);
}

function stop(ctx: Ctx, instanceId: string, how: 'term' | 'cut', forget: boolean = false): void {
  forgetServers(ctx, instanceId);
  ctx.perform(stopMachine, { instanceId, how, forget });
}

function imaged(ctx: Ctx, instanceId: string, imageId: string): void {
  modelled.imaged(ctx, instanceId, imageId);
  ctx.perform(makeImage, { instanceId, imageId });
}

/** When the hardware is lost, its processes are too. */
export const lostMachines: Reconciler<Machine, Ctx> = {
  name: 'process/lost-machine',
  table: machineRows,
  wakes: [wake(machineChanged, (_: Ctx, { instanceId }) => [instanceId])],
  step(ctx, { instanceId, phase }) {
    if (phase === 'lost') stop(ctx, instanceId, 'cut');
  },
};

const SILENT: ProbeResult = { kind: 'timeout', steady: true };

/** A machine whose operating system is up answers for itself; whatever it finds may differ the next time. */
function probe(ctx: Ctx, asked: Probe): ProbeResult | undefined {
  if (!answers(ctx, asked.instanceId)) return SILENT;
  ctx.perform(sendProbe, asked);
  return undefined;
}

function answers(ctx: Ctx, instanceId: string): boolean {
  const phase = ctx.get(machineRows, instanceId)?.phase;
  return phase === 'up' || phase === 'user-data' || phase === 'shutting-down';
}

const onProbed: EffectHandler<Probe, ProbeResult, Ctx> = {
  kind: sendProbe,
  done(ctx, result, { instanceId, port, reference }) {
    const there = answers(ctx, instanceId);
    if (there && result.kind !== 'timeout') found(ctx, instanceId, port, result.kind === 'status');
    ctx.port(probes).answered(ctx, reference, there ? result : { kind: 'timeout', steady: false });
  },
};

function statusOk(ctx: Ctx, instanceId: string): boolean {
  const phase = ctx.get(machineRows, instanceId)?.phase;
  return phase === 'up' || phase === 'user-data';
}

export const processMachines: Machines = {
  power,
  shutDown,
  off,
  imaged,
  copied: modelled.copied,
  probe,
  statusOk,
};

const nothing = (): void => {};

export const machineEffects: readonly EffectHandler<unknown, unknown, Ctx>[] = [
  { kind: bootMachine, done: nothing },
  { kind: stopMachine, done: nothing },
  { kind: makeImage, done: nothing },
  onProbed,
] as never;
