// Which target a request goes to: target group by weight, then target by the group's algorithm. Simulated requests and real
// ones choose here.

import type { Ctx } from '#cloud/ctx.ts';
import type { Plan, PlanGroup, PlanTarget } from '#cloud/ports/routing.ts';

type Forward = Extract<Plan, { kind: 'forward' }>;

/** A choice among weighted things, prepared for many draws. */
export interface Weighted {
  /** Upper end of each thing's part of [0, 1). */
  readonly edges: Float64Array;
  readonly equal: boolean;
}

export function weighted(weights: readonly number[]): Weighted {
  let whole = 0;
  for (const weight of weights) whole += weight;
  let upTo = 0;
  const edges = Float64Array.from(weights, (weight) => (upTo += weight) / whole);
  return { edges, equal: weights.every((weight) => weight === weights[0]) };
}

/** The thing that a draw from [0, 1) falls on. */
export function pick({ edges }: Weighted, draw: number): number {
  let [low, high] = [0, edges.length - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (draw < (edges[middle] as number)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Fractional part of the golden ratio: multiples of it fill [0, 1) as evenly as any sequence does. */
const GOLDEN = 0.618033988749895;

/** Whose turn it is: strictly in turn where weights are equal, otherwise interleaved in proportion to them. */
export function inTurn(choice: Weighted, turn: number): number {
  if (choice.equal) return turn % choice.edges.length;
  const place = turn * GOLDEN;
  return pick(choice, place - Math.floor(place));
}

/** Weights of the groups of a forward action; all requests to a group without targets fail, its share is not shared out. */
function groupWeights({ groups }: Forward): number[] {
  return groups.map((group) => group.weight);
}

export function targetWeights({ targets }: PlanGroup): number[] {
  return targets.map((target) => target.weight);
}

/**
 * Where one request goes: a target, or the status that the load balancer answers by itself; nothing where nobody listens.
 * `key` is the request's logical identity: the same request under the same plan goes to the same target. For whoever sends
 * requests one by one; round robin and least outstanding requests are a uniform choice here.
 */
export function chooseTarget(ctx: Ctx, plan: Plan | undefined, key: string): PlanTarget | number | undefined {
  if (!plan || plan.kind === 'refused') return undefined;
  if (plan.kind === 'respond') return plan.status;
  const draw = ctx.everywhere.random('traffic/choice', key);
  const weights = groupWeights(plan);
  const group = weights.some((weight) => weight > 0)
    ? plan.groups[pick(weighted(weights), draw(0))]
    : undefined;
  if (!group || group.targets.length === 0) return 503;
  return group.targets[pick(weighted(targetWeights(group)), draw(1))];
}

/**
 * Shares of requests that targets get under least outstanding requests, where the ones of class `i` are `members[i]` targets
 * that take `seconds[i]` each, at `perSecond` requests in all. The limit of many targets: all have m or m + 1 requests under
 * way, and a new one goes to one with m.
 */
export function leastOutstandingShares(
  members: readonly number[],
  seconds: readonly number[],
  perSecond: number,
): number[] {
  const speed = (i: number): number => (members[i] as number) / (seconds[i] as number);
  let speeds = 0;
  for (let i = 0; i < members.length; i += 1) speeds += speed(i);
  const m = Math.floor(perSecond / speeds);
  // How many requests a class takes when one with m requests is offered `offered` a second.
  const taken = (i: number, offered: number): number => {
    const busy = offered * (seconds[i] as number);
    return speed(i) * (m + busy / (busy + m + 1));
  };
  let [low, high] = [0, 1];
  const total = (offered: number): number =>
    members.reduce((sum, _, i) => sum + (taken(i, offered) as number), 0);
  while (total(high) < perSecond && high < 1e15) high *= 2;
  for (let i = 0; i < 60; i += 1) {
    const middle = (low + high) / 2;
    if (total(middle) < perSecond) low = middle;
    else high = middle;
  }
  const all = total(high);
  return members.map((_, i) => (all > 0 ? taken(i, high) / all : 0));
}
