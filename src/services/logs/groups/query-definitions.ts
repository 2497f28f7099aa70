// Saved queries of Logs Insights. They are kept, not run: queries themselves are refused.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutQueryDefinition.html

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Input } from '#cloud/contracts.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { invalidToken } from './log-group.ts';

type Put = Input<'logs', 'PutQueryDefinition'>;

interface QueryDefinition {
  id: string;
  language: NonNullable<Put['queryLanguage']>;
  name: string;
  query: string;
  groups: readonly string[];
  /** With `name`, `defaultValue` and `description`, as they came. */
  parameters: NonNullable<Put['parameters']>;
  modifiedAt: number;
  clientToken?: string;
}

export const queryDefinitions: Table<QueryDefinition> = table<QueryDefinition>(
  'logs/query-definitions',
  (row) => row.id,
  { clientToken: (row) => row.clientToken },
);

const MOST_DEFINITIONS = 1000;
const PAGE = 1000;

const noDefinition = (): Fault =>
  new Fault('ResourceNotFoundException', 'The specified query definition does not exist.');

export const queryDefinitionOperations: Operations<'logs'> = {
  PutQueryDefinition(ctx, input) {
    const { queryDefinitionId, name, queryString, queryLanguage, clientToken } = input;
    const { logGroupNames = [], parameters = [] } = input;
    if (queryDefinitionId !== undefined && !ctx.get(queryDefinitions, queryDefinitionId))
      throw noDefinition();
    if (queryDefinitionId === undefined && clientToken !== undefined) {
      const [made] = ctx.list(queryDefinitions, 'clientToken', clientToken);
      if (made) return { queryDefinitionId: made.id }; // The same request again.
    }
    if (queryDefinitionId === undefined && ctx.list(queryDefinitions).length >= MOST_DEFINITIONS)
      throw new Fault('LimitExceededException', 'Resource limit exceeded.');
    const id = queryDefinitionId ?? ctx.uuid('query-definition');
    ctx.put(queryDefinitions, {
      id,
      language: queryLanguage ?? 'CWLI',
      name,
      query: queryString,
      groups: logGroupNames,
      parameters,
      modifiedAt: ctx.now,
      ...(clientToken === undefined ? {} : { clientToken }),
    });
    return { queryDefinitionId: id };
  },

  DescribeQueryDefinitions(ctx, input) {
    const { queryLanguage, queryDefinitionNamePrefix = '', maxResults = PAGE, nextToken } = input;
    const keyOf = ({ name, id }: QueryDefinition): string => `${name} ${id}`;
    const found = ctx
      .list(queryDefinitions)
      .filter(
        ({ name, language }) =>
          name.startsWith(queryDefinitionNamePrefix) &&
          (queryLanguage === undefined || language === queryLanguage),
      )
      .toSorted((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1));
    const { items, next } = pageOf(found, keyOf, { token: nextToken, limit: maxResults, invalidToken });
    return {
      queryDefinitions: items.map((row) => ({
        queryLanguage: row.language,
        queryDefinitionId: row.id,
        name: row.name,
        queryString: row.query,
        lastModified: row.modifiedAt,
        ...(row.groups.length > 0 ? { logGroupNames: row.groups } : {}),
        ...(row.parameters.length > 0 ? { parameters: row.parameters } : {}),
      })),
      nextToken: next,
    };
  },

  DeleteQueryDefinition(ctx, { queryDefinitionId }) {
    if (!ctx.get(queryDefinitions, queryDefinitionId)) throw noDefinition();
    ctx.delete(queryDefinitions, queryDefinitionId);
    return { success: true };
  },
};
