// What running functions for real asks of the computer: code that runs in a process of its own behind Lambda's Runtime API.
// Virtual time follows the wall clock meanwhile, so that whatever a function waits for comes about. ./host/ does the work.

import { effect } from '#world/index.ts';
import type { EffectKind } from '#world/index.ts';
import type { FunctionResult, FunctionRun } from '#cloud/ports/functions.ts';

/** One invocation, and the instant (epoch ms) from which its virtual time is counted. */
export interface Invocation extends FunctionRun {
  readonly region: string;
  readonly startedAt: number;
}
export const invokeFunction: EffectKind<Invocation, FunctionResult> = effect(
  'functions/invoke',
  'attached',
  'paces',
);

/** An execution environment goes, with its process and its files. */
export interface Retirement {
  readonly environmentId: string;
}
export const retireEnvironment: EffectKind<Retirement, null> = effect(
  'functions/retire',
  'attached',
  'paces',
);
