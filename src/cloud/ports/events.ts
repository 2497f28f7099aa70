// Events of AWS's own services: implemented by EventBridge.

import type { Ctx } from '../ctx.ts';
import { port } from '../port.ts';
import type { Port } from '../port.ts';

export interface ServiceEvent {
  /** Such as `aws.ec2`. */
  readonly source: string;
  readonly detailType: string;
  /** ARNs. */
  readonly resources: readonly string[];
  /** Plain JSON. */
  readonly detail: object;
}

export interface ServiceEvents {
  /** Whether any rule of the default bus may want events of a source: those that nobody wants need not be made. */
  wanted(ctx: Ctx, source: string): boolean;
  /** Something has happened in the account and Region of `ctx`: it goes to the default bus there. */
  put(ctx: Ctx, event: ServiceEvent): void;
}
/** Reach it through `tellEventBridge`: a cloud may be without. */
export const serviceEvents: Port<ServiceEvents> = port<ServiceEvents>('service-events');
