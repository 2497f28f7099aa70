// What the package offers to rehearsal files.

export { availability, capacity, deployment, expectation, fact } from '#rehearsal/expectations.ts';
export type { Expectation, Finding } from '#rehearsal/expectations.ts';
export { rehearsal } from '#rehearsal/rehearsal.ts';
export type { ClaimVerdict, Ending, Rehearsal, Variant } from '#rehearsal/rehearsal.ts';
export type { RunResult } from '#rehearsal/result.ts';
export type { Scene } from '#rehearsal/scene.ts';
