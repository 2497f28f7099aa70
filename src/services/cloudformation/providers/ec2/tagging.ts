// Tags of EC2 resources, as a stack gives and changes them.

import type { Input } from '#cloud/contracts.ts';
import type { Json, TypeName, Work } from '../provider.ts';

type TagSpecification = NonNullable<Input<'ec2', 'CreateVpc'>['TagSpecifications']>[number];
export type ResourceType = NonNullable<TagSpecification['ResourceType']>;

interface Tagged {
  readonly Tags?: readonly { Key: string; Value: string }[] | undefined;
}

/**
 * Types that CloudFormation does not put tags of its own on, as LocalStack's test_deploy_prefix_list and
 * test_deploy_vpc_endpoint recorded.
 */
const NO_SYSTEM_TAGS: ReadonlySet<TypeName> = new Set(['AWS::EC2::PrefixList', 'AWS::EC2::VPCEndpoint']);

/** The tags with which a resource is created. */
export function tagsOfNew<T extends TypeName>(work: Work<T>, ResourceType: ResourceType): TagSpecification[] {
  const { Tags } = work.properties as Tagged;
  const tags = work.tags(Tags, { system: !NO_SYSTEM_TAGS.has(work.typeName as TypeName) });
  return tags.length === 0 ? [] : [{ ResourceType, Tags: tags }];
}

/** Changes the tags of a resource as its template does. */
export function retag<T extends TypeName>(work: Work<T>, id: string = work.physicalId): void {
  const { put, remove } = work.tagChanges({ system: !NO_SYSTEM_TAGS.has(work.typeName as TypeName) });
  if (put.length > 0) work.call('ec2', 'CreateTags', { Resources: [id], Tags: put });
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
