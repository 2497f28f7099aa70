// Scripts that modelled machines go through: user data, and what cfn-hup runs. Nothing of them runs; what their commands mean
// happens, each when its time is over.

import { timer, wake } from '#world/index.ts';
import type { Reconciler, TimerHandler, TimerKind } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Timing } from '#cloud/timing.ts';
import { instances, networkChanged } from '#cloud/ports/instances.ts';
import { machineChanged } from '#cloud/ports/machines.ts';
import { targetChanged } from '#cloud/ports/routing.ts';
import { cfnHup } from '../cfn-bootstrap/cfn-hup.ts';
import type { Hup } from '../cfn-bootstrap/cfn-hup.ts';
import { reachCloudFormation, reachWaitConditions } from '../cfn-bootstrap/requests.ts';
import { startEcsAgent } from '../ecs-agent/ecs-agent.ts';
import type { Action, Result } from '../machine-scripts/actions.ts';
import { startsByCommand } from '../machine-scripts/foresight.ts';
import { MachineMeaning } from '../machine-scripts/meaning.ts';
import type { Surroundings } from '../machine-scripts/meaning.ts';
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
  RETRY_WINDOW_MS,
  scriptDownload,
  serviceControl,
  systemUpdate,
  userDataScript,
} from '../timings.ts';
import { readUserData } from '../user-data.ts';
import type { UserData } from '../user-data.ts';
import { ANYBODY, machineRows, runKey, scriptRuns } from './machine-rows.ts';
import type { Machine, ScriptRun, StoredResult, Waits } from './machine-rows.ts';
import { perform, reaches, tell } from './script-actions.ts';
import { failed, isOwn, seen, timeOfLook } from './script-looks.ts';

interface Step {
  instanceId: string;
  name: ScriptRun['name'];
  boots: number;
  ordinal: number;
}

const stepDone: TimerKind<Step> = timer<Step>('workloads/script-step');

/** Before everything that a script is said to do: what it does besides. */
const BEGINNING: Action = { kind: 'takes', ms: 0 };

const WAITING = { name: 'workloads/waiting-script' } as const;

type Waiting = Extract<Action, { kind: 'waits' }>;
type Running = Generator<Action, End, Result>;

function userDataOf(ctx: Ctx, instanceId: string): UserData {
  return readUserData(ctx.port(instances).facts(ctx, instanceId)?.userData ?? '', ctx.region);
}

/** A machine begins to go through its user data. */
export function runUserData(ctx: Ctx, { instanceId, boots }: Machine): void {
  begin(ctx, { instanceId, name: 'user-data', boots, results: [], at: ctx.now });
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

function surroundings(ctx: Ctx, { instanceId, name }: ScriptRun, userData: UserData): Surroundings {
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
  const { manifest, script } = userData;
  const groupName = facts?.tags['aws:autoscaling:groupName'];
  const around: Surroundings = {
    instanceId,
    metadata: (path: string) => paths[path.replace(/\/$/, '')],
    hooks: manifest?.hooks ?? {},
    ...(groupName === undefined ? {} : { groupName }),
  };
  const port = name === 'user-data' ? manifest?.application?.port : undefined;
  if (port === undefined) return around;
  return { ...around, application: { port, startsByCommand: () => startsByCommand(script, around, port) } };
}

/** All that a script does, from its beginning. */
function* actionsOf(meaning: MachineMeaning, { script }: ScriptRun, userData: UserData): Running {
  const { text, errexit } = script === undefined ? userData.script : { text: script, errexit: false };
  if (script === undefined) yield BEGINNING;
  const end = yield* new Interpreter(meaning, { errexit }).run(text);
  if (end.endless) {
    yield { kind: 'tells', problem: 'it goes on and on' };
    yield { kind: 'hangs' };
  }
  if (end.brokeOffAt !== undefined) yield { kind: 'tells', problem: `it broke off at: ${end.brokeOffAt}` };
  else if (script === undefined && text !== '' && userData.codedeployAgent && !meaning.installsAgent)
    yield { kind: 'codedeploy-agent' };
  // A signal that comes too late is the last thing that scripts do, and says nothing of the application.
  const through = end.brokeOffAt === undefined || /cfn-signal|signal-resource/.test(end.brokeOffAt);
  yield* through ? meaning.starts() : meaning.declarations();
  const configuration = script === undefined ? meaning.ecsConfiguration : undefined;
  if (configuration !== undefined) yield { kind: 'ecs-agent', configuration };
  return end;
}

/** A script, up to what it does now. */
function reread(ctx: Ctx, run: ScriptRun, userData: UserData): [Running, IteratorResult<Action, End>] {
  const running = actionsOf(new MachineMeaning(surroundings(ctx, run, userData)), run, userData);
  let next = running.next();
  for (const result of run.results) next = running.next(resultOf(ctx, result));
  return [running, next];
}

/** Does what comes next, until something takes time or the script ends. `came`: of what it was doing, or that its time is over. */
function goOn(ctx: Ctx, begun: ScriptRun, came?: StoredResult | 'over'): void {
  const { instanceId } = begun;
  const machine = ctx.get(machineRows, instanceId) as Machine;
  const userData = userDataOf(ctx, instanceId);
  const [running, from] = reread(ctx, begun, userData);
  let next = from;
  let run = begun;
  for (let first = came; !next.done; first = undefined) {
    const action = next.value;
    let result = typeof first === 'object' ? first : undefined;
    if (!result) {
      if (action.kind === 'hangs') return;
      if (action.kind === 'waits') return wait(ctx, run, action);
      const ms = first ? 0 : timeOf(ctx, machine, run, action, userData);
      if (ms > 0) {
        const { name, boots, results } = run;
        return ctx.schedule(stepDone, ctx.now + ms, { instanceId, name, boots, ordinal: results.length });
      }
      result = perform(ctx, instanceId, action, userData);
    }
    const took = run.at === 0 ? 0 : ctx.now - run.at;
    const kept = took > 0 ? { ...result, ms: took } : result;
    run = ctx.update(scriptRuns, run, { results: [...run.results, kept], at: ctx.now });
    next = running.next(resultOf(ctx, kept));
  }
  ended(ctx, run, userData);
}

function resultOf(ctx: Ctx, { status, text, previous, ms }: StoredResult): Result {
  const read = (blob: string): string => new TextDecoder().decode(ctx.blob(blob));
  return {
    status,
    ...(text === undefined ? {} : { text: read(text) }),
    ...(previous === undefined ? {} : { previous: read(previous) }),
    ...(ms === undefined ? {} : { ms }),
  };
}

function ended(ctx: Ctx, { instanceId, name }: ScriptRun, { problem }: UserData): void {
  ctx.delete(scriptRuns, runKey(instanceId, name));
  if (name !== 'user-data') return;
  if (problem !== undefined) tell(ctx, instanceId, problem);
  const { until: _, ...machine } = ctx.get(machineRows, instanceId) as Machine;
  ctx.put(machineRows, { ...machine, phase: 'up', userDataDone: true });
  if (machine.ecsConfiguration !== undefined) startEcsAgent(ctx, instanceId, machine.ecsConfiguration);
  ctx.emit(machineChanged, { instanceId });
}

/** Nobody can tell whether a script looked in vain, so that it only looks at its turns after something has happened. */
function wait(ctx: Ctx, run: ScriptRun, { looks, everyMs, limitMs }: Waiting): void {
  const { instanceId, name } = run;
  const waits: Waits = {
    everyMs,
    ...(limitMs === undefined ? {} : { until: ctx.now + limitMs }),
    own: looks.every(([look]) => isOwn(look, instanceId)),
    failing: looks.some(([look, result]) => failed(look, result)),
  };
  ctx.update(scriptRuns, run, { waits });
  ctx.wake(WAITING, runKey(instanceId, name));
}

/** Whether what a script looks at is otherwise by now. */
function isOtherwise(ctx: Ctx, run: ScriptRun): boolean {
  const [, { done, value }] = reread(ctx, run, userDataOf(ctx, run.instanceId));
  // What else it was told on its way here has changed with the machine.
  if (done || value.kind !== 'waits') return true;
  return value.looks.some(([look, { status, text }]) => {
    const now = seen(ctx, run.instanceId, look);
    return now.status !== status || now.text !== text;
  });
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
    case 'look':
    case 'ask':
      return timeOfLook(ctx, instanceId, action, draw);
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
    goOn(ctx, ctx.get(scriptRuns, runKey(instanceId, name)) as ScriptRun, 'over');
  },
};

