// The container agent of Amazon ECS on an instance: it registers the instance with a cluster under the role of the instance
// profile, over the instance's own network, and is what ECS reaches the containers through.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html

import { wake } from '#world/index.ts';
import type { Reconciler } from '#world/index.ts';
import type { Caller } from '#cloud/caller.ts';
import { Ctx } from '#cloud/ctx.ts';
import { containers, ecsAgentChanged } from '#cloud/ports/containers.ts';
import { instances, networkChanged } from '#cloud/ports/instances.ts';
import { machineChanged } from '#cloud/ports/machines.ts';
import { instanceRole } from '../cfn-bootstrap/requests.ts';
import { machineRows } from '../modelled/machine-rows.ts';
import { ecsAgents } from './agent-rows.ts';
import type { EcsAgent } from './agent-rows.ts';
import { ecsAgentRetry, ecsAgentStart } from '../timings.ts';

const VERSION = '1.100.0';
/** Ports of SSH, Docker and the agent: the agent keeps tasks off them. */
const RESERVED_PORTS = ['22', '2375', '2376', '51678', '51679'];
/**
 * Of a machine's memory the operating system shows less: 7985 MiB of 8192 in AWS's example.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/memory-management.html
 */
const [SHOWN, OF] = [7985, 8192];
const CPU_UNITS = 1024;

/** Images that carry the agent: AWS's own ECS-optimised ones. */
export function carriesAgent(imageName: string): boolean {
  return /(?:^|-)ami-ecs-/.test(imageName);
}

