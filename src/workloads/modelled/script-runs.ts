// Scripts that modelled machines go through: user data, and what cfn-hup runs. Nothing of them runs; what their commands mean
// happens, each when its time is over.

import { timer } from '#world/index.ts';
import type { Reconciler, TimerHandler, TimerKind } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Timing } from '#cloud/timing.ts';
import { instances } from '#cloud/ports/instances.ts';
import { machineChanged } from '#cloud/ports/machines.ts';
import { cfnHup } from '../cfn-bootstrap/cfn-hup.ts';
import type { Hup } from '../cfn-bootstrap/cfn-hup.ts';
import { reachCloudFormation, reachWaitConditions } from '../cfn-bootstrap/requests.ts';
import type { Action, Result } from '../machine-scripts/actions.ts';
import { MachineMeaning } from '../machine-scripts/meaning.ts';
import { packageHost } from '../machine-scripts/services.ts';
import { Interpreter } from '../shell/interpreter.ts';
import type { End } from '../shell/meaning.ts';
import {
  agentInstall,
  agentInstallFailure,
  helperGivesUp,
  helperRequest,
  initCommand,
  initEntry,
  initSource,
  packageFailure,
  packageInstall,
  packageCall,
  scriptDownload,
  serviceControl,
  systemUpdate,
  userDataScript,
} from '../timings.ts';
import { readUserData } from '../user-data.ts';
import type { UserData } from '../user-data.ts';
import { machineRows, runKey, scriptRuns } from './machine-rows.ts';
import type { Machine, ScriptRun, StoredResult } from './machine-rows.ts';
import { startApplication } from './running.ts';
import { perform, reaches, tell } from './script-actions.ts';

interface Step {
  instanceId: string;
  name: ScriptRun['name'];
  boots: number;
  ordinal: number;
}

const stepDone: TimerKind<Step> = timer<Step>('workloads/script-step');

/** Before everything that a script is said to do: what it does besides. */
const BEGINNING: Action = { kind: 'takes', ms: 0 };

type Running = Generator<Action, End, Result>;

function userDataOf(ctx: Ctx, instanceId: string): UserData {
  return readUserData(ctx.port(instances).facts(ctx, instanceId)?.userData ?? '', ctx.region);
}

/** A machine begins to go through its user data. */
export function runUserData(ctx: Ctx, { instanceId, boots }: Machine): void {
  begin(ctx, { instanceId, name: 'user-data', boots, results: [] });
}

function begin(ctx: Ctx, run: ScriptRun): void {
  ctx.put(scriptRuns, run);
  goOn(ctx, run);
}

/** Nothing of a machine's scripts goes on. */
export function stopRuns(ctx: Ctx, instanceId: string): void {
  for (const name of ['user-data', 'cfn-hup'] as const) {
    const key = runKey(instanceId, name);
    if (ctx.get(scriptRuns, key)) ctx.delete(scriptRuns, key);
  }
}

function surroundings(ctx: Ctx, { instanceId }: Machine, { manifest }: UserData) {
  const facts = ctx.port(instances).facts(ctx, instanceId);
  const { zone = '', privateIp = '', privateDnsName = '', instanceType = '', imageId = '' } = facts ?? {};
  const paths: Readonly<Record<string, string>> = {
    'instance-id': instanceId,
    'instance-type': instanceType,
    'ami-id': imageId,
    'local-ipv4': privateIp,
    'local-hostname': privateDnsName,
    hostname: privateDnsName,
    'placement/availability-zone': zone,
    'placement/region': ctx.region,
  };
  return {
    instanceId,
    metadata: (path: string) => paths[path.replace(/\/$/, '')],
    hooks: manifest?.hooks ?? {},
  };
}

/** All that a script does, from its beginning. */
function* actionsOf(meaning: MachineMeaning, { script }: ScriptRun, userData: UserData): Running {
  const { text, errexit } = script === undefined ? userData.script : { text: script, errexit: false };
  if (script === undefined) yield BEGINNING;
  const end = yield* new Interpreter(meaning, { errexit }).run(text);
  if (end.brokeOffAt !== undefined) yield { kind: 'tells', problem: `it broke off at: ${end.brokeOffAt}` };
  else if (script === undefined && text !== '' && userData.codedeployAgent && !meaning.installsAgent)
    yield { kind: 'codedeploy-agent' };
  yield* meaning.declarations();
  return end;
}

