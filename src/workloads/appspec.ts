// AppSpec files of the EC2/on-premises platform, read as the CodeDeploy agent reads them, with the agent's
// own messages.
// https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file.html
// https://github.com/aws/aws-codedeploy-agent, application_specification/

import { isScalar, parseDocument } from 'yaml';
import type { Document } from 'yaml';

/** A script of a lifecycle event. */
export interface AppSpecScript {
  readonly location: string;
  readonly timeoutSeconds: number;
  readonly runAs?: string;
}

export interface AppSpecPermission {
  readonly object: string;
  readonly pattern: string;
  readonly except: readonly string[];
  readonly type: readonly string[];
  readonly owner?: string;
  readonly group?: string;
  /** Octal digits. */
  readonly mode?: string;
  /**
   * Access lists and SELinux contexts are not read further: a driver that sets real permissions has to refuse
   * them.
   */
  readonly special: readonly ('acls' | 'context')[];
}

export type FileExistsBehavior = 'DISALLOW' | 'OVERWRITE' | 'RETAIN';

export interface AppSpec {
  readonly files: readonly { readonly source: string; readonly destination: string }[];
  readonly permissions: readonly AppSpecPermission[];
  /** Scripts by lifecycle event. */
  readonly hooks: Readonly<Record<string, readonly AppSpecScript[]>>;
  readonly fileExistsBehavior?: FileExistsBehavior;
}

/** An AppSpec file that the agent rejects; the message is the agent's. */
export class AppSpecError extends Error {
  override readonly name = 'AppSpecError';
}

/**
 * Seconds that a script may take where its AppSpec says nothing; also the most that all of an event's scripts
 * may take.
 */
const DEFAULT_TIMEOUT_SECONDS = 3600;

const FAILED = 'The deployment failed because';
const AGAIN = 'of the AppSpec file, and then try again.';
const NO_LOCATION =
  `${FAILED} the application specification file specifies a script with no location value. ` +
  `Specify the location in the hooks section ${AGAIN}`;
const NO_OBJECT =
  `${FAILED} a permission listed in the application specification file has no object value. ` +
  `Update the permissions section ${AGAIN}`;

type Map = Readonly<Record<string, unknown>>;

/**
 * Reads an AppSpec file. YAML 1.1, as Ruby's parser has it: `mode: 0755` without quotes is a number in octal.
 */
export function parseAppSpec(text: string): AppSpec {
  const document = parseDocument(text, { version: '1.1', uniqueKeys: false });
  const [problem] = document.errors;
  if (problem) {
    const { line = 0, col = 0 } = problem.linePos?.[0] ?? {};
    throw new AppSpecError(`(<unknown>): ${problem.message.split('\n')[0]} at line ${line} column ${col}`);
  }
  const spec = document.toJS() as unknown;
  if (spec === null || spec === undefined || spec === false) {
    throw new AppSpecError(
      `${FAILED} the application specification file was empty. Make sure your AppSpec file defines at minimum the 'version' and 'os' properties.`,
    );
  }
  const members = isMap(spec) ? spec : {};
  checkVersion(members['version'], document);
  checkOs(members['os']);
  const hooks = hooksOf(members['hooks'] ?? {});
  const files = listOf(members['files'] ?? [], 'each').map(fileOf);
  const permissions = listOf(members['permissions'] ?? [], 'each').map(permissionOf);
  const behavior = behaviorOf(members['file_exists_behavior']);
  return { files, permissions, hooks, ...(behavior === undefined ? {} : { fileExistsBehavior: behavior }) };
}

/** Scripts of a lifecycle event; none where it has no hook. */
export function scriptsOf(spec: AppSpec, event: string): readonly AppSpecScript[] {
  return spec.hooks[event] ?? [];
}

function checkVersion(version: unknown, document: Document): void {
  if (version === 0) return;
  const node = document.get('version', true);
  const written = isScalar(node) && node.source !== undefined ? node.source : show(version);
  throw new AppSpecError(
    `${FAILED} an invalid version value (${written}) was entered in the application specification file. ` +
      'Make sure your AppSpec file specifies "0.0" as the version, and then try again.',
  );
}

/** The agents of modelled instances run on Linux; `windows` is as unsupported there as anything else. */
function checkOs(os: unknown): void {
  if (os === 'linux') return;
  throw new AppSpecError(
    `${FAILED} the application specification file specifies an unsupported operating system (${show(os)}). ` +
      `Specify either "linux" or "windows" in the os section ${AGAIN}`,
  );
}

function behaviorOf(behavior: unknown): FileExistsBehavior | undefined {
  if (behavior === undefined || behavior === null) return undefined;
  if (behavior === 'DISALLOW' || behavior === 'OVERWRITE' || behavior === 'RETAIN') return behavior;
  throw new AppSpecError(
    `${FAILED} an invalid file_exists_behavior value (${show(behavior)}) was entered in the application specification file. ` +
      'Make sure your AppSpec file specifies one of DISALLOW,OVERWRITE,RETAIN as the file_exists_behavior, and then try again.',
  );
}

