// What a rehearsal is: a script of operations on a world, under traffic and injections, with expectations.

import type { Expectation } from './expectations.ts';
import type { StackEventReport } from './result.ts';
import type { Scene } from './scene.ts';

/** What a script reports of itself; everything else is measured. */
export interface Ending {
  /** How it ended, in a word or two: `Succeeded`, `rolled back`. */
  readonly ended: string;
  /** When the operation under rehearsal began and ended (epoch ms), where AWS says so; else the whole script counts. */
  readonly startedAt?: number;
  readonly endedAt?: number;
  /** Deployments to show in the report, with their account's default region. */
  readonly deploymentIds?: readonly string[];
  /** Events of CloudFormation stacks to show in the report. */
  readonly stackEvents?: readonly StackEventReport[];
  /** What the script printed, where it is a program of its own. */
  readonly output?: string;
  /** The version whose serving counts as time serving the bad version. */
  readonly badVersion?: string;
  /** Further facts that expectations look at. JSON-like. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** A claim about AWS that a rehearsal proves or corrects, and what is to be said of it once its expectations hold. */
export interface ClaimVerdict {
  /** Id in the table of claims, such as `deploy/rollback-by-alarm`. */
  readonly id: string;
  /** `holds`, or `corrected: …`. */
  readonly verdict: 'holds' | `corrected: ${string}`;
}

/** One variant of a comparison: another way to the same goal. */
export interface Variant<P> {
  readonly run: (scene: Scene, prepared: P) => Promise<Ending>;
  readonly expect?: readonly Expectation[];
  /** Variants are ranked within their group. */
  readonly group?: string;
}

export interface Rehearsal<P = unknown> {
  readonly title: string;
  readonly claim?: ClaimVerdict;
  readonly seed?: string;
  /** Builds the world that the script meets; not measured. Variants share it. What it returns is handed to `run`; JSON-like. */
  readonly prepare?: (scene: Scene) => Promise<P>;
  readonly run?: (scene: Scene, prepared: P) => Promise<Ending>;
  /** Holds for every variant. */
  readonly expect?: readonly Expectation[];
  /** Several ways from the same start: then there is no `run`. */
  readonly variants?: Readonly<Record<string, Variant<P>>>;
  /** Longest that a script may take (virtual ms). */
  readonly limitMs?: number;
}

/** Declares a rehearsal; a rehearsal file exports it as its default. */
export function rehearsal<P = undefined>(definition: Rehearsal<P>): Rehearsal<P> {
  return definition;
}

/** The variants of a rehearsal; a plain one has a single, unnamed variant. */
export function variantsOf<P>({ variants, run }: Rehearsal<P>): [name: string, variant: Variant<P>][] {
  if (variants) return Object.entries(variants);
  return run ? [['', { run }]] : [];
}
