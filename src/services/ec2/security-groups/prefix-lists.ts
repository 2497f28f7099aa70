// Managed prefix lists: named sets of IPv4 or IPv6 blocks for security groups and route tables, and AWS's own ones.
// https://docs.aws.amazon.com/vpc/latest/userguide/managed-prefix-lists.html

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import { pageOf } from '#cloud/pagination.ts';
import { networkChanged } from '#cloud/ports/instances.ts';
import type { Operations } from '#cloud/service.ts';
import { filtered } from '../filters.ts';
import { once, unmodelled } from '../requests.ts';
import { removeTagsOf, tagCreated, tagsOf, tagsShown } from '../tags.ts';
import { formatBlock, parseBlock, parseNetwork } from '../vpcs/cidr.ts';
import type { Block } from '../vpcs/cidr.ts';
import { GATEWAY_SERVICES, gatewayPrefixList } from '../vpcs/endpoint-services.ts';
import { ipv6Block } from '../vpcs/ipv6.ts';
import { routeTables, securityGroupRules, vpcs } from '../vpcs/network.ts';

type WireList = NonNullable<Output<'ec2', 'DescribeManagedPrefixLists'>['PrefixLists']>[number];
type Entries = NonNullable<Input<'ec2', 'CreateManagedPrefixList'>['Entries']>;

interface Entry {
  readonly cidr: string;
  readonly description?: string;
}

/** A list of a customer's, or one of AWS's that every account of the region sees. */
export interface PrefixList {
  prefixListId: string;
  name: string;
  family: 'IPv4' | 'IPv6';
  /** How many rules a reference to it counts for. */
  maxEntries: number;
  /** Counts the changes of its entries, from 1. */
  version: number;
  state: 'create-complete' | 'delete-failed' | 'modify-complete' | 'restore-complete';
  entries: readonly Entry[];
  /** What it listed before its last change, as far as that is kept. */
  earlier?: readonly { readonly version: number; readonly entries: readonly Entry[] }[];
}
export const prefixLists: Table<PrefixList> = table<PrefixList>(
  'ec2/prefix-lists',
  (row) => row.prefixListId,
);

/**
 * Ids of `com.amazonaws.global.cloudfront.origin-facing`, as AWS's published templates name them. What it lists is where
 * CloudFront comes from; nothing here does, so no rule that names it ever matches.
 * https://github.com/aws-cloudformation/aws-cloudformation-templates
 */
const CLOUDFRONT: Readonly<Record<string, string>> = {
  'ap-northeast-1': 'pl-58a04531',
  'ap-northeast-2': 'pl-22a6434b',
  'ap-south-1': 'pl-9aa247f3',
  'ap-southeast-1': 'pl-31a34658',
  'ap-southeast-2': 'pl-b8a742d1',
  'ca-central-1': 'pl-38a64351',
  'eu-central-1': 'pl-a3a144ca',
  'eu-north-1': 'pl-fab65393',
  'eu-west-1': 'pl-4fa04526',
  'eu-west-2': 'pl-93a247fa',
  'eu-west-3': 'pl-75b1541c',
  'sa-east-1': 'pl-5da64334',
  'us-east-1': 'pl-3b927c52',
  'us-east-2': 'pl-b6a144df',
  'us-west-1': 'pl-4ea04527',
  'us-west-2': 'pl-82a045eb',
};
/** https://docs.aws.amazon.com/vpc/latest/userguide/working-with-aws-managed-prefix-lists.html */
const CLOUDFRONT_WEIGHT = 55;

/** AWS's lists of a region. The ids of the gateway services are fixed for each region, and others than AWS's. */
function awsLists(ctx: Ctx): PrefixList[] {
  const base = { family: 'IPv4', version: 1, state: 'create-complete' } as const;
  const gateways = Object.entries(GATEWAY_SERVICES).map(([name, blocks]): PrefixList => {
    const serviceName = `com.amazonaws.${ctx.region}.${name}`;
    const entries = blocks.map((cidr) => ({ cidr }));
    const prefixListId = gatewayPrefixList(ctx, serviceName);
    return { ...base, prefixListId, name: serviceName, maxEntries: entries.length, entries };
  });
  const cloudFront = CLOUDFRONT[ctx.region];
  if (cloudFront === undefined) return gateways;
  const name = 'com.amazonaws.global.cloudfront.origin-facing';
  return [
    ...gateways,
    { ...base, prefixListId: cloudFront, name, maxEntries: CLOUDFRONT_WEIGHT, entries: [] },
  ];
}

