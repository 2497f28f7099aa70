// Tags of ECS's resources, which its API spells with small letters.

import type { TypeName, Work } from '../provider.ts';

interface WireTag {
  key: string;
  value: string;
}

const wire = (tags: readonly { Key: string; Value: string }[]): WireTag[] =>
  tags.map(({ Key: key, Value: value }) => ({ key, value }));

/** Tags for a new resource. */
export function tagsFor<T extends TypeName>(work: Work<T>): WireTag[] {
  const { Tags } = work.properties as { Tags?: readonly { Key: string; Value: string }[] };
  return wire(work.tags(Tags));
}

/** Changes the tags of a resource as its template does. */
export function retag<T extends TypeName>(work: Work<T>, resourceArn: string): void {
  const { put, remove } = work.tagChanges();
  work.call('ecs', 'TagResource', { resourceArn, tags: wire(put) });
  if (remove.length > 0) work.call('ecs', 'UntagResource', { resourceArn, tagKeys: remove });
}
