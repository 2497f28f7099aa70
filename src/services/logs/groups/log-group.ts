// Finding log groups and streams by what requests call them, and naming them.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { logGroups, logStreams, streamKey } from '../tables.ts';
import type { LogGroup, LogStream } from '../tables.ts';

export const invalidParameter = (message: string): Fault => new Fault('InvalidParameterException', message);
const notFound = (what: string): Fault =>
  new Fault('ResourceNotFoundException', `The specified ${what} does not exist.`);
export const invalidToken = (): Fault => invalidParameter('The specified nextToken is invalid.');

const noLogGroup = (): Fault => notFound('log group');
export const noMetricFilter = (): Fault => notFound('metric filter');
export const noSubscriptionFilter = (): Fault => notFound('subscription filter');

/** Pages hold this many where a request does not say. */
export const PAGE_SIZE = 50;

export function groupOf(ctx: Ctx, name: string): LogGroup {
  const group = ctx.get(logGroups, name);
  if (!group) throw noLogGroup();
  return group;
}

export function streamOf(ctx: Ctx, group: string, name: string): LogStream {
  const stream = ctx.get(logStreams, streamKey(group, name));
  if (!stream) throw notFound('log stream');
  return stream;
}

const ARN = /^arn:aws:logs:([a-z0-9-]+):(\d{12}):log-group:([^:*]+)(?::\*)?$/;

/** The name in an identifier, which is a name or an ARN. */
export function nameIn(identifier: string): string {
  return ARN.exec(identifier)?.[3] ?? identifier;
}

/** A log group by its name or by its ARN. */
export function groupByIdentifier(ctx: Ctx, identifier: string): LogGroup {
  const [, region, account] = ARN.exec(identifier) ?? [];
  if (account !== undefined && (account !== ctx.account || region !== ctx.region)) {
    throw new Fault(
      'NotImplemented',
      `Log groups of linked accounts are not modelled by Sandtable: ${identifier}`,
    );
  }
  return groupOf(ctx, nameIn(identifier));
}

interface Either {
  readonly logGroupName?: string | undefined;
  readonly logGroupIdentifier?: string | undefined;
}

/** The log group of a request that may name it in two ways. */
export function groupByEither(ctx: Ctx, { logGroupName, logGroupIdentifier }: Either): LogGroup {
  if (logGroupName !== undefined && logGroupIdentifier !== undefined) {
    throw new Fault(
      'ValidationException',
      'LogGroup name and LogGroup ARN are mutually exclusive parameters.',
    );
  }
  const identifier = logGroupName ?? logGroupIdentifier;
  if (identifier === undefined)
    throw invalidParameter('Either logGroupName or logGroupIdentifier is required.');
  return groupByIdentifier(ctx, identifier);
}

/** ARN without the `:*` that policies need. */
export function groupArn(ctx: Ctx, name: string): string {
  return ctx.arn('logs', `log-group:${name}`);
}

export function streamArn(ctx: Ctx, group: string, stream: string): string {
  return `${groupArn(ctx, group)}:log-stream:${stream}`;
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch_Logs_Log_Classes.html */
export function checkStandard(group: LogGroup, operation: string, shape: string): void {
  if (group.class === 'STANDARD') return;
  throw new Fault(shape, `${operation} is not supported for log groups of the Infrequent Access log class.`);
}

/** Throws AWS's error for deleting what is protected. */
export function checkProtection(group: LogGroup): void {
  if (!group.protected) return;
  throw new Fault(
    'ValidationException',
    `Deletion protection is enabled for the log group ${group.name}. Disable it before deleting.`,
  );
}
