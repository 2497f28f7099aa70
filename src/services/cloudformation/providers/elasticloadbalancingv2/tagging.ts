// Tags of load balancers and what belongs to them.

import type { TypeName, Work } from '../provider.ts';

export function retag<T extends TypeName>(work: Work<T>): void {
  const { put, remove } = work.tagChanges();
  const ResourceArns = [work.physicalId];
  work.call('elasticloadbalancing', 'AddTags', { ResourceArns, Tags: put });
  if (remove.length > 0) work.call('elasticloadbalancing', 'RemoveTags', { ResourceArns, TagKeys: remove });
}

interface Attribute {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

/** Attributes that were said before and are no longer go back to what they were at first. */
export function attributeChanges(
  before: readonly Attribute[] = [],
  after: readonly Attribute[] = [],
  defaults: Readonly<Record<string, string>> = {},
): { Key: string; Value: string }[] {
  const said = new Map(after.map(({ Key = '', Value = '' }) => [Key, Value]));
  const known = new Map(before.map(({ Key = '', Value = '' }) => [Key, Value]));
  const dropped = [...known.keys()].filter((Key) => !said.has(Key) && defaults[Key] !== undefined);
  return [
    ...[...said].filter(([Key, Value]) => known.get(Key) !== Value).map(([Key, Value]) => ({ Key, Value })),
    ...dropped.map((Key) => ({ Key, Value: defaults[Key] as string })),
  ];
}

/** What is read of the attributes that the template says. */
export function saidAttributes(
  said: readonly Attribute[] | undefined,
  found: readonly Attribute[] | undefined = [],
): { Key: string; Value: string }[] {
  const now = new Map(found.map(({ Key = '', Value = '' }) => [Key, Value]));
  return (said ?? []).map(({ Key = '' }) => ({ Key, Value: now.get(Key) ?? '' }));
}
