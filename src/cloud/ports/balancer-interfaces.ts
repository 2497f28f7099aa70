// The network interfaces of Network Load Balancers: one in each subnet, with the addresses of the node there. Implemented by EC2.

import type { Ctx } from '../ctx.ts';
import { port } from '../port.ts';
import type { Port } from '../port.ts';

export interface BalancerInterface {
  readonly interfaceId: string;
  readonly privateIp: string;
  /** Of an Elastic IP address. */
  readonly publicIp?: string;
}

interface Wanted {
  readonly subnetId: string;
  readonly groupIds: readonly string[];
  /** Resource part of the load balancer's ARN: `net/name/id`. */
  readonly owner: string;
  readonly allocationId?: string;
  readonly privateIp?: string;
}

export interface BalancerInterfaces {
  /** Whether an Elastic IP address is there, and whether something has it. */
  address(ctx: Ctx, allocationId: string): 'free' | 'in use' | undefined;
  /** Throws EC2's faults, as for an address that is not free. */
  make(ctx: Ctx, wanted: Wanted): BalancerInterface;
  remove(ctx: Ctx, interfaceId: string): void;
}
export const balancerInterfaces: Port<BalancerInterfaces> = port<BalancerInterfaces>('balancer-interfaces');
