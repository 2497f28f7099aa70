// Amazon EC2: networks, what instances launch from, and instances. One file per noun; this one lists them.

import type { Table, TimerHandler } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { provide } from '#cloud/port.ts';
import { balancerInterfaces } from '#cloud/ports/balancer-interfaces.ts';
import { instances } from '#cloud/ports/instances.ts';
import { defineService } from '#cloud/service.ts';
import type { Operations, Service } from '#cloud/service.ts';
import { accountAttributeOperations } from './account-attributes.ts';
import { authorization, denied, resourceConditions } from './authorization.ts';
import {
  customerGatewayForget,
  customerGatewayOperations,
  customerGateways,
} from './gateways/customer-gateways.ts';
import { gatewayOperations } from './gateways/gateways.ts';
import { natGatewayForget, natGatewayOperations, natGatewayStep } from './gateways/nat-gateways.ts';
import { peeringAccept, peeringExpire, peeringOperations, peerings } from './gateways/peering.ts';
import { routeOperations } from './gateways/routes.ts';
import { vpnGatewayForget, vpnGatewayOperations, vpnGateways } from './gateways/vpn-gateways.ts';
import { imageAttributeOperations } from './images/image-attributes.ts';
import { imageCreationOperations } from './images/image-creation.ts';
import { imageAvailable, imageOperations, images } from './images/images.ts';
import { creditOperations } from './instances/credits.ts';
import { instancesPort } from './instances/facts.ts';
import { instanceAttributeOperations } from './instances/instance-attributes.ts';
import { instanceProfileOperations } from './instances/instance-profiles.ts';
import { instanceStatuses, instanceStatusOperations, statusReconciler } from './instances/instance-status.ts';
import { instanceTypeOperations } from './instances/instance-types.ts';
import { instanceOperations, instanceRows, launches } from './instances/instances.ts';
import { launchTemplateDataOperations } from './instances/launch-template-data.ts';
import {
  launchTemplateOperations,
  launchTemplates,
  launchTemplateVersions,
} from './instances/launch-templates.ts';
import { launchOperations } from './instances/launch.ts';
import {
  instanceForget,
  instanceReboot,
  instanceStep,
  lifecycleOperations,
  runningTimes,
} from './instances/lifecycle.ts';
import { addressOperations } from './interfaces/addresses.ts';
import { balancerInterfacesPort } from './interfaces/balancer-interfaces.ts';
import { interfaceAddressOperations } from './interfaces/interface-addresses.ts';
import { interfaceAttachmentOperations } from './interfaces/interface-operations.ts';
import { attachmentForget, interfaceOperations } from './interfaces/interfaces.ts';
import { keyPairOperations, keyPairs } from './key-pairs/key-pairs.ts';
import { passwordOperations } from './key-pairs/passwords.ts';
import { refused, withoutEffect } from './refused.ts';
import { clientTokens, invalidRequest, prepared } from './requests.ts';
import { prefixListOperations, prefixLists } from './security-groups/prefix-lists.ts';
import { securityGroupRuleChangeOperations } from './security-groups/security-group-rule-changes.ts';
import { securityGroupRuleOperations } from './security-groups/security-group-rules.ts';
import { securityGroupOperations } from './security-groups/security-groups.ts';
import { shares } from './sharing.ts';
import { tagOperations } from './tag-operations.ts';
import { resourceTags } from './tags.ts';
import {
  transitAttachmentDue,
  transitAttachmentForget,
  transitAttachmentOperations,
} from './transit-gateways/attachments.ts';
import { transitRouteTableOperations } from './transit-gateways/route-tables.ts';
import { transitRouteOperations } from './transit-gateways/routes.ts';
import {
  transitAttachments,
  transitGatewayDue,
  transitGatewayForget,
  transitGatewayOperations,
  transitGateways,
  transitRouteTables,
} from './transit-gateways/transit-gateways.ts';
import { attachmentOperations } from './volumes/attachments.ts';
import { ebsOperations, ebsSettings } from './volumes/ebs.ts';
import { snapshotCompleted, snapshotOperations, snapshots } from './volumes/snapshots.ts';
import { volumeSnapshotOperations } from './volumes/volume-snapshots.ts';
import { volumeModification, volumeOperations, volumes, volumeStep } from './volumes/volumes.ts';
import { defaultOperations, ensureDefaults } from './vpcs/defaults.ts';
import { dhcpOptions, dhcpOptionsOperations } from './vpcs/dhcp-options.ts';
import { endpointOperations, endpointStep } from './vpcs/endpoints.ts';
import { networkAclOperations } from './vpcs/network-acls.ts';
import {
  addresses,
  interfaces,
  internetGateways,
  natGateways,
  networkAcls,
  regionStarts,
  routeTables,
  securityGroupRules,
  securityGroups,
  subnets,
  vpcEndpoints,
  vpcs,
} from './vpcs/network.ts';
import { subnetOperations } from './vpcs/subnets.ts';
import { vpcCidrBlockOperations } from './vpcs/vpc-cidr-blocks.ts';
import { vpcOperations } from './vpcs/vpcs.ts';
import { zoneOperations } from './zones.ts';