/** Does what comes next, until something takes time or the script ends. */
function goOn(ctx: Ctx, begun: ScriptRun, done?: true): void {
  const { instanceId } = begun;
  const machine = ctx.get(machineRows, instanceId) as Machine;
  const userData = userDataOf(ctx, instanceId);
  const running = actionsOf(new MachineMeaning(surroundings(ctx, machine, userData)), begun, userData);
  let next = running.next();
  for (const result of begun.results) next = running.next(resultOf(ctx, result));
  let run = begun;
  for (let due = done; !next.done; due = undefined) {
    const action = next.value;
    if (action.kind === 'hangs') return;
    const ms = due ? 0 : timeOf(ctx, machine, run, action, userData);
    if (ms > 0) {
      const { name, boots, results } = run;
      return ctx.schedule(stepDone, ctx.now + ms, { instanceId, name, boots, ordinal: results.length });
    }
    const result = perform(ctx, instanceId, action, userData);
    run = ctx.update(scriptRuns, run, { results: [...run.results, result] });
    next = running.next(resultOf(ctx, result));
  }
  ended(ctx, run, next.value, userData);
}

function resultOf(ctx: Ctx, { status, text, previous }: StoredResult): Result {
  const read = (blob: string): string => new TextDecoder().decode(ctx.blob(blob));
  return {
    status,
    ...(text === undefined ? {} : { text: read(text) }),
    ...(previous === undefined ? {} : { previous: read(previous) }),
  };
}

function ended(ctx: Ctx, { instanceId, name }: ScriptRun, end: End, { manifest, problem }: UserData): void {
  ctx.delete(scriptRuns, runKey(instanceId, name));
  if (name !== 'user-data') return;
  if (problem !== undefined) tell(ctx, instanceId, problem);
  const { until: _, ...machine } = ctx.get(machineRows, instanceId) as Machine;
  ctx.put(machineRows, { ...machine, phase: 'up', userDataDone: true });
  ctx.emit(machineChanged, { instanceId });
  // A signal that comes too late is the last thing that scripts do, and says nothing of the application.
  const through = end.brokeOffAt === undefined || /cfn-signal|signal-resource/.test(end.brokeOffAt);
  if (manifest?.application && through)
    startApplication(ctx, instanceId, manifest.version ?? 'user data', manifest.application);
}

/** Milliseconds that an action takes before it is done. */
function timeOf(ctx: Ctx, machine: Machine, run: ScriptRun, action: Action, userData: UserData): number {
  const { instanceId, identity } = machine;
  const draw = (timing: Timing, count: number = 1): number => {
    let ms = 0;
    for (let one = 0; one < count; one += 1)
      ms += ctx.duration(timing, `${identity}/${run.name}`, run.results.length * 1000 + one);
    return ms;
  };
  if (action === BEGINNING) return ctx.duration(userDataScript, identity);
  if (action.instant) return 0;
  // The time of the agent's installation is that of all packages that come with it.
  const packages = userData.codedeployAgent && run.name === 'user-data' ? 0 : 1;
  switch (action.kind) {
    case 'takes':
      return action.ms;
    case 'packages': {
      const host = packageHost(action.manager, ctx.region);
      if (!reaches(ctx, instanceId, host)) return draw(packageFailure);
      if (action.count === undefined) return packages * draw(systemUpdate);
      return packages * (draw(packageCall) + draw(packageInstall, Math.min(action.count, 500)));
    }
    case 'spends':
      return (action.on === 'download' ? packages : 1) * draw(TIMINGS[action.on], action.count);
    case 'codedeploy-agent':
      if (!userData.codedeployAgent) return 0;
      return ctx.duration(
        reaches(ctx, instanceId, userData.codedeployAgent.host) ? agentInstall : agentInstallFailure,
        identity,
      );
    case 'describe':
    case 'signal':
      return draw(reachCloudFormation(ctx, instanceId, action.of.region).ok ? helperRequest : helperGivesUp);
    case 'put':
      return draw(reachWaitConditions(ctx, instanceId).ok ? helperRequest : helperGivesUp);
    default:
      return 0;
  }
}

const TIMINGS: Readonly<Record<Extract<Action, { kind: 'spends' }>['on'], Timing>> = {
  download: scriptDownload,
  entries: initEntry,
  source: initSource,
  command: initCommand,
  service: serviceControl,
};

export const onStepDone: TimerHandler<Step, Ctx> = {
  kind: stepDone,
  live(ctx, { instanceId, name, boots, ordinal }) {
    const run = ctx.get(scriptRuns, runKey(instanceId, name));
    return run?.boots === boots && run.results.length === ordinal && isUp(ctx, instanceId);
  },
  fire(ctx, { instanceId, name }) {
    goOn(ctx, ctx.get(scriptRuns, runKey(instanceId, name)) as ScriptRun, true);
  },
};

function isUp(ctx: Ctx, instanceId: string): boolean {
  const phase = ctx.get(machineRows, instanceId)?.phase;
  return phase === 'up' || phase === 'user-data';
}

export const hupLife: Reconciler<Hup, Ctx> = cfnHup({
  isUp,
  isBusy: (ctx, instanceId) => ctx.get(scriptRuns, runKey(instanceId, 'cfn-hup')) !== undefined,
  run(ctx, instanceId, script) {
    const { boots = 0 } = ctx.get(machineRows, instanceId) ?? {};
    begin(ctx, { instanceId, name: 'cfn-hup', boots, script, results: [] });
  },
});
