// VPC peering connections between VPCs of one account and region.
// https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html

import { table, timer } from '#world/index.ts';
import type { Table, TimerHandler, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import { networkChanged } from '#cloud/ports/instances.ts';
import type { Operations } from '#cloud/service.ts';
import { filtered } from '../filters.ts';
import { existing, listed, missing, unmodelled } from '../requests.ts';
import { removeTagsOf, tagCreated, tagsOf, tagsShown } from '../tags.ts';
import { expiredPeeringVisible, peeringAcceptance, peeringExpiry, peeringVisible } from '../timings.ts';
import { overlaps, parseBlock } from '../vpcs/cidr.ts';
import type { Block } from '../vpcs/cidr.ts';
import { blocksOf, vpcOf, vpcs } from '../vpcs/network.ts';
import type { Vpc } from '../vpcs/network.ts';

type WirePeering = NonNullable<Output<'ec2', 'CreateVpcPeeringConnection'>['VpcPeeringConnection']>;
type WireSide = NonNullable<WirePeering['AccepterVpcInfo']>;
type Step = { peeringId: string; from: Peering['status'] };

/** A VPC peering connection between two VPCs of one account and region. */
export interface Peering {
  peeringId: string;
  requesterId: string;
  accepterId: string;
  status: 'pending-acceptance' | 'provisioning' | 'active' | 'deleted' | 'rejected' | 'expired' | 'failed';
  message: string;
  /** When a request lapses that nobody accepts. */
  expiresAt: number;
}
export const peerings: Table<Peering> = table<Peering>(
  'ec2/vpc-peerings',
  (row) => row.peeringId,
  { requester: (row) => row.requesterId, accepter: (row) => row.accepterId },
  { settles: true },
);

export function peeringOf(ctx: Ctx, id: string | undefined): Peering {
  return existing(ctx, peerings, id, {
    code: 'InvalidVpcPeeringConnectionID',
    malformed: 'InvalidVpcPeeringConnectionId',
    noun: 'vpcPeeringConnection ID',
    prefix: 'pcx',
  });
}

/** An acceptance is carried out. */
const acceptDue: TimerKind<Step> = timer<Step>('ec2/vpc-peering-accept');
/** Nobody has accepted a request, or one that has ended disappears from view. */
const expireDue: TimerKind<Step> = timer<Step>('ec2/vpc-peering-expire', { background: true });

/** Statuses of a connection that stands or may come to stand. */
const OPEN: ReadonlySet<Peering['status']> = new Set(['pending-acceptance', 'provisioning', 'active']);

const live = (ctx: Ctx, { peeringId, from }: Step): boolean => ctx.get(peerings, peeringId)?.status === from;

export const peeringAccept: TimerHandler<Step, Ctx> = {
  kind: acceptDue,
  live,
  fire: (ctx, { peeringId }) => enter(ctx, peeringOf(ctx, peeringId), 'active', 'Active'),
};

export const peeringExpire: TimerHandler<Step, Ctx> = {
  kind: expireDue,
  live,
  fire(ctx, { peeringId, from }) {
    const peering = peeringOf(ctx, peeringId);
    if (from === 'pending-acceptance') {
      end(ctx, peering, 'expired', 'Expired');
      return;
    }
    ctx.delete(peerings, peeringId);
    removeTagsOf(ctx, peeringId);
  },
};

function enter(ctx: Ctx, peering: Peering, status: Peering['status'], message: string): void {
  ctx.update(peerings, peering, { status, message });
  ctx.emit(networkChanged, { vpcId: peering.requesterId });
  ctx.emit(networkChanged, { vpcId: peering.accepterId });
}

/** An ended connection stays visible for a while. */
function end(ctx: Ctx, peering: Peering, status: Peering['status'], message: string): void {
  enter(ctx, peering, status, message);
  const { peeringId } = peering;
  const visible = status === 'expired' ? expiredPeeringVisible : peeringVisible;
  ctx.schedule(expireDue, ctx.now + ctx.duration(visible, peeringId), { peeringId, from: status });
}

/** The VPCs at the other ends of a VPC's connections that stand or may come to stand. */
export function peeredVpcs(ctx: Ctx, vpcId: string): Vpc[] {
  return peeringsOf(ctx, vpcId)
    .filter(({ status }) => status === 'active' || status === 'provisioning')
    .flatMap(
      ({ requesterId, accepterId }) => ctx.get(vpcs, requesterId === vpcId ? accepterId : requesterId) ?? [],
    );
}

function peeringsOf(ctx: Ctx, vpcId: string): Peering[] {
  const both = [...ctx.list(peerings, 'requester', vpcId), ...ctx.list(peerings, 'accepter', vpcId)];
  return [...new Map(both.map((peering) => [peering.peeringId, peering])).values()];
}

/** A VPC that goes takes its connections with it. */
export function endPeeringsOf(ctx: Ctx, vpcId: string): void {
  for (const peering of peeringsOf(ctx, vpcId)) {
    if (OPEN.has(peering.status)) end(ctx, peering, 'deleted', `Deleted by ${ctx.account}`);
  }
}

function describe(ctx: Ctx, peering: Peering): WirePeering {
  const { peeringId, status, message, expiresAt } = peering;
  const side = (vpcId: string, known: boolean): WireSide => {
    const vpc = known ? ctx.get(vpcs, vpcId) : undefined;
    return {
      VpcId: vpcId,
      OwnerId: ctx.account,
      Region: ctx.region,
      ...(vpc && {
        CidrBlock: vpc.cidr,
        CidrBlockSet: blocksOf(vpc).map(({ cidr }) => ({ CidrBlock: cidr })),
        PeeringOptions: {
          AllowDnsResolutionFromRemoteVpc: false,
          AllowEgressFromLocalClassicLinkToRemoteVpc: false,
          AllowEgressFromLocalVpcToRemoteClassicLink: false,
        },
      }),
    };
  };
  return {
    VpcPeeringConnectionId: peeringId,
    RequesterVpcInfo: side(peering.requesterId, true),
    // Nobody learns of the other network before its owner has accepted.
    AccepterVpcInfo: side(peering.accepterId, status === 'active' || status === 'provisioning'),
    Status: { Code: status, Message: message },
    ExpirationTime: status === 'pending-acceptance' ? expiresAt : undefined,
    Tags: tagsShown(ctx, peeringId),
  };
}

/** Connections of VPCs whose blocks overlap fail at once. */
function clash(requester: Vpc, accepter: Vpc): boolean {
  const block = ({ cidr }: { cidr: string }): Block => parseBlock(cidr) as Block;
  return blocksOf(requester).some((one) =>
    blocksOf(accepter).some((other) => overlaps(block(one), block(other))),
  );
}

function pending(ctx: Ctx, id: string | undefined, verb: string): Peering {
  const peering = peeringOf(ctx, id);
  if (peering.status === 'pending-acceptance') return peering;
  throw new Fault(
    'InvalidStateTransition',
    `Invalid state transition for ${peering.peeringId}, attempted to ${verb} from ${peering.status}`,
  );
}

export const peeringOperations: Operations<'ec2'> = {
  CreateVpcPeeringConnection(ctx, input) {
    const { VpcId, PeerVpcId, PeerOwnerId = ctx.account, PeerRegion = ctx.region, TagSpecifications } = input;
    if (PeerOwnerId !== ctx.account) throw unmodelled('A peering connection to another account');
    if (PeerRegion !== ctx.region) throw unmodelled('A peering connection to another region');
    const requester = vpcOf(ctx, VpcId);
    if (PeerVpcId === undefined) throw missing('peerVpcId');
    const accepter = vpcOf(ctx, PeerVpcId);
    const same = peeringsOf(ctx, requester.vpcId).find(
      ({ status, requesterId, accepterId }) =>
        OPEN.has(status) && [requesterId, accepterId].includes(accepter.vpcId),
    );
    if (same)
      throw new Fault(
        'VpcPeeringConnectionAlreadyExists',
        `The peering connection ${same.peeringId} already exists`,
      );
    const peeringId = `pcx-${ctx.id('vpc-peering-connection')}`;
    const expiresAt = ctx.now + ctx.duration(peeringExpiry, peeringId);
    const failed = clash(requester, accepter);
    const row: Peering = {
      peeringId,
      requesterId: requester.vpcId,
      accepterId: accepter.vpcId,
      status: 'pending-acceptance',
      message: `Pending Acceptance by ${ctx.account}`,
      expiresAt,
    };
    ctx.put(peerings, row);
    tagCreated(ctx, TagSpecifications, peeringId);
    if (failed)
      end(ctx, row, 'failed', 'Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range');
    else ctx.schedule(expireDue, expiresAt, { peeringId, from: row.status });
    const shown = describe(ctx, peeringOf(ctx, peeringId));
    const begun = { Code: 'initiating-request', Message: `Initiating Request to ${ctx.account}` } as const;
    return { VpcPeeringConnection: { ...shown, Status: failed ? shown.Status : begun } };
  },

  AcceptVpcPeeringConnection(ctx, { VpcPeeringConnectionId }) {
    const peering = pending(ctx, VpcPeeringConnectionId, 'accept');
    const { peeringId } = peering;
    enter(ctx, peering, 'provisioning', 'Provisioning');
    const due = ctx.now + ctx.duration(peeringAcceptance, peeringId);
    ctx.schedule(acceptDue, due, { peeringId, from: 'provisioning' });
    return { VpcPeeringConnection: describe(ctx, peeringOf(ctx, peeringId)) };
  },

  RejectVpcPeeringConnection(ctx, { VpcPeeringConnectionId }) {
    end(ctx, pending(ctx, VpcPeeringConnectionId, 'reject'), 'rejected', 'Rejected');
    return { Return: true };
  },

  DeleteVpcPeeringConnection(ctx, { VpcPeeringConnectionId }) {
    const peering = peeringOf(ctx, VpcPeeringConnectionId);
    if (peering.status === 'deleted') return { Return: true };
    if (!OPEN.has(peering.status)) {
      throw new Fault(
        'InvalidStateTransition',
        `Invalid state transition for ${peering.peeringId}, attempted to delete from ${peering.status}`,
      );
    }
    end(ctx, peering, 'deleted', `Deleted by ${ctx.account}`);
    return { Return: true };
  },

  DescribeVpcPeeringConnections(ctx, { VpcPeeringConnectionIds, Filters, NextToken, MaxResults }) {
    const where = filtered<Peering>(Filters, {
      operation: 'DescribeVpcPeeringConnections',
      values: {
        'accepter-vpc-info.cidr-block': (row) => ctx.get(vpcs, row.accepterId)?.cidr,
        'accepter-vpc-info.owner-id': () => ctx.account,
        'accepter-vpc-info.vpc-id': (row) => row.accepterId,
        'requester-vpc-info.cidr-block': (row) => ctx.get(vpcs, row.requesterId)?.cidr,
        'requester-vpc-info.owner-id': () => ctx.account,
        'requester-vpc-info.vpc-id': (row) => row.requesterId,
        'status-code': (row) => row.status,
        'status-message': (row) => row.message,
        'vpc-peering-connection-id': (row) => row.peeringId,
      },
      tags: (row) => tagsOf(ctx, row.peeringId),
    });
    const page = { NextToken, MaxResults };
    const { rows, next } = listed(ctx, peerings, {
      ids: VpcPeeringConnectionIds,
      of: peeringOf,
      where,
      page,
    });
    return { VpcPeeringConnections: rows.map((row) => describe(ctx, row)), NextToken: next };
  },
};
