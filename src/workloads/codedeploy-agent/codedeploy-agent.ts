// The AWS CodeDeploy agent: polls, takes commands on, reports. It needs what the real one needs: an instance
// profile at its start, and a network path to CodeDeploy and S3. What a step does on the machine is its
// driver's.
// https://docs.aws.amazon.com/codedeploy/latest/userguide/codedeploy-agent.html

import { timer, wake } from '#world/index.ts';
import type { Part, Reconciler, Row, TimerHandler, TimerKind } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import { injectionChanged } from '#cloud/injections.ts';
import { identity } from '#cloud/ports/identity.ts';
import { instances, networkChanged } from '#cloud/ports/instances.ts';
import type { Answer } from '#cloud/waiting.ts';
import { ERROR_PAUSE_MS, POLL_PAUSE_MS, RETRY_WINDOW_MS } from '../timings.ts';
import { agents, callerOf, hostIdentifier, reach } from './agent-rows.ts';
import type { Agent } from './agent-rows.ts';
import { commands, failInterrupted, handle, stepHandler } from './commands.ts';
import { deploymentRoots } from './deployment-root.ts';
import { scriptLogs } from './diagnostics.ts';
import type { StepRunner } from './steps.ts';

type Polled = Output<'codedeploy-commands', 'PollHostCommand'>;

/** The answer to a poll. */
const polled: TimerKind<{ instanceId: string; poll: number; answer: unknown }> = timer<{
  instanceId: string;
  poll: number;
  answer: unknown;
}>('codedeploy-agent/polled');

/** Polls of an idle or cut-off agent are no reason for time to move. */
const POLLER = { name: 'codedeploy-agent/poller', background: true } as const;

/** Stands for a poll that was answered at once. */
const ANSWERED = 'answered';

/** The agent on a driver, as a part of a world. */
export function codedeployAgent(runner: StepRunner): Omit<Part<Ctx>, 'name'> {
  const answered: TimerHandler<{ instanceId: string; poll: number; answer: unknown }, Ctx> = {
    kind: polled,
    live: (ctx, { instanceId, poll }) => ctx.get(agents, instanceId)?.polls === poll,
    fire(ctx, { instanceId, answer }) {
      const { request: _, ...agent } = ctx.get(agents, instanceId) as Agent;
      ctx.put(agents, agent);
      take(ctx, runner, agent, answer as Answer);
    },
  };
  return {
    tables: [agents, commands, deploymentRoots, scriptLogs],
    timers: [answered, stepHandler(runner)] as readonly TimerHandler<unknown, Ctx>[],
    reconcilers: [poller as unknown as Reconciler<Row, Ctx>],
  };
}

const poller: Reconciler<Agent, Ctx> = {
  ...POLLER,
  table: agents,
  wakes: [
    wake<{ vpcId: string }, Ctx>(networkChanged, (ctx, { vpcId }) =>
      able(ctx).filter((id) => ctx.port(instances).facts(ctx, id)?.vpcId === vpcId),
    ),
    wake(injectionChanged, (ctx: Ctx, { injection }) => (injection.kind === 'api-error' ? able(ctx) : [])),
  ],
  /**
   * Polls. Where that fails, the agent waits longer and longer. Nobody can tell from outside whether it tried
   * in vain, so it only tries again where it may come out differently: at its next turn after the network
   * changed, or for a while after an error.
   */
  step(ctx, agent) {
    if (agent.roleArn === undefined) return undefined;
    if (agent.request === undefined && agent.failingSince !== undefined) {
      const turn = nextTurn(agent.failingSince, ctx.now);
      if (turn > ctx.now) return turn;
    }
    const path = reach(ctx, agent.instanceId);
    if (!path.ok) hangUp(ctx, agent, `Network error: cannot connect, blocked by ${path.blockedBy}`);
    else if (agent.request === undefined) poll(ctx, agent);
    return undefined;
  },
};

/** Agents that have credentials. */
function able(ctx: Ctx): string[] {
  return ctx.list(agents).flatMap(({ instanceId, roleArn }) => (roleArn === undefined ? [] : [instanceId]));
}

