// The modelled driver: machines on which nothing really runs. Boot times, agents, hook scripts and
// applications are rows and timers; thousands of machines in virtual time.

import type { Reconciler, Row, TimerHandler } from '#world/index.ts';
import type { CloudPart } from '#cloud/cloud.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { active } from '#cloud/injections.ts';
import { instances } from '#cloud/ports/instances.ts';
import { machines } from '#cloud/ports/machines.ts';
import type { Machines, Probe, ProbeResult } from '#cloud/ports/machines.ts';
import { provide } from '#cloud/port.ts';
import { applicationEnds, applicationOn, applications, medianMicros } from '../application.ts';
import { hups } from '../cfn-bootstrap/cfn-hup.ts';
import { codedeployAgent } from '../codedeploy-agent/codedeploy-agent.ts';
import { onAgentDue } from './agent-start.ts';
import { machineRows, machineTables } from './machine-rows.ts';
import { copied, imaged, machineLife, off, power, shutDown } from './machines.ts';
import { runningTimers } from './running.ts';
import { hupLife, onStepDone, waitingLife } from './script-runs.ts';
import { modelledSteps, onLookForHealth } from './scripts.ts';

/** Time for a connection to be accepted or refused within a region. */
const CONNECT_MS = 1;

/**
 * What a health check finds. It finds the same until the application or the machine changes, which is told.
 */
function probe(ctx: Ctx, { instanceId, port, protocol, path, timeoutMs }: Probe): ProbeResult {
  if (!isOn(ctx, instanceId)) return { kind: 'timeout', steady: true };
  const application = applicationOn(ctx, instanceId, port);
  if (!application || application.state === 'starting') return { kind: 'refused', steady: true };
  if (protocol === 'TCP') return { kind: 'status', status: 200, latencyMs: CONNECT_MS, steady: true };
  const latencyMs = Math.ceil(medianMicros(application) / 1000);
  if (application.state === 'hung' || latencyMs > timeoutMs) return { kind: 'timeout', steady: true };
  const status = path.split('?')[0] === application.healthPath ? application.healthStatus : 200;
  return { kind: 'status', status, latencyMs, steady: true };
}

/** Whether anything answers or refuses there: on a machine that is up, or at the interface of a task. */
function isOn(ctx: Ctx, hostId: string): boolean {
  const phase = ctx.get(machineRows, hostId)?.phase;
  if (phase === undefined) {
    const lent = ctx.port(instances).lent(ctx, hostId);
    return lent !== undefined && !active(ctx, 'zone-loss').some(({ zone }) => zone === lent.zone);
  }
  return phase === 'up' || phase === 'user-data' || phase === 'shutting-down';
}

function statusOk(ctx: Ctx, instanceId: string): boolean {
  const phase = ctx.get(machineRows, instanceId)?.phase;
  return phase === 'up' || phase === 'user-data';
}

const behind: Machines = { power, shutDown, off, imaged, copied, probe, statusOk };
const agent = codedeployAgent(modelledSteps);

export const modelled: CloudPart = {
  name: 'workloads/modelled',
  tables: [applications, applicationEnds, ...machineTables, hups, ...(agent.tables ?? [])],
  timers: [
    ...runningTimers,
    onLookForHealth,
    onAgentDue,
    onStepDone,
    ...(agent.timers ?? []),
  ] as readonly TimerHandler<unknown, Ctx>[],
  reconcilers: [
    ...([machineLife, hupLife, waitingLife] as unknown as Reconciler<Row, Ctx>[]),
    ...(agent.reconcilers ?? []),
  ],
  provides: [provide(machines, behind)],
};
