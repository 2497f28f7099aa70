// CreateTags, DeleteTags and DescribeTags, for whatever carries tags.

import type { Row, Table } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { page } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { filtered } from './filters.ts';
import { customerGatewayOf } from './gateways/customer-gateways.ts';
import { peeringOf } from './gateways/peering.ts';
import { vpnGatewayOf } from './gateways/vpn-gateways.ts';
import { imageOf, images } from './images/images.ts';
import { instanceOf } from './instances/instances.ts';
import { launchTemplates, templateOf } from './instances/launch-templates.ts';
import { keyPairs } from './key-pairs/key-pairs.ts';
import { prefixLists } from './security-groups/prefix-lists.ts';
import { putTags, resourceTags, tagsOf, typeOfResource } from './tags.ts';
import type { ResourceTag, ResourceType } from './tags.ts';
import { transitAttachmentOf } from './transit-gateways/attachments.ts';
import { transitRouteTableOf } from './transit-gateways/route-tables.ts';
import { transitGatewayOf } from './transit-gateways/transit-gateways.ts';
import { snapshotOf } from './volumes/snapshots.ts';
import { volumeOf } from './volumes/volumes.ts';
import { dhcpOptions } from './vpcs/dhcp-options.ts';
import {
  addressOf,
  interfaceOf,
  internetGatewayOf,
  natGatewayOf,
  networkAclOf,
  routeTableOf,
  securityGroupOf,
  securityGroupRules,
  subnetOf,
  vpcEndpointOf,
  vpcOf,
} from './vpcs/network.ts';

const inTable =
  (rows: Table<never>, code: string, noun: string) =>
  (ctx: Ctx, id: string): void => {
    if (!ctx.get(rows as unknown as Table<Row>, id))
      throw new Fault(`${code}.NotFound`, `The ${noun} '${id}' does not exist`);
  };

/** Throws EC2's answer for a resource of each kind that does not exist. */
const FIND: Readonly<Partial<Record<ResourceType, (ctx: Ctx, id: string) => unknown>>> = {
  'customer-gateway': customerGatewayOf,
  'dhcp-options': inTable(dhcpOptions as never, 'InvalidDhcpOptionID', 'dhcpOption ID'),
  'elastic-ip': addressOf,
  image: (ctx, id) => (ctx.get(images, id) ? undefined : imageOf(ctx, id)),
  instance: instanceOf,
  'internet-gateway': internetGatewayOf,
  'key-pair': inTable(keyPairs as never, 'InvalidKeyPair', 'key pair'),
  'launch-template': (ctx, id) => ctx.get(launchTemplates, id) ?? templateOf(ctx, { LaunchTemplateId: id }),
  natgateway: natGatewayOf,
  'network-acl': networkAclOf,
  'network-interface': interfaceOf,
  'prefix-list': inTable(prefixLists as never, 'InvalidPrefixListID', 'prefix list ID'),
  'route-table': routeTableOf,
  'security-group': securityGroupOf,
  'security-group-rule': inTable(
    securityGroupRules as never,
    'InvalidSecurityGroupRuleId',
    'security group rule ID',
  ),
  snapshot: snapshotOf,
  subnet: subnetOf,
  'transit-gateway': transitGatewayOf,
  'transit-gateway-attachment': transitAttachmentOf,
  'transit-gateway-route-table': transitRouteTableOf,
  volume: volumeOf,
  vpc: vpcOf,
  'vpc-endpoint': vpcEndpointOf,
  'vpc-peering-connection': peeringOf,
  'vpn-gateway': vpnGatewayOf,
};

function checkResource(ctx: Ctx, id: string): void {
  const type = typeOfResource(id);
  const find = type && FIND[type];
  // An id that nothing can have is told of in the same words for every kind.
  if (!find || !/^[a-z]+-[0-9a-f]{8}([0-9a-f]{9})?$/.test(id))
    throw new Fault('InvalidID', `The ID '${id}' is not valid`);
  find(ctx, id);
}

export const tagOperations: Operations<'ec2'> = {
  CreateTags(ctx, { Resources, Tags }) {
    for (const id of Resources) {
      checkResource(ctx, id);
      putTags(ctx, id, Tags);
    }
  },

  DeleteTags(ctx, { Resources, Tags }) {
    for (const id of Resources) {
      checkResource(ctx, id);
      // Without tags in the request all go, except those that belong to AWS.
      const keys = Object.keys(tagsOf(ctx, id)).filter((key) => !key.startsWith('aws:'));
      const chosen = Tags ?? keys.map((Key) => ({ Key }));
      for (const { Key = '', Value } of chosen as readonly { Key?: string; Value?: string }[]) {
        const tag = ctx.get(resourceTags, `${id} ${Key}`);
        // A value in the request, also an empty one, must be the tag's.
        if (tag && (Value === undefined || Value === tag.value)) ctx.delete(resourceTags, `${id} ${Key}`);
      }
    }
  },

  DescribeTags(ctx, { Filters, NextToken, MaxResults }) {
    const where = filtered<ResourceTag>(Filters, {
      operation: 'DescribeTags',
      values: {
        key: (tag) => tag.key,
        'resource-id': (tag) => tag.resourceId,
        'resource-type': (tag) => tag.resourceType,
        value: (tag) => tag.value,
      },
    });
    const { rows, next } = page(ctx, resourceTags, { token: NextToken, limit: MaxResults ?? 1000, where });
    const Tags = rows.map(({ key, resourceId, resourceType, value }) => ({
      Key: key,
      ResourceId: resourceId,
      ResourceType: resourceType,
      Value: value,
    }));
    return { Tags, NextToken: next };
  },
};
