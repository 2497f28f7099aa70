// Rotation: a function of the user's makes a new version of the secret in four steps.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html

import { timer } from '#world/index.ts';
import type { TimerHandler, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import { utf8 } from '#contract/protocols/bytes.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input } from '#cloud/contracts.ts';
import type { ServicePrincipal } from '#cloud/principal.ts';
import type { Operations } from '#cloud/service.ts';
import type { Answer } from '#cloud/waiting.ts';
import { nextRotation } from './schedule.ts';
import { findSecret, homeOf, livingSecret } from './secret.ts';
import { secrets, versionKey, versions } from './tables.ts';
import type { Rotation, RotationRules, Secret } from './tables.ts';
import { rotationRetry, rotationStart } from './timings.ts';
import { attach, CURRENT, detach, PENDING, tokenOf, versionAt, versionsOf } from './versions.ts';

const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;
type Step = (typeof STEPS)[number];

/** Attempts at one rotation, an hour apart: a rotation window is a day at most. */
const MOST_ATTEMPTS = 24;

interface Attempt {
  arn: string;
  versionId: string;
  step: Step;
  /** From 0. */
  attempt: number;
  /** Only tries the function's test, and takes the version away again. */
  trial: boolean;
}

const stepDue: TimerKind<Attempt> = timer<Attempt>('secretsmanager/rotation-step-due');
/** Hours after a failure nobody waits for the next attempt. */
const retryDue: TimerKind<Attempt> = timer<Attempt>('secretsmanager/rotation-retry-due', {
  background: true,
});
const stepDone: TimerKind<Attempt & { answer: unknown }> = timer<Attempt & { answer: unknown }>(
  'secretsmanager/rotation-step-done',
);
const rotationDue: TimerKind<{ arn: string; nextAt: number }> = timer<{ arn: string; nextAt: number }>(
  'secretsmanager/rotation-due',
  { background: true },
);

/** Whether a rotation still goes on as when this was planned. */
function goesOn(ctx: Ctx, { arn, versionId }: Attempt): boolean {
  const secret = findSecret(ctx, arn);
  return secret?.rotation?.versionId === versionId && secret.deletedAt === undefined;
}

export const beginStep: TimerHandler<Attempt, Ctx> = { kind: stepDue, live: goesOn, fire: invoke };
export const retryRotation: TimerHandler<Attempt, Ctx> = { kind: retryDue, live: goesOn, fire: invoke };

function invoke(ctx: Ctx, payload: Attempt): void {
  const { arn, versionId, step } = payload;
  const { functionArn } = (findSecret(ctx, arn) as Secret).rotation as Rotation;
  const event = JSON.stringify({ Step: step, SecretId: arn, ClientRequestToken: versionId });
  const input = { FunctionName: functionArn, Payload: utf8(event) };
  ctx.ask('lambda', 'Invoke', input, itself(ctx, arn), { kind: stepDone, payload });
}

export const endStep: TimerHandler<Attempt & { answer: unknown }, Ctx> = {
  kind: stepDone,
  live: goesOn,
  fire(ctx, { answer, ...attempt }) {
    const failure = failureOf(answer as Answer);
    if (failure !== undefined) return fail(ctx, attempt, failure);
    const next = STEPS[STEPS.indexOf(attempt.step) + 1];
    if (next === undefined || attempt.trial) return finish(ctx, attempt);
    ctx.schedule(stepDue, ctx.now, { ...attempt, step: next });
  },
};

export const rotateBySchedule: TimerHandler<{ arn: string; nextAt: number }, Ctx> = {
  kind: rotationDue,
  live(ctx, { arn, nextAt }) {
    const secret = findSecret(ctx, arn);
    return (
      secret?.deletedAt === undefined &&
      secret?.rotation?.enabled === true &&
      secret.rotation.nextAt === nextAt
    );
  },
  fire(ctx, { arn }) {
    const secret = findSecret(ctx, arn) as Secret;
    const planned = plan(ctx, secret, secret.rotation as Rotation);
    // While the last one is still being tried, the next waits for its turn.
    if (planned.rotation?.versionId === undefined) begin(ctx, planned, ctx.uuid('rotation'), false);
  },
};

/** What went wrong with the function, if anything. */
function failureOf(answer: Answer): string | undefined {
  if (!answer.ok) return answer.fault.message;
  return (answer.output as { FunctionError?: string }).FunctionError;
}

/** Who asks the function: its policy has to let Secrets Manager in. */
function itself(ctx: Ctx, arn: string): ServicePrincipal {
  return { type: 'service', service: 'secretsmanager.amazonaws.com', account: ctx.account, sourceArn: arn };
}

/** An empty version is marked as pending, and the function is asked to fill it. */
function begin(ctx: Ctx, secret: Secret, versionId: string, trial: boolean): void {
  const { arn } = secret;
  if (!ctx.get(versions, versionKey(arn, versionId))) {
    const ordinal = (versionsOf(ctx, arn).at(-1)?.ordinal ?? 0) + 1;
    ctx.put(versions, { secretArn: arn, versionId, ordinal, stages: [], createdAt: ctx.now });
  }
  attach(ctx, arn, versionId, [PENDING]);
  ctx.update(secrets, secret, { rotation: { ...(secret.rotation as Rotation), versionId } });
  const first = { arn, versionId, step: trial ? ('testSecret' as const) : STEPS[0], attempt: 0, trial };
  ctx.schedule(stepDue, ctx.now + ctx.duration(rotationStart, secret.name), first);
}

/** The whole rotation is tried again later; the pending version stays for that. */
function fail(ctx: Ctx, attempt: Attempt, reason: string): void {
  const { arn, versionId, step, trial } = attempt;
  ctx.note('rotation-failed', { secret: arn, version: versionId, step, reason });
  if (trial) return finish(ctx, attempt);
  if (attempt.attempt + 1 >= MOST_ATTEMPTS) return ended(ctx, arn, {});
  const delayMs = ctx.duration(rotationRetry, versionId, attempt.attempt);
  ctx.schedule(retryDue, ctx.now + delayMs, { ...attempt, step: STEPS[0], attempt: attempt.attempt + 1 });
}

function finish(ctx: Ctx, attempt: Attempt): void {
  const { arn, versionId, trial } = attempt;
  if (trial) {
    detach(ctx, arn, versionId, PENDING);
    if (!ctx.get(versions, versionKey(arn, versionId))?.value)
      ctx.delete(versions, versionKey(arn, versionId));
    return ended(ctx, arn, {});
  }
  // A function that went through its steps and left the old version current has rotated nothing.
  if (versionAt(ctx, arn, CURRENT)?.versionId !== versionId)
    return fail(ctx, attempt, `The version ${versionId} is not ${CURRENT}.`);
  detach(ctx, arn, versionId, PENDING);
  ended(ctx, arn, { lastAt: ctx.now });
}

function ended(ctx: Ctx, arn: string, change: { lastAt?: number }): void {
  const secret = findSecret(ctx, arn) as Secret;
  const { versionId: _, ...rotation } = secret.rotation as Rotation;
  const changedAt = change.lastAt === undefined ? {} : { changedAt: ctx.now };
  ctx.update(secrets, secret, { rotation: { ...rotation, ...change }, ...changedAt });
}

/** Keeps the rules and sets the next rotation by them. */
function plan(ctx: Ctx, secret: Secret, rotation: Rotation): Secret {
  const { nextAt: _, ...bare } = rotation;
  const nextAt = nextRotation(rotation.rules, ctx.now);
  if (nextAt !== undefined) ctx.schedule(rotationDue, nextAt, { arn: secret.arn, nextAt });
  return ctx.update(secrets, secret, { rotation: { ...bare, ...(nextAt === undefined ? {} : { nextAt }) } });
}

/** A secret that was restored rotates on by its schedule; what was under way when it was deleted is lost. */
export function resumeRotation(ctx: Ctx, secret: Secret): void {
  if (!secret.rotation) return;
  const { versionId: _, ...rotation } = secret.rotation;
  if (rotation.enabled) plan(ctx, secret, rotation);
  else ctx.update(secrets, secret, { rotation });
}

export const rotationOperations: Operations<'secretsmanager'> = {
  RotateSecret(
    ctx,
    { SecretId, ClientRequestToken, RotationLambdaARN, RotationRules: rules, RotateImmediately = true },
  ) {
    const versionId = tokenOf(ClientRequestToken, 'InvalidParameterException');
    const secret = livingSecret(ctx, SecretId);
    const home = homeOf(ctx, secret.arn);
    const functionArn = RotationLambdaARN ?? secret.rotation?.functionArn;
    if (!functionArn) {
      throw new Fault(
        'InvalidRequestException',
        'No Lambda rotation function ARN is associated with this secret.',
      );
    }
    checkInvocable(home, functionArn, secret.arn);
    const pending = versionAt(home, secret.arn, PENDING);
    if (pending && pending.versionId !== versionId && !pending.stages.includes(CURRENT)) {
      throw new Fault(
        'InvalidRequestException',
        "A previous rotation isn't complete. That rotation will be reattempted.",
      );
    }
    const planned = plan(home, secret, {
      ...secret.rotation,
      enabled: true,
      functionArn,
      rules: rules ? rulesOf(rules) : (secret.rotation?.rules ?? {}),
    });
    begin(home, planned, versionId, !RotateImmediately);
    return { ARN: secret.arn, Name: secret.name, VersionId: versionId };
  },

  CancelRotateSecret(ctx, { SecretId }) {
    const secret = livingSecret(ctx, SecretId);
    if (!secret.rotation) {
      throw new Fault(
        'InvalidRequestException',
        'You tried to enable rotation on a secret that has no rotation.',
      );
    }
    const { versionId, nextAt: _, ...rotation } = secret.rotation;
    homeOf(ctx, secret.arn).update(secrets, secret, { rotation: { ...rotation, enabled: false } });
    return { ARN: secret.arn, Name: secret.name, VersionId: versionId };
  },
};

function checkInvocable(ctx: Ctx, functionArn: string, secretArn: string): void {
  const input = { FunctionName: functionArn, InvocationType: 'DryRun' } as const;
  const tried = ctx.call('lambda', 'Invoke', input, itself(ctx, secretArn));
  if (tried.ok) return;
  if (tried.fault.shape === 'NotImplemented') throw tried.fault;
  throw new Fault(
    'AccessDeniedException',
    'Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the ' +
      'principal secretsmanager.amazonaws.com.',
  );
}

function rulesOf(
  rules: NonNullable<Input<'secretsmanager', 'RotateSecret'>['RotationRules']>,
): RotationRules {
  const { AutomaticallyAfterDays: days, ScheduleExpression: expression, Duration: duration } = rules;
  if (days !== undefined && expression !== undefined) {
    throw new Fault(
      'InvalidParameterException',
      'You can specify either AutomaticallyAfterDays or ScheduleExpression, but not both.',
    );
  }
  return {
    ...(days === undefined ? {} : { automaticallyAfterDays: days }),
    ...(expression === undefined ? {} : { scheduleExpression: expression }),
    ...(duration === undefined ? {} : { duration }),
  };
}
