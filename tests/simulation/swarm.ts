// Swarm options: which of everything possible a seed does at all. Leaving most of it out reaches states that doing a little
// of everything never does. https://users.cs.utah.edu/~regehr/papers/swarm12.pdf

import { Draw } from './draw.ts';

/** What one seed's cloud is like, and what happens in it. */
export interface Swarm {
  /** Instances to begin with, and the group's bounds. */
  readonly size: number;
  readonly minSize: number;
  readonly maxSize: number;
  readonly zones: number;
  readonly balanced: boolean;
  readonly healthCheckType: 'EC2' | 'ELB';
  readonly drainSeconds: number;
  readonly codedeploy: boolean;
  /** A first deployment has ended before anything is disturbed. */
  readonly deployed: boolean;
  readonly terminationHook: boolean;
  readonly trafficControl: boolean;
  readonly rollback: boolean;
  readonly alarms: boolean;
  readonly triggers: boolean;
  readonly profile: 'typical' | 'instant';
  readonly load: 'none' | 'exact' | 'binned';
  readonly ratePerSecond: number;
  /** Weight of each kind of disturbance; 0 leaves it out. */
  readonly weights: Readonly<Record<string, number>>;
}

export function swarmOf(seed: string, disturbances: readonly string[]): Swarm {
  const draw = new Draw(seed, 'swarm');
  const size = draw.chance(0.7) ? draw.whole(1, 5) : draw.whole(6, 12);
  const weights: Record<string, number> = {};
  for (const name of disturbances) weights[name] = draw.chance(0.6) ? draw.whole(1, 5) : 0;
  const balanced = draw.chance(0.8);
  const codedeploy = draw.chance(0.85);
  // Nothing else sets so much in motion.
  if (codedeploy) weights['deploy'] = draw.whole(2, 8);
  return {
    size,
    minSize: draw.whole(0, size),
    maxSize: size + draw.whole(0, size + 1),
    zones: draw.whole(1, 3),
    balanced,
    healthCheckType: balanced && draw.chance(0.5) ? 'ELB' : 'EC2',
    drainSeconds: draw.pick([0, 30, 300]),
    codedeploy,
    deployed: draw.chance(0.8),
    terminationHook: draw.chance(0.15),
    trafficControl: balanced && draw.chance(0.7),
    rollback: draw.chance(0.5),
    alarms: draw.chance(0.4),
    triggers: draw.chance(0.5),
    profile: draw.chance(0.06) ? 'instant' : 'typical',
    load: draw.weighted([
      ['none', 2],
      ['binned', 3],
      ['exact', 2],
    ] as const),
    ratePerSecond: draw.pick([0.2, 2, 20]),
    weights,
  };
}
