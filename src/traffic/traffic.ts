// The traffic engine as a part of a world.

import type { TimerHandler } from '#world/index.ts';
import type { CloudPart } from '#cloud/cloud.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { provide } from '#cloud/port.ts';
import { traffic } from '#cloud/ports.ts';
import { cohorts, crews, flights } from './flights.ts';
import { publishEachMinute, pulses, settleNames, settleWhenDue } from './load-control.ts';
import { buckets, loads } from './load.ts';
import { minutes } from './minutes.ts';
import { caches } from './names.ts';
import { sampleEffects, sampler, samples, sampleTimers } from './sampled.ts';
import { progress, settle } from './settlement.ts';

export const part: CloudPart = {
  name: 'traffic',
  tables: [loads, buckets, progress, flights, crews, cohorts, minutes, pulses, caches, sampler, samples],
  timers: [settleWhenDue, settleNames, publishEachMinute, ...sampleTimers] as TimerHandler<unknown, Ctx>[],
  effects: sampleEffects,
  provides: [provide(traffic, { settle })],
};
