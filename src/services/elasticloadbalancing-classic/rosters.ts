// Rosters: the instances of each load balancer in key order. A load balancer may have a thousand, and is looked at at every
// settlement, while they change rarely: the list is kept until one of them does.

import type { Memo } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { PlanTarget } from '#cloud/ports/routing.ts';
import { registrations } from './tables.ts';
import type { Registration } from './tables.ts';

interface Kept {
  readonly rows: readonly Registration[];
  /** Who is in service, as plans show them, by zone (or '' for all) and instance port. */
  readonly planned: Map<string, readonly PlanTarget[]>;
}

/** By scope and load balancer. */
const rosters: Memo<Map<string, Kept>, Registration> = {
  table: registrations,
  empty: () => new Map(),
  changed(kept, scope, before, after) {
    kept.delete(`${scope} ${((after ?? before) as Registration).loadBalancer}`);
  },
};

function keptOf(ctx: Ctx, loadBalancer: string): Kept {
  const all = ctx.memo(rosters);
  const key = `${ctx.scope} ${loadBalancer}`;
  let kept = all.get(key);
  if (!kept) {
    const rows = ctx.list(registrations, 'loadBalancer', loadBalancer);
    all.set(key, (kept = { rows, planned: new Map() }));
  }
  return kept;
}

/** The instances of a load balancer in the account and region of `ctx`, those that drain too. */
export function rosterOf(ctx: Ctx, loadBalancer: string): readonly Registration[] {
  return keptOf(ctx, loadBalancer).rows;
}

/** How plans show an instance: one object as long as its row stays the same. */
const shown = new WeakMap<Registration, Map<number, PlanTarget>>();

function planTarget(row: Registration, port: number): PlanTarget {
  let ofRow = shown.get(row);
  if (!ofRow) shown.set(row, (ofRow = new Map()));
  let target = ofRow.get(port);
  if (!target) {
    target = { instanceId: row.instanceId, port, zone: row.zone, weight: 1000, healthy: true };
    ofRow.set(port, target);
  }
  return target;
}

/** The instances in service in a zone, or in all where it is ''. The same list as long as none of them changes. */
export function inService(ctx: Ctx, loadBalancer: string, zone: string, port: number): readonly PlanTarget[] {
  const { rows, planned } = keptOf(ctx, loadBalancer);
  const key = `${zone} ${port}`;
  let found = planned.get(key);
  if (!found) {
    const there = rows.filter((row) => row.standing === 'in service' && (zone === '' || row.zone === zone));
    planned.set(key, (found = there.map((row) => planTarget(row, port))));
  }
  return found;
}
