// What the agent does with a command: read the deployment, acknowledge, go through the steps, report. One
// command is one lifecycle event. https://github.com/aws/aws-codedeploy-agent, command_poller.rb and
// command_executor.rb

import { table } from '#world/index.ts';
import type { Table, TimerHandler } from '#world/index.ts';
import type { Caller } from '#cloud/caller.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import { instances } from '#cloud/ports/instances.ts';
import { scriptsOf } from '../appspec.ts';
import { AgentError, problemOf } from '../problem.ts';
import { fileOf, revisionOf } from '../revision.ts';
import { downloadGivesUp } from '../timings.ts';
import { agents, callerOf, hostIdentifier, reach } from './agent-rows.ts';
import type { Agent } from './agent-rows.ts';
import {
  archiveFolder,
  hooksFor,
  keepArchive,
  keepInstallation,
  rootOf,
  SCRIPTED,
  specToInstall,
} from './deployment-root.ts';
import { CODE, diagnosticsOf, logTail, SUCCEEDED, writeLog } from './diagnostics.ts';
import type { Verdict } from './diagnostics.ts';
import { readSpecification } from './specification.ts';
import type { Deployment } from './specification.ts';
import { stepFinished } from './steps.ts';
import type { ScriptStep, Step, StepResult, StepRunner } from './steps.ts';

type HostCommand = NonNullable<Output<'codedeploy-commands', 'PollHostCommand'>['HostCommand']>;

/** A command that an agent has taken on. */
export interface Command {
  readonly id: string;
  readonly instanceId: string;
  readonly event: string;
  readonly deployment: Deployment;
  readonly steps: readonly Step[];
  /** The step under way. */
  readonly ordinal: number;
  /** Latest entries, as they go to CodeDeploy where the command fails. */
  readonly log: readonly string[];
  readonly startedAt: number;
  /** The agent died or its machine went down meanwhile; the agent reports that when it starts again. */
  readonly interrupted: boolean;
}

export const commands: Table<Command> = table<Command>('codedeploy-agent/commands', (row) => row.id, {
  instance: (row) => row.instanceId,
});

/** Takes a command on. */
export function handle(
  ctx: Ctx,
  runner: StepRunner,
  agent: Agent,
  { HostCommandIdentifier: id = '', ...command }: HostCommand,
): void {
  const { CommandName: event = '', DeploymentExecutionId = '' } = command;
  const as = callerOf(agent);
  const host = hostIdentifier(ctx, agent.instanceId);
  const found = ctx.call(
    'codedeploy-commands',
    'GetDeploymentSpecification',
    { DeploymentExecutionId, HostIdentifier: host },
    as,
  );
  try {
    if (!found.ok) throw new AgentError(found.fault.message);
    const deployment = readSpecification(found.output.DeploymentSpecification?.GenericEnvelope);
    const noop = isNoop(ctx, agent.instanceId, deployment, event);
    if (!acknowledge(ctx, as, id, noop)) return;
    begin(ctx, runner, agent, { id, event, deployment });
  } catch (error) {
    const verdict = unknown(error);
    if (ctx.get(commands, id)) ctx.delete(commands, id);
    report(ctx, as, id, verdict, []);
  }
}

function isNoop(ctx: Ctx, instanceId: string, deployment: Deployment, event: string): boolean {
  if (event === 'Install' || event === 'DownloadBundle') return false;
  if (!SCRIPTED.includes(event)) return true;
  const hooks = hooksFor(ctx, instanceId, deployment, event);
  return !hooks || scriptsOf(hooks.spec, event).length === 0;
}

/** Whether to go on: CodeDeploy may have given the command up meanwhile. */
function acknowledge(ctx: Ctx, as: Caller, id: string, noop: boolean): boolean {
  const Diagnostics = { Format: 'JSON', Payload: JSON.stringify({ IsCommandNoop: noop }) };
  const taken = ctx.call(
    'codedeploy-commands',
    'PutHostCommandAcknowledgement',
    { HostCommandIdentifier: id, Diagnostics },
    as,
  );
  if (!taken.ok) throw new AgentError(taken.fault.message);
  const status = taken.output.CommandStatus;
  if (status === 'Failed' && noop)
    report(ctx, as, id, { ...SUCCEEDED, message: 'Succeeded: CompletedNoopCommand' }, []);
  return status !== 'Succeeded' && status !== 'Failed';
}

