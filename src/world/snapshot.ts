// A world as data: what is saved, and how rows of an older version come back.

import type { Blobs } from './blobs.ts';
import type { Row } from './define.ts';
import type { Journal } from './journal.ts';
import type { Store, Timer } from './store.ts';

/** Format of snapshots; rows carry versions of their own. */
export const FORMAT = 1;

/** What of a world is neither row nor timer nor blob. */
export interface Head {
  readonly format: number;
  readonly seed: string;
  readonly now: number;
  readonly seq: number;
  readonly journal: { position: number; hash: string; pending: string };
}

/** A world without its blobs, which are many bytes and may lie elsewhere. */
export interface State extends Head {
  readonly tables: readonly { name: string; version: number; rows: readonly [scope: string, row: Row][] }[];
  readonly timers: readonly Timer[];
}

export interface Snapshot extends State {
  readonly blobs: readonly [hash: string, bytes: Uint8Array][];
}

/** What was saved is not for this release. */
export class SnapshotError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SnapshotError';
  }
}

export function stateOf(head: Head, store: Store): State {
  const tables = store.tables.map((table) => {
    const rows: [string, Row][] = [];
    store.scanAll(table, (row, scope) => void rows.push([scope, row]));
    return { name: table.name, version: table.version, rows };
  });
  const timers: Timer[] = [];
  store.scanTimers((timer) => void timers.push(timer));
  return { ...head, tables, timers };
}

export function readSnapshot(snapshot: Snapshot, store: Store, journal: Journal, blobs: Blobs): void {
  if (snapshot.format !== FORMAT)
    throw new SnapshotError(`Snapshot format ${snapshot.format} is not known; this release reads ${FORMAT}.`);
  const known = new Map(store.tables.map((table) => [table.name, table]));
  for (const { name, version, rows } of snapshot.tables) {
    const table = known.get(name);
    if (!table && rows.length > 0)
      throw new SnapshotError(`There are rows of ${name}, which this release has no table for.`);
    if (!table) continue;
    if (version > table.version)
      throw new SnapshotError(
        `Rows of ${name} are of version ${version}; this release reads ${table.version}.`,
      );
    for (const [scope, row] of rows) {
      store.put(table, scope, version < table.version ? table.upgrade(row, version) : row);
    }
  }
  for (const timer of snapshot.timers) store.addTimer(timer);
  store.commit();
  journal.open(snapshot.journal);
  for (const [, bytes] of snapshot.blobs) blobs.put(bytes);
}