function fileOf(mapping: unknown): AppSpec['files'][number] {
  const { source, destination } = isMap(mapping) ? mapping : {};
  if (source === undefined || source === null) {
    throw new AppSpecError(
      `${FAILED} the application specification file specifies a destination file, but no source file. Update the files section ${AGAIN}`,
    );
  }
  if (destination === undefined || destination === null) {
    throw new AppSpecError(
      `${FAILED} the application specification file specifies only a source file (${show(source)}). ` +
        `Add the name of the destination file to the files section ${AGAIN}`,
    );
  }
  return { source: show(source), destination: show(destination) };
}

function hooksOf(hooks: unknown): AppSpec['hooks'] {
  if (!isMap(hooks)) throw noMethod('each_pair', hooks);
  const found: Record<string, readonly AppSpecScript[]> = {};
  for (const [event, scripts] of Object.entries(hooks)) {
    // Hooks without scripts count as absent.
    if (scripts !== null && scripts !== undefined) found[event] = listOf(scripts, 'each').map(scriptOf);
  }
  return found;
}

function scriptOf(script: unknown): AppSpecScript {
  if (!isMap(script)) throw noMethod('has_key?', script);
  const { location, timeout, runas } = script;
  const path = location === undefined || location === null ? '' : show(location).trim();
  if (path === '') throw new AppSpecError(NO_LOCATION);
  const seconds = timeout === undefined || timeout === null ? DEFAULT_TIMEOUT_SECONDS : toInteger(timeout);
  if (seconds <= 0) {
    throw new AppSpecError(
      `${FAILED} an invalid timeout value was provided for a script in the application specification file. Make corrections in the hooks section ${AGAIN}`,
    );
  }
  const user = runas === undefined || runas === null ? {} : { runAs: show(runas).trim() };
  return { location: path, timeoutSeconds: seconds, ...user };
}

function permissionOf(permission: unknown): AppSpecPermission {
  if (!isMap(permission)) throw noMethod('has_key?', permission);
  const { object, pattern, except, type, owner, group, mode, acls, context } = permission;
  const path = object === undefined || object === null ? '' : show(object).trim();
  if (path === '') throw new AppSpecError(NO_OBJECT);
  return {
    object: path,
    pattern: pattern === undefined || pattern === null ? '**' : show(pattern),
    except: listOf(except ?? [], 'each').map(show),
    type: typesOf(type),
    special: [...(acls ? ['acls' as const] : []), ...(context ? ['context' as const] : [])],
    ...(owner === undefined || owner === null ? {} : { owner: show(owner) }),
    ...(group === undefined || group === null ? {} : { group: show(group) }),
    ...(mode === undefined || mode === null ? {} : { mode: modeOf(mode) }),
  };
}

function typesOf(type: unknown): readonly string[] {
  const types = listOf(type ?? ['file', 'directory'], 'each').map(show);
  for (const one of types) {
    if (one === 'file' || one === 'directory') continue;
    throw new AppSpecError(
      `${FAILED} the application specification filespecifies a permission for an object type not supported for permissions (${one}). ` +
        `Update the permissions section ${AGAIN}`,
    );
  }
  return types;
}

function modeOf(mode: unknown): string {
  const digits = show(mode).padStart(3, '0');
  if (digits.length > 4) {
    throw new AppSpecError(
      `${FAILED} the length of a permissions mode (${digits}) in the application specification file is invalid. ` +
        `Permissions modes must be between one and four characters long. Update the permissions section ${AGAIN}`,
    );
  }
  const bad = /[^0-7]/.exec(digits)?.[0];
  if (bad === undefined) return digits;
  throw new AppSpecError(
    `${FAILED} the permissions mode (${digits}) in the application specification file contains an invalid character (${bad}). ` +
      `Update the permissions section ${AGAIN}`,
  );
}

function isMap(value: unknown): value is Map {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function listOf(value: unknown, method: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw noMethod(method, value);
}

/** What Ruby says where the agent meets a value of another kind than it expects. */
function noMethod(method: string, value: unknown): AppSpecError {
  const kind = Array.isArray(value)
    ? 'Array'
    : isMap(value)
      ? 'Hash'
      : typeof value === 'string'
        ? 'String'
        : 'Integer';
  const written =
    typeof value === 'object'
      ? JSON.stringify(value)
      : typeof value === 'string'
        ? JSON.stringify(value)
        : show(value);
  return new AppSpecError(`undefined method \`${method}' for ${written}:${kind}`);
}

/** Ruby's `to_i`: the digits in front. */
function toInteger(value: unknown): number {
  return typeof value === 'number'
    ? Math.trunc(value)
    : Number.parseInt(/^\s*[+-]?\d+/.exec(show(value))?.[0] ?? '0', 10);
}

function show(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : `${value as string | number | boolean}`;
}
