// Instances and their network: implemented by EC2.

import { event } from '#world/index.ts';
import type { EventKind } from '#world/index.ts';
import type { Ctx } from '../ctx.ts';
import { port } from '../port.ts';
import type { Port } from '../port.ts';

export type InstanceState = 'pending' | 'running' | 'shutting-down' | 'terminated' | 'stopping' | 'stopped';

/** What the rest of the cloud may know of an instance. */
export interface InstanceFacts {
  readonly instanceId: string;
  readonly state: InstanceState;
  readonly imageId: string;
  readonly instanceType: string;
  readonly zone: string;
  readonly subnetId: string;
  readonly vpcId: string;
  readonly privateIp: string;
  readonly privateDnsName: string;
  readonly securityGroupIds: readonly string[];
  readonly instanceProfileArn?: string;
  readonly userData?: string;
  /** Linux where nothing is said. */
  readonly platform?: 'windows';
  readonly launchedAt: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** What an instance is made of. */
export interface InstanceHardware {
  readonly vCpus: number;
  readonly memoryMiB: number;
  readonly architecture: 'x86_64' | 'arm64';
  /** Of its image; empty where that is gone. */
  readonly imageName: string;
}

/** What stands at a private address of a VPC. */
export interface AddressHolder {
  readonly zone: string;
  /** The instance that has it, or the network interface if it is no instance's; empty where nothing has it. */
  readonly hostId: string;
}

/** An interface that an AWS service puts into a subnet of a customer's. */
export interface LentInterface {
  readonly interfaceId: string;
  readonly attachmentId: string;
  readonly privateIp: string;
  readonly privateDnsName: string;
  readonly publicIp?: string;
  readonly macAddress: string;
  readonly zone: string;
  readonly vpcId: string;
}

/** Whether packets get from here to there; if not, what is in the way, by resource id. */
export type Reachability = { readonly ok: true } | { readonly ok: false; readonly blockedBy: string };

export interface Instances {
  facts(ctx: Ctx, instanceId: string): InstanceFacts | undefined;
  hardware(ctx: Ctx, instanceId: string): InstanceHardware | undefined;
  /** Instances that carry all of these tags. */
  tagged(ctx: Ctx, tags: readonly { key: string; values: readonly string[] }[]): InstanceFacts[];
  /** Milliseconds that instances of this account and region have run so far, all added up: what capacity costs. */
  instanceMs(ctx: Ctx): number;
  /** Who has an address; nothing where no subnet of the VPC contains it. */
  at(ctx: Ctx, vpcId: string, address: string): AddressHolder | undefined;
  /** Attaches an interface that is attached to nothing to what `owner` runs outside the customer's account. */
  lend(ctx: Ctx, interfaceId: string, owner: string, publicIp: boolean): LentInterface;
  /** Takes back and deletes an interface that was lent. */
  giveBack(ctx: Ctx, interfaceId: string): void;
  /** An interface that is lent; nothing where there is none or it is a customer's own. */
  lent(ctx: Ctx, interfaceId: string): LentInterface | undefined;
  /** From an instance or a lent interface to an AWS endpoint such as `codedeploy-commands.us-east-1.amazonaws.com` (TCP 443). */
  reachEndpoint(ctx: Ctx, instanceId: string, host: string): Reachability;
  /** From a load balancer's or other security groups in the VPC to a port of an instance or a lent interface. */
  reachInstance(
    ctx: Ctx,
    from: { securityGroupIds: readonly string[]; subnetIds: readonly string[] },
    instanceId: string,
    port: number,
  ): Reachability;
}
export const instances: Port<Instances> = port<Instances>('instances');

/** An instance has entered a state. */
export const instanceChanged: EventKind<{ instanceId: string; state: InstanceState }> =
  event('ec2/instance-changed');

/** Routes, security groups, network ACLs, gateways or endpoints of a VPC changed: packets may go otherwise than before. */
export const networkChanged: EventKind<{ vpcId: string }> = event('ec2/network-changed');
