// Amazon CloudWatch Logs: groups, streams and events; metric filters (./minutes.ts publishes what they find) and subscription
// filters (./forwarding.ts). Filter patterns live in ./pattern.ts.

import type { TimerHandler } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import { validationMessage } from '#contract/validate.ts';
import type { Violation } from '#contract/validate.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { defineService } from '#cloud/service.ts';
import type { Service } from '#cloud/service.ts';
import { authorization } from './authorization.ts';
import { ingestionOperations } from './events/ingestion.ts';
import { readingOperations } from './events/reading.ts';
import { attempt, deliveries } from './filters/forwarding.ts';
import { metricFilterOperations } from './filters/metric-filters.ts';
import { ingestions, publish } from './filters/minutes.ts';
import { subscriptionFilterOperations } from './filters/subscription-filters.ts';
import { encryptionOperations } from './groups/encryption.ts';
import { groupOperations } from './groups/groups.ts';
import { nameIn } from './groups/log-group.ts';
import { queryDefinitionOperations, queryDefinitions } from './groups/query-definitions.ts';
import { policyFor, resourcePolicies, resourcePolicyOperations } from './groups/resource-policies.ts';
import { expire, retentionOperations } from './groups/retention.ts';
import { refresh, streamOperations } from './groups/streams.ts';
import {
  batches,
  logGroups,
  logStreams,
  metricFilters,
  streamBatches,
  subscriptionFilters,
} from './tables.ts';

/** Identifiers are not repeated, as moto's verified tests saw (`test_arn_formats_log_group_and_stream`). */
function discreet(violation: Violation): Violation {
  return violation.members.at(-1) === 'logGroupIdentifier' ? { ...violation, sensitive: true } : violation;
}

export const service: Service = defineService({
  contract: 'logs',
  tables: [
    logGroups,
    logStreams,
    batches,
    streamBatches,
    ingestions,
    metricFilters,
    subscriptionFilters,
    deliveries,
    resourcePolicies,
    queryDefinitions,
  ],
  operations: {
    ...groupOperations,
    ...retentionOperations,
    ...encryptionOperations,
    ...streamOperations,
    ...ingestionOperations,
    ...readingOperations,
    ...metricFilterOperations,
    ...subscriptionFilterOperations,
    ...resourcePolicyOperations,
    ...queryDefinitionOperations,
  },
  timers: [expire, refresh, publish, attempt] as TimerHandler<unknown, Ctx>[],
  authorization,
  resourcePolicy: policyFor,
  resourceConditions(ctx, arn) {
    const name = nameIn(arn.split(':').slice(0, 7).join(':'));
    const tags = Object.entries(ctx.get(logGroups, name)?.tags ?? {});
    return Object.fromEntries(tags.map(([key, value]) => [`aws:ResourceTag/${key}`, value]));
  },
  // CloudWatch Logs has words of its own for names that are too long.
  invalid(_, violations) {
    const tooLong = violations.some(
      ({ constraint, members }) =>
        constraint === 'maxLength' && /^log(?:Group|Stream)Name$/.test(members.at(-1) ?? ''),
    );
    const message = tooLong
      ? 'Invalid LogGroup or LogStream, both must have length less than or equal to 512.'
      : validationMessage(violations.map(discreet));
    return new Fault('InvalidParameterException', message);
  },
  // A colon in a namespace is taken, whatever the model says (recorded: test_put_metric_filter_with_special_namespace).
  tolerates: (_, { constraint, members, value }) =>
    constraint === 'pattern' && members.at(-1) === 'metricNamespace' && !/[*$]/.test(String(value)),
  refused: {
    DescribeLogGroups: ['accountIdentifiers', 'includeLinkedAccounts'],
    ListLogGroups: [
      'accountIdentifiers',
      'dataSources',
      'fieldIndexNames',
      'includeLinkedAccounts',
      'logGroupTags',
    ],
    PutLogEvents: ['entity'],
    PutMetricFilter: ['fieldSelectionCriteria', 'emitSystemFieldDimensions'],
    PutSubscriptionFilter: ['fieldSelectionCriteria', 'emitSystemFields'],
    PutResourcePolicy: ['resourceArn', 'expectedRevisionId'],
    DescribeResourcePolicies: ['resourceArn'],
    DeleteResourcePolicy: ['resourceArn', 'expectedRevisionId'],
  },
  withoutEffect: {
    PutLogEvents: { sequenceToken: 'AWS has ignored it since 2023' },
    GetLogEvents: { unmask: 'nothing is masked, as data protection policies are refused' },
    FilterLogEvents: {
      interleaved: 'AWS has ignored it since 2019: events of all streams come in the order of time',
      unmask: 'nothing is masked, as data protection policies are refused',
    },
  },
});