function begin(
  ctx: Ctx,
  runner: StepRunner,
  agent: Agent,
  { id, event, deployment }: { id: string; event: string; deployment: Deployment },
): void {
  const { instanceId } = agent;
  const log = { log: [], startedAt: ctx.now, interrupted: false };
  const command: Command = { id, instanceId, event, deployment, steps: [], ordinal: -1, ...log };
  if (event === 'DownloadBundle')
    return proceed(ctx, runner, { ...command, steps: [download(ctx, agent, deployment)] });
  if (event === 'Install') {
    const { archive } = specToInstall(ctx, instanceId, deployment);
    const cleanup = rootOf(ctx, instanceId).cleanup[deployment.groupId] ?? [];
    return proceed(ctx, runner, { ...command, steps: [{ kind: 'install', archive, cleanup }] });
  }
  if (!SCRIPTED.includes(event)) throw new AgentError(`Unsupported command type: ${event}.`);
  const steps = scriptSteps(ctx, instanceId, deployment, event);
  const begun = steps.length === 0 ? command : note(ctx, command, [`LifecycleEvent - ${event}\n`]);
  proceed(ctx, runner, { ...begun, steps });
}

function scriptSteps(ctx: Ctx, instanceId: string, deployment: Deployment, event: string): ScriptStep[] {
  const hooks = hooksFor(ctx, instanceId, deployment, event);
  if (!hooks) return [];
  const environment = environmentOf(deployment, event);
  return scriptsOf(hooks.spec, event).map((script) => ({
    kind: 'script',
    archive: hooks.archive,
    event,
    script,
    environment,
  }));
}

/**
 * https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html
 */
function environmentOf(
  { deploymentId, application, groupName, groupId, revision }: Deployment,
  event: string,
): Record<string, string> {
  return {
    LIFECYCLE_EVENT: event,
    DEPLOYMENT_ID: deploymentId,
    APPLICATION_NAME: application,
    DEPLOYMENT_GROUP_NAME: groupName,
    DEPLOYMENT_GROUP_ID: groupId,
    BUNDLE_BUCKET: revision.bucket,
    BUNDLE_KEY: revision.key,
    ...(revision.version === undefined ? {} : { BUNDLE_VERSION: revision.version }),
    ...(revision.etag === undefined ? {} : { BUNDLE_ETAG: revision.etag }),
  };
}

/** Fetches the bundle from S3 with the instance's own role. */
function download(ctx: Ctx, agent: Agent, { deploymentId, groupId, revision }: Deployment): Step {
  const { bucket, key, bundleType, version, etag } = revision;
  const host = `s3.${ctx.region}.amazonaws.com`;
  if (!ctx.port(instances).reachEndpoint(ctx, agent.instanceId, host).ok) {
    const message = `Failed to open TCP connection to ${bucket}.${host}:443 (execution expired). Try using s3 endpoint override.`;
    return { kind: 'fail', afterMs: ctx.duration(downloadGivesUp, agent.instanceId), message };
  }
  const VersionId = version === undefined ? {} : { VersionId: version };
  const got = ctx.call('s3', 'GetObject', { Bucket: bucket, Key: key, ...VersionId }, callerOf(agent));
  if (!got.ok) throw new AgentError(got.fault.message);
  const { Body: body, ETag: actual = '' } = got.output;
  if (etag !== undefined && etag.replaceAll('"', '') !== actual.replaceAll('"', '')) {
    throw new AgentError(`Expected deployment artifact bundle etag ${etag} but was actually ${actual}`);
  }
  const label = (key.split('/').at(-1) ?? key).replace(/\.(zip|tar|tgz|tar\.gz)$/, '');
  return { kind: 'unpack', archive: { deploymentId, groupId, blob: blobOf(ctx, body), bundleType, label } };
}

type Body = Output<'s3', 'GetObject'>['Body'];

/** The address of a body's bytes; a body in parts is joined. */
function blobOf(ctx: Ctx, body: Body): string {
  if (!body) return ctx.putBlob(new Uint8Array(0));
  if ('bytes' in body) return ctx.putBlob(body.bytes);
  const parts = 'segments' in body ? body.segments : [body];
  const [only] = parts;
  if (only && parts.length === 1 && !only.offset && ctx.blob(only.blob).length === only.sizeBytes)
    return only.blob;
  const whole = new Uint8Array(body.sizeBytes);
  let at = 0;
  for (const { blob, offset = 0, sizeBytes } of parts) {
    whole.set(ctx.blob(blob).subarray(offset, offset + sizeBytes), at);
    at += sizeBytes;
  }
  return ctx.putBlob(whole);
}

/** Begins the next step, or reports success after the last one. */
function proceed(ctx: Ctx, runner: StepRunner, command: Command): void {
  const ordinal = command.ordinal + 1;
  const step = command.steps[ordinal];
  if (!step) return finish(ctx, command, SUCCEEDED);
  let current: Command = { ...command, ordinal };
  if (step.kind === 'script') {
    const { location } = step.script;
    const revision = revisionOf(ctx, step.archive.blob, step.archive.bundleType);
    const file = fileOf(revision, location.replace(/^\/+/, ''));
    if (!file) {
      const message = `Script does not exist at specified location: ${archiveFolder(step.archive)}/${location}`;
      return finish(ctx, current, { code: CODE.scriptMissing, script: location, message });
    }
    // Where the bundle's script is not executable, the agent makes it so and goes on.
    current = note(ctx, current, [`Script - ${location}\n`]);
  }
  ctx.put(commands, current);
  const { id: commandId, instanceId, deployment } = current;
  runner.start(ctx, { commandId, ordinal, instanceId, deployment, step });
}

