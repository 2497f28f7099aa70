// Rows of event source mappings and of the batches that they read.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import type { Tags } from '#cloud/tags.ts';

export type MappingState =
  | 'Creating'
  | 'Enabling'
  | 'Enabled'
  | 'Disabling'
  | 'Disabled'
  | 'Updating'
  | 'Deleting';

export interface Mapping {
  uuid: string;
  queueArn: string;
  functionName: string;
  /** A version or an alias. */
  qualifier?: string;
  enabled: boolean;
  state: MappingState;
  /** Counts changes: a timer that ends an earlier one is stale. */
  revision: number;
  batchSize: number;
  windowSeconds: number;
  /** JSON text each. */
  filters: readonly string[];
  /** The function reports which messages of a batch failed. */
  partial: boolean;
  maximumConcurrency?: number;
  tags: Tags;
  modifiedAt: number;
  /** The receive request that is out. */
  poll?: { readonly ordinal: number; readonly wait?: string };
  polls: number;
  /** The batch that is being filled. */
  filling?: string;
  /** Batches that are full or handed to the function. */
  inFlight: number;
  /** Since when batches have been in flight without a break. */
  busySince?: number;
  /** It leaves the queue alone until then. */
  pausedUntil?: number;
  /** How often in a row the queue or the role has refused. */
  refusals?: number;
}
export const mappings: Table<Mapping> = table<Mapping>('lambda/event-source-mappings', (row) => row.uuid);

/** A message as functions see it. */
export interface QueueRecord {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly messageAttributes: Readonly<Record<string, object>>;
  readonly md5OfMessageAttributes?: string;
  readonly md5OfBody: string;
  readonly eventSource: 'aws:sqs';
  readonly eventSourceARN: string;
  readonly awsRegion: string;
}

export interface Batch {
  id: string;
  mapping: string;
  records: readonly QueueRecord[];
  sizeBytes: number;
  /** It takes no more messages. */
  closed: boolean;
}
export const batches: Table<Batch> = table<Batch>('lambda/batches', (row) => row.id);
