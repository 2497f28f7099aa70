// How many instances a deployment may take at a time, and when it has failed or succeeded. Pure.
// https://docs.aws.amazon.com/codedeploy/latest/userguide/instances-health.html

/** What a deployment configuration asks for. `MOST_CONCURRENCY` is only in AWS's own one-at-a-time configuration. */
export interface MinimumHealthyHosts {
  readonly type: 'HOST_COUNT' | 'FLEET_PERCENT' | 'MOST_CONCURRENCY';
  readonly value: number;
}

/** Where a deployment stands among the instances that it goes through together. */
export interface Count {
  readonly total: number;
  /** Instances that must be healthy at any time. */
  readonly minimum: number;
  readonly begun: number;
  readonly succeeded: number;
  readonly failed: number;
}

export type Verdict =
  | { readonly next: 'begin'; readonly count: number }
  | { readonly next: 'wait' }
  | { readonly next: 'fail' }
  | { readonly next: 'succeed' };

/** The number of instances that must stay healthy out of `total`. Percentages are converted once and rounded up. */
export function minimumOf({ type, value }: MinimumHealthyHosts, total: number): number {
  if (type === 'HOST_COUNT') return value;
  if (type === 'MOST_CONCURRENCY') return Math.max(0, total - value);
  return Math.ceil((value * total) / 100);
}

/** Whether a deployment under this minimum may begin at all. */
export function canBegin({ total, minimum }: Pick<Count, 'total' | 'minimum'>): boolean {
  return total > minimum;
}

/**
 * What to do next. Failed instances stay out of service, so they use up the allowance; the last instance may fail where
 * all others succeeded; and at least one must succeed.
 */
export function judge({ total, minimum, begun, succeeded, failed }: Count): Verdict {
  const allowance = total - minimum;
  const inFlight = begun - succeeded - failed;
  const unattempted = total - begun;
  if (unattempted === 0) {
    if (inFlight > 0) return { next: 'wait' };
    return { next: succeeded >= Math.max(1, minimum) ? 'succeed' : 'fail' };
  }
  if (failed >= allowance) return { next: inFlight > 0 ? 'wait' : 'fail' };
  const count = Math.min(unattempted, allowance - failed - inFlight);
  return count > 0 ? { next: 'begin', count } : { next: 'wait' };
}
