// What identifies a metric: namespace, name and the exact set of dimensions.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html

import { Fault } from '#contract/fault.ts';
import type { MetricId } from '#cloud/ports/metrics.ts';

/** Dimensions as AWS spells them on the wire. */
export type WireDimensions = readonly { readonly Name: string; readonly Value: string }[];

/**
 * The metric's identity as text: a JSON array of namespace, name and dimensions in the order of their names. No key is the
 * beginning of another, and the keys of a namespace stand together.
 */
export function metricKey({ namespace, name, dimensions }: MetricId): string {
  const flat = Object.keys(dimensions)
    .toSorted()
    .flatMap((dimension) => [dimension, dimensions[dimension] as string]);
  return JSON.stringify([namespace, name, ...flat]);
}

export function dimensionsOf(wire: WireDimensions = []): Readonly<Record<string, string>> {
  const found: [string, string][] = wire.map(({ Name, Value }) => [Name, Value]);
  if (new Set(found.map(([name]) => name)).size < found.length) {
    throw new Fault('InvalidParameterValueException', 'No two dimensions can have the same name.');
  }
  return Object.fromEntries(found);
}

export function wireDimensions(
  dimensions: Readonly<Record<string, string>>,
): { Name: string; Value: string }[] {
  return Object.keys(dimensions)
    .toSorted()
    .map((Name) => ({ Name, Value: dimensions[Name] as string }));
}
