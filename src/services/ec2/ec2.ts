// Amazon EC2: networks, what instances launch from, and instances. One file per noun; this one lists them.

import type { Table, TimerHandler } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { provide } from '#cloud/port.ts';
import { balancerInterfaces } from '#cloud/ports/balancer-interfaces.ts';
import { instances } from '#cloud/ports/instances.ts';
import { defineService } from '#cloud/service.ts';
import type { Operations, Service } from '#cloud/service.ts';
import { accountAttributeOperations } from './account-attributes.ts';
import { addressOperations } from './addresses.ts';
import { balancerInterfacesPort } from './balancer-interfaces.ts';
import { attachmentOperations } from './attachments.ts';
import { authorization, denied, resourceConditions } from './authorization.ts';
import { creditOperations } from './credits.ts';
import { customerGatewayForget, customerGatewayOperations, customerGateways } from './customer-gateways.ts';
import { defaultOperations, ensureDefaults } from './defaults.ts';
import { dhcpOptions, dhcpOptionsOperations } from './dhcp-options.ts';
import { ebsOperations, ebsSettings } from './ebs.ts';
import { endpointOperations, endpointStep } from './endpoints.ts';
import { instancesPort } from './facts.ts';
import { gatewayOperations } from './gateways.ts';
import { imageAttributeOperations } from './image-attributes.ts';
import { imageCreationOperations } from './image-creation.ts';
import { imageAvailable, imageOperations, images } from './images.ts';
import { instanceAttributeOperations } from './instance-attributes.ts';
import { instanceProfileOperations } from './instance-profiles.ts';
import { instanceStatuses, instanceStatusOperations, statusReconciler } from './instance-status.ts';
import { instanceTypeOperations } from './instance-types.ts';
import { instanceOperations, instanceRows, launches } from './instances.ts';
import { interfaceAddressOperations } from './interface-addresses.ts';
import { interfaceAttachmentOperations } from './interface-operations.ts';
import { attachmentForget, interfaceOperations } from './interfaces.ts';
import { keyPairOperations, keyPairs } from './key-pairs.ts';
import { launchOperations } from './launch.ts';
import { launchTemplateDataOperations } from './launch-template-data.ts';
import { launchTemplateOperations, launchTemplates, launchTemplateVersions } from './launch-templates.ts';
import {
  instanceForget,
  instanceReboot,
  instanceStep,
  lifecycleOperations,
  runningTimes,
} from './lifecycle.ts';
import { natGatewayForget, natGatewayOperations, natGatewayStep } from './nat-gateways.ts';
import { networkAclOperations } from './network-acls.ts';
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
} from './network.ts';
import { passwordOperations } from './passwords.ts';
import { peeringAccept, peeringExpire, peeringOperations, peerings } from './peering.ts';
import { prefixListOperations, prefixLists } from './prefix-lists.ts';
import { refused, withoutEffect } from './refused.ts';
import { clientTokens, invalidRequest, prepared } from './requests.ts';
import { routeOperations } from './routes.ts';
import { securityGroupOperations } from './security-groups.ts';
import { securityGroupRuleChangeOperations } from './security-group-rule-changes.ts';
import { securityGroupRuleOperations } from './security-group-rules.ts';
import { shares } from './sharing.ts';
import { snapshotCompleted, snapshotOperations, snapshots } from './snapshots.ts';
import { subnetOperations } from './subnets.ts';
import { tagOperations } from './tag-operations.ts';
import { resourceTags } from './tags.ts';
import { volumeSnapshotOperations } from './volume-snapshots.ts';
import { volumeModification, volumeOperations, volumes, volumeStep } from './volumes.ts';
import {
  transitAttachmentDue,
  transitAttachmentForget,
  transitAttachmentOperations,
} from './transit-gateway-attachments.ts';
import { transitRouteTableOperations } from './transit-gateway-route-tables.ts';
import { transitRouteOperations } from './transit-gateway-routes.ts';
import {
  transitAttachments,
  transitGatewayDue,
  transitGatewayForget,
  transitGatewayOperations,
  transitGateways,
  transitRouteTables,
} from './transit-gateways.ts';
import { vpcCidrBlockOperations } from './vpc-cidr-blocks.ts';
import { vpcOperations } from './vpcs.ts';
import { vpnGatewayForget, vpnGatewayOperations, vpnGateways } from './vpn-gateways.ts';
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
