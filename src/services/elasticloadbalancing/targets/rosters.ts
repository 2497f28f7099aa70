// Rosters: the targets of each group in key order, with what every look at a group needs. A group may have a thousand targets and
// is looked at whenever the health of one changes, so they are counted as they change, not when they are asked for.

import type { Memo } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { PlanTarget } from '#cloud/ports/routing.ts';
import { targets } from '../tables.ts';
import type { Target, TargetGroup } from '../tables.ts';

/** Targets of one zone that are registered and may get health checks. */
export interface ZoneCount {
  inUse: number;
  healthy: number;
  unhealthy: number;
}

/** A target, and how plans show it: one object as long as its row stays the same. */
export interface Entry {
  readonly row: Target;
  planned: PlanTarget | undefined;
}

export interface Roster {
  /** In key order, draining ones too. Changes with the rows: not to be held or iterated while rows are written. */
  readonly entries: readonly Entry[];
  /** How many are not draining. */
  readonly registered: number;
  readonly zones: ReadonlyMap<string, ZoneCount>;
}

class Count implements Roster {
  readonly entries: Entry[];
  readonly zones = new Map<string, ZoneCount>();
  registered = 0;
  /** What was found eligible last, and for which settings, unless something has changed since. */
  plan: { readonly failOpen: boolean; readonly targets: readonly PlanTarget[] } | undefined;
  planned: TargetGroup | undefined;

  constructor(rows: Target[]) {
    this.entries = rows.map((row) => ({ row, planned: undefined }));
    for (const row of rows) this.count(row, 1);
  }

  change(before: Target | undefined, after: Target | undefined): void {
    const { key } = (after ?? before) as Target;
    const at = this.#place(key);
    if (before) this.count(before, -1);
    if (after) this.count(after, 1);
    const entries = after ? [{ row: after, planned: undefined }] : [];
    this.entries.splice(at, before ? 1 : 0, ...entries);
    this.planned = undefined;
  }

  count({ zone, health: { state }, drainingUntil }: Target, by: 1 | -1): void {
    if (drainingUntil !== null) return;
    this.registered += by;
    if (state === 'unused') return;
    let ofZone = this.zones.get(zone);
    if (!ofZone) this.zones.set(zone, (ofZone = { inUse: 0, healthy: 0, unhealthy: 0 }));
    ofZone.inUse += by;
    if (state === 'healthy') ofZone.healthy += by;
    if (state === 'unhealthy') ofZone.unhealthy += by;
    if (ofZone.inUse === 0) this.zones.delete(zone);
  }

  #place(key: string): number {
    let [low, high] = [0, this.entries.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.entries[middle] as Entry).row.key < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** By the ARN of the group, which says the account and the region. */
const rosters: Memo<Map<string, Count>, Target> = {
  table: targets,
  empty: () => new Map(),
  changed(kept, _, before, after) {
    kept.get(((after ?? before) as Target).targetGroupArn)?.change(before, after);
  },
};

function countOf(ctx: Ctx, targetGroupArn: string): Count {
  const kept = ctx.memo(rosters);
  let known = kept.get(targetGroupArn);
  if (!known) kept.set(targetGroupArn, (known = new Count(ctx.list(targets, 'group', targetGroupArn))));
  return known;
}

/** The targets of a group in the account and region of `ctx`. */
export function rosterOf(ctx: Ctx, targetGroupArn: string): Roster {
  return countOf(ctx, targetGroupArn);
}

/**
 * The targets that get requests now. `tooFew` says below which numbers all registered ones do. The list is the same object as
 * long as the same targets are on it.
 */
export function eligible(
  ctx: Ctx,
  group: TargetGroup,
  tooFew: (healthy: number, registered: number) => boolean,
): { readonly failOpen: boolean; readonly targets: readonly PlanTarget[] } {
  const roster = countOf(ctx, group.arn);
  if (roster.plan && roster.planned === group) return roster.plan;
  const inUse: Entry[] = [];
  const healthy: Entry[] = [];
  for (const entry of roster.entries) {
    const { state } = entry.row.health;
    if (state === 'draining' || state === 'unused') continue;
    inUse.push(entry);
    if (state === 'healthy') healthy.push(entry);
  }
  const failOpen = inUse.length > 0 && tooFew(healthy.length, inUse.length);
  const found = (failOpen ? inUse : healthy).map((entry) => (entry.planned ??= planTarget(entry.row)));
  const last = roster.plan?.targets ?? [];
  const same = last.length === found.length && found.every((target, i) => target === last[i]);
  roster.plan = { failOpen, targets: same ? last : found };
  roster.planned = group;
  return roster.plan;
}

function planTarget({ instanceId, port, zone, weight, health }: Target): PlanTarget {
  return { instanceId, port, zone, weight, healthy: health.state === 'healthy' };
}
