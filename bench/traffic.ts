// What requests cost: exact ones, and binned ones at rates and numbers of targets that lie far apart.

import { newTable } from '../tests/table.ts';
import { HOST, groupOf, route, run, targetsOf, trafficCloud } from '../tests/traffic-cloud.ts';
import { startLoad } from '#traffic/load-control.ts';
import type { Resolution } from '#traffic/load.ts';
import { measured } from '#traffic/measure.ts';

interface Case {
  resolution: Resolution;
  ratePerSecond: number;
  targets: number;
  durationMs: number;
  /** Settlements are forced so often. */
  everyMs?: number;
  algorithm?: 'round_robin' | 'least_outstanding_requests' | 'weighted_random';
}

function timed({
  resolution,
  ratePerSecond,
  targets,
  durationMs,
  everyMs,
  algorithm = 'round_robin',
}: Case): {
  ms: number;
  requests: number;
} {
  const table = newTable({ cloud: trafficCloud() });
  const load = table.act((ctx) => {
    for (let n = 1; n <= targets; n += 1) run(ctx, n);
    route(ctx, [groupOf(targetsOf(targets), { algorithm })]);
    return startLoad(ctx, { host: HOST, port: 80, path: '/', ratePerSecond, resolution });
  });
  const from = performance.now();
  for (let at = 0; at < durationMs; at += everyMs ?? durationMs) {
    table.advance(everyMs ?? durationMs);
    if (everyMs !== undefined) table.act((ctx) => route(ctx, [groupOf(targetsOf(targets), { algorithm })]));
  }
  const ms = performance.now() - from;
  return { ms, requests: table.read((ctx) => measured(ctx, load.id)).requests };
}

/** The best of three: the least disturbed by whatever else the machine does. */
function best(one: Case): { ms: number; requests: number } {
  return [timed(one), timed(one), timed(one)].toSorted((left, right) => left.ms - right.ms)[0] as {
    ms: number;
    requests: number;
  };
}

const perSecond = ({ ms, requests }: { ms: number; requests: number }): number =>
  Math.round((requests / ms) * 1000);

for (const algorithm of ['round_robin', 'weighted_random', 'least_outstanding_requests'] as const) {
  const exact = best({
    resolution: 'exact',
    ratePerSecond: 5000,
    targets: 10,
    durationMs: 200_000,
    algorithm,
  });
  console.log(
    `exact, ${algorithm}: ${exact.requests} requests in ${Math.round(exact.ms)} ms, ${perSecond(exact)}/s`,
  );
}
const hour = { resolution: 'binned', targets: 10, durationMs: 3_600_000, everyMs: 5000 } as const;
const slow = best({ ...hour, ratePerSecond: 10 });
const fast = best({ ...hour, ratePerSecond: 1_000_000 });
const settlements = 3_600_000 / 5000;
console.log(`binned, 10/s: ${(slow.ms / settlements).toFixed(3)} ms a settlement`);
console.log(
  `binned, 1,000,000/s: ${(fast.ms / settlements).toFixed(3)} ms a settlement, ratio ${(fast.ms / slow.ms).toFixed(2)}`,
);
const five = best({ ...hour, ratePerSecond: 1000, targets: 5 });
const many = best({ ...hour, ratePerSecond: 1000, targets: 500 });
console.log(
  `binned, 500 targets over 5: ratio ${(many.ms / five.ms).toFixed(2)}, ${(many.ms / settlements).toFixed(3)} ms a settlement`,
);
