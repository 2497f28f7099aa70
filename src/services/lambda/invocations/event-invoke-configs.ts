// How asynchronous events are treated: retries, their age, and where the outcome goes.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-configuring.html

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { pageOf } from '#cloud/pagination.ts';
import { notModelled } from '#cloud/refuse.ts';
import type { Operations } from '#cloud/service.ts';
import { roleMay } from '../functions/execution-role.ts';
import { functionOf, invalid, named, notFound, targetOf } from '../names.ts';
import type { Named, Target } from '../names.ts';
import { functions, LATEST } from '../rows.ts';

export interface EventInvokeConfig {
  functionName: string;
  /** `$LATEST`, a version or an alias. */
  qualifier: string;
  retries?: number;
  ageSeconds?: number;
  onSuccess?: string;
  onFailure?: string;
  modifiedAt: number;
}
export const eventInvokeConfigs: Table<EventInvokeConfig> = table<EventInvokeConfig>(
  'lambda/event-invoke-configs',
  (row) => keyOf(row.functionName, row.qualifier),
);

const keyOf = (functionName: string, qualifier: string): string => `${functionName}:${qualifier}`;
const PAGE_SIZE = 50;

/** https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html */
const MOST_RETRIES = 2;
const OLDEST_SECONDS = 21_600;

/** What holds for events of a function, version or alias. */
export function configOf(
  owner: Ctx,
  functionName: string,
  qualifier: string = LATEST,
): Pick<EventInvokeConfig, 'onSuccess' | 'onFailure'> & { retries: number; ageMs: number } {
  const found = owner.get(eventInvokeConfigs, keyOf(functionName, qualifier));
  const { retries = MOST_RETRIES, ageSeconds = OLDEST_SECONDS, onSuccess, onFailure } = found ?? {};
  return {
    retries,
    ageMs: ageSeconds * 1000,
    ...(onSuccess === undefined ? {} : { onSuccess }),
    ...(onFailure === undefined ? {} : { onFailure }),
  };
}

/** Forgets the configurations of a function, or of one qualifier. */
export function forgetConfigs(owner: Ctx, functionName: string, qualifier?: string): void {
  for (const row of owner.scan(eventInvokeConfigs, { prefix: `${functionName}:` })) {
    if (qualifier === undefined || row.qualifier === qualifier)
      owner.delete(eventInvokeConfigs, keyOf(functionName, row.qualifier));
  }
}

type Given = Input<'lambda', 'PutFunctionEventInvokeConfig'>;

function shown(arn: string, row: EventInvokeConfig): Output<'lambda', 'GetFunctionEventInvokeConfig'> {
  const { retries, ageSeconds, onSuccess, onFailure, modifiedAt } = row;
  return {
    LastModified: modifiedAt,
    FunctionArn: `${arn}:${row.qualifier}`,
    ...(retries === undefined ? {} : { MaximumRetryAttempts: retries }),
    ...(ageSeconds === undefined ? {} : { MaximumEventAgeInSeconds: ageSeconds }),
    DestinationConfig: {
      OnSuccess: onSuccess === undefined ? {} : { Destination: onSuccess },
      OnFailure: onFailure === undefined ? {} : { Destination: onFailure },
    },
  };
}

/** Services that take outcomes, and what the execution role needs there. */
const DESTINATIONS: Readonly<Record<string, readonly [action: string, name: string]>> = {
  sqs: ['SendMessage', 'SQS'],
  sns: ['Publish', 'SNS'],
  lambda: ['InvokeFunction', 'Lambda'],
  events: ['PutEvents', 'EventBridge'],
};

