// Aliases: names for versions, with a share of the invocations for a second one.
// https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html

import type { Input, Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { forgetConfigs } from '../invocations/event-invoke-configs.ts';
import { conflict, functionOf, invalid, named, notFound, staleRevision, targetOf } from '../names.ts';
import type { Named } from '../names.ts';
import { aliases, aliasKey, LATEST, newRevision } from '../rows.ts';
import type { Alias } from '../rows.ts';
import { forgetPolicies } from './permissions.ts';

const PAGE_SIZE = 50;

type Routing = Input<'lambda', 'CreateAlias'>['RoutingConfig'];

function shown(arn: string, alias: Alias): Output<'lambda', 'GetAlias'> {
  const { name, version, additional, description, revisionId } = alias;
  return {
    AliasArn: `${arn}:${name}`,
    Name: name,
    FunctionVersion: version,
    Description: description,
    RevisionId: revisionId,
    ...(additional
      ? { RoutingConfig: { AdditionalVersionWeights: { [additional.version]: additional.weight } } }
      : {}),
  };
}

/** The second version of an alias, if the request gives one. Both must exist and be alike where it matters. */
function additionalOf(of: Named, version: string, routing: Routing): Alias['additional'] {
  const weights = Object.entries(routing?.AdditionalVersionWeights ?? {});
  if (weights.length > 1) {
    throw invalid('Number of items in AdditionalVersionWeights cannot be greater than 1');
  }
  const [only] = weights;
  if (!only) return undefined;
  const [other, weight] = only;
  if (other === version) {
    throw invalid(
      `Invalid function version ${other}. Function version ${other} is already included in routing configuration.`,
    );
  }
  if (version === LATEST)
    throw invalid('$LATEST is not supported for an alias pointing to more than 1 version');
  const [first, second] = [version, other].map(
    (qualifier) => targetOf({ ...of, qualifier }).version.configuration,
  );
  if (first?.role !== second?.role || first?.deadLetterArn !== second?.deadLetterArn) {
    throw invalid(
      `Function versions ${version} and ${other} must have the same execution role and the same dead-letter queue ` +
        'configuration to share an alias.',
    );
  }
  return { version: other, weight };
}

function aliasOf(of: Named, name: string): Alias {
  const found = of.owner.get(aliases, aliasKey(of.name, name));
  if (!found) throw notFound(`Cannot find alias arn: ${of.arn}:${name}`);
  return found;
}

/** Puts an alias to a version, where both exist. */
function checkVersion(of: Named, version: string): void {
  targetOf({ ...of, qualifier: version });
}

export const aliasOperations: Operations<'lambda'> = {
  CreateAlias(ctx, { FunctionName, Name, FunctionVersion, Description = '', RoutingConfig }) {
    const of = named(ctx, FunctionName);
    checkVersion(of, FunctionVersion);
    const additional = additionalOf(of, FunctionVersion, RoutingConfig);
    if (of.owner.get(aliases, aliasKey(of.name, Name))) {
      throw conflict(`Alias already exists: ${of.arn}:${Name}`);
    }
    const alias: Alias = {
      functionName: of.name,
      name: Name,
      version: FunctionVersion,
      ...(additional ? { additional } : {}),
      description: Description,
      revisionId: newRevision(of.owner),
    };
    of.owner.put(aliases, alias);
    return shown(of.arn, alias);
  },

  UpdateAlias(ctx, { FunctionName, Name, FunctionVersion, Description, RoutingConfig, RevisionId }) {
    const of = named(ctx, FunctionName);
    const before = of.owner.get(aliases, aliasKey(of.name, Name));
    if (!before) throw notFound(`Alias not found: ${of.arn}:${Name}`);
    if (RevisionId !== undefined && RevisionId !== before.revisionId) throw staleRevision();
    const version = FunctionVersion ?? before.version;
    checkVersion(of, version);
    const { additional: kept, ...rest } = before;
    const additional = additionalOf(of, version, RoutingConfig ?? routingOf(kept));
    const alias: Alias = {
      ...rest,
      version,
      description: Description ?? before.description,
      ...(additional ? { additional } : {}),
      revisionId: newRevision(of.owner),
    };
    of.owner.put(aliases, alias);
    return shown(of.arn, alias);
  },

  GetAlias(ctx, { FunctionName, Name }) {
    const of = named(ctx, FunctionName);
    return shown(of.arn, aliasOf(of, Name));
  },

  ListAliases(ctx, { FunctionName, FunctionVersion, Marker, MaxItems = PAGE_SIZE }) {
    const of = named(ctx, FunctionName);
    const { arn, name } = functionOf(of);
    const rows = of.owner
      .scan(aliases, { prefix: `${name}:` })
      .filter(({ version }) => FunctionVersion === undefined || version === FunctionVersion);
    const { items, next } = pageOf(rows, (row) => row.name, { token: Marker, limit: MaxItems });
    return { Aliases: items.map((row) => shown(arn, row)), NextMarker: next };
  },

  DeleteAlias(ctx, { FunctionName, Name }) {
    const of = named(ctx, FunctionName);
    of.owner.delete(aliases, aliasKey(of.name, Name)); // Deleting what is not there succeeds.
    forgetPolicies(of.owner, `${of.arn}:${Name}`);
    forgetConfigs(of.owner, of.name, Name);
  },
};

function routingOf(additional: Alias['additional']): Routing {
  return additional && { AdditionalVersionWeights: { [additional.version]: additional.weight } };
}

/** The version that an invocation through an alias executes: chosen at random for each, by its ordinal. */
export function routed(
  owner: Ctx,
  { functionName, name, version, additional }: Alias,
  ordinal: number,
): string {
  if (!additional) return version;
  const draw = owner.random('lambda/alias-routing', `${functionName}:${name}`)(ordinal);
  return draw < additional.weight ? additional.version : version;
}
