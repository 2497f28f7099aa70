// Sets of DHCP options: what an instance is told of its network when it asks for an address.
// https://docs.aws.amazon.com/vpc/latest/userguide/DHCPOptionSetConcepts.html

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import type { Operations } from '#cloud/service.ts';
import { filtered } from '../filters.ts';
import { dependency, existing, listed, unmodelled } from '../requests.ts';
import { removeTagsOf, tagCreated, tagsOf, tagsShown } from '../tags.ts';
import { formatAddress, parseAddress, parseBlock } from './cidr.ts';
import type { Block } from './cidr.ts';
import { NO_OPTIONS, vpcOf, vpcs } from './network.ts';
import type { Vpc } from './network.ts';

type WireOptions = NonNullable<Output<'ec2', 'CreateDhcpOptions'>['DhcpOptions']>;

export interface DhcpOptions {
  dhcpOptionsId: string;
  /** In the order of the request. */
  options: readonly { readonly key: string; readonly values: readonly string[] }[];
}
export const dhcpOptions: Table<DhcpOptions> = table<DhcpOptions>(
  'ec2/dhcp-options',
  (row) => row.dhcpOptionsId,
);

const AMAZON = 'AmazonProvidedDNS';
/** Where Amazon's name server answers in every VPC, beside the VPC's base address plus two. */
const AMAZON_ADDRESS = '169.254.169.253';

const KEYS = new Set([
  'domain-name',
  'domain-name-servers',
  'ipv6-address-preferred-lease-time',
  'netbios-name-servers',
  'netbios-node-type',
  'ntp-servers',
]);

const MOST_SERVERS = 4;
const NODE_TYPES = new Set(['1', '2', '4', '8']);

function optionsOf(ctx: Ctx, id: string | undefined): DhcpOptions {
  return existing(ctx, dhcpOptions, id, {
    code: 'InvalidDhcpOptionID',
    malformed: 'InvalidDhcpOptionsId',
    noun: 'dhcpOption ID',
    prefix: 'dopt',
  });
}

/** The region's own set, which each new VPC gets. */
export function makeDefaultOptions(ctx: Ctx): string {
  const dhcpOptionsId = `dopt-${ctx.id('dhcp-options')}`;
  const domain = ctx.region === 'us-east-1' ? 'ec2.internal' : `${ctx.region}.compute.internal`;
  ctx.put(dhcpOptions, {
    dhcpOptionsId,
    options: [
      { key: 'domain-name', values: [domain] },
      { key: 'domain-name-servers', values: [AMAZON] },
    ],
  });
  return dhcpOptionsId;
}

/** Only Amazon's own server resolves names here: nothing else in this world answers DNS. */
function checkNameServers(vpc: Vpc, { options }: DhcpOptions): void {
  const base = (parseBlock(vpc.cidr) as Block).first;
  const amazons = [AMAZON, AMAZON_ADDRESS, formatAddress(base + 2)];
  const servers = options.filter(({ key }) => key === 'domain-name-servers').flatMap(({ values }) => values);
  const other = servers.find((server) => !amazons.includes(server));
  if (other !== undefined) throw unmodelled(`The name server ${other}, which is not Amazon's,`);
}

function describe(ctx: Ctx, { dhcpOptionsId, options }: DhcpOptions): WireOptions {
  return {
    DhcpOptionsId: dhcpOptionsId,
    OwnerId: ctx.account,
    DhcpConfigurations: options.map(({ key, values }) => ({
      Key: key,
      Values: values.map((Value) => ({ Value })),
    })),
    Tags: tagsShown(ctx, dhcpOptionsId),
  };
}

function checkOption(key: string, values: readonly string[]): void {
  if (!KEYS.has(key))
    throw new Fault(
      'InvalidParameterValue',
      `Value (${key}) for parameter name is invalid. Unknown DHCP option`,
    );
  // https://docs.aws.amazon.com/vpc/latest/userguide/DHCPOptionSetConcepts.html
  if (key === 'netbios-node-type' && !values.every((value) => NODE_TYPES.has(value)))
    throw new Fault(
      'InvalidParameterValue',
      `Value (${values.join(', ')}) for parameter value is invalid. Invalid NetBIOS node type`,
    );
  if (!key.endsWith('-servers')) return;
  if (values.length > MOST_SERVERS)
    throw new Fault(
      'InvalidParameterValue',
      `Value (${values.join(', ')}) for parameter value is invalid. At most ${MOST_SERVERS} servers`,
    );
  const bad = values.find((value) => parseAddress(value) === undefined && value !== AMAZON);
  if (bad !== undefined)
    throw new Fault(
      'InvalidParameterValue',
      `Value (${bad}) for parameter value is invalid. Invalid address`,
    );
}

export const dhcpOptionsOperations: Operations<'ec2'> = {
  CreateDhcpOptions(ctx, { DhcpConfigurations, TagSpecifications }) {
    const options = DhcpConfigurations.map(({ Key = '', Values = [] }) => {
      // Lists may come as one text with commas.
      const values = Values.flatMap((value) => (Key.endsWith('-servers') ? value.split(/,\s*/) : [value]));
      checkOption(Key, values);
      return { key: Key, values };
    });
    const row: DhcpOptions = { dhcpOptionsId: `dopt-${ctx.id('dhcp-options')}`, options };
    ctx.put(dhcpOptions, row);
    tagCreated(ctx, TagSpecifications, row.dhcpOptionsId);
    return { DhcpOptions: describe(ctx, row) };
  },

  DescribeDhcpOptions(ctx, { DhcpOptionsIds, Filters, NextToken, MaxResults }) {
    const where = filtered<DhcpOptions>(Filters, {
      operation: 'DescribeDhcpOptions',
      values: {
        'dhcp-options-id': (row) => row.dhcpOptionsId,
        key: (row) => row.options.map(({ key }) => key),
        'owner-id': () => ctx.account,
        value: (row) => row.options.flatMap(({ values }) => values),
      },
      tags: (row) => tagsOf(ctx, row.dhcpOptionsId),
    });
    const page = { NextToken, MaxResults };
    const { rows, next } = listed(ctx, dhcpOptions, { ids: DhcpOptionsIds, of: optionsOf, where, page });
    return { DhcpOptions: rows.map((row) => describe(ctx, row)), NextToken: next };
  },

  DeleteDhcpOptions(ctx, { DhcpOptionsId }) {
    const { dhcpOptionsId } = optionsOf(ctx, DhcpOptionsId);
    if (ctx.list(vpcs).some((vpc) => vpc.dhcpOptionsId === dhcpOptionsId))
      throw dependency(`The dhcpOptions '${dhcpOptionsId}' has dependencies and cannot be deleted.`);
    ctx.delete(dhcpOptions, dhcpOptionsId);
    removeTagsOf(ctx, dhcpOptionsId);
  },

  AssociateDhcpOptions(ctx, { DhcpOptionsId, VpcId }) {
    const options = DhcpOptionsId === NO_OPTIONS ? undefined : optionsOf(ctx, DhcpOptionsId);
    const vpc = vpcOf(ctx, VpcId);
    if (options) checkNameServers(vpc, options);
    ctx.update(vpcs, vpc, { dhcpOptionsId: options?.dhcpOptionsId ?? NO_OPTIONS });
  },
};
