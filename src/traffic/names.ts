// Clients that keep DNS answers. A load whose host is a name of a hosted zone comes from many clients, each with an equal share of
// the requests. A client goes where its last answer leads and asks again when that has expired, so that a change of records moves
// traffic as fast as the old answers expire.

import { table, timer } from '#world/index.ts';
import type { Table, TimerKind } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { active } from '#cloud/injections.ts';
import { dns } from '#cloud/ports/dns.ts';
import { routing } from '#cloud/ports/routing.ts';
import type { DnsChoice } from '#cloud/ports/dns.ts';
import type { Load } from './load.ts';

/** What the clients of a load have kept: client `i` goes to `hosts[answer[i]]` until `until[i]`. */
export interface Caches {
  readonly load: string;
  /** Load balancers' own names; '' is nowhere. */
  readonly hosts: readonly string[];
  readonly answer: readonly number[];
  /** Epoch ms. */
  readonly until: readonly number[];
  /** How often each has asked: the ordinal under which it draws its next answer. */
  readonly asked: readonly number[];
}

export const caches: Table<Caches> = table<Caches>('traffic/caches', (row) => row.load);

/** Binned resolution spreads an interval's requests evenly: it is settled often enough for that while answers expire. */
export const namesDue: TimerKind<{ load: string }> = timer<{ load: string }>('traffic/names-due', {
  background: true,
});

/** How many clients a load has unless it says so. */
const CLIENTS = 1000;
/** An answer is kept for a second at least, and nothing for as long as Route 53 has that remembered. */
const SHORTEST_MS = 1000;
const NOWHERE: DnsChoice = { share: 1, records: [], ttlSeconds: 900, sets: [] };

/** A client gets another answer. */
interface Turn {
  readonly client: number;
  /** Epoch ms. */
  readonly at: number;
  readonly answer: number;
}

/** Where the clients of a load go in an interval. */
export interface Naming {
  readonly hosts: readonly string[];
  /** Of the requests of the interval, by host. */
  readonly shares: readonly number[];
  readonly before: Caches;
  /** In the order of time. */
  readonly turns: readonly Turn[];
  readonly after: Caches;
}

/** Nothing for a load that names a load balancer itself, or a name that no zone has. */
export function naming(world: Ctx, load: Load, from: number, to: number): Naming | undefined {
  const kept = world.get(caches, load.id);
  const asking = new Asking(world, load);
  if (!kept && !asking.applies) return undefined;
  const before = kept ?? asking.first(from);
  return asking.until(before, from, to);
}

class Asking {
  readonly #world: Ctx;
  readonly #load: Load;
  readonly #draw: (ordinal: number) => number;
  #choices: readonly DnsChoice[] | undefined;

  constructor(world: Ctx, load: Load) {
    this.#world = world;
    this.#load = load;
    this.#draw = world.random('traffic/names', load.id);
  }

  get applies(): boolean {
    const { scope, host, port, path, method } = this.#load;
    const there = this.#world.inScope(scope);
    if (there.port(routing).plan(there, { host, port, path, method })) return false;
    return this.#ask() !== undefined;
  }

  /** The clients were there before the load began: their answers expire at any time from now on. */
  first(from: number): Caches {
    const hosts: string[] = [];
    const [answer, until, asked]: number[][] = [[], [], []] as [number[], number[], number[]];
    const phase = this.#world.random('traffic/phases', this.#load.id);
    for (let client = 0; client < this.#clients; client += 1) {
      const choice = this.#answer(client, 0);
      answer?.push(place(hosts, choice));
      until?.push(from + Math.floor(phase(client) * keptMs(choice)));
      asked?.push(1);
    }
    return { load: this.#load.id, hosts, answer, until, asked } as Caches;
  }

  /** All that expires before `to` is asked for again. */
  until(before: Caches, from: number, to: number): Naming {
    const { startedAt, endsAt = to } = this.#load;
    const hosts = [...before.hosts];
    const [answer, until, asked] = [[...before.answer], [...before.until], [...before.asked]];
    const turns: Turn[] = [];
    const keeps = this.#keeping();
    // Nobody asks when no request comes any more.
    const last = Math.min(to, Math.max(endsAt, startedAt));
    for (let client = 0; client < answer.length; client += 1) {
      while ((until[client] as number) < last && !keeps(client)) {
        const at = Math.max(from, until[client] as number);
        const choice = this.#answer(client, asked[client] as number);
        answer[client] = place(hosts, choice);
        until[client] = at + keptMs(choice);
        asked[client] = (asked[client] as number) + 1;
        turns.push({ client, at, answer: answer[client] as number });
      }
    }
    turns.sort((left, right) => left.at - right.at || left.client - right.client);
    const after = turns.length > 0 ? { ...before, hosts, answer, until, asked } : before;
    return { hosts, shares: sharesOf(before, turns, hosts.length, from, last), before, turns, after };
  }

  get #clients(): number {
    return this.#load.clients ?? CLIENTS;
  }

