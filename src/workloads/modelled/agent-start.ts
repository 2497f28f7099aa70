// The start of the CodeDeploy agent's service, with its machine or after its installation.

import { timer } from '#world/index.ts';
import type { TimerHandler, TimerKind } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { active } from '#cloud/injections.ts';
import { machineChanged } from '#cloud/ports/machines.ts';
import { agents } from '../codedeploy-agent/agent-rows.ts';
import { startAgent } from '../codedeploy-agent/codedeploy-agent.ts';
import { agentStart } from '../timings.ts';
import { machineRows } from './machine-rows.ts';
import type { Machine } from './machine-rows.ts';

const agentDue: TimerKind<{ instanceId: string; boots: number }> = timer<{
  instanceId: string;
  boots: number;
}>('workloads/codedeploy-agent-due');

export function agentComes(ctx: Ctx, { instanceId, identity, boots }: Machine): void {
  ctx.schedule(agentDue, ctx.now + ctx.duration(agentStart, identity, boots), { instanceId, boots });
}

export function isAgentDead(ctx: Ctx, { instanceId }: Machine): boolean {
  return active(ctx, 'agent-death').some((injection) => injection.instanceId === instanceId);
}

export const onAgentDue: TimerHandler<{ instanceId: string; boots: number }, Ctx> = {
  kind: agentDue,
  live(ctx, { instanceId, boots }) {
    const machine = ctx.get(machineRows, instanceId);
    if (machine?.boots !== boots || ctx.get(agents, instanceId)) return false;
    return (machine.phase === 'up' || machine.phase === 'user-data') && !isAgentDead(ctx, machine);
  },
  fire(ctx, { instanceId }) {
    startAgent(ctx, instanceId);
    ctx.emit(machineChanged, { instanceId });
  },
};
