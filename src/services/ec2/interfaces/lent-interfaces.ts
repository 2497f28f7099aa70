// Interfaces in a customer's subnets that belong to what another AWS service runs there: the tasks of Amazon ECS.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-networking.html

import type { Ctx } from '#cloud/ctx.ts';
import { networkChanged } from '#cloud/ports/instances.ts';
import type { Instances, LentInterface } from '#cloud/ports/instances.ts';
import { covers, parseAddress, parseBlock } from '../vpcs/cidr.ts';
import { interfaceOf, interfaces, privateIpsOf, subnets } from '../vpcs/network.ts';
import type { NetworkInterface } from '../vpcs/network.ts';
import { attachInterface, macAddress, newPublicIp, privateDnsName, removeInterface } from './interfaces.ts';

const FIRST_AFTER_THE_HOST = 1;

export const at: Instances['at'] = (ctx, vpcId, address) => {
  const place = parseAddress(address);
  if (place === undefined) return undefined;
  const subnet = ctx.list(subnets, 'vpc', vpcId).find(({ cidr }) => {
    const block = parseBlock(cidr);
    return block !== undefined && covers(block, { first: place, last: place });
  });
  if (!subnet) return undefined;
  const row = ctx
    .list(interfaces, 'subnet', subnet.subnetId)
    .find((one) => privateIpsOf(one).includes(address));
  return { zone: subnet.zone, hostId: row ? hostOf(row) : '' };
};

function hostOf({ kind, lent: isLent, ownerId, interfaceId }: NetworkInterface): string {
  return kind === 'interface' && !isLent && ownerId !== '' ? ownerId : interfaceId;
}

export const lend: Instances['lend'] = (ctx, interfaceId, owner, publicIp) => {
  const attached = attachInterface(ctx, interfaceOf(ctx, interfaceId), owner, FIRST_AFTER_THE_HOST, true);
  const row = ctx.update(interfaces, attached, {
    lent: true as const,
    ...(publicIp ? { publicIp: newPublicIp(ctx) } : {}),
  });
  tell(ctx, row);
  return factsOf(ctx, row);
};

export const giveBack: Instances['giveBack'] = (ctx, interfaceId) => {
  const row = ctx.get(interfaces, interfaceId);
  if (!row) return;
  removeInterface(ctx, interfaceId);
  tell(ctx, row);
};

export const lent: Instances['lent'] = (ctx, interfaceId) => {
  const row = ctx.get(interfaces, interfaceId);
  return row?.lent && factsOf(ctx, row);
};

function factsOf(
  ctx: Ctx,
  { interfaceId, attachmentId, privateIp, publicIp, zone, vpcId }: NetworkInterface,
): LentInterface {
  return {
    interfaceId,
    attachmentId,
    privateIp,
    privateDnsName: privateDnsName(ctx.region, privateIp),
    macAddress: macAddress(interfaceId),
    zone,
    vpcId,
    ...(publicIp === undefined ? {} : { publicIp }),
  };
}

function tell(ctx: Ctx, { vpcId }: NetworkInterface): void {
  ctx.emit(networkChanged, { vpcId });
}