function isOwn(ctx: Ctx, { prefixListId }: PrefixList): boolean {
  return ctx.get(prefixLists, prefixListId) !== undefined;
}

function find(ctx: Ctx, id: string): PrefixList | undefined {
  return ctx.get(prefixLists, id) ?? awsLists(ctx).find((one) => one.prefixListId === id);
}

/** Any list that may be named, or EC2's answer where there is none. */
export function prefixListOf(ctx: Ctx, id: string | undefined): PrefixList {
  const found = id === undefined ? undefined : find(ctx, id);
  if (found) return found;
  if (!/^pl-[0-9a-f]{8}([0-9a-f]{9})?$/.test(id ?? ''))
    throw new Fault('InvalidPrefixListId.Malformed', `Invalid id: "${id ?? ''}" (expecting "pl-...")`);
  throw new Fault('InvalidPrefixListID.NotFound', `The prefix list ID '${id}' does not exist`);
}

/** A customer's list: AWS's cannot be changed. */
function ownListOf(ctx: Ctx, id: string | undefined): PrefixList {
  const found = prefixListOf(ctx, id);
  if (isOwn(ctx, found)) return found;
  throw new Fault('UnauthorizedOperation', 'You are not authorized to perform this operation.', {
    status: 403,
  });
}

/** The IPv4 blocks of a list, none where the list is gone. */
export function prefixListBlocks(ctx: Ctx, id: string): Block[] {
  const found = find(ctx, id);
  return found?.family === 'IPv4' ? found.entries.map(({ cidr }) => parseBlock(cidr) as Block) : [];
}

function entriesOf(family: PrefixList['family'], entries: Entries): Entry[] {
  return entries.map(({ Cidr, Description }) => {
    const network = family === 'IPv4' ? parseNetwork(Cidr) : undefined;
    const cidr = family === 'IPv4' ? network && formatBlock(network) : ipv6Block(Cidr);
    if (cidr === undefined)
      throw new Fault('InvalidParameterValue', `The CIDR block ${Cidr} is not a valid ${family} CIDR block.`);
    return { cidr, ...(Description === undefined ? {} : { description: Description }) };
  });
}

function checkCount(entries: readonly Entry[], maxEntries: number): void {
  if (new Set(entries.map(({ cidr }) => cidr)).size < entries.length)
    throw new Fault('InvalidParameterValue', 'The entries of a prefix list must not repeat a CIDR block.');
  if (entries.length > maxEntries) {
    throw new Fault(
      'PrefixListMaxEntriesExceeded',
      `You've reached the maximum number of entries for the prefix list: ${maxEntries}.`,
    );
  }
}

/** The entries that a list has or had. */
function entriesAt(
  { prefixListId, version, entries, earlier = [] }: PrefixList,
  wanted: number,
): readonly Entry[] {
  const found = [...earlier, { version, entries }].find((one) => one.version === wanted)?.entries;
  if (found) return found;
  throw new Fault('InvalidParameterValue', `The prefix list '${prefixListId}' has no version ${wanted}.`);
}

/** The next version of a list. */
function setEntries(ctx: Ctx, list: PrefixList, state: PrefixList['state'], entries: readonly Entry[]): void {
  const { version } = list;
  const earlier = [...(list.earlier ?? []), { version, entries: list.entries }];
  ctx.update(prefixLists, list, { version: version + 1, state, entries, earlier });
  for (const { vpcId } of ctx.list(vpcs)) ctx.emit(networkChanged, { vpcId });
}

/** Security groups and route tables that name a list. */
function usersOf(ctx: Ctx, id: string): string[] {
  const groups = ctx
    .list(securityGroupRules)
    .filter(({ peer }) => peer.kind === 'prefixList' && peer.value === id)
    .map(({ groupId }) => groupId);
  const tables = ctx
    .list(routeTables)
    .filter(({ routes }) => routes.some(({ destination }) => destination === id))
    .map(({ routeTableId }) => routeTableId);
  return [...new Set([...groups, ...tables])].toSorted();
}

