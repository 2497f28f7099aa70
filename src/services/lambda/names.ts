// How requests name functions: by name, partial ARN or ARN, each with or without a qualifier.
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_RequestParameters

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { aliases, aliasKey, functions, LATEST, versionKey, versions } from './rows.ts';
import type { Alias, LambdaFunction, Version } from './rows.ts';

const NAME =
  /^(?:arn:aws[a-zA-Z-]*:lambda:)?(?:([a-z]{2}(?:-[a-z]+)+-\d):)?(?:(\d{12}):)?(?:function:)?([a-zA-Z0-9-_]+)(?::(\$LATEST|[a-zA-Z0-9-_]+))?$/;

/** Errors of Lambda's say whose they are. */
export const USER: { readonly fields: { readonly Type: 'User' } } = { fields: { Type: 'User' } };

export function invalid(message: string): Fault {
  return new Fault('InvalidParameterValueException', message, USER);
}

export function notFound(message: string): Fault {
  return new Fault('ResourceNotFoundException', message, USER);
}

export function conflict(message: string): Fault {
  return new Fault('ResourceConflictException', message, USER);
}

export function staleRevision(operations: string = 'GetFunction/GetAlias'): Fault {
  return new Fault(
    'PreconditionFailedException',
    'The Revision Id provided does not match the latest Revision Id. ' +
      `Call the ${operations} API to retrieve the latest Revision Id`,
    USER,
  );
}

/** A function as a request names it, whether or not it exists. */
export interface Named {
  /** Where its rows are. */
  readonly owner: Ctx;
  readonly name: string;
  readonly qualifier?: string;
  /** Without a qualifier. */
  readonly arn: string;
}

/** Reads a function name. The qualifier may be in the name, beside it, or in both if they agree. */
export function named(ctx: Ctx, given: string, qualifier?: string): Named {
  const [, region = ctx.region, account = ctx.account, name = given, inName] = NAME.exec(given) ?? [];
  if (region !== ctx.region) {
    throw notFound(`Functions from '${region}' are not reachable in this region ('${ctx.region}')`);
  }
  if (qualifier !== undefined && inName !== undefined && qualifier !== inName) {
    throw invalid('The derived qualifier from the function name does not match the specified qualifier.');
  }
  const owner = ctx.in({ account });
  const chosen = qualifier ?? inName;
  return {
    owner,
    name,
    arn: owner.arn('lambda', `function:${name}`),
    ...(chosen === undefined ? {} : { qualifier: chosen }),
  };
}

export function qualifiedArn({ arn, qualifier }: Pick<Named, 'arn' | 'qualifier'>): string {
  return qualifier === undefined ? arn : `${arn}:${qualifier}`;
}

function isVersion(qualifier: string): boolean {
  return qualifier === LATEST || /^\d+$/.test(qualifier);
}

/** The function's own row. `shown`: the ARN that AWS puts into the error. */
export function functionOf({ owner, name, arn }: Named, shown: string = arn): LambdaFunction {
  const found = owner.get(functions, name);
  if (!found) throw notFound(`Function not found: ${shown}`);
  return found;
}

/** What a qualifier stands for. */
export interface Target {
  readonly fn: LambdaFunction;
  readonly version: Version;
  readonly alias?: Alias;
}

/** The version that a request names, through an alias if it does. */
export function targetOf(of: Named): Target {
  const { owner, name, qualifier = LATEST } = of;
  const shown = qualifiedArn(of);
  const fn = functionOf(of, shown);
  const alias = isVersion(qualifier) ? undefined : owner.get(aliases, aliasKey(name, qualifier));
  const version = isVersion(qualifier) ? qualifier : alias?.version;
  const found = version === undefined ? undefined : owner.get(versions, versionKey(name, version));
  if (!found) throw notFound(`Function not found: ${shown}`);
  return { fn, version: found, ...(alias ? { alias } : {}) };
}

/** What is changed or published. Without the function, its name alone is told. */
export function latestOf(of: Named): Target {
  functionOf(of);
  return targetOf({ ...of, qualifier: LATEST });
}

/** The same for operations on policies, which know aliases by another name. */
export function policyTargetOf(of: Named): Target {
  const { owner, name, qualifier } = of;
  const known = owner.get(functions, name) !== undefined;
  // A qualifier with a `$` in it can name no alias.
  const missing =
    known &&
    qualifier !== undefined &&
    !isVersion(qualifier) &&
    !qualifier.includes('$') &&
    !owner.get(aliases, aliasKey(name, qualifier));
  if (missing) throw notFound(`Cannot find alias arn: ${qualifiedArn(of)}`);
  return targetOf(of);
}

/** For operations that know functions as a whole only. */
export function unqualified(of: Named): Named {
  if (of.qualifier === undefined) return of;
  throw invalid(
    'This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. ' +
      'Please specify either a function name or an unqualified function ARN.',
  );
}
