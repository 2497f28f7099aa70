// The agent of a machine as a row, and what it needs in order to talk to AWS.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import type { ThroughRole } from '#cloud/caller.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { instances } from '#cloud/ports/instances.ts';
import type { Reachability } from '#cloud/ports/instances.ts';

/** A running CodeDeploy agent. */
export interface Agent {
  readonly instanceId: string;
  /** The instance profile's role when the agent started: credentials are read once. */
  readonly roleArn?: string;
  /** Polls so far; an answer to an earlier one is stale. */
  readonly polls: number;
  /** The poll that is parked at CodeDeploy. */
  readonly request?: string;
  /** Since when its polls have failed, and why the last one did, as in its log. */
  readonly failingSince?: number;
  readonly problem?: string;
}

export const agents: Table<Agent> = table<Agent>('codedeploy-agent/agents', (row) => row.instanceId);

/** The instance's role session, as EC2 hands it out. */
export function callerOf({ instanceId, roleArn = '' }: Agent): ThroughRole {
  return { roleArn, service: 'ec2.amazonaws.com', sessionName: instanceId };
}

export function hostIdentifier(ctx: Ctx, instanceId: string): string {
  return ctx.arn('ec2', `instance/${instanceId}`);
}

/** The agent's way out to CodeDeploy; nothing needs to come in. */
export function reach(ctx: Ctx, instanceId: string): Reachability {
  return ctx
    .port(instances)
    .reachEndpoint(ctx, instanceId, `codedeploy-commands.${ctx.region}.amazonaws.com`);
}