function describe(ctx: Ctx, list: PrefixList): WireList {
  const { prefixListId } = list;
  const own = isOwn(ctx, list);
  const account = own ? ctx.account : 'aws';
  return {
    PrefixListId: prefixListId,
    PrefixListName: list.name,
    AddressFamily: list.family,
    State: list.state,
    StateMessage:
      list.state === 'delete-failed' ? 'The prefix list has dependencies and cannot be deleted.' : undefined,
    PrefixListArn: `arn:aws:ec2:${ctx.region}:${account}:prefix-list/${prefixListId}`,
    OwnerId: own ? ctx.account : 'AWS',
    ...(own && { MaxEntries: list.maxEntries, Version: list.version }),
    Tags: tagsShown(ctx, prefixListId),
  };
}

/** Those that a request names, or all. */
function chosen(ctx: Ctx, ids: readonly string[] = []): PrefixList[] {
  if (ids.length > 0) return ids.map((id) => prefixListOf(ctx, id));
  return [...ctx.list(prefixLists), ...awsLists(ctx)].toSorted((left, right) =>
    left.prefixListId < right.prefixListId ? -1 : 1,
  );
}

const PAGE = 100;
const invalidToken = (): Fault => new Fault('InvalidParameterValue', 'Unable to parse pagination token');

