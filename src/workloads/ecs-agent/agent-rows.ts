// The container agents of machines, as rows.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';

export interface EcsAgent {
  readonly instanceId: string;
  /** Of the machine when the agent started: at the next boot it starts again. */
  readonly boots: number;
  /** When it is up, epoch ms. */
  readonly startsAt: number;
  readonly cluster: string;
  /** Kept on the disk, so that a machine that comes back is the same container instance. */
  readonly containerInstanceArn?: string;
  readonly connected: boolean;
  readonly attempts: number;
  /** Why it could not connect, as in its log. */
  readonly problem?: string;
}

export const ecsAgents: Table<EcsAgent> = table<EcsAgent>('ecs-agent/agents', (row) => row.instanceId);
