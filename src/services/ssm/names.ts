// Names of parameters: what may be created, and what a request asks for.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-parameter-name-constraints.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { keyOf } from './tables.ts';

const MOST_LEVELS = 15;
/** Including the ARN before it. */
const LONGEST = 1011;
const NAME = /^\/?[A-Za-z0-9_.-]+(\/[A-Za-z0-9_.-]+)*$/;
const RULES =
  'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of ' +
  'sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 ' +
  'symbols .-_';

/** Throws Parameter Store's error for a name that may not be created. */
export function checkName(ctx: Ctx, name: string): void {
  const plain = name.toLowerCase().replace(/^\/+/, '');
  if (plain.startsWith('aws') || plain.startsWith('ssm')) {
    const inPath = name.lastIndexOf('/') > 0;
    if (inPath && plain.startsWith('aws'))
      throw new Fault('AccessDeniedException', `No access to reserved parameter name: ${name}.`);
    throw new Fault(
      'ValidationException',
      inPath ? RULES : 'Parameter name: can\'t be prefixed with "aws" or "ssm" (case-insensitive).',
    );
  }
  if (name.includes('/') && !name.startsWith('/'))
    throw new Fault('ValidationException', 'Parameter name must be a fully qualified name.');
  if (!NAME.test(name) || parameterArn(ctx, keyOf(name)).length > LONGEST)
    throw new Fault('ValidationException', RULES);
  // The name itself is one of the levels.
  if (keyOf(name).split('/').length - 1 > MOST_LEVELS) {
    throw new Fault(
      'HierarchyLevelLimitExceededException',
      'A hierarchy can have a maximum of 15 levels. For more information, see Requirements and constraints for ' +
        'parameter names in the AWS Systems Manager User Guide.',
    );
  }
}

export function parameterArn(ctx: Ctx, key: string): string {
  return ctx.arn('ssm', `parameter${key}`);
}

/** What a request asks for by name or ARN, with or without a version or a label behind a colon. */
export interface Asked {
  readonly key: string;
  /** With its colon; empty for the latest version. */
  readonly selector: string;
}

/** Nothing for what cannot be a parameter of this account and region. */
export function asked(ctx: Ctx, text: string): Asked | undefined {
  const [, region, account, rest] = /^arn:aws:ssm:([^:]*):(\d*):parameter(\/.+)$/.exec(text) ?? [];
  // Public parameters belong to no account.
  const foreign = region !== undefined && (region !== ctx.region || (account && account !== ctx.account));
  if (foreign) return undefined;
  const [, name = '', selector = ''] = /^([^:]+)(:[^:]+)?$/.exec(rest ?? text) ?? [];
  // A path begins with a slash, and has none twice (LocalStack's validated test test_hierarchical_parameter).
  const isPath = name.includes('/') && !isPublic(name);
  if (isPath && !(name.startsWith('/') && NAME.test(name))) throw new Fault('ValidationException', RULES);
  return name === '' ? undefined : { key: keyOf(name), selector };
}

/** The ARN of what a request asks for, as IAM sees it: without a version or label. */
export function arnOf(ctx: Ctx, text: string): string {
  if (text.startsWith('arn:')) return text.split(':').slice(0, 6).join(':');
  const key = keyOf(text.split(':')[0] as string);
  return isPublic(key) ? `arn:aws:ssm:${ctx.region}::parameter${key}` : parameterArn(ctx, key);
}

/** Whether AWS publishes what lies under this name. */
export function isPublic(key: string): boolean {
  return key.startsWith('/aws/');
}
