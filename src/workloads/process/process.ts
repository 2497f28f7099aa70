// The process driver, inside the world: machines whose hook scripts and servers really run. What really happens is in ./host/;
// here are the rows, and the effects that ask for it.

import type { Reconciler, Row, TimerHandler } from '#world/index.ts';
import type { CloudPart } from '#cloud/cloud.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { machines } from '#cloud/ports/machines.ts';
import { provide } from '#cloud/port.ts';
import { applicationEnds, applications } from '../application.ts';
import { hups } from '../cfn-bootstrap/cfn-hup.ts';
import { codedeployAgent } from '../codedeploy-agent/codedeploy-agent.ts';
import { onAgentDue } from '../modelled/agent-start.ts';
import { machineTables } from '../modelled/machine-rows.ts';
import { machineLife } from '../modelled/machines.ts';
import { runningTimers } from '../modelled/running.ts';
import { hupLife, onStepDone, waitingLife } from '../modelled/script-runs.ts';
import { listeningEffects, servers } from './listening.ts';
import { lostMachines, machineEffects, processMachines } from './machines.ts';
import { processSteps, stepEffects } from './steps.ts';

const agent = codedeployAgent(processSteps);

export const processDriver: CloudPart = {
  name: 'workloads/process',
  tables: [applications, applicationEnds, ...machineTables, hups, servers, ...(agent.tables ?? [])],
  timers: [...runningTimers, onAgentDue, onStepDone, ...(agent.timers ?? [])] as readonly TimerHandler<
    unknown,
    Ctx
  >[],
  reconcilers: [
    machineLife,
    hupLife,
    waitingLife,
    lostMachines,
    ...(agent.reconcilers ?? []),
  ] as unknown as readonly Reconciler<Row, Ctx>[],
  effects: [...machineEffects, ...stepEffects, ...listeningEffects],
  provides: [provide(machines, processMachines)],
};
