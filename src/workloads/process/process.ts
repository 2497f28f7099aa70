// The process driver, inside the world: machines whose hook scripts and servers really run. What really happens is in ./host/;
// here are the rows, and the effects that ask for it.

import type { Reconciler, Row, TimerHandler } from '#world/index.ts';
import type { CloudPart } from '#cloud/cloud.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { machines } from '#cloud/ports.ts';
import { provide } from '#cloud/port.ts';
import { applicationEnds, applications } from '../application.ts';
import { codedeployAgent } from '../codedeploy-agent/codedeploy-agent.ts';
import { disks, groupSizes, images, installed, machineRows } from '../modelled/machine-rows.ts';
import { machineLife, onAgentDue } from '../modelled/machines.ts';
import { runningTimers } from '../modelled/running.ts';
import { listeningEffects, servers } from './listening.ts';
import { lostMachines, machineEffects, processMachines } from './machines.ts';
import { processSteps, stepEffects } from './steps.ts';

const agent = codedeployAgent(processSteps);

export const processDriver: CloudPart = {
  name: 'workloads/process',
  tables: [
    applications,
    applicationEnds,
    machineRows,
    disks,
    installed,
    images,
    groupSizes,
    servers,
    ...(agent.tables ?? []),
  ],
  timers: [...runningTimers, onAgentDue, ...(agent.timers ?? [])] as readonly TimerHandler<unknown, Ctx>[],
  reconcilers: [machineLife, lostMachines, ...(agent.reconcilers ?? [])] as unknown as readonly Reconciler<
    Row,
    Ctx
  >[],
  effects: [...machineEffects, ...stepEffects, ...listeningEffects],
  provides: [provide(machines, processMachines)],
};
