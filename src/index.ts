// What the package offers: worlds for tests, and rehearsals.

export { createWorld } from './create-world.ts';
export type {
  ClientConfig,
  ConfigOptions,
  EmbeddedWorld,
  JournalEntry,
  WorldOptions,
} from '#rehearsal/embedded/world.ts';
export type { WorldClock } from '#rehearsal/embedded/clock.ts';
export { availability, capacity, deployment, expectation, fact } from '#rehearsal/expectations.ts';
export type { Expectation, Finding } from '#rehearsal/expectations.ts';
export { rehearsal } from '#rehearsal/rehearsal.ts';
export type { ClaimVerdict, Ending, Rehearsal, Variant } from '#rehearsal/rehearsal.ts';
export type { RunResult } from '#rehearsal/result.ts';
export type { Scene } from '#rehearsal/scene.ts';
