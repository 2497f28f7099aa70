// AWS::Logs::QueryDefinition.

import type { Input } from '#cloud/contracts.ts';
import { provider } from '../provider.ts';
import type { Json, Provider, Work } from '../provider.ts';

type Definition = Work<'AWS::Logs::QueryDefinition'>;
type Language = Input<'logs', 'PutQueryDefinition'>['queryLanguage'];

function put(work: Definition, queryDefinitionId?: string): string {
  const { Name, QueryString, QueryLanguage, LogGroupNames, Parameters } = work.properties;
  const parameters = Parameters?.map((one) => ({
    name: one.Name,
    ...(one.DefaultValue !== undefined && { defaultValue: one.DefaultValue }),
    ...(one.Description !== undefined && { description: one.Description }),
  }));
  const found = work.call('logs', 'PutQueryDefinition', {
    queryDefinitionId,
    name: Name,
    queryString: QueryString,
    queryLanguage: QueryLanguage as Language,
    logGroupNames: LogGroupNames,
    parameters,
  });
  return found.queryDefinitionId ?? '';
}

export const queryDefinition: Provider = provider({
  type: 'AWS::Logs::QueryDefinition',
  create: (work) => put(work),
  update: (work) => put(work, work.physicalId),
  delete(work) {
    work.find('logs', 'DeleteQueryDefinition', { queryDefinitionId: work.physicalId });
  },
  attributes: ({ physicalId }) => ({ QueryDefinitionId: physicalId }),
  read(work) {
    const { queryDefinitions = [] } = work.call('logs', 'DescribeQueryDefinitions', {});
    const found = queryDefinitions.find(({ queryDefinitionId }) => queryDefinitionId === work.physicalId);
    if (!found) return undefined;
    const Parameters = (found.parameters ?? []).map(({ name = '', defaultValue, description }): Json => ({
      Name: name,
      ...(defaultValue !== undefined && { DefaultValue: defaultValue }),
      ...(description !== undefined && { Description: description }),
    }));
    return {
      Name: found.name ?? '',
      QueryString: found.queryString ?? '',
      QueryLanguage: found.queryLanguage ?? 'CWLI',
      LogGroupNames: found.logGroupNames ?? [],
      Parameters,
    };
  },
});
