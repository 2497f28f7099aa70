// The world floor: everything the other floors may use of it.

export { Clock } from './clock.ts';
export type { ClockMode, Host } from './clock.ts';
export type { Performer, Performers, Work } from './outbox.ts';
export { effect, event, table, timer, wake } from './define.ts';
export type {
  EffectHandler,
  EffectKind,
  EventKind,
  Memo,
  Part,
  Reconciler,
  Row,
  Table,
  TimerHandler,
  TimerKind,
  Wake,
} from './define.ts';
export type { BlobShelf } from './blobs.ts';
export { hex } from './primitives.ts';
export type { AesGcm, Primitives, PublicKeys, RsaKey, Sha2 } from './primitives.ts';
export { randomStream } from './random.ts';
export type { RandomStream } from './random.ts';
export type { Cause, Change, Entry, Note } from './journal.ts';
export { SnapshotError } from './snapshot.ts';
export type { Head, Snapshot, State } from './snapshot.ts';
export { TIMERS } from './timers.ts';
export type { Timer } from './timers.ts';
export { Transition } from './transition.ts';
export type { Kernel, PendingEffect, ScanOptions } from './transition.ts';
export { World, WorldCrash } from './world.ts';
export type { Keeper, WorldOptions } from './world.ts';
