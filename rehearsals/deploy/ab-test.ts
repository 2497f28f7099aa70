// A long A/B test: two stacks, an Auto Scaling group and a load balancer each, behind weighted records of Route 53.
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-policy-weighted.html

import { availability, fact, rehearsal } from 'sandtable';
import type { Ending, Scene } from 'sandtable';
import { between, shareOf } from '../looks.ts';
import type { Series } from '../looks.ts';
import { MINUTE } from './web-fleet.ts';
import { NAME, name, prepareFronts, weigh } from './web-names.ts';
import type { Fronts } from './web-names.ts';

const HOUR = 60 * MINUTE;
const HOURS = 6;
/** Until name servers have new weights and every client has asked them. */
const SETTLE = 3 * MINUTE;

const CHANCES = { blue: 80, green: 20 };

/** How often one version answered in a bucket and the other one in the next. */
function changesIn(series: Series): number {
  const versions = series.flatMap(({ byVersion }) => Object.keys(byVersion).slice(0, 1));
  return versions.filter((version, at) => at > 0 && version !== versions[at - 1]).length;
}

async function test(scene: Scene, fronts: Fronts): Promise<Ending> {
  await name(scene, fronts, 'alias', CHANCES);
  const to = { host: NAME, port: 80, path: '/', bucketMs: MINUTE };
  const all = scene.traffic.start({ ...to, ratePerSecond: 40, resolution: 'binned' });
  // Somebody who is a client of his own, and comes every ten seconds.
  const some = { ratePerSecond: 0.1, resolution: 'exact', clients: 1, bucketMs: 10_000 } as const;
  const one = scene.traffic.start({ ...to, ...some });
  const from = scene.clock.now;
  await scene.clock.sleep(HOURS * HOUR);
  const until = scene.clock.now;
  const { series } = scene.traffic.measured(all);
  const hours = Array.from({ length: HOURS }, (_, hour) =>
    shareOf(series, 'v2', from + hour * HOUR, from + (hour + 1) * HOUR),
  );
  // Version 2 has won.
  await weigh(scene, fronts, 'alias', { blue: 0, green: 20 });
  await scene.clock.sleep(SETTLE);
  const decided = scene.clock.now;
  await scene.clock.sleep(10 * MINUTE);
  const alone = scene.traffic.measured(one).series.filter(({ at }) => at < until);
  return {
    ended: 'measured',
    startedAt: from,
    endedAt: until,
    facts: {
      testedInThousand: shareOf(series, 'v2', from, until),
      leastOfAnHourInThousand: Math.min(...hours),
      mostOfAnHourInThousand: Math.max(...hours),
      decidedInThousand: shareOf(scene.traffic.measured(all).series, 'v2', decided, scene.clock.now),
      oneSeesInThousand: shareOf(alone, 'v2', from, until),
      oneChangesVersion: changesIn(alone),
    },
  };
}

const FOUND =
  'the shares come out as the weights say, but nobody stays with a version: whenever an answer expires, after a minute with ' +
  'aliases of load balancers, its client draws anew';

export default rehearsal<Fronts>({
  title: 'An A/B test by weighted records',
  claim: { id: 'deploy/ab-test', verdict: `corrected: ${FOUND}` },
  prepare: prepareFronts,
  run: test,
  expect: [
    between('testedInThousand', 190, 210),
    between('leastOfAnHourInThousand', 180, 200),
    between('mostOfAnHourInThousand', 200, 220),
    fact('decidedInThousand', 1000),
    between('oneSeesInThousand', 100, 300),
    // One minute in three ends with another version: 2 * 0.8 * 0.2.
    between('oneChangesVersion', 60, 180),
    availability.atLeast(1),
  ],
});
