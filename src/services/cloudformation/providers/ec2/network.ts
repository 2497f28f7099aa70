// Providers of networks: what stands in a VPC before the first instance does.

import type { Provider } from '../provider.ts';
import { dhcpOptions } from './dhcp-options.ts';
import { gateways } from './gateways.ts';
import { networkAcls } from './network-acl.ts';
import { networkInterfaces } from './network-interface.ts';
import { prefixLists } from './prefix-list.ts';
import { routeTables } from './route-table.ts';
import { securityGroups } from './security-group.ts';
import { subnets } from './subnet.ts';
import { vpcEndpoints } from './vpc-endpoint.ts';
import { vpcPeerings } from './vpc-peering.ts';
import { vpcs } from './vpc.ts';

export const networks: readonly Provider[] = [
  ...dhcpOptions,
  ...gateways,
  ...networkAcls,
  ...networkInterfaces,
  ...prefixLists,
  ...routeTables,
  ...securityGroups,
  ...subnets,
  ...vpcs,
  ...vpcEndpoints,
  ...vpcPeerings,
];
