// Execution environments: code that was started once and takes one invocation at a time. Used again while it is fresh, shut
// down after a while without work or when the function has changed.
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html

import { table, timer } from '#world/index.ts';
import type { Table, TimerHandler, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import { formatIso } from '#contract/protocols/timestamp.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { functionHost } from '#cloud/ports/functions.ts';
import { sessions } from '#cloud/ports/identity.ts';
import type { AccessKey } from '#cloud/ports/identity.ts';
import { LATEST, versionKey, versions } from '../rows.ts';
import type { Configuration, Version } from '../rows.ts';
import { credentialsLifetime, environmentIdle } from '../timings.ts';
import { sessionOf } from './execution-role.ts';

export interface Environment {
  id: string;
  functionName: string;
  version: string;
  /** Of the configuration that it runs. */
  generation: number;
  busy: boolean;
  /** How many invocations it has had. */
  uses: number;
  usedAt: number;
  credentials: AccessKey;
  logGroup: string;
  logStream: string;
  /** The log stream is there. */
  logging: boolean;
}
export const environments: Table<Environment> = table<Environment>('lambda/environments', (row) => row.id, {
  idle: (row) => (row.busy ? undefined : versionKey(row.functionName, row.version)),
});

const idleDue: TimerKind<{ id: string; uses: number }> = timer<{ id: string; uses: number }>(
  'lambda/environment-idle-due',
  { background: true },
);

/** Shuts down an environment that has had nothing to do. */
export const idled: TimerHandler<{ id: string; uses: number }, Ctx> = {
  kind: idleDue,
  live(ctx, { id, uses }) {
    const found = ctx.get(environments, id);
    return found?.uses === uses && !found.busy;
  },
  fire: (ctx, { id }) => retire(ctx, id),
};

/** What invocations of a version run at the moment. */
export interface Serving {
  readonly configuration: Configuration;
  readonly generation: number;
}

export function servingOf({ serving, configuration, generation }: Version): Serving {
  return serving ?? { configuration, generation };
}

/** An environment for an invocation that begins now, and whether it has to be started first. */
export function taken(owner: Ctx, version: Version): { environment: Environment; cold: boolean } {
  const { configuration, generation } = servingOf(version);
  const key = versionKey(version.functionName, version.version);
  const neededUntil = owner.now + configuration.timeoutSeconds * 1000;
  const fresh = owner
    .list(environments, 'idle', key)
    .filter((row) => row.generation === generation && (row.credentials.expiresAt ?? 0) > neededUntil);
  // The one that was used last, so that those in excess come to rest.
  const [first, ...others] = fresh;
  if (!first) return { environment: started(owner, version), cold: true };
  const last = others.reduce((best, row) => (row.usedAt > best.usedAt ? row : best), first);
  const change = { busy: true, uses: last.uses + 1, usedAt: owner.now };
  return { environment: owner.update(environments, last, change), cold: false };
}

function started(owner: Ctx, version: Version): Environment {
  const { functionName } = version;
  const { configuration, generation } = servingOf(version);
  const principal = sessionOf(owner, configuration.role, functionName);
  if (!principal) {
    throw new Fault(
      'AccessDeniedException',
      'The role defined for the function cannot be assumed by Lambda.',
      { fields: { Type: 'User' } },
    );
  }
  const lifetime = owner.duration(credentialsLifetime, functionName);
  const id = owner.uuid('lambda/environment');
  const environment: Environment = {
    id,
    functionName,
    version: version.version,
    generation,
    busy: true,
    uses: 1,
    usedAt: owner.now,
    credentials: owner.port(sessions).open(owner, principal, owner.now + lifetime),
    logGroup: configuration.logging.group,
    logStream: logStreamName(owner, version, configuration.logging.group),
    logging: false,
  };
  owner.put(environments, environment);
  return environment;
}

/** In a group of its own a stream's name need not tell the function. */
function logStreamName(owner: Ctx, { functionName, version }: Version, group: string): string {
  const day = formatIso(owner.now).slice(0, 10).replaceAll('-', '/');
  const shared = group === `/aws/lambda/${functionName}` ? '' : functionName;
  return `${day}/${shared}[${version}]${owner.id('lambda/log-stream', 32)}`;
}

/** The invocation is over. Without `reusable`, as after a timeout, nothing is run in the environment again. */
export function released(owner: Ctx, id: string, reusable: boolean): void {
  const environment = owner.get(environments, id);
  if (!environment) return;
  const { functionName, version } = environment;
  const found = owner.get(versions, versionKey(functionName, version));
  const current = found && servingOf(found).generation === environment.generation;
  if (!reusable || !current) return retire(owner, id);
  owner.update(environments, environment, { busy: false, usedAt: owner.now });
  const idleMs = owner.duration(environmentIdle, `${functionName}:${version}`, environment.uses);
  owner.schedule(idleDue, owner.now + idleMs, { id, uses: environment.uses });
}

function retire(owner: Ctx, id: string): void {
  owner.delete(environments, id);
  owner.port(functionHost).retire(owner, id);
}

/** Shuts down what idles of a version and is not what the version runs now. */
export function retireIdle(owner: Ctx, functionName: string, version: string = LATEST): void {
  const key = versionKey(functionName, version);
  const found = owner.get(versions, key);
  const current = found && servingOf(found).generation;
  for (const { id, generation } of owner.list(environments, 'idle', key)) {
    if (generation !== current) retire(owner, id);
  }
}
