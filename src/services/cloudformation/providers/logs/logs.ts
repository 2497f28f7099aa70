// The types of AWS::Logs that are modelled.

import type { Provider } from '../provider.ts';
import { metricFilter, subscriptionFilter } from './filters.ts';
import { logGroup, logStream } from './log-group.ts';
import { queryDefinition } from './query-definition.ts';
import { resourcePolicy } from './resource-policy.ts';

export const logsProviders: readonly Provider[] = [
  logGroup,
  logStream,
  metricFilter,
  queryDefinition,
  resourcePolicy,
  subscriptionFilter,
];
