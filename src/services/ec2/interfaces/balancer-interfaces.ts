// Behind the port `balancerInterfaces`: interfaces that Elastic Load Balancing has in customers' subnets. They are the
// service's: customers see them and cannot delete them.

import { networkChanged } from '#cloud/ports/instances.ts';
import type { BalancerInterfaces } from '#cloud/ports/balancer-interfaces.ts';
import { addresses, addressOf, interfaces, subnetOf } from '../vpcs/network.ts';
import { wantedAddress } from '../vpcs/subnets.ts';
import { associateAddress } from './addresses.ts';
import { makeInterface, removeInterface } from './interfaces.ts';

export const balancerInterfacesPort: BalancerInterfaces = {
  address(ctx, allocationId) {
    const row = ctx.get(addresses, allocationId);
    if (!row) return undefined;
    return row.association ? 'in use' : 'free';
  },
  make(ctx, { subnetId, groupIds, owner, allocationId, privateIp }) {
    const subnet = subnetOf(ctx, subnetId);
    const made = makeInterface(ctx, subnet, {
      kind: 'network_load_balancer',
      ownerId: owner,
      description: `ELB ${owner}`,
      groupIds,
      ...(privateIp === undefined ? {} : { privateIp: wantedAddress(ctx, subnet, privateIp) }),
    });
    const { interfaceId } = made;
    if (allocationId === undefined) return { interfaceId, privateIp: made.privateIp };
    const address = addressOf(ctx, allocationId);
    associateAddress(ctx, address, made);
    return { interfaceId, privateIp: made.privateIp, publicIp: address.publicIp };
  },
  remove(ctx, interfaceId) {
    const row = ctx.get(interfaces, interfaceId);
    if (!row) return;
    removeInterface(ctx, interfaceId);
    ctx.emit(networkChanged, { vpcId: row.vpcId });
  },
};
