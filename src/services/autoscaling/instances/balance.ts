// Which zone gets the next instance, and what would even zones out. Pure.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-availability-zone-balanced.html

/** How many instances each zone has, in the order of the zones. */
export type Counts = ReadonlyMap<string, number>;

export function countByZone(
  zones: readonly string[],
  members: readonly { zone: string }[],
): Map<string, number> {
  const counts = new Map(zones.map((zone) => [zone, 0]));
  for (const { zone } of members) counts.set(zone, (counts.get(zone) ?? 0) + 1);
  return counts;
}

/** The zone with the fewest instances among those that are open; the first of several. */
export function emptiest(counts: Counts, open: readonly string[]): string | undefined {
  return open.toSorted((left, right) => (counts.get(left) ?? 0) - (counts.get(right) ?? 0))[0];
}

/**
 * Zones into which one instance each should move, so that no zone has two more than another and none is in
 * a zone that the group has left. `movable` counts the instances of each zone that may be terminated
 * afterwards.
 */
export function moves(counts: Counts, zones: readonly string[], movable: Counts): string[] {
  const now = new Map(counts);
  const free = new Map(movable);
  const targets: string[] = [];
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  for (let i = 0; i < total; i += 1) {
    const to = emptiest(now, zones);
    const from = giver(now, zones, free);
    if (to === undefined || from === undefined) break;
    const inside = zones.includes(from);
    if (inside && (now.get(from) ?? 0) - (now.get(to) ?? 0) < 2) break;
    now.set(to, (now.get(to) ?? 0) + 1);
    now.set(from, (now.get(from) ?? 0) - 1);
    free.set(from, (free.get(from) ?? 0) - 1);
    targets.push(to);
  }
  return targets;
}

/**
 * The zone that gives: one that the group has left, or else the fullest, of those that can spare an
 * instance.
 */
function giver(counts: Counts, zones: readonly string[], movable: Counts): string | undefined {
  const able = [...counts.keys()].filter((zone) => (movable.get(zone) ?? 0) > 0);
  const left = able.find((zone) => !zones.includes(zone));
  return left ?? able.toSorted((one, other) => (counts.get(other) ?? 0) - (counts.get(one) ?? 0))[0];
}
