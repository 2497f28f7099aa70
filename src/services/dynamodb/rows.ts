// What DynamoDB keeps.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import type { Tags } from '#cloud/tags.ts';
import type { Item } from './values/value.ts';

export type KeyTypeName = 'S' | 'N' | 'B';

export interface Key {
  readonly name: string;
  readonly type: KeyTypeName;
}

/** The attributes that find an item in a table or an index. */
export interface Keys {
  readonly hash: Key;
  readonly range?: Key;
}

/** Capacity units for each second. */
export interface Throughput {
  readonly read: number;
  readonly write: number;
  readonly raisedAt?: number;
  readonly loweredAt?: number;
  /** How often it was lowered on the UTC day of `loweredAt`. */
  readonly lowerings: number;
}

export interface Index {
  readonly name: string;
  readonly kind: 'local' | 'global';
  readonly keys: Keys;
  readonly projection: 'ALL' | 'KEYS_ONLY' | 'INCLUDE';
  /** Attributes that an `INCLUDE` projection has besides the keys. */
  readonly included: readonly string[];
  readonly status: 'CREATING' | 'UPDATING' | 'DELETING' | 'ACTIVE';
  /** Items that were there before the index are being filed. */
  readonly backfilling?: boolean;
  /** When its status changes next, epoch ms. */
  readonly settlesAt?: number;
  /** Of a global index in a provisioned table. */
  readonly throughput?: Throughput;
  /** What `throughput` is to be once the index is updated. */
  readonly wanted?: Throughput;
}

export interface Encryption {
  readonly keyArn: string;
  readonly status: 'ENABLING' | 'ENABLED' | 'UPDATING';
  /** The table's key goes once the update is through. */
  readonly ends?: boolean;
}

export interface TimeToLive {
  readonly attribute: string;
  readonly status: 'ENABLING' | 'ENABLED' | 'DISABLING' | 'DISABLED';
  readonly changedAt: number;
}

/** A table as DynamoDB describes it. */
export interface TableRow {
  readonly name: string;
  readonly arn: string;
  readonly id: string;
  readonly createdAt: number;
  readonly status: 'CREATING' | 'UPDATING' | 'DELETING' | 'ACTIVE';
  /** When its status changes next, epoch ms. */
  readonly settlesAt?: number;
  readonly attributes: readonly Key[];
  readonly keys: Keys;
  readonly indexes: readonly Index[];
  /** Nothing: on demand. */
  readonly throughput?: Throughput;
  /** What `throughput` is to be once the table is updated; `none`: on demand. */
  readonly wanted?: Throughput | 'none';
  /** Since when the table is on demand, after it was provisioned; or the last time it was. */
  readonly onDemandAt?: number;
  /** A billing mode was ever given or changed, so that descriptions tell it. */
  readonly tellsBilling: boolean;
  readonly tableClass?: {
    readonly name: 'STANDARD' | 'STANDARD_INFREQUENT_ACCESS';
    readonly changedAt?: number;
  };
  readonly deletionProtected: boolean;
  readonly encryption?: Encryption;
  readonly timeToLive?: TimeToLive;
  readonly recovery?: { readonly days: number; readonly since: number };
  readonly policy?: { readonly text: string; readonly revision: string };
  /** What the table was made from, if from a backup. */
  readonly restored?: { readonly backupArn: string; readonly sourceArn: string; readonly at: number };
  readonly tags: Tags;
}
export const tables: Table<TableRow> = table<TableRow>('dynamodb/tables', (row) => row.name);

export interface ItemRow {
  /** See `tableKey`. */
  readonly key: string;
  readonly item: Item;
  readonly bytes: number;
}
export const items: Table<ItemRow> = table<ItemRow>('dynamodb/items', (row) => row.key);

/** An item's place in an index. */
export interface EntryRow {
  /** See `entryKey`. */
  readonly key: string;
  readonly itemKey: string;
}
export const entries: Table<EntryRow> = table<EntryRow>('dynamodb/index-entries', (row) => row.key);

/** How much is in a table or an index: now, and as descriptions tell it. */
export interface CountRow {
  /** The table's name, or `table NUL index`. */
  readonly of: string;
  readonly items: number;
  readonly bytes: number;
  readonly changedAt: number;
  /** As of the last refresh before `changedAt`. */
  readonly toldItems: number;
  readonly toldBytes: number;
}
export const counts: Table<CountRow> = table<CountRow>('dynamodb/counts', (row) => row.of);

/** Capacity that is left, of a provisioned table or index. */
export interface BucketRow {
  /** `table`, `table NUL index`; then `NUL read` or `NUL write`. */
  readonly id: string;
  readonly units: number;
  readonly at: number;
}
export const buckets: Table<BucketRow> = table<BucketRow>('dynamodb/buckets', (row) => row.id);

/** A transaction that was carried out, for when its token comes again. */
export interface TransactionRow {
  readonly token: string;
  /** A digest of what was asked for. */
  readonly request: string;
  readonly at: number;
}
export const transactions: Table<TransactionRow> = table<TransactionRow>(
  'dynamodb/transactions',
  (row) => row.token,
);

/** A backup on demand; its items are rows of their own. */
export interface BackupRow {
  readonly arn: string;
  readonly name: string;
  readonly createdAt: number;
  readonly availableAt: number;
  readonly bytes: number;
  /** As the table was. */
  readonly table: TableRow;
  /** As descriptions told them then. */
  readonly itemCount: number;
  readonly tableBytes: number;
}
export const backups: Table<BackupRow> = table<BackupRow>('dynamodb/backups', (row) => row.arn);

export interface BackedUpItemRow {
  /** `backup NUL key of the item`. */
  readonly key: string;
  readonly item: Item;
}
export const backedUpItems: Table<BackedUpItemRow> = table<BackedUpItemRow>(
  'dynamodb/backed-up-items',
  (row) => row.key,
);
