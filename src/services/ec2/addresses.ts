// Elastic IP addresses.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { networkChanged } from '#cloud/ports.ts';
import type { Operations } from '#cloud/service.ts';
import { filtered } from './filters.ts';
import { instanceOf } from './instances.ts';
import { isAttached, newPublicIp, releasePublicIp } from './interfaces.ts';
import { addresses, addressOf, interfaceOf, interfaces } from './network.ts';
import type { Address, NetworkInterface } from './network.ts';
import { missing } from './requests.ts';
import { removeTagsOf, tagCreated, tagsOf, tagsShown } from './tags.ts';

/** The address by either of its names. */
function named(ctx: Ctx, AllocationId: string | undefined, PublicIp: string | undefined): Address {
  if (AllocationId !== undefined) return addressOf(ctx, AllocationId);
  if (PublicIp === undefined) throw missing('allocationId');
  const found = ctx.list(addresses, 'publicIp', PublicIp)[0];
  if (!found) throw new Fault('InvalidAddress.NotFound', `Address '${PublicIp}' not found.`);
  return found;
}

/** Puts an Elastic IP address on an interface, in place of any public address there. */
export function associateAddress(ctx: Ctx, address: Address, row: NetworkInterface): string {
  const id = `eipassoc-${ctx.id('address-association')}`;
  const { allocationId, publicIp } = address;
  ctx.update(interfaces, releasePublicIp(ctx, row), { publicIp, allocationId });
  ctx.put(addresses, { allocationId, publicIp, association: { id, interfaceId: row.interfaceId } });
  ctx.emit(networkChanged, { vpcId: row.vpcId });
  return id;
}

function disassociate(ctx: Ctx, { association }: Address): void {
  const row = association && ctx.get(interfaces, association.interfaceId);
  if (!row) return;
  releasePublicIp(ctx, row);
  ctx.emit(networkChanged, { vpcId: row.vpcId });
}

export const addressOperations: Operations<'ec2'> = {
  AllocateAddress(ctx, { Domain, TagSpecifications }) {
    if (Domain === 'standard')
      throw new Fault('InvalidParameterValue', 'EC2-Classic is retired: the only domain is vpc.');
    const address: Address = { allocationId: `eipalloc-${ctx.id('elastic-ip')}`, publicIp: newPublicIp(ctx) };
    ctx.put(addresses, address);
    tagCreated(ctx, TagSpecifications, address.allocationId);
    const { allocationId: AllocationId, publicIp: PublicIp } = address;
    return {
      AllocationId,
      PublicIp,
      PublicIpv4Pool: 'amazon',
      NetworkBorderGroup: ctx.region,
      Domain: 'vpc',
    };
  },

  ReleaseAddress(ctx, { AllocationId, PublicIp }) {
    const { allocationId, publicIp, association } = named(ctx, AllocationId, PublicIp);
    if (association) throw new Fault('InvalidIPAddress.InUse', `Address ${publicIp} is in use.`);
    ctx.delete(addresses, allocationId);
    removeTagsOf(ctx, allocationId);
  },

  DescribeAddresses(ctx, { AllocationIds = [], PublicIps = [], Filters }) {
    const interfaceFor = ({ association }: Address): NetworkInterface | undefined =>
      association && ctx.get(interfaces, association.interfaceId);
    const instanceFor = (address: Address): string | undefined => {
      const row = interfaceFor(address);
      return row?.kind === 'interface' && isAttached(row) ? row.ownerId : undefined;
    };
    const where = filtered<Address>(Filters, {
      operation: 'DescribeAddresses',
      values: {
        'allocation-id': (address) => address.allocationId,
        'association-id': (address) => address.association?.id,
        domain: () => 'vpc',
        'instance-id': instanceFor,
        'network-interface-id': (address) => address.association?.interfaceId,
        'private-ip-address': (address) => interfaceFor(address)?.privateIp,
        'public-ip': (address) => address.publicIp,
      },
      tags: (address) => tagsOf(ctx, address.allocationId),
    });
    const chosen = [
      ...AllocationIds.map((id) => addressOf(ctx, id)),
      ...PublicIps.map((publicIp) => named(ctx, undefined, publicIp)),
    ];
    const rows = AllocationIds.length + PublicIps.length > 0 ? chosen : ctx.list(addresses);
    const Addresses = rows.filter(where).map((address) => {
      const row = interfaceFor(address);
      return {
        AllocationId: address.allocationId,
        PublicIp: address.publicIp,
        PublicIpv4Pool: 'amazon',
        NetworkBorderGroup: ctx.region,
        Domain: 'vpc' as const,
        AssociationId: address.association?.id,
        NetworkInterfaceId: row?.interfaceId,
        NetworkInterfaceOwnerId: row && ctx.account,
        PrivateIpAddress: row?.privateIp,
        InstanceId: instanceFor(address),
        Tags: tagsShown(ctx, address.allocationId),
      };
    });
    return { Addresses };
  },

  AssociateAddress(
    ctx,
    { AllocationId, PublicIp, InstanceId, NetworkInterfaceId, AllowReassociation = true },
  ) {
    const address = named(ctx, AllocationId, PublicIp);
    if (InstanceId === undefined && NetworkInterfaceId === undefined) throw missing('instanceId');
    const row = interfaceOf(ctx, NetworkInterfaceId ?? instanceOf(ctx, InstanceId).interfaceId);
    if (address.association && address.association.interfaceId !== row.interfaceId) {
      if (!AllowReassociation) {
        throw new Fault(
          'Resource.AlreadyAssociated',
          `resource ${address.allocationId} is already associated with associate-id ${address.association.id}`,
        );
      }
      disassociate(ctx, address);
    }
    return {
      AssociationId: associateAddress(
        ctx,
        addressOf(ctx, address.allocationId),
        interfaceOf(ctx, row.interfaceId),
      ),
    };
  },

  DisassociateAddress(ctx, { AssociationId, PublicIp }) {
    const address =
      AssociationId === undefined
        ? named(ctx, undefined, PublicIp)
        : ctx.list(addresses, 'association', AssociationId)[0];
    if (!address)
      throw new Fault(
        'InvalidAssociationID.NotFound',
        `The association ID '${AssociationId}' does not exist`,
      );
    disassociate(ctx, address);
  },
};
