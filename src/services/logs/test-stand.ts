// A table with CloudWatch Logs, CloudWatch, SNS and SQS, and what tests of logs do again and again.

import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import type { PutLogEventsCommandOutput } from '@aws-sdk/client-cloudwatch-logs';
import type { Service } from '#cloud/service.ts';
import { monitoringTable } from '../../../tests/monitoring-table.ts';
import type { TableOptions, TestTable } from '../../../tests/table.ts';
import { service } from './logs.ts';

export const MINUTE = 60_000;
export const HOUR: number = 60 * MINUTE;
export const DAY: number = 24 * HOUR;
export const GROUP = '/shop/web';

export interface LogsStand {
  readonly table: TestTable;
  readonly logs: CloudWatchLogsClient;
  /** Writes messages of now, or of the instants given, to a stream of the group; makes the stream where it is missing. */
  write(
    messages: readonly (string | readonly [at: number, message: string])[],
    stream?: string,
  ): Promise<PutLogEventsCommandOutput>;
}

/** With the log group `/shop/web`. */
export async function stage(options: TableOptions = {}, ...others: readonly Service[]): Promise<LogsStand> {
  const table = monitoringTable(options, service, ...others);
  const logs = table.client(CloudWatchLogsClient);
  await logs.send(new CreateLogGroupCommand({ logGroupName: GROUP }));
  const made = new Set<string>();
  const write: LogsStand['write'] = async (messages, stream = 'one') => {
    const place = { logGroupName: GROUP, logStreamName: stream };
    if (!made.has(stream)) await logs.send(new CreateLogStreamCommand(place));
    made.add(stream);
    const logEvents = messages.map((event) =>
      typeof event === 'string'
        ? { timestamp: table.world.now, message: event }
        : { timestamp: event[0], message: event[1] },
    );
    return await logs.send(new PutLogEventsCommand({ ...place, logEvents }));
  };
  return { table, logs, write };
}
