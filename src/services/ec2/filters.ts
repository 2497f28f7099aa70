// Filters of Describe operations: all filters must match, any value of a filter is enough, `*` and `?` are
// wildcards.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html

import { Fault } from '#contract/fault.ts';
import type { Tags } from '#cloud/tags.ts';
import { fitsWildcards, MANY, ONE } from '#cloud/wildcards.ts';

interface Filter {
  readonly Name?: string | undefined;
  readonly Values?: readonly string[] | undefined;
}

type Value = string | boolean | number | undefined;

/** What an operation can filter by: the filter's name, and its values in a row. */
export interface Filterable<R> {
  readonly operation: string;
  readonly values: Readonly<Record<string, (row: R) => Value | readonly Value[]>>;
  readonly tags?: (row: R) => Tags;
}

/** Whether a row passes the filters. Throws for a filter that this operation does not know here. */
export function filtered<R>(filters: readonly Filter[] | undefined, by: Filterable<R>): (row: R) => boolean {
  const tests = (filters ?? []).map((filter) => test(filter, by));
  return (row) => tests.every((passes) => passes(row));
}

/** A filter without values lets nothing pass. */
function test<R>({ Name, Values = [] }: Filter, by: Filterable<R>): (row: R) => boolean {
  if (Name === undefined) throw new Fault('InvalidParameterValue', "The filter 'null' is invalid");
  const wanted = Values.map(pattern);
  const read = reader(Name, by);
  return (row) => {
    const found = read(row);
    const values = Array.isArray(found) ? (found as readonly Value[]) : [found as Value];
    return values.some((value) => value !== undefined && wanted.some((matches) => matches(String(value))));
  };
}

function reader<R>(
  name: string,
  { operation, values, tags }: Filterable<R>,
): (row: R) => Value | readonly Value[] {
  if (tags && name === 'tag-key') return (row) => Object.keys(tags(row));
  // An older filter, which AWS still takes.
  if (tags && name === 'tag-value') return (row) => Object.values(tags(row));
  if (tags && name.startsWith('tag:')) return (row) => tags(row)[name.slice('tag:'.length)];
  const read = Object.hasOwn(values, name) ? values[name] : undefined;
  if (!read)
    throw new Fault('NotImplemented', `The filter ${name} of ec2:${operation} is not modelled by Sandtable.`);
  return read;
}

function pattern(value: string): (text: string) => boolean {
  if (!/[*?\\]/.test(value)) return (text) => text === value;
  const wildcards = value.replaceAll(/\\([*?\\])|([*])|([?])/g, (_, literal: string | undefined, many) => {
    if (literal !== undefined) return literal;
    return many === undefined ? ONE : MANY;
  });
  return (text) => fitsWildcards(wildcards, text);
}
