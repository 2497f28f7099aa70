// Where the agent's decisions end and a driver's work begins. A command of CodeDeploy is a row of steps; a
// driver does one step at a time, in virtual time or for real, and hands in its result by the timer
// `stepFinished`.

import { timer } from '#world/index.ts';
import type { TimerKind } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { AppSpecScript } from '../appspec.ts';
import type { Archive } from './deployment-root.ts';
import type { Deployment } from './specification.ts';

/** Unpack a downloaded bundle into its folder. */
export interface UnpackStep {
  readonly kind: 'unpack';
  readonly archive: Archive;
}

/** Delete what the previous installation left, then copy the files of the AppSpec. */
export interface InstallStep {
  readonly kind: 'install';
  readonly archive: Archive;
  readonly cleanup: readonly string[];
}

/** Run one hook script of a revision. */
export interface ScriptStep {
  readonly kind: 'script';
  readonly archive: Archive;
  readonly event: string;
  readonly script: AppSpecScript;
  readonly environment: Readonly<Record<string, string>>;
}

/** The agent tries to reach something in vain, until it gives up. */
export interface FailStep {
  readonly kind: 'fail';
  readonly afterMs: number;
  readonly message: string;
}

export type Step = UnpackStep | InstallStep | ScriptStep | FailStep;

/** One step of one command on one machine. */
export interface Work {
  readonly commandId: string;
  readonly ordinal: number;
  readonly instanceId: string;
  readonly deployment: Deployment;
  readonly step: Step;
}

export type StepResult =
  | { readonly kind: 'unpacked' }
  /** `created`: files that the next Install has to delete; `problem`: why it broke off. */
  | { readonly kind: 'installed'; readonly created: readonly string[]; readonly problem?: string }
  | { readonly kind: 'failed'; readonly message: string }
  /** `output`: lines with `[stdout]` or `[stderr]` before them. */
  | { readonly kind: 'exited'; readonly exit: number; readonly output: readonly string[] }
  | { readonly kind: 'timed-out'; readonly output: readonly string[] }
  | {
      readonly kind: 'output-left-open';
      readonly stream: 'STDOUT' | 'STDERR';
      readonly output: readonly string[];
    };

/** Hands in the result of a step. */
export const stepFinished: TimerKind<{ commandId: string; ordinal: number; result: StepResult }> = timer<{
  commandId: string;
  ordinal: number;
  result: StepResult;
}>('codedeploy-agent/step-finished');

/** A driver, as the agent sees it. */
export interface StepRunner {
  /** Begins a step; later schedules `stepFinished`. */
  start(ctx: Ctx, work: Work): void;
}
