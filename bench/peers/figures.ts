// What a run finds out, as it lies in bench/results/peers.json.

import type { Tally } from './generator.ts';

/** Medians over the rounds. An operation with one answer that was no success has no figure, but what the answer said. */
export interface OperationFigures {
  readonly one?: LoadFigures;
  readonly many?: LoadFigures;
  /** A call with the stock SDK client, one after another. */
  readonly clientMs?: number;
  readonly failure?: string;
}

export interface LoadFigures extends Pick<Tally, 'perSecond' | 'p50Ms' | 'p99Ms' | 'generatorCpu'> {
  readonly connections: number;
}

export interface ServerFigures {
  readonly title: string;
  readonly version: string;
  readonly firstAnswerMs: number;
  readonly idleMb: number;
  readonly operations: Readonly<Record<string, OperationFigures>>;
  readonly stackMs?: number;
  readonly stackFailure?: string;
}

export interface Figures {
  readonly date: string;
  readonly machine: string;
  readonly rounds: number;
  readonly servers: Readonly<Record<string, ServerFigures>>;
  readonly absent: Readonly<Record<string, { readonly title: string; readonly why: string }>>;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}
