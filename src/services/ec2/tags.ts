// Tags of any EC2 resource: one row for each tag.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { actsForAws } from '#cloud/principal.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import { tagList } from '#cloud/tags.ts';
import type { Tags } from '#cloud/tags.ts';

export type ResourceType = NonNullable<
  NonNullable<Output<'ec2', 'DescribeTags'>['Tags']>[number]['ResourceType']
>;
export type TagSpecifications = Input<'ec2', 'CreateVpc'>['TagSpecifications'];
type WireTags = Input<'ec2', 'CreateTags'>['Tags'];

export interface ResourceTag {
  resourceId: string;
  resourceType: ResourceType;
  key: string;
  value: string;
}
export const resourceTags: Table<ResourceTag> = table<ResourceTag>(
  'ec2/tags',
  (row) => `${row.resourceId} ${row.key}`,
  {
    pair: (row) => tagPair(row.resourceType, row.key, row.value),
  },
);

export function tagPair(type: ResourceType, key: string, value: string): string {
  return `${type} ${key}=${value}`;
}

const TYPES: Readonly<Record<string, ResourceType>> = {
  acl: 'network-acl',
  ami: 'image',
  cgw: 'customer-gateway',
  dopt: 'dhcp-options',
  eipalloc: 'elastic-ip',
  eni: 'network-interface',
  i: 'instance',
  igw: 'internet-gateway',
  key: 'key-pair',
  lt: 'launch-template',
  nat: 'natgateway',
  pcx: 'vpc-peering-connection',
  pl: 'prefix-list',
  rtb: 'route-table',
  sg: 'security-group',
  sgr: 'security-group-rule',
  snap: 'snapshot',
  subnet: 'subnet',
  tgw: 'transit-gateway',
  'tgw-attach': 'transit-gateway-attachment',
  'tgw-rtb': 'transit-gateway-route-table',
  vgw: 'vpn-gateway',
  vol: 'volume',
  vpc: 'vpc',
  vpce: 'vpc-endpoint',
};

/** What kind of resource an id names, by its prefix. */
export function typeOfResource(id: string): ResourceType | undefined {
  const prefix = id.slice(0, id.lastIndexOf('-'));
  return Object.hasOwn(TYPES, prefix) ? TYPES[prefix] : undefined;
}

export function tagsOf(ctx: Ctx, resourceId: string): Tags {
  const rows = ctx.scan(resourceTags, { prefix: `${resourceId} ` });
  return Object.fromEntries(rows.map(({ key, value }) => [key, value]));
}

/** As `[{ Key, Value }]`. */
export function tagsShown(ctx: Ctx, resourceId: string): { Key: string; Value: string }[] {
  return tagList(tagsOf(ctx, resourceId));
}

/** The same for resources that say nothing of tags where there are none: instances, volumes, snapshots and images do so. */
export function someTagsShown(ctx: Ctx, resourceId: string): { Tags?: { Key: string; Value: string }[] } {
  const Tags = tagsShown(ctx, resourceId);
  return Tags.length === 0 ? {} : { Tags };
}

/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html */
const MOST_TAGS = 50;
const LONGEST_KEY = 128;
const LONGEST_VALUE = 256;

/** Adds or overwrites tags, within EC2's rules. */
export function putTags(ctx: Ctx, resourceId: string, tags: WireTags): void {
  for (const { Key = '', Value = '' } of tags) {
    if (Key === '') throw new Fault('InvalidParameterValue', 'Tag key cannot be null or empty.');
    if (Key.length > LONGEST_KEY || Value.length > LONGEST_VALUE) {
      const [what, longest] =
        Key.length > LONGEST_KEY ? ['Tag key', LONGEST_KEY] : ['Tag value', LONGEST_VALUE];
      throw new Fault('InvalidParameterValue', `${what} exceeds the maximum length of ${longest} characters`);
    }
    if (Key.startsWith('aws:') && !actsForAws(ctx.principal)) {
      throw new Fault(
        'InvalidParameterValue',
        `Value ( ${Key} ) for parameter key is invalid. Tag keys starting with 'aws:' are reserved for internal use`,
      );
    }
    setTag(ctx, resourceId, Key, Value);
  }
  const own = Object.keys(tagsOf(ctx, resourceId)).filter((key) => !key.startsWith('aws:'));
  if (own.length > MOST_TAGS)
    throw new Fault('TagLimitExceeded', `The maximum number of tags is ${MOST_TAGS}`);
}

/** Writes a tag as EC2 itself. */
export function setTag(ctx: Ctx, resourceId: string, key: string, value: string): void {
  ctx.put(resourceTags, { resourceId, resourceType: typeOfResource(resourceId) as ResourceType, key, value });
}

export function removeTagsOf(ctx: Ctx, resourceId: string): void {
  for (const { key } of ctx.scan(resourceTags, { prefix: `${resourceId} ` }))
    ctx.delete(resourceTags, `${resourceId} ${key}`);
}

/**
 * The tags that a request gives to one kind of resource. Throws for kinds that the operation does not create.
 */
export function tagsFor(
  specifications: TagSpecifications,
  type: ResourceType,
  creates: readonly ResourceType[] = [type],
): WireTags {
  // Instances and volumes have another code for this than what belongs to the network.
  const code = creates.includes('volume') ? 'InvalidParameterValue' : 'InvalidParameter';
  for (const { ResourceType, Tags = [] } of specifications ?? []) {
    if (ResourceType === undefined)
      throw new Fault(code, 'Tag specification resource type must have a value');
    if (Tags.length === 0) throw new Fault(code, 'Tag specification must have at least one tag');
    if (!creates.includes(ResourceType)) {
      throw new Fault(code, `'${ResourceType}' is not a valid taggable resource type for this operation.`);
    }
  }
  return (specifications ?? []).filter((one) => one.ResourceType === type).flatMap((one) => one.Tags ?? []);
}

/** Tags a resource that has just been created. */
export function tagCreated(ctx: Ctx, specifications: TagSpecifications, resourceId: string): void {
  putTags(ctx, resourceId, tagsFor(specifications, typeOfResource(resourceId) as ResourceType));
}
