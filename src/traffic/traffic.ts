// The traffic engine as a part of a world.

import type { TimerHandler } from '#world/index.ts';
import type { CloudPart } from '#cloud/cloud.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { provide } from '#cloud/port.ts';
import { traffic } from '#cloud/ports/traffic.ts';
import { cohorts, crews, flights } from './flights.ts';
import { publishEachMinute, pulses, settleNames, settleWhenDue } from './load-control.ts';
import { invocationLoads, invocationProgress, publishInvocations } from './invocation-load.ts';
import { invocationMinutes } from './invocation-minutes.ts';
import { settleInvocations } from './invocations.ts';
import { buckets, loads } from './load.ts';
import { minutes } from './minutes.ts';
import { caches } from './names.ts';
import { sampleEffects, sampler, samples, sampleTimers } from './sampled.ts';
import { progress, settle } from './settlement.ts';

export const part: CloudPart = {
  name: 'traffic',
  tables: [
    loads,
    buckets,
    progress,
    flights,
    crews,
    cohorts,
    minutes,
    pulses,
    caches,
    sampler,
    samples,
    invocationLoads,
    invocationProgress,
    invocationMinutes,
  ],
  timers: [
    settleWhenDue,
    settleNames,
    publishEachMinute,
    publishInvocations,
    ...sampleTimers,
  ] as TimerHandler<unknown, Ctx>[],
  effects: sampleEffects,
  provides: [
    provide(traffic, {
      settle(ctx) {
        settle(ctx);
        settleInvocations(ctx);
      },
    }),
  ],
};
