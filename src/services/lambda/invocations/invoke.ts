// Invoke: at once with the answer, later without one, or only to see whether one may.
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html

import { timer } from '#world/index.ts';
import type { TimerHandler, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import { fromBase64, textOf, utf8 } from '#contract/protocols/bytes.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { answerWaits } from '#cloud/waits.ts';
import type { ThrottleReason } from '../functions/concurrency.ts';
import { conflict, named, targetOf, USER } from '../names.ts';
import type { Target } from '../names.ts';
import { accepted } from './asynchronous.ts';
import { begin } from './invocations.ts';
import type { Conclusion } from './invocations.ts';

/** Bytes; https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const LARGEST: Readonly<Record<string, number>> = { RequestResponse: 6_291_456, Event: 1_048_576 };

/** The event as JSON text; without a payload an empty object. */
function eventOf(payload: Uint8Array | undefined, type: string): string {
  if (payload === undefined || payload.length === 0) return '{}';
  const limit = LARGEST[type] ?? 0;
  if (payload.length > limit && type !== 'DryRun') {
    throw new Fault(
      'RequestTooLarge',
      `${payload.length} byte payload is too large for the ${type} invocation type (limit ${limit} bytes)`,
    );
  }
  const text = textOf(payload);
  try {
    if (text !== undefined) JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw unparsable(
      "Unexpected content: expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
    );
  }
  if (text === undefined) throw unparsable('Invalid UTF-8');
  return text;
}

function unparsable(reason: string): Fault {
  return new Fault(
    'InvalidRequestContentException',
    `Could not parse request body into json: Could not parse payload into json: ${reason}`,
    USER,
  );
}

/** What mobile clients say of themselves: JSON in base64. */
function contextOf(given: string | undefined): string | undefined {
  if (given === undefined) return undefined;
  const bytes = fromBase64(given);
  const text = bytes && textOf(bytes);
  try {
    if (text !== undefined && typeof JSON.parse(text) === 'object') return text;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new Fault(
    'InvalidRequestContentException',
    'Client context must be a valid Base64-encoded JSON object.',
    USER,
  );
}

/** A function that is being created cannot be invoked; one that is being updated still runs what it was. */
function checkActive({ version }: Target): void {
  if (version.active) return;
  throw conflict(
    'The operation cannot be performed at this time. The function is currently in the following state: Pending',
  );
}

export const invokeOperations: Operations<'lambda'> = {
  Invoke(
    ctx,
    { FunctionName, Qualifier, InvocationType = 'RequestResponse', LogType, ClientContext, Payload },
  ) {
    const of = named(ctx, FunctionName, Qualifier);
    const event = eventOf(Payload, InvocationType);
    const target = targetOf(of);
    checkActive(target);
    if (InvocationType === 'DryRun') return { StatusCode: 204 };
    const requestId = of.owner.uuid('lambda/request');
    const { qualifier } = of;
    if (InvocationType === 'Event') {
      // The client's context is for those who wait only.
      accepted(of.owner, { requestId, functionName: of.name, qualifier, event });
      return { StatusCode: 202 };
    }
    const reason = begin(of.owner, {
      requestId,
      target,
      qualifier,
      event,
      clientContext: contextOf(ClientContext),
      asker: { kind: 'client', scope: ctx.scope, tail: LogType === 'Tail' },
    });
    // A fault thrown here would undo what was counted; it is the answer a moment later.
    if (reason) of.owner.schedule(refusalDue, ctx.now, { requestId, scope: ctx.scope, reason });
    return ctx.waitForAnswer(requestId);
  },
};

interface Refusal {
  requestId: string;
  scope: string;
  reason: ThrottleReason;
}
const refusalDue: TimerKind<Refusal> = timer<Refusal>('lambda/refusal-due');

/** Tells a client that its invocation was throttled. */
export const refuse: TimerHandler<Refusal, Ctx> = {
  kind: refusalDue,
  live: () => true,
  fire(ctx, { requestId, scope, reason }) {
    const fields = { ...USER.fields, Reason: reason };
    const fault = { shape: 'TooManyRequestsException', message: 'Rate Exceeded.', fields };
    answerWaits(ctx.inScope(scope), requestId, { ok: false, fault });
  },
};

/** Answers whoever waits for an invocation. */
export function answer(owner: Ctx, scope: string, conclusion: Conclusion): void {
  const { requestId, payload, functionError, executedVersion, logTail } = conclusion;
  const output = {
    StatusCode: 200,
    ExecutedVersion: executedVersion,
    Payload: utf8(payload),
    ...(functionError ? { FunctionError: functionError } : {}),
    ...(logTail === undefined ? {} : { LogResult: logTail }),
  };
  answerWaits(owner.inScope(scope), requestId, { ok: true, output });
}