function isUp(ctx: Ctx, instanceId: string): boolean {
  const phase = ctx.get(machineRows, instanceId)?.phase;
  return phase === 'up' || phase === 'user-data';
}

/** Scripts that wait for something in the world. */
export const waitingLife: Reconciler<ScriptRun, Ctx> = {
  ...WAITING,
  table: scriptRuns,
  wakes: [
    wake<{ instanceId: string }, Ctx>(machineChanged, (ctx, { instanceId }) => waitingFor(ctx, instanceId)),
    wake<{ targetId: string }, Ctx>(targetChanged, (ctx, { targetId }) => waitingFor(ctx, targetId)),
    wake<{ vpcId: string }, Ctx>(networkChanged, (ctx) =>
      ctx.list(scriptRuns).flatMap((run) => (run.waits?.failing ? runKey(run.instanceId, run.name) : [])),
    ),
  ],
  step(ctx, row) {
    const { waits, ...run } = row;
    if (!waits || !isUp(ctx, run.instanceId)) return undefined;
    const { everyMs, until = Number.POSITIVE_INFINITY } = waits;
    const next = run.at + Math.ceil((ctx.now - run.at) / everyMs) * everyMs;
    if (ctx.now >= until || (next === ctx.now && isOtherwise(ctx, row))) {
      ctx.put(scriptRuns, run);
      goOn(ctx, run, { status: ctx.now >= until ? 1 : 0 });
      return undefined;
    }
    const again = waits.failing && ctx.now - run.at < RETRY_WINDOW_MS ? ctx.now + everyMs : undefined;
    const turn = Math.min(next > ctx.now ? next : (again ?? until), until);
    return Number.isFinite(turn) ? turn : undefined;
  },
};

function waitingFor(ctx: Ctx, instanceId: string): string[] {
  return [instanceId, ANYBODY].flatMap((key) =>
    ctx.list(scriptRuns, 'waits', key).map((run) => runKey(run.instanceId, run.name)),
  );
}

export const hupLife: Reconciler<Hup, Ctx> = cfnHup({
  isUp,
  isBusy: (ctx, instanceId) => ctx.get(scriptRuns, runKey(instanceId, 'cfn-hup')) !== undefined,
  run(ctx, instanceId, script) {
    const { boots = 0 } = ctx.get(machineRows, instanceId) ?? {};
    begin(ctx, { instanceId, name: 'cfn-hup', boots, script, results: [], at: ctx.now });
  },
});