function checkDestination(of: Named, { fn, version }: Target, destination: string, given: Given): void {
  const [, , service = ''] = destination.split(':');
  if (service === 's3') throw notModelled('lambda', 'PutFunctionEventInvokeConfig', 'DestinationConfig (S3)');
  const needs = DESTINATIONS[service];
  if (!needs) {
    const { OnSuccess, OnFailure } = given.DestinationConfig ?? {};
    const part = (name: string, on?: { Destination?: string | undefined }): string =>
      on ? `${name}(destination=${on.Destination ?? 'null'})` : 'null';
    throw invalid(
      `The provided destination config DestinationConfig(onSuccess=${part('OnSuccess', OnSuccess)}, ` +
        `onFailure=${part('OnFailure', OnFailure)}) is invalid.`,
    );
  }
  if (service === 'lambda') {
    const target = named(of.owner, destination);
    if (target.arn === fn.arn) throw invalid("You can't specify the function as a destination for itself.");
    if (!target.owner.get(functions, target.name)) {
      throw invalid(`The destination ARN ${destination} is invalid.`);
    }
  }
  const [action, name] = needs;
  const role = { role: version.configuration.role, functionName: fn.name };
  if (roleMay(of.owner, role, service, action, destination)) return;
  throw invalid(`The provided execution role does not have permissions to call ${action} on ${name}`);
}

/** What the request gives; an empty destination is none. */
function givenOf(of: Named, target: Target, given: Given): Partial<EventInvokeConfig> {
  const { MaximumRetryAttempts, MaximumEventAgeInSeconds, DestinationConfig } = given;
  if (MaximumRetryAttempts === undefined && MaximumEventAgeInSeconds === undefined && !DestinationConfig) {
    throw invalid('You must specify at least one of error handling or destination setting.');
  }
  const onSuccess = DestinationConfig?.OnSuccess?.Destination || undefined;
  const onFailure = DestinationConfig?.OnFailure?.Destination || undefined;
  for (const destination of [onSuccess, onFailure]) {
    if (destination !== undefined) checkDestination(of, target, destination, given);
  }
  return {
    ...(MaximumRetryAttempts === undefined ? {} : { retries: MaximumRetryAttempts }),
    ...(MaximumEventAgeInSeconds === undefined ? {} : { ageSeconds: MaximumEventAgeInSeconds }),
    ...(onSuccess === undefined ? {} : { onSuccess }),
    ...(onFailure === undefined ? {} : { onFailure }),
  };
}

function existing(of: Named): Target {
  try {
    return targetOf(of);
  } catch {
    throw notFound("The function doesn't exist.");
  }
}

function stored(of: Named): EventInvokeConfig {
  const qualifier = of.qualifier ?? LATEST;
  const found = of.owner.get(eventInvokeConfigs, keyOf(of.name, qualifier));
  if (found) return found;
  throw notFound(`The function ${of.arn}:${qualifier} doesn't have an EventInvokeConfig`);
}

export const eventInvokeConfigOperations: Operations<'lambda'> = {
  PutFunctionEventInvokeConfig(ctx, input) {
    const of = named(ctx, input.FunctionName, input.Qualifier);
    const given = givenOf(of, existing(of), input);
    const qualifier = of.qualifier ?? LATEST;
    const row = { functionName: of.name, qualifier, ...given, modifiedAt: ctx.now };
    of.owner.put(eventInvokeConfigs, row);
    return shown(of.arn, row);
  },

  UpdateFunctionEventInvokeConfig(ctx, input) {
    const of = named(ctx, input.FunctionName, input.Qualifier);
    const given = givenOf(of, existing(of), input);
    const row = { ...stored(of), ...given, modifiedAt: ctx.now };
    of.owner.put(eventInvokeConfigs, row);
    return shown(of.arn, row);
  },

  GetFunctionEventInvokeConfig(ctx, { FunctionName, Qualifier }) {
    const of = named(ctx, FunctionName, Qualifier);
    return shown(of.arn, stored(of));
  },

  DeleteFunctionEventInvokeConfig(ctx, { FunctionName, Qualifier }) {
    const of = named(ctx, FunctionName, Qualifier);
    const { functionName, qualifier } = stored(of);
    of.owner.delete(eventInvokeConfigs, keyOf(functionName, qualifier));
  },

  ListFunctionEventInvokeConfigs(ctx, { FunctionName, Marker, MaxItems = PAGE_SIZE }) {
    const of = named(ctx, FunctionName);
    existing(of);
    const { arn, name } = functionOf(of);
    const rows = of.owner.scan(eventInvokeConfigs, { prefix: `${name}:` });
    const { items, next } = pageOf(rows, (row) => row.qualifier, { token: Marker, limit: MaxItems });
    return { FunctionEventInvokeConfigs: items.map((row) => shown(arn, row)), NextMarker: next };
  },
};
