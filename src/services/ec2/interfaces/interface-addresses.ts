// What an interface that is there is asked and given: attributes one by one, and further private addresses.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/managing-network-interface-ip-addresses.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { missing, notTogether } from '../requests.ts';
import { interfaceOf, interfaces, privateIpsOf, subnetOf } from '../vpcs/network.ts';
import type { NetworkInterface } from '../vpcs/network.ts';
import { freeAddresses, wantedAddress } from '../vpcs/subnets.ts';
import { ownInterfaceOf } from './interface-operations.ts';
import { describeInterface, setSecondaryPublicIp } from './interfaces.ts';

/** The addresses that a request names, as far as the interface does not have them, or as many as it counts. */
function added(
  ctx: Ctx,
  row: NetworkInterface,
  named: readonly string[],
  count: number | undefined,
): readonly string[] {
  const subnet = subnetOf(ctx, row.subnetId);
  if (count === undefined) {
    const held = privateIpsOf(row);
    const fresh = [...new Set(named)].filter((address) => !held.includes(address));
    const elsewhere = ctx.list(interfaces, 'subnet', row.subnetId).flatMap(privateIpsOf);
    if (fresh.some((address) => elsewhere.includes(address)))
      throw new Fault(
        'InvalidParameterValue',
        `Some of [${fresh.join(', ')}] are assigned, but move is not allowed.`,
      );
    return fresh.map((address) => wantedAddress(ctx, subnet, address));
  }
  const free = freeAddresses(ctx, subnet, count);
  if (free.length === count) return free;
  throw new Fault(
    'InsufficientFreeAddressesInSubnet',
    `Insufficient free addresses in subnet ${row.subnetId}.`,
  );
}

export const interfaceAddressOperations: Operations<'ec2'> = {
  AssignPrivateIpAddresses(ctx, input) {
    const { NetworkInterfaceId, PrivateIpAddresses = [], SecondaryPrivateIpAddressCount: count } = input;
    const row = ownInterfaceOf(ctx, NetworkInterfaceId);
    if (PrivateIpAddresses.length > 0 && count !== undefined)
      throw notTogether('privateIpAddress', 'secondaryPrivateIpAddressCount');
    if (PrivateIpAddresses.length === 0 && count === undefined) throw missing('privateIpAddress');
    const fresh = added(ctx, row, PrivateIpAddresses, count);
    const secondary = [...(row.secondary ?? []), ...fresh.map((privateIp) => ({ privateIp }))];
    ctx.update(interfaces, row, { secondary });
    return {
      NetworkInterfaceId: row.interfaceId,
      AssignedPrivateIpAddresses: fresh.map((PrivateIpAddress) => ({ PrivateIpAddress })),
    };
  },

  UnassignPrivateIpAddresses(ctx, { NetworkInterfaceId, PrivateIpAddresses = [] }) {
    const row = ownInterfaceOf(ctx, NetworkInterfaceId);
    if (PrivateIpAddresses.length === 0) throw missing('privateIpAddress');
    const held = (row.secondary ?? []).map(({ privateIp }) => privateIp);
    if (PrivateIpAddresses.some((address) => !held.includes(address))) {
      throw new Fault(
        'InvalidParameterValue',
        `Some of the specified addresses are not assigned to interface ${row.interfaceId}`,
      );
    }
    // An Elastic IP address on one of them stays allocated.
    for (const address of PrivateIpAddresses)
      setSecondaryPublicIp(ctx, interfaceOf(ctx, row.interfaceId), address);
    const secondary = (row.secondary ?? []).filter(
      ({ privateIp }) => !PrivateIpAddresses.includes(privateIp),
    );
    ctx.update(interfaces, interfaceOf(ctx, row.interfaceId), { secondary });
  },

  DescribeNetworkInterfaceAttribute(ctx, { NetworkInterfaceId, Attribute }) {
    const row = interfaceOf(ctx, NetworkInterfaceId);
    const shown = describeInterface(ctx, row);
    const answer = { NetworkInterfaceId: row.interfaceId };
    if (Attribute === 'attachment') return { ...answer, Attachment: shown.Attachment };
    if (Attribute === 'description') return { ...answer, Description: { Value: row.description } };
    if (Attribute === 'groupSet') return { ...answer, Groups: shown.Groups };
    if (Attribute === 'sourceDestCheck')
      return { ...answer, SourceDestCheck: { Value: row.sourceDestCheck } };
    if (Attribute === undefined) throw missing('attribute');
    return {
      ...answer,
      AssociatePublicIpAddress: row.publicIp !== undefined && row.allocationId === undefined,
    };
  },

  ResetNetworkInterfaceAttribute(ctx, { NetworkInterfaceId, SourceDestCheck }) {
    const row = ownInterfaceOf(ctx, NetworkInterfaceId);
    if (SourceDestCheck === undefined) throw missing('sourceDestCheck');
    ctx.update(interfaces, row, { sourceDestCheck: true });
  },
};
