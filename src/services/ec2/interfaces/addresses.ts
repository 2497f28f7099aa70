// Elastic IP addresses.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { networkChanged } from '#cloud/ports/instances.ts';
import type { Operations } from '#cloud/service.ts';
import { filtered } from '../filters.ts';
import { instanceOf } from '../instances/instances.ts';
import { missing, unmodelled } from '../requests.ts';
import { removeTagsOf, tagCreated, tagsOf, tagsShown } from '../tags.ts';
import { addresses, addressOf, interfaceOf, interfaces, privateIpsOf } from '../vpcs/network.ts';
import type { Address, NetworkInterface } from '../vpcs/network.ts';
import { isAttached, newPublicIp, releasePublicIp, setSecondaryPublicIp } from './interfaces.ts';

/** The address by either of its names. */
function named(ctx: Ctx, AllocationId: string | undefined, PublicIp: string | undefined): Address {
  if (AllocationId !== undefined) return addressOf(ctx, AllocationId);
  if (PublicIp === undefined) throw missing('allocationId');
  const found = ctx.list(addresses, 'publicIp', PublicIp)[0];
  if (!found) throw new Fault('InvalidAddress.NotFound', `Address '${PublicIp}' not found.`);
  return found;
}

/** Puts an Elastic IP address on one of an interface's private addresses, in place of any public address there. */
export function associateAddress(
  ctx: Ctx,
  address: Address,
  row: NetworkInterface,
  privateIp: string = row.privateIp,
): string {
  const id = `eipassoc-${ctx.id('address-association')}`;
  const { allocationId, publicIp } = address;
  const further = privateIp === row.privateIp ? {} : { privateIp };
  if (privateIp !== row.privateIp) setSecondaryPublicIp(ctx, row, privateIp, address);
  else ctx.update(interfaces, releasePublicIp(ctx, row), { publicIp, allocationId });
  const association = { id, interfaceId: row.interfaceId, ...further };
  ctx.put(addresses, { allocationId, publicIp, association });
  ctx.emit(networkChanged, { vpcId: row.vpcId });
  return id;
}

function disassociate(ctx: Ctx, { association }: Address): void {
  const row = association && ctx.get(interfaces, association.interfaceId);
  if (!association || !row) return;
  if (association.privateIp === undefined) releasePublicIp(ctx, row);
  else setSecondaryPublicIp(ctx, row, association.privateIp);
  ctx.emit(networkChanged, { vpcId: row.vpcId });
}

export const addressOperations: Operations<'ec2'> = {
  AllocateAddress(ctx, { Domain, NetworkBorderGroup = ctx.region, TagSpecifications }) {
    if (NetworkBorderGroup !== ctx.region) throw unmodelled(`The network border group ${NetworkBorderGroup}`);
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

  ReleaseAddress(ctx, { AllocationId, PublicIp, NetworkBorderGroup = ctx.region }) {
    const { allocationId, publicIp, association } = named(ctx, AllocationId, PublicIp);
    // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReleaseAddress.html
    if (NetworkBorderGroup !== ctx.region)
      throw new Fault('InvalidAddress.NotFound', `Address '${publicIp}' not found.`);
    if (association) throw new Fault('InvalidIPAddress.InUse', `Address ${publicIp} is in use.`);
    ctx.delete(addresses, allocationId);
    removeTagsOf(ctx, allocationId);
  },

  DescribeAddresses(ctx, { AllocationIds = [], PublicIps = [], Filters }) {
    const interfaceFor = ({ association }: Address): NetworkInterface | undefined =>
      association && ctx.get(interfaces, association.interfaceId);
    const privateIpFor = (address: Address): string | undefined =>
      address.association?.privateIp ?? interfaceFor(address)?.privateIp;
    const instanceFor = (address: Address): string | undefined => {
      const row = interfaceFor(address);
      return row?.kind === 'interface' && !row.lent && isAttached(row) ? row.ownerId : undefined;
    };
    const where = filtered<Address>(Filters, {
      operation: 'DescribeAddresses',
      values: {
        'allocation-id': (address) => address.allocationId,
        'association-id': (address) => address.association?.id,
        domain: () => 'vpc',
        'instance-id': instanceFor,
        'network-border-group': () => ctx.region,
        'network-interface-owner-id': (address) => (address.association ? ctx.account : undefined),
        'network-interface-id': (address) => address.association?.interfaceId,
        'private-ip-address': privateIpFor,
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
        PrivateIpAddress: privateIpFor(address),
        InstanceId: instanceFor(address),
        Tags: tagsShown(ctx, address.allocationId),
      };
    });
    return { Addresses };
  },

  // Reverse DNS names, which are all that an address has for attributes, cannot be given to one here, and AWS shows only
  // addresses that have one. https://docs.aws.amazon.com/cli/latest/reference/ec2/describe-addresses-attribute.html
  DescribeAddressesAttribute(ctx, { AllocationIds = [] }) {
    for (const id of AllocationIds) addressOf(ctx, id);
    return { Addresses: [] };
  },

  AssociateAddress(
    ctx,
    { AllocationId, PublicIp, InstanceId, NetworkInterfaceId, PrivateIpAddress, AllowReassociation = true },
  ) {
    const address = named(ctx, AllocationId, PublicIp);
    if (InstanceId === undefined && NetworkInterfaceId === undefined) throw missing('instanceId');
    const row = interfaceOf(ctx, NetworkInterfaceId ?? instanceOf(ctx, InstanceId).interfaceId);
    const { privateIp, interfaceId } = row;
    if (PrivateIpAddress !== undefined && !privateIpsOf(row).includes(PrivateIpAddress)) {
      throw new Fault(
        'InvalidParameterValue',
        `Private IP address ${PrivateIpAddress} is not assigned to interface ${interfaceId}`,
      );
    }
    const { association } = address;
    const elsewhere =
      association?.interfaceId !== interfaceId ||
      (association.privateIp ?? privateIp) !== (PrivateIpAddress ?? privateIp);
    if (association && elsewhere) {
      if (!AllowReassociation) {
        throw new Fault(
          'Resource.AlreadyAssociated',
          `resource ${address.allocationId} is already associated with associate-id ${association.id}`,
        );
      }
      disassociate(ctx, address);
    }
    return {
      AssociationId: associateAddress(
        ctx,
        addressOf(ctx, address.allocationId),
        interfaceOf(ctx, interfaceId),
        PrivateIpAddress,
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
