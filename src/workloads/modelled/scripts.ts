// The agent's steps on machines without processes: what they take is a timing, what they do is said by the
// revision's manifest.

import { timer } from '#world/index.ts';
import type { TimerHandler, TimerKind } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Timing } from '#cloud/timing.ts';
import { applicationOn } from '../application.ts';
import { scriptsOf } from '../appspec.ts';
import { commands } from '../codedeploy-agent/commands.ts';
import { archiveFolder, rootOf } from '../codedeploy-agent/deployment-root.ts';
import type { Archive } from '../codedeploy-agent/deployment-root.ts';
import { stepFinished } from '../codedeploy-agent/steps.ts';
import type {
  InstallStep,
  ScriptStep,
  StepResult,
  StepRunner,
  UnpackStep,
  Work,
} from '../codedeploy-agent/steps.ts';
import { copiesOf, InstallError } from '../install.ts';
import type { Manifest, ManifestHook } from '../manifest.ts';
import { problemOf } from '../problem.ts';
import { appSpecOf, manifestOf, revisionOf } from '../revision.ts';
import type { Revision } from '../revision.ts';
import { downloadBegin, downloadMegabyte, install, scriptOf, trafficScript } from '../timings.ts';
import { disks, machineRows } from './machine-rows.ts';
import { applicationStarts, stopApplication } from './running.ts';

const MEBIBYTE = 1_048_576;

/** How long a ValidateService script waits for health of which the manifest says nothing. */
const HEALTHY_WITHIN_MS = 30_000;
/** Pause between two looks of a script that waits for health. */
const LOOK_AGAIN_MS = 1000;

export const modelledSteps: StepRunner = {
  start(ctx, work) {
    const { step } = work;
    if (step.kind === 'fail') return done(ctx, work, step.afterMs, { kind: 'failed', message: step.message });
    if (step.kind === 'unpack') return unpack(ctx, work, step);
    if (step.kind === 'install') return copy(ctx, work, step);
    runScript(ctx, work, step);
  },
};

function done(
  ctx: Ctx,
  { commandId, ordinal }: Pick<Work, 'commandId' | 'ordinal'>,
  afterMs: number,
  result: StepResult,
): void {
  ctx.schedule(stepFinished, ctx.now + afterMs, { commandId, ordinal, result });
}

/** Draws a duration by what the machine is and which deployment this is on it, not by ids. */
function take(ctx: Ctx, instanceId: string, timing: Timing, what: string): number {
  const { identity } = ctx.get(machineRows, instanceId) ?? { identity: instanceId };
  return ctx.duration(timing, `${identity}/${what}`, rootOf(ctx, instanceId).downloads);
}

function unpack(ctx: Ctx, work: Work, { archive }: UnpackStep): void {
  const { instanceId } = work;
  const size = ctx.blob(archive.blob).length;
  const perMegabyte = take(ctx, instanceId, downloadMegabyte, 'download');
  const ms = take(ctx, instanceId, downloadBegin, 'download') + Math.ceil((size * perMegabyte) / MEBIBYTE);
  done(
    ctx,
    work,
    ms,
    attempt(() => (manifestOf(revisionOf(ctx, archive.blob, archive.bundleType)), { kind: 'unpacked' })),
  );
}

function attempt(step: () => StepResult): StepResult {
  try {
    return step();
  } catch (error) {
    return { kind: 'failed', message: problemOf(error) };
  }
}

/** The previous files go first, even where the new ones then cannot be copied: so it is on a real machine. */
function copy(ctx: Ctx, work: Work, { archive, cleanup }: InstallStep): void {
  const { instanceId, deployment } = work;
  const revision = revisionOf(ctx, archive.blob, archive.bundleType);
  const files = new Set(ctx.get(disks, instanceId)?.files ?? []);
  for (const path of cleanup) files.delete(path);
  let created: readonly string[] = [];
  const result = attempt(() => {
    const spec = specOf(revision, deployment.appSpecPath);
    const behavior = deployment.fileExistsBehavior;
    const copies = copiesOf(revision.files, archiveFolder(archive), spec, behavior, (path) =>
      files.has(path),
    );
    created = copies.map(({ destination }) => destination);
    return { kind: 'installed', created };
  });
  for (const path of created) files.add(path);
  ctx.put(disks, { instanceId, files: [...files].sort() });
  const told: StepResult =
    result.kind === 'failed' ? { kind: 'installed', created: [], problem: result.message } : result;
  done(ctx, work, take(ctx, instanceId, install, 'install'), told);
}

function specOf(revision: Revision, path: string): NonNullable<ReturnType<typeof appSpecOf>> {
  const spec =
    appSpecOf(revision, path) ?? appSpecOf(revision, 'appspec.yaml') ?? appSpecOf(revision, 'appspec.yml');
  if (!spec) throw new InstallError(`No AppSpec file at ${path}`);
  return spec;
}

/** What one script will do, from the manifest and the rules for what it does not say. */
interface Script {
  readonly durationMs: number;
  readonly hook: ManifestHook;
  readonly starts: boolean;
  readonly stops: boolean;
  readonly healthyWithinMs: number | undefined;
}

const NOTHING: ManifestHook = {
  exit: 0,
  stdout: [],
  stderr: [],
  hangs: false,
  keepsOutputOpen: false,
  creates: [],
};

