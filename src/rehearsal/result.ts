// What came of a rehearsal, as plain data: the one form from which the terminal's table, JSON, JUnit and the HTML report are made.

import type { Evidence } from '#cloud/timing.ts';
import type { Measurement } from '#traffic/measure.ts';

export interface ExpectationResult {
  readonly expectation: string;
  readonly passed: boolean;
  /** What was found. */
  readonly found: string;
}

/** One lifecycle event on one instance. Instants in epoch ms. */
export interface EventReport {
  readonly name: string;
  readonly status: string;
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly error?: string;
}

export interface TargetReport {
  /** An instance, or a function and its alias: `orders:live`. */
  readonly instanceId: string;
  /** `Blue` (original) or `Green` (replacement) in blue/green deployments. */
  readonly label?: string;
  readonly status: string;
  readonly events: readonly EventReport[];
}

export interface DeploymentReport {
  readonly deploymentId: string;
  readonly creator: string;
  readonly status: string;
  readonly createdAt: number;
  readonly completedAt?: number;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly rollbackMessage?: string;
  readonly targets: readonly TargetReport[];
}

/** An alarm that changed its state. */
export interface AlarmReport {
  readonly at: number;
  readonly alarm: string;
  /** In CloudWatch's words: `Alarm updated from OK to ALARM`. */
  readonly summary: string;
  readonly state: string;
  readonly reason: string;
}

/** One event of a CloudFormation stack. */
export interface StackEventReport {
  readonly at: number;
  /** Name of the stack. */
  readonly stack: string;
  readonly logicalId: string;
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
}

/** An assumption, or better, on which a result rests. */
export interface TimingReport {
  readonly name: string;
  readonly evidence: Evidence;
  readonly typical: number | readonly [number, number];
  readonly source: string;
}

export interface RunResult {
  readonly title: string;
  readonly variant: string;
  readonly group?: string;
  readonly seed: string;
  readonly ended: string;
  /** Virtual instants of the operation under rehearsal, epoch ms. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** Absent where the rehearsal runs no traffic. */
  readonly measurement?: Measurement;
  /** Requests were really sent, at a rate that one computer can take. */
  readonly sampled?: true;
  readonly badVersion?: string;
  /** Running time of instances beyond what the prepared fleet would have run in the same time. */
  readonly extraInstanceHours: number;
  readonly deployments: readonly DeploymentReport[];
  /** Alarms that changed their state meanwhile, in order. */
  readonly alarms: readonly AlarmReport[];
  /** Events of the stacks that the script speaks of, in order. */
  readonly stackEvents?: readonly StackEventReport[];
  /** What the script printed, where it is a program of its own. */
  readonly output?: string;
  readonly expectations: readonly ExpectationResult[];
  readonly claim?: { readonly id: string; readonly verdict: string };
  readonly timings: readonly TimingReport[];
  readonly facts: Readonly<Record<string, unknown>>;
  /** Hash over everything that happened: the proof that two runs were the same. */
  readonly hash: string;
  /** Virtual time that passed in all, and the wall time it took (ms). */
  readonly virtualMs: number;
  readonly wallMs: number;
}

export function passed(result: RunResult): boolean {
  return result.expectations.every((one) => one.passed);
}