/** A setting in `/etc/ecs/ecs.config`; the last one counts. */
function setting(configuration: string, name: string): string | undefined {
  const lines = configuration.split('\n').filter((line) => line.trim().startsWith(`${name}=`));
  const value = lines
    .at(-1)
    ?.trim()
    .slice(name.length + 1);
  return value?.replace(/^(["'])(.*)\1$/, '$2');
}

/** The agent's service starts, once user data is through. */
export function startEcsAgent(ctx: Ctx, instanceId: string, configuration: string): void {
  const machine = ctx.get(machineRows, instanceId);
  if (!machine || !ctx.cloud.stands(containers)) return;
  const before = ctx.get(ecsAgents, instanceId);
  const cluster = setting(configuration, 'ECS_CLUSTER') ?? 'default';
  const { containerInstanceArn } = before?.cluster === cluster ? before : {};
  ctx.put(ecsAgents, {
    instanceId,
    boots: machine.boots,
    startsAt: ctx.now + ctx.duration(ecsAgentStart, machine.identity, machine.boots),
    cluster,
    connected: false,
    attempts: 0,
    ...(containerInstanceArn === undefined ? {} : { containerInstanceArn }),
  });
  ctx.wake(AGENT, instanceId);
}

export function forgetEcsAgent(ctx: Ctx, instanceId: string): void {
  if (!ctx.get(ecsAgents, instanceId)) return;
  ctx.delete(ecsAgents, instanceId);
  ctx.emit(ecsAgentChanged, { instanceId });
}

function isUp(ctx: Ctx, { instanceId, boots }: EcsAgent): boolean {
  const machine = ctx.get(machineRows, instanceId);
  return machine?.boots === boots && (machine.phase === 'up' || machine.phase === 'user-data');
}

export function agentConnected(ctx: Ctx, instanceId: string): boolean {
  const agent = ctx.get(ecsAgents, instanceId);
  return agent !== undefined && agent.connected && isUp(ctx, agent);
}

const AGENT = { name: 'ecs-agent/agent' } as const;
/** Trying again and again is no reason for time to move. */
const RETRY = { name: 'ecs-agent/retry', background: true } as const;

export const ecsAgentLife: Reconciler<EcsAgent, Ctx> = {
  ...AGENT,
  table: ecsAgents,
  wakes: [
    wake(machineChanged, (ctx: Ctx, { instanceId }) => (ctx.get(ecsAgents, instanceId) ? [instanceId] : [])),
    wake(networkChanged, (ctx: Ctx, { vpcId }) =>
      ctx
        .list(ecsAgents)
        .map(({ instanceId }) => instanceId)
        .filter((id) => ctx.port(instances).facts(ctx, id)?.vpcId === vpcId),
    ),
  ],
  step: look,
};

export const ecsAgentRetries: Reconciler<EcsAgent, Ctx> = { ...RETRY, table: ecsAgents, step: look };

function look(ctx: Ctx, agent: EcsAgent): number | undefined {
  const { instanceId } = agent;
  if (!isUp(ctx, agent)) {
    if (agent.connected) {
      ctx.update(ecsAgents, agent, { connected: false });
      ctx.emit(ecsAgentChanged, { instanceId });
    }
    return undefined;
  }
  if (ctx.now < agent.startsAt) return agent.startsAt;
  const problem = way(ctx, instanceId);
  if (agent.connected && problem === undefined) return undefined;
  const registered = problem === undefined ? register(ctx, agent) : { problem };
  if ('problem' in registered) {
    if (agent.connected) ctx.emit(ecsAgentChanged, { instanceId });
    const attempts = agent.attempts + 1;
    ctx.update(ecsAgents, agent, { connected: false, attempts, problem: registered.problem });
    ctx.wake(RETRY, instanceId, ctx.now + ctx.duration(ecsAgentRetry, instanceId, attempts));
    return undefined;
  }
  const { problem: _, ...rest } = agent;
  ctx.put(ecsAgents, { ...rest, connected: true, containerInstanceArn: registered.arn });
  ctx.emit(ecsAgentChanged, { instanceId });
  return undefined;
}

/** Why the agent does not get to Amazon ECS. */
function way(ctx: Ctx, instanceId: string): string | undefined {
  const host = `ecs.${ctx.region}.amazonaws.com`;
  const reached = ctx.port(instances).reachEndpoint(ctx, instanceId, host);
  return reached.ok ? undefined : `${host} cannot be reached, blocked by ${reached.blockedBy}`;
}

type Registered = { readonly arn: string } | { readonly problem: string };

function register(ctx: Ctx, { instanceId, cluster, containerInstanceArn }: EcsAgent): Registered {
  const as = instanceRole(ctx, instanceId);
  const facts = ctx.port(instances).facts(ctx, instanceId);
  const hardware = ctx.port(instances).hardware(ctx, instanceId);
  if (!as) return { problem: 'NoCredentialProviders: no valid providers in chain' };
  if (!facts || !hardware) return { problem: 'there is no such instance' };
  const discovered = ctx.call('ecs', 'DiscoverPollEndpoint', { cluster }, as);
  const sent = ctx.call(
    'ecs',
    'RegisterContainerInstance',
    {
      cluster,
      instanceIdentityDocument: JSON.stringify({
        instanceId,
        region: ctx.region,
        accountId: ctx.account,
        instanceType: facts.instanceType,
      }),
      totalResources: [
        { name: 'CPU', type: 'INTEGER', integerValue: hardware.vCpus * CPU_UNITS },
        { name: 'MEMORY', type: 'INTEGER', integerValue: Math.floor((hardware.memoryMiB * SHOWN) / OF) },
        { name: 'PORTS', type: 'STRINGSET', stringSetValue: RESERVED_PORTS },
      ],
      versionInfo: { agentVersion: VERSION },
      attributes: [
        { name: 'ecs.os-type', value: 'linux' },
        { name: 'ecs.cpu-architecture', value: hardware.architecture },
        { name: 'ecs.capability.logging-driver.awslogs' },
      ],
      ...(containerInstanceArn === undefined ? {} : { containerInstanceArn }),
    },
    as,
  );
  if (!sent.ok) return told(sent.fault);
  if (!discovered.ok) return told(discovered.fault);
  const arn = sent.output.containerInstance?.containerInstanceArn ?? '';
  return mayPoll(ctx, as, arn) ? { arn } : { problem: 'AccessDeniedException: ecs:Poll is not allowed' };
}

function told({ shape, message }: { readonly shape: string; readonly message: string }): { problem: string } {
  return { problem: `${shape}: ${message}` };
}

/** Without the permission to poll an agent is registered and gets nothing to do. */
function mayPoll(ctx: Ctx, as: Caller, arn: string): boolean {
  const inside = new Ctx(ctx.kernel, ctx.scope, ctx.cloud, ctx.principalOf(as));
  return ctx.cloud.allows(inside, 'ecs', 'ecs:Poll', arn);
}
