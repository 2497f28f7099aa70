// What an invocation leaves in its log: the lines of the platform around those of the function.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html

import { base64, utf8 } from '#contract/protocols/bytes.ts';
import { formatIso } from '#contract/protocols/timestamp.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { FunctionResult } from '#cloud/ports/functions.ts';
import { parsedObject } from '#cloud/json.ts';
import { environments } from '../functions/environments.ts';
import type { Environment } from '../functions/environments.ts';
import type { Logging } from '../rows.ts';

export interface LogLine {
  readonly at: number;
  readonly text: string;
}

/** Bytes of the log that `LogType: Tail` returns. */
const TAIL = 4096;
/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html */
const LARGEST_BATCH = 1_048_576;
const MOST_EVENTS = 10_000;
const EVENT_OVERHEAD = 26;

/** What the log tells of an invocation. */
export interface Logged {
  readonly requestId: string;
  readonly version: string;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly memoryMb: number;
  readonly timeoutMs: number;
  readonly result: FunctionResult;
}

const LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];

export function linesOf(logged: Logged, logging: Logging): LogLine[] {
  return logging.format === 'JSON' ? jsonLines(logged, logging) : textLines(logged);
}

const fixed = (ms: number): string => ms.toFixed(2);

/** Initialisation is billed too: https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/ */
const billed = ({ initMs = 0, durationMs }: FunctionResult): number => Math.ceil(initMs + durationMs);

function statusOf({ outcome }: FunctionResult): { status: string; errorType?: string } {
  if (outcome.kind === 'timeout') return { status: 'timeout' };
  if (outcome.kind === 'crash') return { status: 'error', errorType: outcome.errorType };
  return { status: outcome.kind === 'answered' ? 'success' : 'failure' };
}

export function timeoutText(timeoutMs: number): string {
  return `Task timed out after ${fixed(timeoutMs / 1000)} seconds`;
}

function textLines({
  requestId,
  version,
  startedAt,
  endedAt,
  memoryMb,
  timeoutMs,
  result,
}: Logged): LogLine[] {
  const { durationMs, initMs, maxMemoryMb } = result;
  const { status, errorType } = statusOf(result);
  const report = [
    `REPORT RequestId: ${requestId}`,
    `Duration: ${fixed(durationMs)} ms`,
    `Billed Duration: ${billed(result)} ms`,
    `Memory Size: ${memoryMb} MB`,
    `Max Memory Used: ${maxMemoryMb} MB`,
    ...(initMs === undefined ? [] : [`Init Duration: ${fixed(initMs)} ms`]),
    ...(status === 'timeout' || errorType ? [`Status: ${status}`] : []),
    ...(errorType ? [`Error Type: ${errorType}`] : []),
  ];
  const begun = Math.min(endedAt, startedAt + (initMs ?? 0));
  const killed =
    status === 'timeout'
      ? [{ at: endedAt, text: `${formatIso(endedAt)} ${requestId} ${timeoutText(timeoutMs)}\n` }]
      : [];
  return [
    { at: begun, text: `START RequestId: ${requestId} Version: ${version}` },
    ...result.log.map(({ at, text }) => ({ at, text })),
    ...killed,
    { at: endedAt, text: `END RequestId: ${requestId}` },
    { at: endedAt, text: `${report.join('\t')}\t` },
  ];
}

