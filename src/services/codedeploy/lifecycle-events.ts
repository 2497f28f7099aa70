// Lifecycle events: their order for each kind of deployment, and the record of each on each instance. One event that an
// agent has to run is one command to that agent.
// https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';

const APPLICATION = [
  'ApplicationStop',
  'DownloadBundle',
  'BeforeInstall',
  'Install',
  'AfterInstall',
  'ApplicationStart',
  'ValidateService',
] as const;
const BLOCK = ['BeforeBlockTraffic', 'BlockTraffic', 'AfterBlockTraffic'] as const;
const ALLOW = ['BeforeAllowTraffic', 'AllowTraffic', 'AfterAllowTraffic'] as const;

/** What an instance goes through. */
export type Course =
  | 'in-place'
  | 'in-place-with-traffic'
  | 'launch-with-traffic'
  | 'replacement'
  | 'original'
  | 'original-back'
  | 'termination'
  | 'termination-with-traffic';

export const COURSES: Readonly<Record<Course, readonly string[]>> = {
  'in-place': APPLICATION,
  'in-place-with-traffic': [...BLOCK, ...APPLICATION, ...ALLOW],
  'launch-with-traffic': [...APPLICATION, ...ALLOW],
  replacement: [...APPLICATION, ...ALLOW],
  original: BLOCK,
  'original-back': ALLOW,
  termination: ['ApplicationStop'],
  'termination-with-traffic': [...BLOCK, 'ApplicationStop'],
};

/** Where a replacement instance rests until traffic may go to it. */
export const READY_AT: number = APPLICATION.length;

/** Events whose scripts come from the last successful revision, and whose failure `ignoreApplicationStopFailures` forgives. */
export const OF_LAST_REVISION: ReadonlySet<string> = new Set([
  'ApplicationStop',
  'BeforeBlockTraffic',
  'AfterBlockTraffic',
]);

export type EventStatus = 'Pending' | 'InProgress' | 'Succeeded' | 'Failed' | 'Skipped';

/** The codes of an agent's script errors, by number. */
const ERROR_CODES = [
  'Success',
  'ScriptMissing',
  'ScriptNotExecutable',
  'ScriptTimedOut',
  'ScriptFailed',
] as const;
type ErrorCode = (typeof ERROR_CODES)[number] | 'UnknownError';

export interface Diagnostics {
  errorCode: ErrorCode;
  scriptName: string;
  message: string;
  logTail: string;
}

/** An event of one instance. Rows exist for events that were triggered; later ones follow from the course. */
export interface LifecycleEvent {
  /** `<target key>/<index>`. */
  key: string;
  targetKey: string;
  deploymentId: string;
  groupId: string;
  /** Who has to run it: the host identifier. */
  host: string;
  index: number;
  name: string;
  /** An agent runs it, not CodeDeploy itself. */
  onHost: boolean;
  status: EventStatus;
  triggeredAt: number;
  handedOutAt?: number;
  startedAt?: number;
  endedAt?: number;
  diagnostics?: Diagnostics;
}

export const lifecycleEvents: Table<LifecycleEvent> = table<LifecycleEvent>(
  'codedeploy/lifecycle-events',
  (row) => row.key,
  {
    /** Commands that their host has not finished. */
    host: (row) => (row.onHost && row.endedAt === undefined ? row.host : undefined),
  },
);

/** What parked polls of a host wait for. */
export function hostKey(host: string): string {
  return `codedeploy/host/${host}`;
}

export function eventKey(targetKey: string, index: number): string {
  return `${targetKey}/${String(index).padStart(2, '0')}`;
}

export function onHost(name: string): boolean {
  return name !== 'BlockTraffic' && name !== 'AllowTraffic';
}

/** Ends an event once; later reports change nothing. */
export function endEvent(
  ctx: Ctx,
  event: LifecycleEvent,
  status: EventStatus,
  diagnostics?: Diagnostics,
): LifecycleEvent {
  const shown = diagnostics ? { diagnostics } : {};
  return ctx.update(lifecycleEvents, event, { status, endedAt: ctx.now, ...shown });
}

export const SUCCESS: Diagnostics = {
  errorCode: 'Success',
  scriptName: '',
  message: 'Succeeded',
  logTail: '',
};

export function unknownError(message: string): Diagnostics {
  return { errorCode: 'UnknownError', scriptName: '', message, logTail: '' };
}

/** AWS's words since 2022 for an event that no agent picked up in time. */
export const NOT_RECEIVED: Diagnostics = unknownError(
  'CodeDeploy agent was not able to receive the lifecycle event. Check the CodeDeploy agent logs on your host and make ' +
    'sure the agent is running and can connect to the CodeDeploy server.',
);

const LONGEST_LOG = 4096;

/** Diagnostics as agents send them: JSON with `error_code`, `script_name`, `message` and `log`. */
export function parseDiagnostics(payload: string | undefined): Diagnostics | undefined {
  if (!payload) return undefined;
  try {
    const sent = JSON.parse(payload) as {
      error_code?: unknown;
      script_name?: unknown;
      message?: unknown;
      log?: unknown;
    };
    const text = (value: unknown): string => (typeof value === 'string' ? value : '');
    return {
      errorCode: ERROR_CODES[Number(sent.error_code)] ?? 'UnknownError',
      scriptName: text(sent.script_name),
      message: text(sent.message),
      logTail: text(sent.log).slice(-LONGEST_LOG),
    };
  } catch {
    return unknownError(payload.slice(0, LONGEST_LOG));
  }
}

type WireEvent = NonNullable<
  NonNullable<
    NonNullable<Output<'codedeploy', 'GetDeploymentTarget'>['deploymentTarget']>['instanceTarget']
  >['lifecycleEvents']
>[number];

/** All events of a course as the API shows them; those that were never triggered are `rest`. */
export function describeEvents(
  ctx: Ctx,
  targetKey: string,
  course: Course,
  rest: 'Pending' | 'Skipped',
): WireEvent[] {
  return COURSES[course].map((name, index) => {
    const event = ctx.get(lifecycleEvents, eventKey(targetKey, index));
    if (!event) return { lifecycleEventName: name, status: rest };
    const { diagnostics, startedAt, endedAt } = event;
    // An event that was waiting when its deployment ended never runs.
    const status = event.status === 'Pending' ? rest : event.status;
    return {
      lifecycleEventName: name,
      status,
      ...(startedAt === undefined ? {} : { startTime: startedAt }),
      ...(endedAt === undefined ? {} : { endTime: endedAt }),
      ...(diagnostics ? { diagnostics } : {}),
    };
  });
}
