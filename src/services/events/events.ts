// Amazon EventBridge: event buses (./buses.ts, ./permissions.ts), rules (./rules.ts, ./scheduled.ts) with patterns (./pattern.ts),
// their targets (./targets.ts), archives (./archives.ts, ./replays.ts), events (./put-events.ts, ./intake.ts) and their delivery
// (./delivery.ts).

import type { TimerHandler } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { defineService } from '#cloud/service.ts';
import type { Service } from '#cloud/service.ts';
import { archiveOperations } from './archives.ts';
import { authorization } from './authorization.ts';
import { policyFor } from './bus.ts';
import { busOperations } from './buses.ts';
import { deliver } from './delivery.ts';
import { provisions } from './intake.ts';
import { permissionOperations } from './permissions.ts';
import { eventOperations } from './put-events.ts';
import { replayNext, replayOperations } from './replays.ts';
import { ruleOperations } from './rules.ts';
import { occur } from './scheduled.ts';
import { archivedEvents, archives, buses, deliveries, replays, ruleKey, rules, targets } from './tables.ts';
import { ruleOfArn, tagOperations } from './tags.ts';
import { targetOperations } from './targets.ts';

const UNUSED_TARGETS = [
  'AppSyncParameters',
  'BatchParameters',
  'EcsParameters',
  'HttpParameters',
  'KinesisParameters',
  'RedshiftDataParameters',
  'RunCommandParameters',
  'SageMakerPipelineParameters',
];
const NOT_MANAGED = 'there are no rules that AWS manages';

export const service: Service = defineService({
  contract: 'events',
  tables: [buses, rules, targets, deliveries, archives, archivedEvents, replays],
  operations: {
    ...busOperations,
    ...permissionOperations,
    ...ruleOperations,
    ...targetOperations,
    ...eventOperations,
    ...tagOperations,
    ...archiveOperations,
    ...replayOperations,
  },
  timers: [deliver, occur, replayNext] as TimerHandler<unknown, Ctx>[],
  provides: provisions,
  authorization,
  resourcePolicy: policyFor,
  resourceConditions(ctx, arn) {
    const place = ruleOfArn(arn);
    const rule = place && ctx.get(rules, ruleKey(place.bus, place.name));
    const row = place ? rule : ctx.get(buses, arn.split(':event-bus/')[1] ?? '');
    const tags = Object.entries(row?.tags ?? {});
    return {
      ...Object.fromEntries(tags.map(([key, tag]) => [`aws:ResourceTag/${key}`, tag])),
      ...(rule && { 'events:creatorAccount': rule.createdBy }),
    };
  },
  refused: {
    CreateEventBus: ['EventSourceName', 'KmsKeyIdentifier', 'DeadLetterConfig', 'LogConfig'],
    UpdateEventBus: ['KmsKeyIdentifier', 'DeadLetterConfig', 'LogConfig'],
    CreateArchive: ['KmsKeyIdentifier'],
    UpdateArchive: ['KmsKeyIdentifier'],
    PutEvents: ['EndpointId'],
    PutTargets: UNUSED_TARGETS.map((name) => `Targets.${name}`),
  },
  withoutEffect: {
    PutEvents: { 'Entries.TraceHeader': 'X-Ray does not exist here, so that there is nothing to trace' },
    DeleteRule: { Force: NOT_MANAGED },
    RemoveTargets: { Force: NOT_MANAGED },
  },
});
