// Health checks as both generations of load balancers make them: at an interval whose phase is kept, and let through or not by
// security groups and networks.

import type { Ctx } from '../ctx.ts';
import { instances } from '../ports/instances.ts';
import { machines } from '../ports/machines.ts';
import type { Probe, ProbeResult } from '../ports/machines.ts';

/** How the health checks of a target stand. Not part of the target, because counting changes no routing. */
export interface CheckRecord {
  key: string;
  /** A check happens at this instant and at every interval before and after it: the phase. */
  phaseAt: number;
  checkedAt: number | null;
  /** A check was sent at `checkedAt`, and its outcome is not known yet. */
  awaiting: boolean;
  /** No further check is arranged: it could only find what the last one found. */
  elided: boolean;
  passes: number;
  failures: number;
}

/** Of a target that enters service, and is first checked at an instant. */
export function unchecked(key: string, phaseAt: number): CheckRecord {
  return { key, phaseAt, checkedAt: null, awaiting: false, elided: false, passes: 0, failures: 0 };
}

/** The next instant, from now on, at which a target is checked; never twice at one instant. */
export function nextCheck(
  { intervalSeconds }: { readonly intervalSeconds: number },
  { phaseAt, checkedAt }: CheckRecord,
  now: number,
): number {
  const interval = intervalSeconds * 1000;
  const from = checkedAt === now ? now + 1 : now;
  if (phaseAt >= from) return phaseAt;
  return phaseAt + Math.ceil((from - phaseAt) / interval) * interval;
}

interface Sender {
  readonly securityGroupIds: readonly string[];
  readonly subnets: readonly { readonly subnetId: string }[];
}

const NO_ANSWER: ProbeResult = { kind: 'timeout', steady: true };

/**
 * What a health check finds, where that is known at once. It comes from the load balancer's subnets and security groups: where it
 * is not let through, nobody answers.
 */
export function probeFrom(
  ctx: Ctx,
  { securityGroupIds, subnets }: Sender,
  probe: Probe,
): ProbeResult | undefined {
  const from = { securityGroupIds, subnetIds: subnets.map(({ subnetId }) => subnetId) };
  const { ok } = ctx.port(instances).reachInstance(ctx, from, probe.instanceId, probe.port);
  return ok ? ctx.port(machines).probe(ctx, probe) : NO_ANSWER;
}
