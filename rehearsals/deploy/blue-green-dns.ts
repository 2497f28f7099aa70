// Blue/green with two stacks, an Auto Scaling group and a load balancer each, behind weighted records of Route 53: clients move
// as fast as they forget the old answer. https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-policy-weighted.html

import { availability, deployment, fact, rehearsal } from 'sandtable';
import type { Ending, Expectation, Scene, Variant } from 'sandtable';
import { answersFor, between, shareOf, versionsSince } from '../looks.ts';
import type { Series } from '../looks.ts';
import { MINUTE } from './web-fleet.ts';
import { NAME, name, prepareFronts, weigh } from './web-names.ts';
import type { Fronts, Kind, Weights } from './web-names.ts';

/** The TTL of aliases to load balancers. */
const ALIAS_SECONDS = 60;
const BUCKET_SECONDS = 2;
/** Resolvers that go by a TTL of their own. */
const STALE_IN_THOUSAND = 50;

interface Move {
  /** From the update of the stack until the first answer of the other version. */
  readonly beganAfterSeconds: number;
  /** When that was, epoch ms. */
  readonly at: number;
  readonly series: Series;
}

/** Changes the weights and follows the requests until nobody can have an old answer. */
async function move(
  scene: Scene,
  load: string,
  change: () => Promise<string>,
  { to, forMs }: { to: string; forMs: number },
): Promise<Move> {
  const from = scene.clock.now;
  await change();
  await scene.clock.sleep(forMs);
  const series = scene.traffic.measured(load).series.filter(({ at }) => at >= from);
  const at = series.find(({ byVersion }) => (byVersion[to] ?? 0) > 0)?.at ?? 0;
  return { beganAfterSeconds: Math.round((at - from) / 1000), at, series };
}

async function switchOver(scene: Scene, fronts: Fronts, kind: Kind, ttlSeconds: number): Promise<Ending> {
  await name(scene, fronts, kind, { blue: 1, green: 0 });
  const to = { host: NAME, port: 80, path: '/', bucketMs: BUCKET_SECONDS * 1000 };
  const load = scene.traffic.start({ ...to, ratePerSecond: 100, resolution: 'binned' });
  await scene.clock.sleep(2 * MINUTE);
  const before = versionsSince(scene.traffic.measured(load).series, 0);
  const startedAt = scene.clock.now;
  const change = (weights: Weights) => async () => weigh(scene, fronts, kind, weights);
  const forMs = ttlSeconds * 1000 + 2 * MINUTE;
  const over = await move(scene, load, change({ blue: 0, green: 1 }), { to: 'v2', forMs });
  const back = await move(scene, load, change({ blue: 1, green: 0 }), { to: 'v1', forMs });
  const half = (ttlSeconds * 1000) / 2;
  const overSeries = over.series.filter(({ at }) => at < back.at);
  return {
    ended: 'switched',
    startedAt,
    endedAt: scene.clock.now,
    facts: {
      before,
      beganAfterSeconds: over.beganAfterSeconds,
      firstHalfInThousand: shareOf(over.series, 'v2', over.at, over.at + half),
      secondHalfInThousand: shareOf(over.series, 'v2', over.at + half, over.at + 2 * half),
      afterwardsInThousand: shareOf(
        over.series,
        'v2',
        over.at + 2 * half + 10_000,
        over.at + 2 * half + MINUTE,
      ),
      oldAnswersForSeconds: answersFor(overSeries, 'v1', over.at),
      newAnswersForSeconds: answersFor(back.series, 'v2', back.at),
    },
  };
}

/** Some keep an answer beyond its TTL; whoever takes blue away then takes it away from them. */
async function withStale(scene: Scene, fronts: Fronts): Promise<Ending> {
  scene.inject.begin({ kind: 'stale-dns', perMille: STALE_IN_THOUSAND });
  const { facts, ...ending } = await switchOver(scene, fronts, 'alias', ALIAS_SECONDS);
  return { ...ending, facts: { afterwardsInThousand: facts?.['afterwardsInThousand'] } };
}

function variant(kind: Kind, ttlSeconds: number): Variant<Fronts> {
  const whole = (of: string): Expectation =>
    between(of, ttlSeconds - 5 * BUCKET_SECONDS, ttlSeconds + BUCKET_SECONDS);
  return {
    run: (scene, fronts) => switchOver(scene, fronts, kind, ttlSeconds),
    expect: [
      deployment.endedAs('switched'),
      fact('before', ['v1']),
      between('beganAfterSeconds', 55, 75),
      between('firstHalfInThousand', 200, 300),
      between('secondHalfInThousand', 700, 800),
      fact('afterwardsInThousand', 1000),
      whole('oldAnswersForSeconds'),
      whole('newAnswersForSeconds'),
      availability.atLeast(1),
    ],
  };
}

export default rehearsal<Fronts>({
  title: 'Blue/green by weighted records',
  claim: { id: 'deploy/blue-green-dns', verdict: 'holds' },
  prepare: prepareFronts,
  variants: {
    'aliases of the load balancers': variant('alias', ALIAS_SECONDS),
    'names with a TTL of five minutes': variant({ ttlSeconds: 300 }, 300),
    'resolvers that keep answers too long': {
      run: withStale,
      expect: [between('afterwardsInThousand', 1000 - STALE_IN_THOUSAND - 20, 1000 - STALE_IN_THOUSAND + 20)],
    },
  },
});
