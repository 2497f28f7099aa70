// Auto Scaling groups: what they tell, and what alarms make of them.

import { event } from '#world/index.ts';
import type { EventKind } from '#world/index.ts';
import type { Ctx } from '../ctx.ts';
import { port } from '../port.ts';
import type { Port } from '../port.ts';

/** An instance of a group has entered a lifecycle state. */
export const groupInstanceChanged: EventKind<{ group: string; instanceId: string; state: string }> = event(
  'autoscaling/instance-changed',
);

/** An instance waits in a lifecycle hook: what the hook's notification would carry. */
export const lifecycleActionBegan: EventKind<{
  group: string;
  hook: string;
  instanceId: string;
  token: string;
  transition: string;
  metadata: string;
  target: string;
}> = event('autoscaling/lifecycle-action-began');

/** What an alarm hands over when it executes a scaling policy. */
export interface PolicyAlarm {
  readonly alarmName: string;
  readonly metricValue: number;
  readonly threshold: number;
}

export interface Scaling {
  /** Executes a scaling policy by ARN for an alarm, without IAM as in AWS. Throws `Fault` where it cannot. */
  execute(ctx: Ctx, policyArn: string, alarm: PolicyAlarm): void;
}
export const scaling: Port<Scaling> = port<Scaling>('scaling');
