// The AppSpec of a function: which alias goes from which version to which, and which functions look at it before and after.
// https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-resources.html#reference-appspec-file-structure-resources-lambda

import { parse } from 'yaml';
import { bodyBytes } from '#cloud/body.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Deployment, RevisionLocation } from '../rows.ts';
import { callAs, deniedMessage, isDenied, Trouble } from '../service-role.ts';
import type { Shift } from './targets.ts';

const INVALID =
  'The deployment failed because the AppSpec file that specifies the AWS Lambda deployment configuration is missing or has an ' +
  'invalid configuration.';

/** The AppSpec's configuration does not fit the function. */
export function invalidConfiguration(detail?: string): Trouble {
  return new Trouble('INVALID_LAMBDA_CONFIGURATION', detail === undefined ? INVALID : `${INVALID} ${detail}`);
}

/** Without aliases a document cannot grow beyond its text. */
const YAML = { maxAliasCount: 0, schema: 'failsafe', logLevel: 'silent' } as const;

type Fields = Readonly<Record<string, unknown>>;

function fieldsIn(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

/** Members of a map or of a list of maps, as both stand in AWS's examples. */
function entriesIn(value: unknown): [string, unknown][] {
  const maps = Array.isArray(value) ? value : [value];
  return maps.flatMap((one) => Object.entries(fieldsIn(one)));
}

/** A member, whose name may begin with a capital. */
function member(fields: Fields, name: string): unknown {
  return fields[name] ?? fields[name.charAt(0).toLowerCase() + name.slice(1)];
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** Throws `Trouble` for what is no AppSpec of a function. */
export function parseAppSpec(content: string): Shift {
  let document: Fields;
  try {
    document = fieldsIn(parse(content, YAML)); // JSON is YAML too.
  } catch {
    throw new Trouble('INVALID_REVISION', 'The AppSpec file could not be read: it is neither YAML nor JSON.');
  }
  if (Number(text(document['version'])) !== 0 || document['version'] === undefined)
    throw invalidConfiguration();
  const resources = entriesIn(member(document, 'Resources'));
  const [resource] = resources;
  const declared = fieldsIn(resource?.[1]);
  if (resources.length !== 1 || member(declared, 'Type') !== 'AWS::Lambda::Function') {
    throw invalidConfiguration();
  }
  const properties = fieldsIn(member(declared, 'Properties'));
  const [functionName, alias, currentVersion, targetVersion] = [
    'Name',
    'Alias',
    'CurrentVersion',
    'TargetVersion',
  ].map((name) => text(member(properties, name))) as [string, string, string, string];
  const complete = functionName && alias && currentVersion && targetVersion;
  if (!complete || currentVersion === targetVersion) throw invalidConfiguration();
  return { functionName, alias, currentVersion, targetVersion, hooks: hooksIn(member(document, 'Hooks')) };
}

function hooksIn(value: unknown): Shift['hooks'] {
  const hooks: { -readonly [K in keyof Shift['hooks']]: string } = {};
  for (const [name, given] of entriesIn(value)) {
    if (name !== 'BeforeAllowTraffic' && name !== 'AfterAllowTraffic') throw invalidConfiguration();
    if (text(given) === '') throw invalidConfiguration();
    hooks[name] = text(given);
  }
  return hooks;
}

/** The text of a revision. What lies in S3 is read under the service role. */
export function appSpecText(ctx: Ctx, deployment: Deployment, revision: RevisionLocation): string {
  const { s3Location, string, appSpecContent } = revision;
  if (!s3Location) return (string ?? appSpecContent)?.content ?? '';
  const { bucket = '', key = '', version } = s3Location;
  const input = { Bucket: bucket, Key: key, ...(version === undefined ? {} : { VersionId: version }) };
  const got = callAs(ctx, deployment, 's3', 'GetObject', input);
  if (!got.ok) {
    if (isDenied(got.fault)) throw new Trouble('IAM_ROLE_PERMISSIONS', deniedMessage(deployment, 's3'));
    throw new Trouble('REVISION_MISSING', `The revision could not be read from S3: ${got.fault.message}`);
  }
  const { Body: body } = got.output;
  const bytes = body && ('bytes' in body ? body.bytes : bodyBytes(body, (hash) => ctx.blob(hash)));
  return new TextDecoder().decode(bytes ?? new Uint8Array());
}
