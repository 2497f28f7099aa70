// Network interfaces as resources of their own: made, changed, attached to an instance beside its first one, detached.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-eni.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input } from '#cloud/contracts.ts';
import { networkChanged } from '#cloud/ports/instances.ts';
import type { Operations } from '#cloud/service.ts';
import { instanceOf } from '../instances/instances.ts';
import { notTogether, once, unmodelled } from '../requests.ts';
import { tagCreated } from '../tags.ts';
import { defaultGroup, interfaceOf, interfaces, securityGroupOf, subnetOf } from '../vpcs/network.ts';
import type { NetworkInterface, Subnet } from '../vpcs/network.ts';
import { freeAddresses, wantedAddress } from '../vpcs/subnets.ts';
import {
  attachInterface,
  describeInterface,
  detachInterface,
  isAttached,
  makeInterface,
  removeInterface,
} from './interfaces.ts';

type CreateRequest = Input<'ec2', 'CreateNetworkInterface'>;

function groupsFor(ctx: Ctx, vpcId: string, ids: readonly string[], place: string): string[] {
  for (const id of ids) {
    if (securityGroupOf(ctx, id).vpcId !== vpcId) {
      throw new Fault('InvalidParameter', `Security group ${id} and ${place} belong to different networks.`);
    }
  }
  return ids.length > 0 ? [...new Set(ids)] : [defaultGroup(ctx, vpcId).groupId];
}

const MOST_ADDRESSES = 65_536;

/** The addresses that a request names or counts, the first one first. */
function addressesFor(ctx: Ctx, subnet: Subnet, request: CreateRequest): string[] {
  const { PrivateIpAddress, PrivateIpAddresses: listed = [] } = request;
  const { SecondaryPrivateIpAddressCount: count } = request;
  if (PrivateIpAddress !== undefined && listed.length > 0)
    throw notTogether('privateIpAddresses', 'privateIpAddress');
  if (count !== undefined && listed.length > 0)
    throw notTogether('privateIpAddresses', 'secondaryPrivateIpAddressCount');
  const primary = listed.filter(({ Primary }) => Primary === true);
  if (primary.length > 1)
    throw new Fault('InvalidParameterValue', 'Only one private address of an interface is the primary one.');
  // Without a word on which is the primary one, the first is, as getmoto/moto has it; AWS's documentation does not say.
  const first = primary[0] ?? listed.find(({ Primary }) => Primary === undefined);
  const further = listed.filter((one) => one !== first);
  const named = [PrivateIpAddress ?? first?.PrivateIpAddress, ...further.map((one) => one.PrivateIpAddress)];
  for (const address of named) if (address !== undefined) wantedAddress(ctx, subnet, address);
  // No subnet has more: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
  if (count !== undefined && count > MOST_ADDRESSES) throw insufficient(subnet);
  return filled(ctx, subnet, [...named, ...Array.from({ length: count ?? 0 }, () => undefined)]);
}

/** Where nothing is named, the lowest addresses that are free. */
function filled(ctx: Ctx, subnet: Subnet, named: readonly (string | undefined)[]): string[] {
  const taken = new Set(named);
  if (taken.size < named.filter((one) => one !== undefined).length)
    throw new Fault('InvalidParameterValue', 'A private address is named more than once.');
  const free = freeAddresses(ctx, subnet, named.length * 2).filter((one) => !taken.has(one));
  return named.map((one) => {
    const address = one ?? free.shift();
    if (address !== undefined) return address;
    throw insufficient(subnet);
  });
}

function insufficient({ subnetId }: Subnet): Fault {
  return new Fault('InsufficientFreeAddressesInSubnet', `Insufficient free addresses in subnet ${subnetId}.`);
}

function make(ctx: Ctx, request: CreateRequest): string {
  const { SubnetId, Groups = [], Description = '', InterfaceType = 'interface' } = request;
  if ((InterfaceType as string) !== 'interface')
    throw unmodelled(`An interface of the type ${InterfaceType}`);
  const subnet = subnetOf(ctx, SubnetId);
  const [privateIp = '', ...further] = addressesFor(ctx, subnet, request);
  const { interfaceId } = makeInterface(ctx, subnet, {
    kind: 'interface',
    ownerId: '',
    description: Description,
    groupIds: groupsFor(ctx, subnet.vpcId, Groups, `subnet ${subnet.subnetId}`),
    privateIp,
    ...(further.length === 0 ? {} : { secondary: further.map((one) => ({ privateIp: one })) }),
  });
  tagCreated(ctx, request.TagSpecifications, interfaceId);
  return interfaceId;
}