/** A poll whose connection breaks is withdrawn: what CodeDeploy has for the agent waits for its next poll. */
function hangUp(ctx: Ctx, { request, ...agent }: Agent, problem: string): void {
  if (request !== undefined) ctx.stopWaiting(request);
  ctx.put(agents, { ...agent, failingSince: agent.failingSince ?? ctx.now, problem });
}

function poll(ctx: Ctx, agent: Agent): void {
  const { instanceId } = agent;
  const next = ctx.update(agents, agent, { polls: agent.polls + 1 });
  const HostIdentifier = hostIdentifier(ctx, instanceId);
  const then = { kind: polled, payload: { instanceId, poll: next.polls } } as never;
  const request = ctx.ask(
    'codedeploy-commands',
    'PollHostCommand',
    { HostIdentifier },
    callerOf(agent),
    then,
  );
  // An answer at once is still on its way: until it is here there is no second poll.
  ctx.update(agents, next, { request: request ?? ANSWERED });
}

function take(ctx: Ctx, runner: StepRunner, agent: Agent, answer: Answer): void {
  const { instanceId } = agent;
  if (!answer.ok) {
    const { shape, message } = answer.fault;
    const failing = fail(
      ctx,
      agent,
      `Cannot reach InstanceService: Aws::CodeDeployCommand::Errors::${shape} - ${message}`,
    );
    const since = failing.failingSince as number;
    if (ctx.now - since < RETRY_WINDOW_MS) ctx.wake(POLLER, instanceId, nextTurn(since, ctx.now + 1));
    return;
  }
  const { failingSince: _, problem: __, ...healthy } = agent;
  if (agent.failingSince !== undefined) ctx.put(agents, healthy);
  const { HostCommand: command } = answer.output as Polled;
  if (command) handle(ctx, runner, healthy, command);
  ctx.wake(POLLER, instanceId, ctx.now + POLL_PAUSE_MS);
}

function fail(ctx: Ctx, agent: Agent, problem: string): Agent {
  return ctx.update(agents, agent, { failingSince: agent.failingSince ?? ctx.now, problem });
}

/** The first instant from `at` on at which an agent that began to fail at `since` tries again. */
function nextTurn(since: number, at: number): number {
  let turn = since;
  for (const pause of ERROR_PAUSE_MS) {
    turn += pause;
    if (turn >= at) return turn;
  }
  const last = ERROR_PAUSE_MS.at(-1) as number;
  return turn + Math.ceil((at - turn) / last) * last;
}

/** Starts the agent of a machine, with the credentials that the instance profile gives now. */
export function startAgent(ctx: Ctx, instanceId: string): void {
  const profile = ctx.port(instances).facts(ctx, instanceId)?.instanceProfileArn;
  const roleArn = profile === undefined ? undefined : ctx.port(identity).profileRole(ctx, profile);
  const problem =
    'Missing credentials - please check if this instance was started with an IAM instance profile';
  const polls = ctx.get(agents, instanceId)?.polls ?? 0;
  const agent: Agent = {
    instanceId,
    polls,
    ...(roleArn === undefined ? { problem, failingSince: ctx.now } : { roleArn }),
  };
  ctx.put(agents, agent);
  if (roleArn === undefined) return;
  failInterrupted(ctx, agent);
  ctx.wake(POLLER, instanceId);
}

/** The agent's process ends. What it was doing stays open until it starts again. */
export function stopAgent(ctx: Ctx, instanceId: string): void {
  const agent = ctx.get(agents, instanceId);
  if (agent?.request !== undefined) ctx.stopWaiting(agent.request);
  ctx.delete(agents, instanceId);
  for (const command of ctx.list(commands, 'instance', instanceId))
    ctx.update(commands, command, { interrupted: true });
}

/** Everything that the agent keeps on a machine goes with its disk. */
export function forgetAgent(ctx: Ctx, instanceId: string): void {
  stopAgent(ctx, instanceId);
  ctx.delete(deploymentRoots, instanceId);
  for (const { id } of ctx.list(commands, 'instance', instanceId)) ctx.delete(commands, id);
  for (const { deploymentId } of ctx.list(scriptLogs, 'instance', instanceId)) {
    ctx.delete(scriptLogs, `${instanceId}/${deploymentId}`);
  }
}
