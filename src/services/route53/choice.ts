// Which of several record sets of one name and type is answered: by policy, among those that are healthy.
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-how-route-53-chooses-records.html

import type { Policy, RecordSet } from './tables.ts';

/** A record set and its share of the answers, 0 to 1. */
export interface Chosen {
  readonly record: RecordSet;
  readonly share: number;
}

/** Sets of one name and type, with their shares of the answers. Sets of multivalue answers come all with a share of 1. */
export function choose(
  sets: readonly RecordSet[],
  healthy: (record: RecordSet) => boolean,
  region: string,
): readonly Chosen[] {
  const [first] = sets;
  if (!first) return [];
  switch (first.policy.kind) {
    case 'weighted':
      return byWeight(sets, healthy);
    case 'failover':
      return only(byFailover(sets, healthy));
    case 'latency':
      return only(byLatency(orAll(sets, healthy), region));
    case 'multivalue':
      return orAll(sets, healthy).map((record) => ({ record, share: 1 }));
    default:
      return only(first);
  }
}

function only(record: RecordSet): Chosen[] {
  return [{ record, share: 1 }];
}

/** The healthy ones, or all where none is: something is always answered. */
function orAll(sets: readonly RecordSet[], healthy: (record: RecordSet) => boolean): readonly RecordSet[] {
  const found = sets.filter(healthy);
  return found.length > 0 ? found : sets;
}

function weightOf({ policy }: RecordSet): number {
  return policy.kind === 'weighted' ? policy.weight : 0;
}

/**
 * In proportion to the weights of the healthy ones. Sets of weight 0 stand back until no other is healthy; where all that are
 * left have weight 0, they share alike.
 */
function byWeight(sets: readonly RecordSet[], healthy: (record: RecordSet) => boolean): Chosen[] {
  const [weighty, weightless] = [
    sets.filter((record) => weightOf(record) > 0),
    sets.filter((record) => weightOf(record) === 0),
  ];
  const preferred = [weighty.filter(healthy), weightless.filter(healthy), weighty, weightless];
  const found = preferred.find((some) => some.length > 0) ?? [];
  const whole = found.reduce((sum, record) => sum + weightOf(record), 0);
  return found.map((record) => ({
    record,
    share: whole > 0 ? weightOf(record) / whole : 1 / found.length,
  }));
}

function byFailover(sets: readonly RecordSet[], healthy: (record: RecordSet) => boolean): RecordSet {
  const withRole = (role: string): RecordSet | undefined =>
    sets.find(({ policy }) => policy.kind === 'failover' && policy.role === role);
  const [primary, secondary] = [withRole('PRIMARY'), withRole('SECONDARY')];
  if (!primary || !secondary) return (primary ?? secondary) as RecordSet;
  return !healthy(primary) && healthy(secondary) ? secondary : primary;
}

function regionOf(policy: Policy): string {
  return policy.kind === 'latency' ? policy.region : '';
}

/**
 * The record of the region from where is asked; else of the one whose name begins alike (`eu-`), else the first by name. AWS
 * measures latencies and does not publish them.
 */
function byLatency(sets: readonly RecordSet[], region: string): RecordSet {
  const sorted = sets.toSorted((left, right) => (regionOf(left.policy) < regionOf(right.policy) ? -1 : 1));
  const continent = `${region.split('-')[0] ?? ''}-`;
  return (sorted.find(({ policy }) => regionOf(policy) === region) ??
    sorted.find(({ policy }) => regionOf(policy).startsWith(continent)) ??
    sorted[0]) as RecordSet;
}
