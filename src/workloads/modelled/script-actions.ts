// What the actions of a machine's scripts do in the world, once their time is over.

import type { Ctx } from '#cloud/ctx.ts';
import { instances } from '#cloud/ports/instances.ts';
import { applicationKey, applicationOn } from '../application.ts';
import { startHup, stopHup } from '../cfn-bootstrap/cfn-hup.ts';
import { describeResource, putSignal, signalResource } from '../cfn-bootstrap/requests.ts';
import type { Answer } from '../cfn-bootstrap/requests.ts';
import type { Action, Look, StackResource, Verb } from '../machine-scripts/actions.ts';
import { packageHost, WEB_PORT } from '../machine-scripts/services.ts';
import { DEFAULT_MANIFEST, ManifestError, parseManifest } from '../manifest.ts';
import type { ManifestApplication } from '../manifest.ts';
import type { UserData } from '../user-data.ts';
import { agentComes } from './agent-start.ts';
import { appliedMetadata, installed, machineRows } from './machine-rows.ts';
import type { Machine, StoredResult } from './machine-rows.ts';
import { startApplication, stopApplication } from './running.ts';
import { seen } from './script-looks.ts';

const DONE: StoredResult = { status: 0 };
const FAILED: StoredResult = { status: 1 };

/** Tells people of something that a script could not do. */
export function tell(ctx: Ctx, instanceId: string, problem: string): void {
  const machine = ctx.get(machineRows, instanceId);
  if (machine?.problem === problem) return;
  if (machine) ctx.update(machineRows, machine, { problem });
  ctx.note('user-data', { instanceId, problem });
}

export function reaches(ctx: Ctx, instanceId: string, host: string | undefined): boolean {
  return host === undefined || ctx.port(instances).reachEndpoint(ctx, instanceId, host).ok;
}

export function perform(ctx: Ctx, instanceId: string, action: Action, userData: UserData): StoredResult {
  switch (action.kind) {
    case 'packages':
      return fetchPackages(ctx, instanceId, action.manager);
    case 'codedeploy-agent':
      return installAgent(ctx, instanceId, userData);
    case 'service':
      // Who declares an application has said what runs.
      if (userData.manifest === undefined) control(ctx, instanceId, action);
      return DONE;
    case 'declares':
      return declare(ctx, instanceId, action);
    case 'describe':
      return describe(ctx, instanceId, action.of);
    case 'signal':
      return told(ctx, instanceId, 'cfn-signal', signalResource(ctx, instanceId, action.of, action.signal));
    case 'put':
      return told(ctx, instanceId, 'cfn-signal', putSignal(ctx, instanceId, action.url, action.body));
    case 'cfn-hup':
      if (action.configuration) startHup(ctx, instanceId, action.configuration);
      else stopHup(ctx, instanceId);
      return DONE;
    case 'starts':
      if (userData.manifest?.application)
        start(ctx, instanceId, userData.manifest.version ?? 'user data', userData.manifest.application);
      return DONE;
    case 'look':
    case 'ask':
      return look(ctx, instanceId, action);
    case 'ecs-agent':
      configureEcs(ctx, instanceId, action.configuration);
      return DONE;
    case 'tells':
      tell(ctx, instanceId, action.problem);
      return DONE;
    default:
      return DONE;
  }
}

/** Where there is no agent, nobody reads its configuration. */
function configureEcs(ctx: Ctx, instanceId: string, ecsConfiguration: string): void {
  const machine = ctx.get(machineRows, instanceId);
  if (machine?.ecsConfiguration === undefined)
    tell(ctx, instanceId, 'The image carries no container agent: nothing reads /etc/ecs/ecs.config');
  else ctx.update(machineRows, machine, { ecsConfiguration });
}

function look(ctx: Ctx, instanceId: string, action: Look): StoredResult {
  const { status, text, problem } = seen(ctx, instanceId, action);
  if (problem !== undefined) tell(ctx, instanceId, `aws: ${problem}`);
  return {
    status,
    ...(text === undefined ? {} : { text: ctx.putBlob(new TextEncoder().encode(text)) }),
  };
}

function told(ctx: Ctx, instanceId: string, who: string, answer: Answer<unknown>): StoredResult {
  if (answer.ok) return DONE;
  tell(ctx, instanceId, `${who}: ${answer.problem}`);
  return FAILED;
}

function fetchPackages(ctx: Ctx, instanceId: string, manager: string): StoredResult {
  const host = packageHost(manager, ctx.region);
  if (reaches(ctx, instanceId, host)) return DONE;
  tell(ctx, instanceId, `${manager}: ${host ?? ''} cannot be reached`);
  return FAILED;
}

function installAgent(ctx: Ctx, instanceId: string, { codedeployAgent }: UserData): StoredResult {
  if (!codedeployAgent) return DONE;
  if (!reaches(ctx, instanceId, codedeployAgent.host)) {
    tell(
      ctx,
      instanceId,
      `${codedeployAgent.host} cannot be reached: the CodeDeploy agent was not installed`,
    );
    return FAILED;
  }
  const machine = ctx.get(machineRows, instanceId) as Machine;
  agentComes(ctx, ctx.update(machineRows, machine, { codedeployAgent: true }));
  return DONE;
}

/** A service whose application is known, with the defaults. */
function control(
  ctx: Ctx,
  instanceId: string,
  { name, verb, enabled }: { readonly name: string; readonly verb: Verb; readonly enabled: boolean },
): void {
  const known = ctx.get(installed, applicationKey(instanceId, WEB_PORT));
  const own = known?.version === name ? known : undefined;
  const runs = applicationOn(ctx, instanceId, WEB_PORT) !== undefined;
  if (verb === 'enable' || verb === 'disable') {
    if (own) ctx.update(installed, own, { application: { ...own.application, service: enabled } });
  } else if (verb === 'stop') {
    if (own) stopApplication(ctx, instanceId, WEB_PORT);
  } else if (!runs || (own && verb === 'restart')) {
    start(ctx, instanceId, name, {
      ...(DEFAULT_MANIFEST.application as ManifestApplication),
      port: WEB_PORT,
      // Its start has ended by now, and that waits until it listens.
      startMs: 0,
      health: { path: '/', status: 200 },
      service: enabled,
    });
  }
}

function start(ctx: Ctx, instanceId: string, version: string, application: ManifestApplication): void {
  if (ctx.get(machineRows, instanceId)?.real)
    tell(
      ctx,
      instanceId,
      `${version} was not started: where servers really run, no script of a machine does`,
    );
  else startApplication(ctx, instanceId, version, application);
}

function declare(
  ctx: Ctx,
  instanceId: string,
  { path, text }: { readonly path: string; readonly text: string },
): StoredResult {
  try {
    const { version = 'user data', application } = parseManifest(text, path);
    if (application) start(ctx, instanceId, version, application);
    return DONE;
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    tell(ctx, instanceId, error.text);
    return FAILED;
  }
}

/** cfn-init asks for its metadata. What it applied before tells it what has changed. */
function describe(ctx: Ctx, instanceId: string, of: StackResource): StoredResult {
  const found = describeResource(ctx, instanceId, of);
  if (!found.ok) return told(ctx, instanceId, 'cfn-init', found);
  const key = `${of.stack} ${of.resource}`;
  const before = ctx.get(appliedMetadata, `${instanceId} ${key}`);
  const text = ctx.putBlob(new TextEncoder().encode(found.value.metadata));
  ctx.put(appliedMetadata, { instanceId, of: key, blob: text });
  return { status: 0, text, ...(before ? { previous: before.blob } : {}) };
}