function scriptFor(
  ctx: Ctx,
  instanceId: string,
  manifest: Manifest,
  step: ScriptStep,
  scripts: readonly string[],
): Script {
  const { event, script } = step;
  const hook = manifest.hooks[script.location] ?? NOTHING;
  const hooks = Object.values(manifest.hooks);
  // The last script of ApplicationStart starts, the first of ApplicationStop stops, unless the manifest names
  // others.
  const starter =
    event === 'ApplicationStart' && scripts.at(-1) === script.location && !hooks.some(({ starts }) => starts);
  const stopper =
    event === 'ApplicationStop' && scripts[0] === script.location && !hooks.some(({ stops }) => stops);
  const stops = hook.stops ?? stopper;
  const timing = scriptOf[event] ?? trafficScript;
  const told = hook.durationMs ?? take(ctx, instanceId, timing, `${event}/${script.location}`);
  const validates = event === 'ValidateService' && hook === NOTHING && runs(ctx, instanceId, manifest);
  return {
    durationMs: stops ? Math.max(told, manifest.application?.stopMs ?? 0) : told,
    hook,
    starts: hook.starts ?? starter,
    stops,
    healthyWithinMs: hook.healthyWithinMs ?? (validates ? HEALTHY_WITHIN_MS : undefined),
  };
}

function runs(ctx: Ctx, instanceId: string, { application }: Manifest): boolean {
  return application !== undefined && applicationOn(ctx, instanceId, application.port) !== undefined;
}

function runScript(ctx: Ctx, work: Work, step: ScriptStep): void {
  const { instanceId, deployment } = work;
  const { archive, event } = step;
  const revision = revisionOf(ctx, archive.blob, archive.bundleType);
  const manifest = manifestOf(revision);
  const scripts = scriptsOf(specOf(revision, deployment.appSpecPath), event).map(({ location }) => location);
  const script = scriptFor(ctx, instanceId, manifest, step, scripts);
  const { hook, durationMs } = script;
  if (script.stops && manifest.application) stopApplication(ctx, instanceId, manifest.application.port);
  const timeoutMs = step.script.timeoutSeconds * 1000;
  const output = outputOf(hook);
  if (hook.hangs || durationMs > timeoutMs) return done(ctx, work, timeoutMs, { kind: 'timed-out', output });
  if (script.starts && hook.exit === 0) startLater(ctx, instanceId, durationMs, manifest, archive);
  create(ctx, instanceId, hook.creates);
  if (hook.keepsOutputOpen)
    return done(ctx, work, timeoutMs, { kind: 'output-left-open', stream: 'STDOUT', output });
  const { healthyWithinMs } = script;
  if (healthyWithinMs === undefined || !manifest.application || hook.exit !== 0) {
    return done(ctx, work, durationMs, { kind: 'exited', exit: hook.exit, output });
  }
  const { commandId, ordinal } = work;
  const giveUpAt = ctx.now + durationMs + healthyWithinMs;
  const times = { timeoutAt: ctx.now + timeoutMs, giveUpAt };
  const { port } = manifest.application;
  ctx.schedule(lookForHealth, ctx.now + durationMs, {
    commandId,
    ordinal,
    instanceId,
    port,
    output,
    ...times,
  });
}

function startLater(
  ctx: Ctx,
  instanceId: string,
  afterMs: number,
  { version, application }: Manifest,
  archive: Archive,
): void {
  if (!application) return;
  const boots = ctx.get(machineRows, instanceId)?.boots ?? 0;
  ctx.schedule(applicationStarts, ctx.now + afterMs, {
    instanceId,
    boots,
    version: version ?? archive.label,
    application,
  });
}

function create(ctx: Ctx, instanceId: string, paths: readonly string[]): void {
  if (paths.length === 0) return;
  const files = new Set([...(ctx.get(disks, instanceId)?.files ?? []), ...paths]);
  ctx.put(disks, { instanceId, files: [...files].sort() });
}

function outputOf({ stdout, stderr }: ManifestHook): string[] {
  return [...stdout.map((line) => `[stdout]${line}`), ...stderr.map((line) => `[stderr]${line}`)];
}

interface Look {
  commandId: string;
  ordinal: number;
  instanceId: string;
  port: number;
  output: readonly string[];
  timeoutAt: number;
  giveUpAt: number;
}

const lookForHealth: TimerKind<Look> = timer<Look>('workloads/look-for-health');

/** A script that asks for the health check's path until it gets a good answer. */
export const onLookForHealth: TimerHandler<Look, Ctx> = {
  kind: lookForHealth,
  live(ctx, { commandId, ordinal }) {
    const command = ctx.get(commands, commandId);
    return command !== undefined && command.ordinal === ordinal && !command.interrupted;
  },
  fire(ctx, look) {
    const { instanceId, port, output } = look;
    const application = applicationOn(ctx, instanceId, port);
    const status = application?.state === 'up' ? application.healthStatus : undefined;
    if (status !== undefined && status < 400) return done(ctx, look, 0, { kind: 'exited', exit: 0, output });
    const next = ctx.now + LOOK_AGAIN_MS;
    if (next <= Math.min(look.giveUpAt, look.timeoutAt)) return ctx.schedule(lookForHealth, next, look);
    if (look.timeoutAt < look.giveUpAt)
      return done(ctx, look, look.timeoutAt - ctx.now, { kind: 'timed-out', output });
    const saw = status === undefined ? 'no answer' : `status ${status}`;
    const line = `[stderr]${application?.healthPath ?? '/'} on port ${port}: ${saw}`;
    done(ctx, look, 0, { kind: 'exited', exit: 1, output: [...output, line] });
  },
};
