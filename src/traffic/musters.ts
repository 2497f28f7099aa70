// Crews with their requests under way: who they are from one settlement to the next, and what is added to them.

import type { Cohort, Crew, Pieces } from './flights.ts';
import type { PlaceClass } from './meeting.ts';
import type { Front } from './tally.ts';

/** A crew and its requests under way. */
export interface Squad {
  readonly crew: Crew;
  readonly pieces: Readonly<Record<string, Pieces>>;
}

export interface BinnedResult {
  /** Crews that have requests under way or may get some. */
  readonly squads: readonly Squad[];
  /** Ordinal of the last crew that was made. */
  readonly crewsMade: number;
}

/** Crews with their requests under way, while an interval is accounted for. */
export class Musters {
  readonly #load: string;
  readonly #known: readonly Squad[];
  readonly #pieces = new Map<string, Map<string, number[]>>();
  readonly #crews = new Map<string, Crew>();
  #made: number;

  constructor(load: string, known: readonly Squad[], made: number) {
    this.#load = load;
    this.#known = known;
    this.#made = made;
  }

  /** The crew of a class of targets: as it was at the last settlement if its members are the same. */
  crewOf(front: Front, { behaviour, first, keys }: PlaceClass): Crew {
    const { version = '', drain = false } = first.application ?? {};
    return this.#muster({ behaviour, front, version, drain, members: keys });
  }

  /** Some members of a crew as a crew of their own. */
  part(crew: Crew, members: Crew['members']): Crew {
    return members.length === crew.members.length ? crew : this.#muster({ ...crew, members });
  }

  #muster(wanted: Omit<Crew, 'id' | 'load'>): Crew {
    const { behaviour, front, members } = wanted;
    const same = (crew: Crew): boolean =>
      crew.behaviour === behaviour &&
      crew.front.group === front.group &&
      crew.front.loadBalancer === front.loadBalancer &&
      crew.front.scope === front.scope &&
      equal(crew.members, members);
    let crew = this.#known.find((squad) => same(squad.crew))?.crew ?? [...this.#crews.values()].find(same);
    if (!crew) {
      this.#made += 1;
      crew = { ...wanted, id: `${this.#load}/${this.#made}`, load: this.#load };
    }
    this.#crews.set(crew.id, crew);
    return crew;
  }

  /** Adds requests that end at even pace in `[from, to)`. */
  add(crew: Crew, key: string, from: number, to: number, micros: number, count: number): void {
    if (count <= 0) return;
    this.#crews.set(crew.id, crew);
    let ofCrew = this.#pieces.get(crew.id);
    if (!ofCrew) this.#pieces.set(crew.id, (ofCrew = new Map()));
    let pieces = ofCrew.get(key);
    if (!pieces) ofCrew.set(key, (pieces = []));
    pieces.push(Math.floor(from), Math.floor(to), micros, count);
  }

  result(): BinnedResult {
    const squads = [...this.#crews.values()].map((crew) => ({
      crew,
      pieces: Object.fromEntries(
        [...(this.#pieces.get(crew.id) ?? [])].map(([key, pieces]) => [key, merged(pieces)]),
      ),
    }));
    return { squads, crewsMade: this.#made };
  }
}

export function equal(some: readonly string[], others: readonly string[]): boolean {
  if (some === others) return true;
  if (some.length !== others.length) return false;
  for (let i = 0; i < some.length; i += 1) if (some[i] !== others[i]) return false;
  return true;
}

/** Most pieces that are kept for one kind of request; beyond that, neighbours are merged. */
const MOST_PIECES = 96;

/** The same requests in fewer pieces: those that end at about the same time become one. */
function merged(pieces: readonly number[]): Pieces {
  const count = pieces.length / 4;
  if (count <= MOST_PIECES) return pieces;
  const at = (i: number, member: number): number => pieces[i * 4 + member] as number;
  const order = Array.from({ length: count }, (_, i) => i).toSorted(
    (left, right) => at(left, 1) - at(right, 1) || at(left, 2) - at(right, 2) || left - right,
  );
  const found: number[] = [];
  const together = Math.ceil(count / MOST_PIECES);
  for (let i = 0; i < count; i += together) {
    const some = order.slice(i, i + together);
    const total = some.reduce((sum, one) => sum + at(one, 3), 0);
    const mean = (member: number): number =>
      Math.floor(some.reduce((sum, one) => sum + at(one, member) * at(one, 3), 0) / total);
    found.push(mean(0), mean(1), mean(2), total);
  }
  return found;
}

/** As rows keep them. */
export function cohortOf({ crew, pieces }: Squad): Cohort | undefined {
  return Object.keys(pieces).length === 0 ? undefined : { crew: crew.id, load: crew.load, pieces };
}
