// Rows of Lambda's control plane: functions, their versions and aliases.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Tags } from '#cloud/tags.ts';

export const LATEST = '$LATEST';
/** Who Lambda is, to roles and to resource policies. */
export const PRINCIPAL = 'lambda.amazonaws.com';

/** A deployment package. */
export interface Code {
  readonly blob: string;
  /** Base64. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** A version of a layer as a function has it: it stays although the version is deleted. */
export interface LayerUse {
  readonly arn: string;
  readonly blob: string;
  readonly sizeBytes: number;
}

export interface Logging {
  readonly format: 'Text' | 'JSON';
  readonly group: string;
  /** With the format JSON. */
  readonly applicationLevel?: string;
  readonly systemLevel?: string;
}

export interface Network {
  readonly vpcId: string;
  readonly subnetIds: readonly string[];
  readonly securityGroupIds: readonly string[];
  readonly ipv6?: boolean;
}

/** Everything that a version fixes. */
export interface Configuration {
  readonly runtime: string;
  /** The last part of the runtime version's ARN; missing in rows of before it was shown. */
  readonly runtimeVersion?: string;
  readonly handler: string;
  readonly role: string;
  readonly description: string;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  readonly storageMb: number;
  readonly architectures: readonly string[];
  /** Nothing where it was never given, which AWS shows. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly deadLetterArn?: string;
  readonly logging: Logging;
  readonly network?: Network;
  readonly code: Code;
  readonly layers?: readonly LayerUse[];
}

export interface LambdaFunction {
  name: string;
  arn: string;
  tags: Tags;
  /** The number that the next version gets. */
  nextVersion: number;
  /** What $LATEST was when it was last published, as a hash: publishing the same again makes no new version. */
  publishedHash?: string;
  reservedConcurrency?: number;
  /** How often $LATEST was changed: execution environments of an earlier generation are used no more. */
  generation: number;
}
/** What decides where invocations go: loads are settled before it changes. */
const ROUTES = { settles: true } as const;

export const functions: Table<LambdaFunction> = table<LambdaFunction>(
  'lambda/functions',
  (row) => row.name,
  {},
  ROUTES,
);

/** `$LATEST` or a published version. */
export interface Version {
  functionName: string;
  version: string;
  configuration: Configuration;
  /** What invocations still run while an update is in progress. */
  serving?: { readonly configuration: Configuration; readonly generation: number };
  generation: number;
  /** `false` while the function is being created. */
  active: boolean;
  /** Nothing while it is being created. */
  update?: 'InProgress' | 'Successful';
  revisionId: string;
  modifiedAt: number;
}
export const versions: Table<Version> = table<Version>(
  'lambda/versions',
  (row) => versionKey(row.functionName, row.version),
  {},
  ROUTES,
);

/** Sorts `$LATEST` first, then by number. */
export function versionKey(functionName: string, version: string): string {
  return `${functionName}:${version === LATEST ? '' : version.padStart(10, '0')}`;
}

export interface Alias {
  functionName: string;
  name: string;
  version: string;
  /** Share of another version, from 0 to 1. */
  additional?: { readonly version: string; readonly weight: number };
  description: string;
  revisionId: string;
}
export const aliases: Table<Alias> = table<Alias>(
  'lambda/aliases',
  (row) => aliasKey(row.functionName, row.name),
  {},
  ROUTES,
);

export function aliasKey(functionName: string, name: string): string {
  return `${functionName}:${name}`;
}

export function newRevision(ctx: Ctx): string {
  return ctx.uuid('lambda/revision');
}
