// What EC2's requests have in common: dry runs, client tokens, pages, ids that must exist.

import { hex, table } from '#world/index.ts';
import type { Row, Table } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Violation } from '#contract/validate.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { page } from '#cloud/pagination.ts';
import type { AnyOperation, Operations } from '#cloud/service.ts';
import { parseNetwork } from './vpcs/cidr.ts';

/** What a client token stood for. */
interface ClientTokenUse {
  key: string;
  /** Hash of the request, so that a token used for another one is noticed. */
  request: string;
  resourceId: string;
}

export const clientTokens: Table<ClientTokenUse> = table<ClientTokenUse>(
  'ec2/client-tokens',
  (row) => row.key,
);

/** Creates once per client token; a repeated request gets the first one's resource. */
export function once(
  ctx: Ctx,
  operation: string,
  token: string | undefined,
  input: object,
  create: () => string,
): string {
  if (!token) return create();
  const key = `${operation} ${token}`;
  const request = hex(ctx.kernel.primitives.sha256(JSON.stringify(input)));
  const used = ctx.get(clientTokens, key);
  if (used && used.request !== request) {
    throw new Fault(
      'IdempotentParameterMismatch',
      'Arguments on this idempotent request are inconsistent with arguments used in previous request(s).',
    );
  }
  if (used) return used.resourceId;
  const resourceId = create();
  ctx.put(clientTokens, { key, request, resourceId });
  return resourceId;
}

/**
 * Runs each operation after `before`. A dry run goes all the way and is undone by the error that tells its success.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonParameters.html
 */
export function prepared(operations: Operations<'ec2'>, before: (ctx: Ctx) => void): Operations<'ec2'> {
  const wrapped = Object.entries(operations).map(([name, handler]) => {
    const run = handler as unknown as AnyOperation;
    const operation: AnyOperation = (ctx, input) => {
      before(ctx);
      const output = run(ctx, input);
      if (input['DryRun'] !== true) return output;
      throw new Fault('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', {
        status: 412,
      });
    };
    return [name, operation];
  });
  return Object.fromEntries(wrapped) as Operations<'ec2'>;
}

/** Most results of one page where the request does not say. */
const PAGE_SIZE = 1000;

interface Listing<R extends Row> {
  readonly ids?: readonly string[] | undefined;
  readonly of: (ctx: Ctx, id: string) => R;
  readonly where: (row: R) => boolean;
  readonly page: { readonly NextToken?: string | undefined; readonly MaxResults?: number | undefined };
}

/** The rows that a Describe operation shows: those asked for by id, or a page of all. */
export function listed<R extends Row>(
  ctx: Ctx,
  rows: Table<R>,
  listing: Listing<R>,
): { rows: R[]; next: string | undefined } {
  const { ids = [], of, where } = listing;
  if (ids.length > 0) {
    const found = [...new Set(ids)].map((id) => of(ctx, id));
    return { rows: found.filter(where), next: undefined };
  }
  const { NextToken, MaxResults } = listing.page;
  return page(ctx, rows, {
    token: NextToken,
    limit: MaxResults ?? PAGE_SIZE,
    where,
    invalidToken: () => new Fault('InvalidParameterValue', `Unable to parse pagination token: ${NextToken}`),
  });
}

interface Kind {
  readonly code: string;
  /** Where the code for a malformed id is spelled otherwise than the one for an absent resource. */
  readonly malformed?: string;
  readonly noun: string;
  readonly prefix: string;
}

/**
 * A row by id, or EC2's errors for an id that is malformed or that nothing has.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
 */
export function existing<R extends Row>(
  ctx: Ctx,
  rows: Table<R>,
  id: string | undefined,
  { code, malformed = code, noun, prefix }: Kind,
): R {
  const found = id === undefined ? undefined : ctx.get(rows, id);
  if (found) return found;
  if (!new RegExp(`^${prefix}-[0-9a-f]{8}([0-9a-f]{9})?$`).test(id ?? '')) {
    throw new Fault(`${malformed}.Malformed`, `Invalid id: "${id ?? ''}" (expecting "${prefix}-...")`);
  }
  throw new Fault(`${code}.NotFound`, `The ${noun} '${id}' does not exist`);
}

/** EC2's words for what the contract does not allow. */
export function invalidRequest(operation: string, violations: readonly Violation[]): Fault | undefined {
  const first = violations[0];
  if (!first) return undefined;
  const name = first.members.at(-1) ?? first.path;
  if (first.constraint === 'required') {
    // CreateTags and DeleteTags keep the name of an older API.
    if (name === 'Resources') return missing('resourceIdSet');
    if (name === 'InstanceIds') return new Fault('InvalidParameterCombination', 'No instances specified');
    return missing(first.members.join('.') || name);
  }
  if (name === 'LaunchTemplateName') return malformedTemplateName();
  if (operation === 'DescribeInstanceTypes' && first.path.startsWith('instanceTypes')) {
    const text = `The following supplied instance types do not exist: [${String(first.value)}]`;
    return new Fault('InvalidInstanceType', text);
  }
  if (name === 'Attribute' && first.constraint === 'enum') {
    const text = `Value (${String(first.value)}) for parameter attribute is invalid. Unknown attribute.`;
    return new Fault('InvalidParameterValue', text);
  }
  if (name === 'ResourceType' && first.constraint === 'enum') {
    const text = `'${String(first.value)}' is not a valid taggable resource type for this operation.`;
    return new Fault('InvalidParameterValue', text);
  }
  if (first.constraint === 'enum')
    return new Fault('InvalidParameterValue', `Invalid value '${String(first.value)}' for ${name}.`);
  return new Fault(
    'InvalidParameterValue',
    `Value ( ${String(first.value)} ) for parameter ${first.path} is invalid. ${first.message}`,
  );
}

export function malformedTemplateName(): Fault {
  return new Fault(
    'InvalidLaunchTemplateName.MalformedException',
    'A launch template name must be between 3 and 128 characters, and may contain letters, numbers, and the following ' +
      'characters: - ( ) . / _.',
  );
}

/** A parameter that may not stand beside another. */
export function notTogether(one: string, other: string): Fault {
  return new Fault(
    'InvalidParameterCombination',
    `The parameter ${one} cannot be used with the parameter ${other}`,
  );
}

export function missing(parameter: string): Fault {
  return new Fault('MissingParameter', `The request must contain the parameter ${parameter}`);
}

/** The block that a parameter names. */
export function networkOf(
  cidr: string | undefined,
  parameter: string = 'cidrBlock',
): NonNullable<ReturnType<typeof parseNetwork>> {
  if (cidr === undefined) throw missing(parameter);
  const network = parseNetwork(cidr);
  if (network) return network;
  throw new Fault(
    'InvalidParameterValue',
    `Value (${cidr}) for parameter ${parameter} is invalid. This is not a valid CIDR block.`,
  );
}

/** What depends on a resource keeps it from being deleted. */
export function dependency(message: string): Fault {
  return new Fault('DependencyViolation', message);
}

/** A part of an operation that is not modelled. */
export function unmodelled(what: string): Fault {
  return new Fault(
    'NotImplemented',
    `${what} is not modelled by Sandtable. See docs/coverage.md for what is.`,
  );
}