/** Writes to the log; the command's own copy of it is written with the command. */
function note(ctx: Ctx, command: Command, entries: readonly string[]): Command {
  writeLog(ctx, command.instanceId, command.deployment.deploymentId, entries);
  let log = command.log;
  for (const entry of entries) log = logTail([...log, entry]);
  return { ...command, log };
}

/** Goes on with a command when the driver has done a step. */
export function stepHandler(
  runner: StepRunner,
): TimerHandler<{ commandId: string; ordinal: number; result: StepResult }, Ctx> {
  return {
    kind: stepFinished,
    live(ctx, { commandId, ordinal }) {
      const command = ctx.get(commands, commandId);
      return command !== undefined && command.ordinal === ordinal && !command.interrupted;
    },
    fire(ctx, { commandId, result }) {
      const command = ctx.get(commands, commandId) as Command;
      const step = command.steps[command.ordinal] as Step;
      const noted =
        'output' in result
          ? note(
              ctx,
              command,
              result.output.map((line) => `${line}\n`),
            )
          : command;
      const problem = settle(ctx, noted, step, result);
      if (problem) finish(ctx, noted, problem);
      else proceed(ctx, runner, noted);
    },
  };
}

/** Keeps what a step has brought about. Returns what the agent reports if it was not what it should be. */
function settle(
  ctx: Ctx,
  { instanceId, deployment }: Command,
  step: Step,
  result: StepResult,
): Verdict | undefined {
  if (result.kind === 'failed') return { code: CODE.unknown, script: '', message: result.message };
  if (result.kind === 'unpacked' && step.kind === 'unpack')
    return void keepArchive(ctx, instanceId, step.archive);
  if (result.kind === 'installed') {
    keepInstallation(ctx, instanceId, deployment, result.created, result.problem === undefined);
    return result.problem === undefined
      ? undefined
      : { code: CODE.unknown, script: '', message: result.problem };
  }
  return step.kind === 'script' ? scriptVerdict(step, result) : undefined;
}

function scriptVerdict(
  { script: { location, timeoutSeconds, runAs } }: ScriptStep,
  result: StepResult,
): Verdict | undefined {
  const at = `Script at specified location: ${location}`;
  if (result.kind === 'timed-out') {
    return {
      code: CODE.scriptTimedOut,
      script: location,
      message: `${at} failed to complete in ${timeoutSeconds} seconds`,
    };
  }
  if (result.kind === 'output-left-open') {
    return { code: CODE.outputLeftOpen, script: location, message: `${at} failed to close ${result.stream}` };
  }
  if (result.kind !== 'exited' || result.exit === 0) return undefined;
  const user = runAs === undefined ? '' : ` run as user ${runAs}`;
  return {
    code: CODE.scriptFailed,
    script: location,
    message: `${at}${user} failed with exit code ${result.exit}`,
  };
}

function finish(ctx: Ctx, command: Command, verdict: Verdict): void {
  ctx.delete(commands, command.id);
  const agent = ctx.get(agents, command.instanceId);
  if (agent) report(ctx, callerOf(agent), command.id, verdict, command.log);
}

/**
 * Reports the end of a command. Where the report does not get through, CodeDeploy waits for it in vain, as in
 * AWS.
 */
function report(ctx: Ctx, as: Caller, id: string, verdict: Verdict, log: readonly string[]): void {
  const instanceId = 'sessionName' in as ? as.sessionName : '';
  if (!reach(ctx, instanceId).ok) return;
  const complete: Input<'codedeploy-commands', 'PutHostCommandComplete'> = {
    HostCommandIdentifier: id,
    CommandStatus: verdict.code === CODE.succeeded ? 'Succeeded' : 'Failed',
    Diagnostics: diagnosticsOf(verdict, log),
  };
  ctx.call('codedeploy-commands', 'PutHostCommandComplete', complete, as);
}

/** What the agent makes of an error that is not a script's. Our own bugs are thrown on. */
function unknown(error: unknown): Verdict {
  return { code: CODE.unknown, script: '', message: problemOf(error) };
}

/** The agent has started again: a command that was under way fails. */
export function failInterrupted(ctx: Ctx, agent: Agent): void {
  const verdict = {
    code: CODE.failedAfterRestart,
    script: '',
    message: 'Failed: Failing in-progress lifecycle event after an agent restart.',
  } as const;
  for (const command of ctx.list(commands, 'instance', agent.instanceId)) {
    ctx.delete(commands, command.id);
    report(ctx, callerOf(agent), command.id, verdict, []);
  }
}