/** One that its owner may change: those of NAT gateways and endpoints are AWS's. */
export function ownInterfaceOf(ctx: Ctx, id: string | undefined): NetworkInterface {
  const row = interfaceOf(ctx, id);
  if (row.kind === 'interface' && !row.lent) return row;
  throw new Fault(
    'OperationNotPermitted',
    `You do not have permission to access the specified resource: ${row.interfaceId} is managed by AWS.`,
  );
}

function attachedAs(ctx: Ctx, attachmentId: string | undefined): NetworkInterface {
  const row = ctx.list(interfaces).find((one) => isAttached(one) && one.attachmentId === attachmentId);
  if (row) return row;
  throw new Fault(
    'InvalidAttachmentID.NotFound',
    `The networkInterfaceAttachment ID '${attachmentId ?? ''}' does not exist`,
  );
}

function tell(ctx: Ctx, { vpcId }: NetworkInterface): void {
  ctx.emit(networkChanged, { vpcId });
}

export const interfaceAttachmentOperations: Operations<'ec2'> = {
  CreateNetworkInterface(ctx, { ClientToken, ...request }) {
    const id = once(ctx, 'CreateNetworkInterface', ClientToken, request, () => make(ctx, request));
    return { NetworkInterface: describeInterface(ctx, interfaceOf(ctx, id)), ClientToken };
  },

  DeleteNetworkInterface(ctx, { NetworkInterfaceId }) {
    const row = ownInterfaceOf(ctx, NetworkInterfaceId);
    if (isAttached(row)) {
      throw new Fault('InvalidParameterValue', `Network interface '${row.interfaceId}' is currently in use.`);
    }
    removeInterface(ctx, row.interfaceId);
  },

  ModifyNetworkInterfaceAttribute(ctx, input) {
    const row = ownInterfaceOf(ctx, input.NetworkInterfaceId);
    const { Description, SourceDestCheck, Groups, Attachment } = input;
    if (Attachment) {
      const { AttachmentId, DeleteOnTermination } = Attachment;
      if (attachedAs(ctx, AttachmentId).interfaceId !== row.interfaceId) {
        throw new Fault(
          'InvalidAttachmentID.NotFound',
          `The networkInterfaceAttachment ID '${AttachmentId ?? ''}' does not exist`,
        );
      }
      if (DeleteOnTermination !== undefined)
        ctx.update(interfaces, row, { deleteOnTermination: DeleteOnTermination });
      return;
    }
    ctx.update(interfaces, row, {
      ...(Description?.Value === undefined ? {} : { description: Description.Value }),
      ...(SourceDestCheck?.Value === undefined ? {} : { sourceDestCheck: SourceDestCheck.Value }),
      ...(Groups && { groupIds: groupsFor(ctx, row.vpcId, Groups, `interface ${row.interfaceId}`) }),
    });
    tell(ctx, row);
  },

  AttachNetworkInterface(ctx, { NetworkInterfaceId, InstanceId, DeviceIndex, NetworkCardIndex }) {
    if (NetworkCardIndex) throw unmodelled('A further network card');
    const row = ownInterfaceOf(ctx, NetworkInterfaceId);
    const { instanceId, state, zone } = instanceOf(ctx, InstanceId);
    if (isAttached(row)) {
      throw new Fault('InvalidNetworkInterface.InUse', `Interface: [${row.interfaceId}] in use.`);
    }
    if (state !== 'running' && state !== 'stopped')
      throw new Fault('IncorrectState', `Instance '${instanceId}' is not 'running' or 'stopped'.`);
    if (zone !== row.zone) {
      throw new Fault(
        'InvalidParameterCombination',
        'You may not attach a network interface to an instance if they are not in the same availability zone',
      );
    }
    const taken = ctx
      .list(interfaces, 'owner', instanceId)
      .some(({ deviceIndex = 0 }) => deviceIndex === DeviceIndex);
    if (taken) {
      throw new Fault(
        'InvalidParameterValue',
        `Instance '${instanceId}' already has an interface attached at device index '${DeviceIndex}'.`,
      );
    }
    const { attachmentId } = attachInterface(ctx, row, instanceId, DeviceIndex, false);
    tell(ctx, row);
    return { AttachmentId: attachmentId, NetworkCardIndex: 0 };
  },

  DetachNetworkInterface(ctx, { AttachmentId }) {
    const row = attachedAs(ctx, AttachmentId);
    ownInterfaceOf(ctx, row.interfaceId);
    if ((row.deviceIndex ?? 0) === 0) {
      throw new Fault(
        'OperationNotPermitted',
        'The network interface at device index 0 and networkCard index 0 cannot be detached.',
      );
    }
    detachInterface(ctx, row);
    tell(ctx, row);
  },
};
