// What the agent tells CodeDeploy at the end of a command, and the log lines it keeps on the way.
// https://github.com/aws/aws-codedeploy-agent, hook_executor.rb

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import { formatIso } from '#contract/protocols/timestamp.ts';
import type { Ctx } from '#cloud/ctx.ts';

/** The agent's numbers for what came of a command. */
export const CODE = {
  succeeded: 0,
  scriptMissing: 1,
  scriptNotExecutable: 2,
  scriptTimedOut: 3,
  scriptFailed: 4,
  unknown: 5,
  outputLeftOpen: 6,
  failedAfterRestart: 7,
} as const;

export interface Verdict {
  readonly code: (typeof CODE)[keyof typeof CODE];
  readonly script: string;
  readonly message: string;
}

export const SUCCEEDED: Verdict = { code: CODE.succeeded, script: '', message: 'Succeeded: ' };

/** Characters of the log that go to CodeDeploy. */
const LOG_TAIL = 2048;

/** The last whole entries that fit; an entry that alone is too long leaves nothing. */
export function logTail(log: readonly string[]): readonly string[] {
  let from = log.length;
  let room = LOG_TAIL;
  while (from > 0 && room - (log[from - 1] as string).length > 0) {
    from -= 1;
    room -= (log[from] as string).length;
  }
  return log.slice(from);
}

/** The diagnostics of PutHostCommandComplete. */
export function diagnosticsOf(
  { code, script, message }: Verdict,
  log: readonly string[],
): { Format: string; Payload: string } {
  const tail = code === CODE.succeeded ? '' : log.join('');
  return {
    Format: 'JSON',
    Payload: JSON.stringify({ error_code: code, script_name: script, message, log: tail }),
  };
}

/** `logs/scripts.log` of a deployment on a machine: its latest lines. */
export interface ScriptLog {
  readonly instanceId: string;
  readonly deploymentId: string;
  readonly lines: readonly string[];
}

export const scriptLogs: Table<ScriptLog> = table<ScriptLog>(
  'codedeploy-agent/script-logs',
  (row) => `${row.instanceId}/${row.deploymentId}`,
  { instance: (row) => row.instanceId, deployment: (row) => row.deploymentId },
);

const MOST_LINES = 100;
const MOST_LOGS = 5;
const LONGEST_LINE = 500;

/**
 * Writes lines with the instant before each, as the agent does: `2026-01-05 00:00:00 LifecycleEvent -
 * ApplicationStop`.
 */
export function writeLog(ctx: Ctx, instanceId: string, deploymentId: string, lines: readonly string[]): void {
  const at = formatIso(ctx.now).slice(0, 19).replace('T', ' ');
  const known = ctx.get(scriptLogs, `${instanceId}/${deploymentId}`);
  if (!known) dropOldest(ctx, instanceId);
  const fresh = lines.map((line) => `${at} ${line.replace(/\n$/, '').slice(0, LONGEST_LINE)}`);
  ctx.put(scriptLogs, {
    instanceId,
    deploymentId,
    lines: [...(known?.lines ?? []), ...fresh].slice(-MOST_LINES),
  });
}

function dropOldest(ctx: Ctx, instanceId: string): void {
  const logs = ctx.list(scriptLogs, 'instance', instanceId);
  const firstLine = ({ lines }: ScriptLog): string => lines[0] ?? '';
  const oldest = [...logs].sort((a, b) => (firstLine(a) < firstLine(b) ? -1 : 1));
  for (const { deploymentId } of oldest.slice(0, Math.max(0, logs.length - MOST_LOGS + 1))) {
    ctx.delete(scriptLogs, `${instanceId}/${deploymentId}`);
  }
}