  #ask(): readonly DnsChoice[] | undefined {
    const there = this.#world.inScope(this.#load.scope);
    this.#choices ??= there
      .port(dns)
      .choices(there, { name: this.#load.host, type: 'A', region: there.region });
    return this.#choices;
  }

  #answer(client: number, asked: number): DnsChoice {
    const draw = this.#draw(asked * this.#clients + client);
    let upTo = 0;
    for (const choice of this.#ask() ?? []) {
      upTo += choice.share;
      if (draw < upTo) return choice;
    }
    return this.#ask()?.at(-1) ?? NOWHERE;
  }

  /** Which clients keep what they have, whatever its TTL. */
  #keeping(): (client: number) => boolean {
    const perMille = Math.max(0, ...active(this.#world, 'stale-dns').map((injection) => injection.perMille));
    const draw = this.#world.random('traffic/stale-names', this.#load.id);
    return (client) => perMille > 0 && draw(client) * 1000 < perMille;
  }
}

function keptMs({ ttlSeconds }: DnsChoice): number {
  return Math.max(SHORTEST_MS, ttlSeconds * 1000);
}

function place(hosts: string[], { host = '' }: DnsChoice): number {
  const known = hosts.indexOf(host);
  return known >= 0 ? known : hosts.push(host) - 1;
}

/** Parts of the clients' time in `[from, to)` that they spend on each host. */
function sharesOf(
  { answer }: Caches,
  turns: readonly Turn[],
  hosts: number,
  from: number,
  to: number,
): number[] {
  const now = [...answer];
  const shares = Array.from({ length: hosts }, () => 0);
  for (const one of now) shares[one] = (shares[one] as number) + 1;
  const width = Math.max(1, to - from);
  for (const { client, at, answer: next } of turns) {
    const rest = Math.max(0, to - at) / width;
    const last = now[client] as number;
    shares[last] = (shares[last] as number) - rest;
    shares[next] = (shares[next] as number) + rest;
    now[client] = next;
  }
  return shares.map((share) => Math.max(0, share) / Math.max(1, now.length));
}

/** Says for each request, in the order of arrival, to which of the hosts it goes. */
export function following(
  world: Ctx,
  load: Load,
  { before, turns }: Naming,
): (ordinal: number, micros: number) => number {
  const now = [...before.answer];
  const draw = world.random('traffic/clients', load.id);
  let next = 0;
  return (ordinal, micros) => {
    const at = load.startedAt + micros / 1000;
    for (; next < turns.length && (turns[next] as Turn).at <= at; next += 1) {
      const { client, answer } = turns[next] as Turn;
      now[client] = answer;
    }
    return now[Math.floor(draw(ordinal) * now.length)] as number;
  };
}

/** Where one request of a load goes now, for whoever sends requests one by one. */
export function hostNow(world: Ctx, load: Load, ordinal: number): string {
  const found = naming(world, load, world.now, world.now + 1);
  if (!found) return load.host;
  if (found.after !== world.get(caches, load.id)) world.put(caches, found.after);
  const { answer, hosts } = found.after;
  const client = Math.floor(world.random('traffic/clients', load.id)(ordinal) * answer.length);
  return hosts[answer[client] as number] as string;
}