/** https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html */
function jsonLines(logged: Logged, { applicationLevel = 'INFO', systemLevel = 'INFO' }: Logging): LogLine[] {
  const { requestId, version, startedAt, endedAt, memoryMb, result } = logged;
  const { durationMs, initMs, maxMemoryMb } = result;
  const begun = Math.min(endedAt, startedAt + (initMs ?? 0));
  const platform = (at: number, type: string, record: object): LogLine => ({
    at,
    text: JSON.stringify({ time: formatIso(at), type: `platform.${type}`, record }),
  });
  const metrics = {
    durationMs,
    billedDurationMs: billed(result),
    memorySizeMB: memoryMb,
    maxMemoryUsedMB: maxMemoryMb,
    ...(initMs === undefined ? {} : { initDurationMs: initMs }),
  };
  const ours = systemLevel !== 'WARN';
  return [
    ...(ours ? [platform(begun, 'start', { requestId, version })] : []),
    ...result.log
      .map(({ at, text }) => applicationLine(requestId, at, text))
      .filter(({ level }) => LEVELS.indexOf(level) >= LEVELS.indexOf(applicationLevel))
      .map(({ at, text }) => ({ at, text })),
    ...(ours || statusOf(result).status !== 'success'
      ? [platform(endedAt, 'report', { requestId, metrics, ...statusOf(result) })]
      : []),
  ];
}

/** A line that is JSON already keeps its form and its level; others are wrapped as runtimes do. */
function applicationLine(requestId: string, at: number, text: string): LogLine & { level: string } {
  const known = text.startsWith('{') ? parsedObject(text) : undefined;
  if (known)
    return { at, text, level: LEVELS.includes(String(known['level'])) ? String(known['level']) : 'INFO' };
  const wrapped = { timestamp: formatIso(at), level: 'INFO', requestId, message: text };
  return { at, text: JSON.stringify(wrapped), level: 'INFO' };
}

/** The end of the log, as Invoke returns it. */
export function tailOf(lines: readonly LogLine[]): string {
  const bytes = utf8(lines.map(({ text }) => `${text}\n`).join(''));
  return base64(bytes.subarray(Math.max(0, bytes.length - TAIL)));
}

/**
 * Writes the lines to CloudWatch Logs under the execution role. Where the role may not, or there is nothing to write to, the
 * lines are lost and the invocation does not notice, as in AWS.
 */
export function written(owner: Ctx, environment: Environment, lines: readonly LogLine[]): void {
  if (lines.length === 0 || !opened(owner, environment)) return;
  const { logGroup, logStream, credentials } = environment;
  for (const logEvents of batches(lines)) {
    const input = { logGroupName: logGroup, logStreamName: logStream, logEvents };
    const put = owner.call('logs', 'PutLogEvents', input, credentials.principal);
    if (!put.ok) return closed(owner, environment);
  }
}

function opened(owner: Ctx, { id, logging, logGroup, logStream, credentials }: Environment): boolean {
  if (logging) return true;
  const { principal } = credentials;
  const stream = { logGroupName: logGroup, logStreamName: logStream };
  let created = owner.call('logs', 'CreateLogStream', stream, principal);
  if (!created.ok && created.fault.shape === 'ResourceNotFoundException') {
    const group = owner.call('logs', 'CreateLogGroup', { logGroupName: logGroup }, principal);
    if (group.ok) created = owner.call('logs', 'CreateLogStream', stream, principal);
  }
  const found = owner.get(environments, id);
  if (created.ok && found) owner.update(environments, found, { logging: true });
  return created.ok;
}

/** The group or the stream is gone: the next invocation makes them again. */
function closed(owner: Ctx, { id }: Environment): void {
  const found = owner.get(environments, id);
  if (found) owner.update(environments, found, { logging: false });
}

function batches(lines: readonly LogLine[]): { timestamp: number; message: string }[][] {
  const found: { timestamp: number; message: string }[][] = [[]];
  let size = 0;
  for (const { at, text } of lines) {
    const message = `${text}\n`;
    const bytes = utf8(message).length + EVENT_OVERHEAD;
    const last = found.at(-1) as { timestamp: number; message: string }[];
    if (last.length > 0 && (size + bytes > LARGEST_BATCH || last.length >= MOST_EVENTS)) {
      found.push([{ timestamp: at, message }]);
      size = bytes;
    } else {
      last.push({ timestamp: at, message });
      size += bytes;
    }
  }
  return found;
}
