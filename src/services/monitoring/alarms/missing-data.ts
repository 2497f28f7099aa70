// M out of N with missing data. Pure. It reproduces both tables of
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html, where the prose on premature
// alarms contradicts a row of the second table (https://github.com/awsdocs/amazon-cloudwatch-user-guide/issues/129).

export type StateValue = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';
export type Treatment = 'missing' | 'ignore' | 'breaching' | 'notBreaching';

export interface MissingDataRule {
  /** N. */
  readonly evaluationPeriods: number;
  /** M. */
  readonly datapointsToAlarm: number;
  readonly treatment: Treatment;
}

export interface Verdict {
  /** Nothing: the alarm keeps its state. */
  readonly state: StateValue | undefined;
  /** The data points that were evaluated, newest first, as indices of the range. */
  readonly evaluated: readonly number[];
  /** Data points that were missing and treated as the alarm says. */
  readonly missing: number;
}

/** CloudWatch looks at more periods than N. How many is not documented; the tables have 5 for N = 3. */
export function evaluationRange(evaluationPeriods: number): number {
  return evaluationPeriods + 2;
}

/** `range`: oldest first; true where a data point breaches, false where it does not, nothing where there is none. */
export function decide(range: readonly (boolean | undefined)[], rule: MissingDataRule): Verdict {
  const { evaluationPeriods, datapointsToAlarm, treatment } = rule;
  const real = [...range.keys()].filter((index) => range[index] !== undefined).toReversed();
  const evaluated = real.slice(0, evaluationPeriods);
  const missing = evaluationPeriods - evaluated.length;
  const breaching = evaluated.filter((index) => range[index] === true);
  const verdict = (state: StateValue | undefined): Verdict => ({ state, evaluated, missing });
  if (real.length === 0) return verdict(ofNothing(treatment));
  const counted = breaching.length + (treatment === 'breaching' ? missing : 0);
  if (counted >= datapointsToAlarm) return verdict('ALARM');
  if (missing === 0 || treatment === 'breaching' || treatment === 'notBreaching') return verdict('OK');
  // A breaching data point that nothing contradicts, and that is as old as the M periods the alarm waits for.
  const oldest = evaluated.at(-1) as number;
  const premature = breaching.length === evaluated.length && range.length - oldest >= datapointsToAlarm;
  if (premature) return verdict(treatment === 'missing' ? 'ALARM' : undefined);
  return verdict('OK');
}

function ofNothing(treatment: Treatment): StateValue | undefined {
  switch (treatment) {
    case 'breaching':
      return 'ALARM';
    case 'notBreaching':
      return 'OK';
    case 'missing':
      return 'INSUFFICIENT_DATA';
    case 'ignore':
      return undefined;
  }
}
