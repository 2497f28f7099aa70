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
export { hex } from './primitives.ts';
export type { AesGcm, Primitives, Sha2 } from './primitives.ts';
export { randomStream } from './random.ts';
export type { RandomStream } from './random.ts';
export type { Cause, Change, Entry, Note } from './journal.ts';
export type { Snapshot } from './snapshot.ts';
export { Transition } from './transition.ts';
export type { Kernel, PendingEffect, ScanOptions } from './transition.ts';
export { World, WorldCrash } from './world.ts';
export type { WorldOptions } from './world.ts';