export const prefixListOperations: Operations<'ec2'> = {
  CreateManagedPrefixList(ctx, input) {
    const {
      PrefixListName: name,
      AddressFamily,
      MaxEntries,
      Entries = [],
      ClientToken,
      TagSpecifications,
    } = input;
    if (AddressFamily !== 'IPv4' && AddressFamily !== 'IPv6')
      throw new Fault('InvalidParameterValue', `Invalid value '${AddressFamily}' for AddressFamily.`);
    if (name.startsWith('com.amazonaws'))
      throw new Fault(
        'InvalidParameterValue',
        'The name of a prefix list must not begin with com.amazonaws.',
      );
    const { ClientToken: _, ...request } = input;
    const id = once(ctx, 'CreateManagedPrefixList', ClientToken, request, () => {
      const prefixListId = `pl-${ctx.id('prefix-list')}`;
      const entries = entriesOf(AddressFamily, Entries);
      checkCount(entries, MaxEntries);
      const state = 'create-complete';
      ctx.put(prefixLists, {
        prefixListId,
        name,
        family: AddressFamily,
        maxEntries: MaxEntries,
        version: 1,
        state,
        entries,
      });
      tagCreated(ctx, TagSpecifications, prefixListId);
      return prefixListId;
    });
    return { PrefixList: { ...describe(ctx, prefixListOf(ctx, id)), State: 'create-in-progress' } };
  },

  ModifyManagedPrefixList(ctx, input) {
    const list = ownListOf(ctx, input.PrefixListId);
    const { CurrentVersion, PrefixListName = list.name, MaxEntries = list.maxEntries } = input;
    const { AddEntries = [], RemoveEntries = [] } = input;
    const changes = AddEntries.length + RemoveEntries.length > 0;
    if (changes && MaxEntries !== list.maxEntries) {
      throw new Fault(
        'InvalidParameterCombination',
        'Entries and the maximum number of entries cannot be modified in one request.',
      );
    }
    if (changes && CurrentVersion !== undefined && CurrentVersion !== list.version) {
      throw new Fault('PrefixListVersionMismatch', 'The prefix list has the incorrect version number.');
    }
    const added = entriesOf(list.family, AddEntries);
    const leaving = entriesOf(list.family, RemoveEntries).map(({ cidr }) => cidr);
    const standing = list.entries.map(({ cidr }) => cidr);
    const absent = leaving.find((cidr) => !standing.includes(cidr));
    if (absent !== undefined)
      throw new Fault('InvalidParameterValue', `The CIDR block ${absent} is not in the prefix list.`);
    // An entry that is added again gets the new description.
    const replaced = new Set([...leaving, ...added.map(({ cidr }) => cidr)]);
    const entries = [...list.entries.filter(({ cidr }) => !replaced.has(cidr)), ...added];
    checkCount(entries, MaxEntries);
    ctx.update(prefixLists, list, {
      name: PrefixListName,
      maxEntries: MaxEntries,
      state: 'modify-complete',
    });
    if (changes) setEntries(ctx, prefixListOf(ctx, list.prefixListId), 'modify-complete', entries);
    return {
      PrefixList: { ...describe(ctx, prefixListOf(ctx, input.PrefixListId)), State: 'modify-in-progress' },
    };
  },

  DeleteManagedPrefixList(ctx, { PrefixListId }) {
    const list = ownListOf(ctx, PrefixListId);
    const shown = describe(ctx, list);
    // The request is taken, and fails later, as getmoto/moto recorded it: tests/test_ec2/test_security_groups.py,
    // test_authorize_security_group_rules_with_different_ipranges_or_prefixes.
    if (usersOf(ctx, list.prefixListId).length > 0) ctx.update(prefixLists, list, { state: 'delete-failed' });
    else {
      ctx.delete(prefixLists, list.prefixListId);
      removeTagsOf(ctx, list.prefixListId);
    }
    return { PrefixList: { ...shown, State: 'delete-in-progress' } };
  },

  DescribeManagedPrefixLists(ctx, { PrefixListIds, Filters, NextToken, MaxResults = PAGE }) {
    const where = filtered<PrefixList>(Filters, {
      operation: 'DescribeManagedPrefixLists',
      values: {
        'owner-id': (list) => (isOwn(ctx, list) ? ctx.account : 'AWS'),
        'prefix-list-id': (list) => list.prefixListId,
        'prefix-list-name': (list) => list.name,
      },
      tags: (list) => tagsOf(ctx, list.prefixListId),
    });
    const found = chosen(ctx, PrefixListIds).filter(where);
    const paging = { token: NextToken, limit: MaxResults, invalidToken };
    const { items, next } = pageOf(found, (list) => list.prefixListId, paging);
    return { PrefixLists: items.map((list) => describe(ctx, list)), NextToken: next };
  },

  RestoreManagedPrefixListVersion(ctx, { PrefixListId, PreviousVersion, CurrentVersion }) {
    const list = ownListOf(ctx, PrefixListId);
    if (CurrentVersion !== list.version) {
      throw new Fault('PrefixListVersionMismatch', 'The prefix list has the incorrect version number.');
    }
    setEntries(ctx, list, 'restore-complete', entriesAt(list, PreviousVersion));
    return {
      PrefixList: { ...describe(ctx, prefixListOf(ctx, PrefixListId)), State: 'restore-in-progress' },
    };
  },

  GetManagedPrefixListEntries(ctx, { PrefixListId, TargetVersion, NextToken, MaxResults = PAGE }) {
    const list = prefixListOf(ctx, PrefixListId);
    const { name, prefixListId } = list;
    const entries = entriesAt(list, TargetVersion ?? list.version);
    if (prefixListId === CLOUDFRONT[ctx.region]) throw unmodelled(`What the prefix list ${name} lists`);
    const sorted = entries.toSorted((left, right) => (left.cidr < right.cidr ? -1 : 1));
    const paging = { token: NextToken, limit: MaxResults, invalidToken };
    const { items, next } = pageOf(sorted, ({ cidr }) => cidr, paging);
    return {
      Entries: items.map(({ cidr, description }) => ({ Cidr: cidr, Description: description })),
      NextToken: next,
    };
  },

  GetManagedPrefixListAssociations(ctx, { PrefixListId, NextToken, MaxResults = PAGE }) {
    const { prefixListId } = prefixListOf(ctx, PrefixListId);
    const paging = { token: NextToken, limit: MaxResults, invalidToken };
    const { items, next } = pageOf(usersOf(ctx, prefixListId), (id) => id, paging);
    return {
      PrefixListAssociations: items.map((id) => ({ ResourceId: id, ResourceOwner: ctx.account })),
      NextToken: next,
    };
  },

  /** AWS's lists of the services that gateway endpoints lead to. */
  DescribePrefixLists(ctx, { PrefixListIds = [], Filters, NextToken, MaxResults = PAGE }) {
    const where = filtered<PrefixList>(Filters, {
      operation: 'DescribePrefixLists',
      values: { 'prefix-list-id': (list) => list.prefixListId, 'prefix-list-name': (list) => list.name },
    });
    const known = awsLists(ctx).filter(({ prefixListId }) => prefixListId !== CLOUDFRONT[ctx.region]);
    for (const id of PrefixListIds) prefixListOf(ctx, id);
    const found = known
      .filter(({ prefixListId }) => PrefixListIds.length === 0 || PrefixListIds.includes(prefixListId))
      .filter(where);
    const paging = { token: NextToken, limit: MaxResults, invalidToken };
    const { items, next } = pageOf(found, (list) => list.name, paging);
    return {
      PrefixLists: items.map(({ prefixListId, name, entries }) => ({
        PrefixListId: prefixListId,
        PrefixListName: name,
        Cidrs: entries.map(({ cidr }) => cidr),
      })),
      NextToken: next,
    };
  },
};