const tables = [
  regionStarts,
  clientTokens,
  resourceTags,
  vpcs,
  subnets,
  routeTables,
  internetGateways,
  natGateways,
  customerGateways,
  vpnGateways,
  addresses,
  interfaces,
  vpcEndpoints,
  securityGroups,
  securityGroupRules,
  networkAcls,
  dhcpOptions,
  peerings,
  transitGateways,
  transitAttachments,
  transitRouteTables,
  prefixLists,
  images,
  keyPairs,
  launchTemplates,
  launchTemplateVersions,
  instanceRows,
  launches,
  volumes,
  snapshots,
  shares,
  ebsSettings,
  instanceStatuses,
  runningTimes,
] as unknown as readonly Table[];

const operations: Operations<'ec2'> = {
  ...zoneOperations,
  ...accountAttributeOperations,
  ...vpcOperations,
  ...defaultOperations,
  ...vpcCidrBlockOperations,
  ...dhcpOptionsOperations,
  ...peeringOperations,
  ...transitGatewayOperations,
  ...transitAttachmentOperations,
  ...transitRouteTableOperations,
  ...transitRouteOperations,
  ...prefixListOperations,
  ...subnetOperations,
  ...routeOperations,
  ...gatewayOperations,
  ...natGatewayOperations,
  ...customerGatewayOperations,
  ...vpnGatewayOperations,
  ...addressOperations,
  ...interfaceOperations,
  ...interfaceAttachmentOperations,
  ...interfaceAddressOperations,
  ...endpointOperations,
  ...securityGroupOperations,
  ...securityGroupRuleOperations,
  ...securityGroupRuleChangeOperations,
  ...networkAclOperations,
  ...imageOperations,
  ...imageCreationOperations,
  ...imageAttributeOperations,
  ...keyPairOperations,
  ...passwordOperations,
  ...launchTemplateOperations,
  ...launchTemplateDataOperations,
  ...instanceTypeOperations,
  ...launchOperations,
  ...instanceOperations,
  ...lifecycleOperations,
  ...instanceStatusOperations,
  ...instanceAttributeOperations,
  ...creditOperations,
  ...instanceProfileOperations,
  ...volumeOperations,
  ...attachmentOperations,
  ...snapshotOperations,
  ...volumeSnapshotOperations,
  ...ebsOperations,
  ...tagOperations,
};

const timers = [
  attachmentForget,
  customerGatewayForget,
  endpointStep,
  imageAvailable,
  instanceForget,
  instanceReboot,
  instanceStep,
  natGatewayForget,
  natGatewayStep,
  peeringAccept,
  peeringExpire,
  transitAttachmentDue,
  transitAttachmentForget,
  transitGatewayDue,
  transitGatewayForget,
  snapshotCompleted,
  volumeModification,
  volumeStep,
  vpnGatewayForget,
] as unknown as readonly TimerHandler<unknown, Ctx>[];

export const service: Service = defineService({
  contract: 'ec2',
  tables,
  operations: prepared(operations, ensureDefaults),
  timers,
  reconcilers: [statusReconciler],
  provides: [provide(instances, instancesPort), provide(balancerInterfaces, balancerInterfacesPort)],
  authorization,
  resourceConditions,
  denied,
  refused,
  withoutEffect,
  invalid: invalidRequest,
});
