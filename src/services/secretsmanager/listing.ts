// ListSecrets: filters and order. https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Filter.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input } from '#cloud/contracts.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { described } from './description.ts';
import { secrets } from './tables.ts';
import type { Secret } from './tables.ts';
import { stagesByVersion } from './versions.ts';

type Filter = NonNullable<Input<'secretsmanager', 'ListSecrets'>['Filters']>[number];
type SortBy = NonNullable<Input<'secretsmanager', 'ListSecrets'>['SortBy']>;

const PAGE_SIZE = 100;
const SPECIAL = /[/_+=.@-]/g;

/** Throws where a filter has no key or no values. */
export function checkFilters(filters: readonly Filter[] = []): void {
  for (const { Key, Values = [] } of filters) {
    if (Key === undefined) throw new Fault('InvalidParameterException', 'Invalid filter key');
    if (Values.length === 0)
      throw new Fault('InvalidParameterException', `Invalid filter values for key: ${Key}`);
  }
}

/** All filters must match, by any of their values; a value behind `!` must not. */
export function matches(ctx: Ctx, secret: Secret, filters: readonly Filter[]): boolean {
  return filters.every(({ Key = 'all', Values = [] }) =>
    Values.some((value) => passes(ctx, secret, Key, value)),
  );
}

function passes(ctx: Ctx, secret: Secret, key: string, value: string): boolean {
  if (value.startsWith('!')) return !passes(ctx, secret, key, value.slice(1));
  const { name, description = '', tags = {} } = secret;
  switch (key) {
    case 'name':
      return name.startsWith(value);
    case 'description':
      return haveAll(words(description), value);
    case 'tag-key':
      return Object.keys(tags).some((tag) => tag.startsWith(value));
    case 'tag-value':
      return Object.values(tags).some((tag) => tag.startsWith(value));
    case 'primary-region':
      return ctx.region.startsWith(value);
    case 'owning-service':
      return false; // No secret here belongs to a service.
    default: {
      const all = [name, description, ...Object.keys(tags), ...Object.values(tags)].flatMap(words);
      return haveAll(all, value);
    }
  }
}

/** Whether each word that is looked for begins one of those that are there. */
function haveAll(there: readonly string[], value: string): boolean {
  const wanted = words(value);
  return wanted.length > 0 && wanted.every((one) => there.some((word) => word.startsWith(one)));
}

/**
 * Words of a text, as moto's verified tests saw AWS split it (`test_with_all_filter`): at its special character, unless it has
 * several kinds of them, and before upper case: `COMPANYthings` is `compan` and `ythings`.
 */
function words(text: string): string[] {
  return text
    .split(/\s+/)
    .flatMap((part) => {
      if (new Set(part.match(SPECIAL)).size > 1) return [part];
      return part.split(SPECIAL).flatMap((piece) => piece.split(/([^a-z][a-z]+)/));
    })
    .filter((word) => word !== '')
    .map((word) => word.toLowerCase());
}

/** Keys whose order is the order of the list. */
function sortKey(
  { name, createdAt, changedAt, accessedAt }: Secret,
  by: SortBy,
  descending: boolean,
): string {
  const instants = {
    'created-date': createdAt,
    'last-changed-date': changedAt,
    'last-accessed-date': accessedAt ?? 0,
  };
  const key = by === 'name' ? name : `${String(instants[by]).padStart(16, '0')} ${name}`;
  return descending ? opposite(key) : key;
}

/** A text that sorts the other way round. */
function opposite(text: string): string {
  let result = '';
  for (let i = 0; i < text.length; i += 1) result += String.fromCharCode(0xd000 - text.charCodeAt(i));
  return `${result}\ud001`;
}

export const listingOperations: Operations<'secretsmanager'> = {
  ListSecrets(ctx, input) {
    const { IncludePlannedDeletion = false, MaxResults = PAGE_SIZE, NextToken, Filters = [] } = input;
    checkFilters(Filters);
    // Oldest first unless told otherwise, as AWS was recorded to list them.
    const { SortBy = 'created-date', SortOrder = 'asc' } = input;
    const keyOf = (secret: Secret): string => sortKey(secret, SortBy, SortOrder === 'desc');
    const found = ctx
      .list(secrets)
      .filter((secret) => IncludePlannedDeletion || secret.deletedAt === undefined)
      .filter((secret) => matches(ctx, secret, Filters))
      .map((secret) => ({ secret, key: keyOf(secret) }))
      .toSorted((left, right) => (left.key < right.key ? -1 : 1));
    const { items, next } = pageOf(found, ({ key }) => key, {
      token: NextToken,
      limit: MaxResults,
      invalidToken: () => new Fault('InvalidNextTokenException', 'The NextToken value is invalid.'),
    });
    const SecretList = items.map(({ secret }) => {
      const stages = stagesByVersion(ctx, secret.arn);
      return {
        ...described(secret),
        SecretVersionsToStages: Object.keys(stages).length > 0 ? stages : undefined,
      };
    });
    return { SecretList, NextToken: next };
  },
};
