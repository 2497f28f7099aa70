// What runs on instances: implemented by a workload driver.

import { event } from '#world/index.ts';
import type { EventKind } from '#world/index.ts';
import type { Ctx } from '../ctx.ts';
import { port } from '../port.ts';
import type { Port } from '../port.ts';

/** What a health check or a probe found. `steady`: it will find the same until `machineChanged` tells otherwise. */
export type ProbeResult =
  | { readonly kind: 'status'; readonly status: number; readonly latencyMs: number; readonly steady: boolean }
  | { readonly kind: 'refused' | 'timeout'; readonly steady: boolean };

export interface Probe {
  readonly instanceId: string;
  readonly port: number;
  readonly protocol: 'HTTP' | 'HTTPS' | 'TCP';
  readonly path: string;
  readonly timeoutMs: number;
  /** Handed back through `probes.answered` where the answer cannot be given at once. */
  readonly reference: { readonly targetGroupArn: string; readonly targetId: string; readonly port: number };
}

export interface Machines {
  /** The instance's hardware has started: boot the image, run user data on a first boot, then its agents. */
  power(ctx: Ctx, instanceId: string, firstBoot: boolean): void;
  /** The instance shuts down: applications get their stop signal, then everything ends. Returns how long that takes (ms). */
  shutDown(ctx: Ctx, instanceId: string): number;
  /** The instance is gone, with its disks if `terminated`. */
  off(ctx: Ctx, instanceId: string, terminated: boolean): void;
  /** An image or a snapshot was made of the instance's disks: instances launched from it begin with what is on them now. */
  imaged?(ctx: Ctx, instanceId: string, imageId: string): void;
  /** An image was made of another, or of a snapshot of an instance's root volume: the same is on it. */
  copied?(ctx: Ctx, from: { account: string; region: string; id: string }, imageId: string): void;
  /** Answers at once where the driver can; otherwise nothing, and later through `probes.answered`. */
  probe(ctx: Ctx, probe: Probe): ProbeResult | undefined;
  /** Whether EC2's instance status check passes: the operating system answers. */
  statusOk(ctx: Ctx, instanceId: string): boolean;
}
export const machines: Port<Machines> = port<Machines>('machines');

/** An application or agent on a machine came up, went down or behaves differently from now on. */
export const machineChanged: EventKind<{ instanceId: string }> = event('workloads/machine-changed');

/** Where drivers that probe for real hand in what they found. Implemented by both generations of load balancers. */
export interface Probes {
  answered(ctx: Ctx, reference: Probe['reference'], result: ProbeResult): void;
}
/** Each of them ignores references that it has not given out. */
export const probes: Port<Probes> = port<Probes>('probes', (parts) => ({
  answered(ctx, reference, result) {
    for (const part of parts) part.answered(ctx, reference, result);
  },
}));
