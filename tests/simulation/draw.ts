// Choices of a simulation: numbers in sequence from one address, so that a step's choices depend on the seed and the step
// alone.

import { randomStream } from '#world/index.ts';
import type { RandomStream } from '#world/index.ts';

export class Draw {
  readonly #stream: RandomStream;
  #ordinal = 0;

  constructor(seed: string, key: string) {
    this.#stream = randomStream(seed, 'simulation', key);
  }

  /** In [0, 1). */
  number(): number {
    return this.#stream((this.#ordinal += 1));
  }

  chance(probability: number): boolean {
    return this.number() < probability;
  }

  /** A whole number, both ends included. */
  whole(from: number, to: number): number {
    return from + Math.floor(this.number() * (to - from + 1));
  }

  /** One of a list that is not empty. */
  pick<const V>(list: readonly V[]): V {
    return list[this.whole(0, list.length - 1)] as V;
  }

  /** Some of a list, in its order. */
  some<V>(list: readonly V[], most: number): V[] {
    const chosen = new Set<number>();
    for (let n = Math.min(list.length, this.whole(1, most)); n > 0; n -= 1)
      chosen.add(this.whole(0, list.length - 1));
    return list.filter((_, at) => chosen.has(at));
  }

  /** One of the entries, by weight. */
  weighted<V>(entries: readonly (readonly [value: V, weight: number])[]): V {
    let left = this.number() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [value, weight] of entries) if ((left -= weight) < 0) return value;
    return (entries.at(-1) as readonly [V, number])[0];
  }
}
