// Parameter policies, of which expiration acts here:
// https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-policies.html

import { timer } from '#world/index.ts';
import type { TimerHandler, TimerKind } from '#world/index.ts';
import { jsonIn } from '#contract/json-text.ts';
import { Fault } from '#contract/fault.ts';
import { parseIso } from '#contract/protocols/timestamp.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { remove } from './deletion.ts';
import { parameters } from './tables.ts';

interface Policy {
  readonly Type?: unknown;
  readonly Version?: unknown;
  readonly Attributes?: { readonly Timestamp?: unknown } | null;
}

export const expirationDue: TimerKind<{ key: string; expiresAt: number }> = timer<{
  key: string;
  expiresAt: number;
}>('ssm/expiration-due', { background: true });

export const expire: TimerHandler<{ key: string; expiresAt: number }, Ctx> = {
  kind: expirationDue,
  // Another PutParameter may have moved the expiration.
  live: (ctx, { key, expiresAt }) => ctx.get(parameters, key)?.expiresAt === expiresAt,
  fire: (ctx, { key }) => remove(ctx, key),
};

/** When a parameter with these policies expires; nothing where it has no such policy. Throws for what it cannot follow. */
export function expirationOf(ctx: Ctx, text: string): number | undefined {
  const policies = parsed(text);
  for (const { Type } of policies) {
    if (Type === 'ExpirationNotification' || Type === 'NoChangeNotification')
      throw new Fault('NotImplemented', `The parameter policy ${Type} is not modelled by Sandtable.`);
    if (Type !== 'Expiration')
      throw new Fault('InvalidPolicyTypeException', 'The policy type is not supported.');
  }
  if (policies.length > 1)
    throw new Fault('IncompatiblePolicyException', 'There is a conflict in the policies of the parameter.');
  const timestamp = policies[0]?.Attributes?.Timestamp;
  if (policies.length === 0) return undefined;
  const expiresAt = typeof timestamp === 'string' ? parseIso(timestamp) : undefined;
  if (expiresAt === undefined || expiresAt <= ctx.now) {
    throw new Fault(
      'InvalidPolicyAttributeException',
      'A policy attribute or its value is not valid. An expiration needs a Timestamp in the future.',
    );
  }
  return expiresAt;
}

/** As they are listed with a parameter. */
export function inlinePolicies(text: string | undefined): {
  PolicyText: string;
  PolicyType: string;
  PolicyStatus: string;
}[] {
  return parsed(text ?? '[]').map((policy) => ({
    PolicyText: JSON.stringify(policy),
    PolicyType: String(policy.Type),
    PolicyStatus: 'Pending',
  }));
}

function parsed(text: string): Policy[] {
  try {
    const value = jsonIn(text);
    const isObject = (one: unknown): boolean => typeof one === 'object' && one !== null;
    if (Array.isArray(value) && value.every(isObject)) return value as Policy[];
  } catch {
    // Said below.
  }
  throw new Fault('ValidationException', 'The parameter policies are no JSON array of objects.');
}
