// What happened in a variant, in order and in words: the plots carry the same numbers, so that a curve has its cause.

import { timeText } from '../figures.ts';
import type { RunResult } from '../result.ts';

export interface Happening {
  readonly at: number;
  readonly kind: 'deployment' | 'stack' | 'alarm' | 'traffic' | 'failure';
  readonly text: string;
}

/** Happenings in order of time; those of one instant in the order cause, effect. */
export function chronicle(result: RunResult): Happening[] {
  return [
    ...result.alarms.map(({ at, alarm, summary, reason }): Happening => ({
      at,
      kind: 'alarm',
      text: `${summary.replace(/^Alarm /, `Alarm ${alarm} `)}. ${reason}`,
    })),
    ...deployments(result),
    ...stacks(result),
    ...failedEvents(result),
    ...versions(result),
    ...capacity(result),
    ...failures(result),
  ].toSorted((a, b) => a.at - b.at);
}

function deployments({ deployments: all }: RunResult): Happening[] {
  return all.flatMap((deployment): Happening[] => {
    const { deploymentId, creator, status, createdAt, completedAt, errorCode, errorMessage } = deployment;
    const begins = `Deployment ${deploymentId} begins (created by ${creator}).`;
    const reasons = [
      errorCode === undefined ? '' : `${errorCode}: ${errorMessage ?? ''}`,
      deployment.rollbackMessage ?? '',
    ].filter(Boolean);
    return [
      { at: createdAt, kind: 'deployment', text: begins },
      ...(completedAt === undefined
        ? []
        : [
            {
              at: completedAt,
              kind: status === 'Succeeded' ? ('deployment' as const) : ('failure' as const),
              text: `Deployment ${deploymentId} ends: ${status}. ${reasons.join(' ')}`.trim(),
            },
          ]),
    ];
  });
}

/** Said of every resource that has a physical id now. */
const BEGUN = 'Resource creation Initiated';

/** What stacks begin and end, what fails in them, and what resources tell of their progress: not each single step. */
function stacks({ stackEvents = [] }: RunResult): Happening[] {
  return stackEvents.flatMap((event): Happening[] => {
    const { at, stack, logicalId, type, status, reason } = event;
    const ofStack = type === 'AWS::CloudFormation::Stack' && logicalId === stack;
    const failed = /FAILED|ROLLBACK/.test(status);
    if (!ofStack && !failed && (reason === undefined || reason === BEGUN)) return [];
    const what = ofStack ? `Stack ${stack}: ${status}` : `${logicalId} of stack ${stack}`;
    const where = failed && !ofStack ? ` (${type}): ${status}` : '';
    const text = `${what}${where}${reason === undefined ? '.' : `${ofStack || failed ? '.' : ':'} ${reason}`}`;
    return [{ at, kind: failed ? 'failure' : 'stack', text }];
  });
}

/** Lifecycle events that failed; those that failed alike count together. */
function failedEvents({ deployments: all }: RunResult): Happening[] {
  const alike = new Map<string, { at: number; instances: string[]; name: string; error: string }>();
  for (const { deploymentId, targets } of all) {
    for (const { instanceId, events } of targets) {
      for (const { name, status, endedAt, startedAt, error = '' } of events) {
        const at = endedAt ?? startedAt;
        if (status !== 'Failed' || at === undefined) continue;
        const key = `${deploymentId} ${name} ${error}`;
        const known = alike.get(key) ?? { at, instances: [], name, error };
        known.instances.push(instanceId);
        alike.set(key, { ...known, at: Math.min(known.at, at) });
      }
    }
  }
  return [...alike.values()].map(({ at, instances, name, error }) => {
    const [first = ''] = instances;
    const where = instances.length === 1 ? first : `${first} and ${instances.length - 1} more`;
    return { at, kind: 'failure', text: `${name} fails on ${where}. ${error}`.trim() };
  });
}

/** First answers of versions that were not there at first, last answers of those that are gone. */
function versions({ measurement, badVersion }: RunResult): Happening[] {
  const series = measurement?.series ?? [];
  const found: Happening[] = [];
  const names = new Set(series.flatMap(({ byVersion }) => Object.keys(byVersion)));
  for (const name of names) {
    const answering = series.filter(({ byVersion }) => (byVersion[name] ?? 0) > 0);
    const [first, last] = [answering[0], answering.at(-1)];
    const word = name === badVersion ? `${name}, the bad version,` : name;
    if (first && first !== series[0])
      found.push({ at: first.at, kind: 'traffic', text: `Version ${word} answers its first requests.` });
    // Requests that were under way may end in the last bucket.
    if (last && last !== series.at(-1) && last !== series.at(-2))
      found.push({ at: last.at, kind: 'traffic', text: `Version ${word} answers its last requests.` });
  }
  return found;
}

function capacity({ measurement }: RunResult): Happening[] {
  if (!measurement) return [];
  const { series, lowestServing, bucketMs } = measurement;
  const before = series[0]?.serving ?? 0;
  if (lowestServing >= before) return [];
  const low = series.filter(({ serving }) => serving === lowestServing);
  const [first] = low;
  const text = `Only ${lowestServing} of ${before} targets are able to serve: the lowest, for about ${timeText(low.length * bucketMs)} in all.`;
  return first ? [{ at: first.at, kind: 'traffic', text }] : [];
}

const REASONS: Readonly<Record<string, string>> = {
  application: 'the application answers 5xx',
  'cut off': 'the target went away while the request was under way (502)',
  refused: 'the target refused the connection (502)',
  timeout: 'the target did not answer in time (504)',
  'no target': 'the load balancer has no target to send it to (503)',
  unreachable: 'nothing answers at that name and port',
  'fixed response': 'a rule of the load balancer answers 5xx',
};

/** From when to when requests failed, for each reason. */
function failures({ measurement }: RunResult): Happening[] {
  if (!measurement) return [];
  const { series, bucketMs, byReason, requests } = measurement;
  return Object.entries(byReason).flatMap(([reason, count]): Happening[] => {
    const failing = series.filter((bucket) => (bucket.byReason[reason as keyof typeof byReason] ?? 0) > 0);
    const [first, last] = [failing[0], failing.at(-1)];
    if (!first || !last) return [];
    const share = Math.round((count / Math.max(1, requests)) * 100_000) / 1000;
    const text = `Requests begin to fail because ${REASONS[reason] ?? reason}: ${count} (${share} % of all) within ${timeText(last.at + bucketMs - first.at)}.`;
    return [{ at: first.at, kind: 'failure', text }];
  });
}
