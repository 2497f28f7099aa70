// Tags of EC2 resources, as a stack gives and changes them.

import type { Input } from '#cloud/contracts.ts';
import type { Json, TypeName, Work } from '../provider.ts';

type TagSpecification = NonNullable<Input<'ec2', 'CreateVpc'>['TagSpecifications']>[number];
export type ResourceType = NonNullable<TagSpecification['ResourceType']>;

interface Tagged {
  readonly Tags?: readonly { Key: string; Value: string }[] | undefined;
}

/** The tags with which a resource is created. */
export function tagsOfNew<T extends TypeName>(work: Work<T>, ResourceType: ResourceType): TagSpecification[] {
  const { Tags } = work.properties as Tagged;
  return [{ ResourceType, Tags: work.tags(Tags) }];
}

/** Changes the tags of a resource as its template does. */
export function retag<T extends TypeName>(work: Work<T>, id: string = work.physicalId): void {
  const { put, remove } = work.tagChanges();
  work.call('ec2', 'CreateTags', { Resources: [id], Tags: put });
  if (remove.length > 0)
    work.call('ec2', 'DeleteTags', { Resources: [id], Tags: remove.map((Key) => ({ Key })) });
}

/** What is found, in the order in which the template says it; what the template does not say comes last. */
export function inOrderOf<T>(said: readonly T[] = [], found: readonly T[] = []): T[] {
  const place = new Map(said.map((one, at) => [JSON.stringify(one), at]));
  const rank = (one: T): number => place.get(JSON.stringify(one)) ?? said.length;
  return found.toSorted((left, right) => rank(left) - rank(right));
}

/** The tags of a resource that are its own: neither AWS's nor those of all the stack's resources. */
export function ownTags<T extends TypeName>(
  work: Work<T>,
  found: readonly { Key?: string | undefined; Value?: string | undefined }[] = [],
): Json {
  const { Tags = [] } = work.properties as Tagged;
  const said = new Set(Tags.map(({ Key }) => Key));
  const own = found
    .map(({ Key = '', Value = '' }) => ({ Key, Value }))
    .filter(({ Key, Value }) => !Key.startsWith('aws:') && (said.has(Key) || work.stack.tags[Key] !== Value));
  return inOrderOf(Tags as { Key: string; Value: string }[], own) as unknown as Json;
}
