// Rows of CloudWatch Logs and the tables that keep them. Keys join names with colons, which no name of a log group or of a log
// stream contains, so that what belongs to a group stands together.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import type { Input } from '#cloud/contracts.ts';
import type { Tags } from '#cloud/tags.ts';

export interface LogGroup {
  name: string;
  arn: string;
  class: 'STANDARD' | 'INFREQUENT_ACCESS';
  createdAt: number;
  retentionInDays?: number;
  protected: boolean;
  tags: Tags;
  storedBytes: number;
  /** The longest time that the events of one batch span. */
  longestSpanMs: number;
  /** When the oldest events are deleted. */
  expiryAt?: number;
  kmsKeyId?: string;
  /** Wrapped by the KMS key; base64. */
  dataKey?: string;
}

export const logGroups: Table<LogGroup> = table<LogGroup>('logs/log-groups', (row) => row.name);

/** What DescribeLogStreams tells of the events of a stream. */
export interface StreamTimes {
  readonly first: number;
  readonly last: number;
  readonly ingestedAt: number;
}

export interface LogStream {
  group: string;
  name: string;
  createdAt: number;
  storedBytes: number;
  longestSpanMs: number;
  times?: StreamTimes;
  /** The times as they are shown: some minutes old. */
  shown?: StreamTimes;
  /** When `shown` is next brought up to date. */
  refreshAt?: number;
}

export const logStreams: Table<LogStream> = table<LogStream>('logs/log-streams', (row) =>
  streamKey(row.group, row.name),
);

export function streamKey(group: string, stream: string): string {
  return `${group}:${stream}`;
}

/** The events that one PutLogEvents brought. */
export interface Batch {
  /** Group, instant of the first event, order of arrival. */
  key: string;
  group: string;
  stream: string;
  /** Order of arrival, 12 digits. */
  sequence: string;
  last: number;
  ingestedAt: number;
  bytes: number;
  /** The group's data key as the batch came. */
  dataKey?: string;
  events: readonly (readonly [at: number, message: string])[];
}

export const batches: Table<Batch> = table<Batch>('logs/batches', (row) => row.key);

/** Where the batches of a stream are, in the order of time. */
export interface StreamBatch {
  /** Group, stream, instant of the first event, order of arrival. */
  key: string;
  batch: string;
}

export const streamBatches: Table<StreamBatch> = table<StreamBatch>('logs/stream-batches', (row) => row.key);

/** Instants in keys, as wide as they need to be to sort as numbers do. */
export function instantKey(at: number): string {
  return String(at).padStart(13, '0');
}

type Transformation = Input<'logs', 'PutMetricFilter'>['metricTransformations'][number];

export interface MetricFilter {
  group: string;
  name: string;
  pattern: string;
  transformation: Transformation;
  createdAt: number;
}

export const metricFilters: Table<MetricFilter> = table<MetricFilter>('logs/metric-filters', (row) =>
  streamKey(row.group, row.name),
);

export interface SubscriptionFilter {
  group: string;
  name: string;
  pattern: string;
  destinationArn: string;
  distribution: 'Random' | 'ByLogStream';
  createdAt: number;
  /** Nothing is forwarded before this instant, because the destination refused. */
  restsUntil?: number;
}

export const subscriptionFilters: Table<SubscriptionFilter> = table<SubscriptionFilter>(
  'logs/subscription-filters',
  (row) => streamKey(row.group, row.name),
);
