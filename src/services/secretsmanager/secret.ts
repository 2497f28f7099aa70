// Finding a secret by what a request calls it.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { secrets } from './tables.ts';
import type { Secret } from './tables.ts';

export const DAY_MS = 86_400_000;

/** Six letters and digits that AWS puts behind the name in an ARN. */
const WITH_SUFFIX = /^(.+)-[A-Za-z0-9]{6}$/;

/** Where a secret's rows are: its policy may let other accounts in. */
export function homeOf(ctx: Ctx, secretId: string): Ctx {
  const [arn, , , region, account] = secretId.split(':');
  return arn === 'arn' ? ctx.in({ region: region || ctx.region, account: account || ctx.account }) : ctx;
}

/**
 * The secret of a name, an ARN, or an ARN without its suffix. What ends like a suffix is taken for one.
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen
 */
export function findSecret(ctx: Ctx, secretId: string): Secret | undefined {
  if (!secretId.startsWith('arn:')) return ctx.get(secrets, secretId);
  const home = homeOf(ctx, secretId);
  const name = secretId.split(':').slice(6).join(':');
  const bare = WITH_SUFFIX.exec(name)?.[1];
  if (bare === undefined) return home.get(secrets, name);
  const secret = home.get(secrets, bare);
  return secret?.arn === secretId ? secret : undefined;
}

/** Throws for what cannot be a secret's name; every operation asks (recorded: test_invalid_secret_name). */
export function checkName(name: string): void {
  if (/^[A-Za-z0-9/_+=.@!-]+$/.test(name)) return;
  throw new Fault(
    'ValidationException',
    'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
  );
}

/** Of an operation that takes a name or an ARN. */
export function checkId(secretId: string): void {
  if (!secretId.startsWith('arn:')) checkName(secretId);
}

/** A secret whatever its state. */
export function secretOf(ctx: Ctx, secretId: string): Secret {
  checkId(secretId);
  const secret = findSecret(ctx, secretId);
  if (!secret)
    throw new Fault('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
  return secret;
}

/** A secret that does not wait for its deletion. */
export function livingSecret(ctx: Ctx, secretId: string): Secret {
  const secret = secretOf(ctx, secretId);
  if (secret.deletedAt !== undefined) {
    throw new Fault(
      'InvalidRequestException',
      "You can't perform this operation on the secret because it was marked for deletion.",
    );
  }
  return secret;
}

/** The resource of a request as IAM sees it. */
export function arnOfSecret(ctx: Ctx, secretId: string): string {
  return findSecret(ctx, secretId)?.arn ?? secretId;
}

/** Dates of access have no time of day. */
export function dayOf(instant: number): number {
  return instant - (instant % DAY_MS);
}
