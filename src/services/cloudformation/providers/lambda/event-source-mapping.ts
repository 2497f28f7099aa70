// AWS::Lambda::EventSourceMapping, of queues.

import type { Input } from '#cloud/contracts.ts';
import { provider, ResourceFailure } from '../provider.ts';
import type { Json, Progress, Provider, Work } from '../provider.ts';
import { retag } from '../tagging.ts';

type MappingWork = Work<'AWS::Lambda::EventSourceMapping'>;
type Update = Input<'lambda', 'UpdateEventSourceMapping'>;

/** What stands for a setting that the template does not give. */
const DEFAULTS = {
  BatchSize: 10,
  Enabled: true,
  FilterCriteria: {},
  FunctionResponseTypes: [],
  MaximumBatchingWindowInSeconds: 0,
  ScalingConfig: {},
} as const;
const SETTINGS = Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[];

function settingsOf({ properties }: MappingWork): Omit<Update, 'UUID'> {
  const given = SETTINGS.flatMap((name) =>
    properties[name] === undefined ? [] : [[name, properties[name]]],
  );
  return Object.fromEntries(given) as Omit<Update, 'UUID'>;
}

function stateOf(work: MappingWork): string | undefined {
  return work.find('lambda', 'GetEventSourceMapping', { UUID: work.physicalId })?.State;
}

function stands(work: MappingWork): Progress {
  const state = stateOf(work);
  if (state === undefined) throw new ResourceFailure(`Mapping ${work.physicalId} not found`, 'NotFound');
  return state === 'Enabled' || state === 'Disabled' ? 'done' : { again: 0 };
}

function arnOf({ ctx, physicalId }: MappingWork): string {
  return ctx.arn('lambda', `event-source-mapping:${physicalId}`);
}

export const eventSourceMapping: Provider = provider({
  type: 'AWS::Lambda::EventSourceMapping',
  refused: [
    'AmazonManagedKafkaEventSourceConfig',
    'BisectBatchOnFunctionError',
    'DestinationConfig',
    'DocumentDBEventSourceConfig',
    'KmsKeyArn',
    'LoggingConfig',
    'MaximumRecordAgeInSeconds',
    'MaximumRetryAttempts',
    'MetricsConfig',
    'ParallelizationFactor',
    'ProvisionedPollerConfig',
    'Queues',
    'SelfManagedEventSource',
    'SelfManagedKafkaEventSourceConfig',
    'SourceAccessConfigurations',
    'StartingPosition',
    'StartingPositionTimestamp',
    'Topics',
    'TumblingWindowInSeconds',
  ],
  passedOn: ['FilterCriteria', 'ScalingConfig'],
  create(work) {
    const { EventSourceArn, FunctionName, Tags } = work.properties;
    const { UUID = '' } = work.call('lambda', 'CreateEventSourceMapping', {
      ...settingsOf(work),
      EventSourceArn,
      FunctionName,
      Tags: work.tagMap(Tags),
    });
    return UUID;
  },
  stands,
  update(work) {
    const changed = SETTINGS.filter((name) => work.changed(name));
    if (changed.length > 0 || work.changed('FunctionName')) {
      const next = { ...DEFAULTS, ...settingsOf(work) };
      const change = Object.fromEntries(changed.map((name) => [name, next[name]]));
      const { FunctionName } = work.properties;
      work.call('lambda', 'UpdateEventSourceMapping', { UUID: work.physicalId, FunctionName, ...change });
    }
    retag(work, 'lambda', arnOf(work));
  },
  delete(work) {
    work.find('lambda', 'DeleteEventSourceMapping', { UUID: work.physicalId });
  },
  gone: (work) => (stateOf(work) === undefined ? 'done' : { again: 0 }),
  attributes: (work) => ({ Id: work.physicalId, EventSourceMappingArn: arnOf(work) }),
  read(work) {
    const found = work.find('lambda', 'GetEventSourceMapping', { UUID: work.physicalId });
    if (!found) return undefined;
    const shown: Readonly<Record<string, unknown>> = { ...found };
    const settings = SETTINGS.map((name) => [name, shown[name]]);
    return {
      ...(Object.fromEntries(settings) as Record<string, Json>),
      Enabled: found.State !== 'Disabled' && found.State !== 'Disabling',
      EventSourceArn: found.EventSourceArn,
    };
  },
});
