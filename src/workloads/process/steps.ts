// The agent's steps on machines whose scripts really run: each step is an effect, and its result goes back to the agent.

import type { EffectHandler } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { identity } from '#cloud/ports/identity.ts';
import { instances } from '#cloud/ports/instances.ts';
import { archiveFolder } from '../codedeploy-agent/deployment-root.ts';
import { stepFinished } from '../codedeploy-agent/steps.ts';
import type {
  InstallStep,
  ScriptStep,
  StepResult,
  StepRunner,
  UnpackStep,
  Work,
} from '../codedeploy-agent/steps.ts';
import { AppSpecError } from '../appspec.ts';
import type { AppSpec } from '../appspec.ts';
import { problemOf } from '../problem.ts';
import { appSpecOf, manifestOf, revisionOf } from '../revision.ts';
import type { Archive } from '../codedeploy-agent/deployment-root.ts';
import type { Manifest } from '../manifest.ts';
import { installBundle, runScript, unpackBundle } from './effects.ts';
import type { Install, Script, Ticket, Unpack } from './effects.ts';
import { scriptBegins, scriptEnds } from './listening.ts';

/** What `$PORT` says to a revision that declares no application. */
const DEFAULT_PORT = 8080;

export const processSteps: StepRunner = {
  start(ctx, work) {
    const { step } = work;
    if (step.kind === 'unpack') unpack(ctx, work, step);
    else if (step.kind === 'install') install(ctx, work, step);
    else if (step.kind === 'script') script(ctx, work, step);
    else finish(ctx, work, { kind: 'failed', message: step.message }, step.afterMs);
  },
};

function finish(ctx: Ctx, { commandId, ordinal }: Ticket, result: StepResult, afterMs: number = 0): void {
  ctx.schedule(stepFinished, ctx.now + afterMs, { commandId, ordinal, result });
}

function ticketOf({ commandId, ordinal }: Work): Ticket {
  return { commandId, ordinal };
}

function manifestIn(ctx: Ctx, { blob, bundleType }: Archive): Manifest {
  return manifestOf(revisionOf(ctx, blob, bundleType));
}

function unpack(ctx: Ctx, work: Work, { archive }: UnpackStep): void {
  let manifest: Manifest;
  let spec: AppSpec | undefined;
  try {
    manifest = manifestIn(ctx, archive);
    spec = specIn(ctx, archive, work.deployment.appSpecPath);
  } catch (error) {
    return finish(ctx, work, { kind: 'failed', message: problemOf(error) });
  }
  const { blob, bundleType, label } = archive;
  ctx.perform(unpackBundle, {
    ticket: ticketOf(work),
    instanceId: work.instanceId,
    folder: archiveFolder(archive),
    blob,
    bundleType,
    label,
    relocatable: manifest.process === 'relocatable',
    users: spec ? usersIn(spec) : [],
    special: spec?.permissions.some((permission) => permission.special.length > 0) ?? false,
  });
}

/** The AppSpec file of a revision, if it can be read: whether it is there and sound is for the next events to say. */
function specIn(ctx: Ctx, { blob, bundleType }: Archive, path: string): AppSpec | undefined {
  try {
    return appSpecOf(revisionOf(ctx, blob, bundleType), path);
  } catch (error) {
    if (error instanceof AppSpecError) return undefined;
    throw error;
  }
}

function usersIn({ permissions, hooks }: AppSpec): string[] {
  const owners = permissions.flatMap(({ owner = [], group = [] }) => [owner, group].flat());
  const runners = Object.values(hooks).flatMap((scripts) => scripts.flatMap(({ runAs = [] }) => runAs));
  return [...new Set([...owners, ...runners])];
}

function install(ctx: Ctx, work: Work, { archive, cleanup }: InstallStep): void {
  const { appSpecPath, fileExistsBehavior } = work.deployment;
  const { blob, bundleType } = archive;
  ctx.perform(installBundle, {
    ticket: ticketOf(work),
    instanceId: work.instanceId,
    folder: archiveFolder(archive),
    blob,
    bundleType,
    appSpecPath,
    fileExistsBehavior,
    cleanup,
  });
}

function script(
  ctx: Ctx,
  work: Work,
  { archive, event, script: { location, timeoutSeconds }, environment }: ScriptStep,
): void {
  const { instanceId } = work;
  const { version = archive.label, application } = manifestIn(ctx, archive);
  const starts = event === 'ApplicationStart' && application !== undefined;
  scriptBegins(ctx, instanceId, starts ? { version, application } : undefined);
  ctx.perform(runScript, {
    ticket: ticketOf(work),
    instanceId,
    folder: archiveFolder(archive),
    location,
    timeoutMs: timeoutSeconds * 1000,
    port: application?.port ?? DEFAULT_PORT,
    environment: { ...environment, ...accessOf(ctx, instanceId) },
    ...(starts ? { starts: version } : {}),
  });
}

/** Region and credentials as a script on the instance finds them: those of the instance's role. */
function accessOf(ctx: Ctx, instanceId: string): Record<string, string> {
  const profile = ctx.port(instances).facts(ctx, instanceId)?.instanceProfileArn;
  const key =
    profile === undefined ? undefined : ctx.port(identity).profileCredentials(ctx, profile, instanceId);
  const region = { AWS_REGION: ctx.region, AWS_DEFAULT_REGION: ctx.region };
  if (!key) return region;
  return {
    ...region,
    AWS_ACCESS_KEY_ID: key.accessKeyId,
    AWS_SECRET_ACCESS_KEY: key.secret,
    ...(key.sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: key.sessionToken }),
  };
}

const onUnpacked: EffectHandler<Unpack, StepResult, Ctx> = {
  kind: unpackBundle,
  done: (ctx, result, { ticket }) => finish(ctx, ticket, result),
};

const onInstalled: EffectHandler<Install, StepResult, Ctx> = {
  kind: installBundle,
  done: (ctx, result, { ticket }) => finish(ctx, ticket, result),
};

const onScriptEnded: EffectHandler<Script, StepResult, Ctx> = {
  kind: runScript,
  done(ctx, result, { ticket, instanceId, starts }) {
    if (starts !== undefined && result.kind === 'exited' && result.exit === 0)
      scriptEnds(ctx, instanceId, starts);
    finish(ctx, ticket, result);
  },
};

export const stepEffects: readonly EffectHandler<unknown, unknown, Ctx>[] = [
  onUnpacked,
  onInstalled,
  onScriptEnded,
] as never;
