// Who owns a domain, and the life of a certificate after that: a CNAME record in the domain's zone proves it, within 72 hours;
// the certificate is then issued, renewed as long as the record stays and something uses it, or expires.
// https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html

import { timer, wake } from '#world/index.ts';
import type { Reconciler, TimerHandler, TimerKind } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { dns, recordsChanged } from '#cloud/ports/dns.ts';
import { tellAvailable } from './events.ts';
import { awaitExpiry, stillOf } from './expiry.ts';
import { awaited, certificates } from './tables.ts';
import type { Awaited, Certificate, Validation } from './tables.ts';
import { dnsValidation, RENEWAL_BEFORE_MS, DAY_MS, VALIDATION_MS, VALIDITY_MS } from './timings.ts';
import { isUsed } from './users.ts';

const LOOK = { name: 'acm/validation' } as const;
const HEX = '0123456789abcdef';
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

const tooLate: TimerKind<{ arn: string }> = timer<{ arn: string }>('acm/validation-timed-out', {
  background: true,
});
const renewalDue: TimerKind<{ arn: string; notAfter: number }> = timer<{ arn: string; notAfter: number }>(
  'acm/renewal-due',
  { background: true },
);
/**
 * The record that proves who owns a domain. It is the same for every certificate of the account, and for the domain with an
 * asterisk before it.
 */
export function recordFor(ctx: Ctx, domainName: string): { name: string; value: string } {
  const domain = domainName.replace(/^\*\./, '').toLowerCase();
  const draw = ctx.everywhere.random('acm/validation-records', `${ctx.account} ${domain}`);
  const text = (letters: string, from: number, length: number): string =>
    Array.from({ length }, (_, i) => letters[Math.floor(draw(from + i) * letters.length)]).join('');
  return {
    name: `_${text(HEX, 0, 32)}.${domain}.`,
    value: `_${text(HEX, 32, 32)}.${text(LETTERS, 64, 10)}.acm-validations.aws.`,
  };
}

/** Looks for the records of a certificate that was just asked for, until it is too late. */
export function awaitValidation(ctx: Ctx, { arn, method }: Certificate): void {
  ctx.schedule(tooLate, ctx.now + VALIDATION_MS, { arn });
  if (method === 'EMAIL') return;
  ctx.everywhere.put(awaited, { arn, scope: ctx.scope });
  ctx.everywhere.wake(LOOK, arn);
}

export const validation: Reconciler<Awaited, Ctx> = {
  ...LOOK,
  table: awaited,
  // Zones are of no region: what happens in one is told elsewhere than certificates wait.
  wakes: [
    wake(recordsChanged, (ctx: Ctx) => {
      for (const { arn } of ctx.everywhere.list(awaited)) ctx.everywhere.wake(LOOK, arn);
      return [];
    }),
  ],
  step(world, { arn, scope }) {
    const ctx = world.inScope(scope);
    const certificate = ctx.get(certificates, arn);
    if (!certificate) return void world.delete(awaited, arn);
    const dues: number[] = [];
    const validations = certificate.validations.map((one) => {
      if (one.status !== 'PENDING_VALIDATION') return one;
      if (!proven(ctx, one)) return forget(one);
      const seenAt = one.seenAt ?? ctx.now;
      const due = seenAt + ctx.duration(dnsValidation, `${arn} ${one.domainName}`);
      if (due <= ctx.now) return { ...forget(one), status: 'SUCCESS' as const };
      dues.push(due);
      return { ...one, seenAt };
    });
    const after = ctx.update(certificates, certificate, { validations });
    if (validations.every(({ status }) => status === 'SUCCESS')) {
      world.delete(awaited, arn);
      issue(ctx, after);
      return undefined;
    }
    return dues.length > 0 ? Math.min(...dues) : undefined;
  },
};

function forget(one: Validation): Validation {
  const { seenAt: _, ...rest } = one;
  return rest;
}

/** Whether name servers answer with the record. */
function proven(ctx: Ctx, { record }: Validation): boolean {
  if (!record || !ctx.cloud.stands(dns)) return false;
  const choices = ctx.port(dns).choices(ctx, { name: record.name, type: 'CNAME' }) ?? [];
  const plain = (name: string): string => name.toLowerCase().replace(/\.$/, '');
  return (
    choices.length > 0 &&
    choices.every(({ records }) => records.some(({ data }) => plain(data) === plain(record.value)))
  );
}

function issue(ctx: Ctx, certificate: Certificate, renewed: boolean = false): void {
  const { arn } = certificate;
  const notAfter = ctx.now + VALIDITY_MS;
  const serial = ctx.id('certificate-serial', 32).replaceAll(/(..)(?=.)/g, '$1:');
  const after = ctx.update(certificates, certificate, {
    status: 'ISSUED',
    issue: { serial, issuedAt: ctx.now, notBefore: ctx.now, notAfter },
    ...(renewed ? { renewal: { status: 'SUCCESS', updatedAt: ctx.now } } : {}),
  });
  ctx.schedule(renewalDue, notAfter - RENEWAL_BEFORE_MS, { arn, notAfter });
  awaitExpiry(ctx, after);
  tellAvailable(ctx, after, renewed ? 'RENEWAL' : 'ISSUANCE');
}

export const timesOut: TimerHandler<{ arn: string }, Ctx> = {
  kind: tooLate,
  live: (ctx, { arn }) => ctx.get(certificates, arn)?.status === 'PENDING_VALIDATION',
  fire(ctx, { arn }) {
    const certificate = ctx.get(certificates, arn) as Certificate;
    const validations = certificate.validations.map((one) => ({ ...forget(one), status: 'FAILED' as const }));
    ctx.update(certificates, certificate, { status: 'VALIDATION_TIMED_OUT', validations });
    if (ctx.everywhere.get(awaited, arn)) ctx.everywhere.delete(awaited, arn);
  },
};

/** Renewed where something uses it and its records still stand; tried again each day until it expires. */
export const renews: TimerHandler<{ arn: string; notAfter: number }, Ctx> = {
  kind: renewalDue,
  live: stillOf,
  fire(ctx, payload) {
    const certificate = ctx.get(certificates, payload.arn) as Certificate;
    const used = isUsed(ctx, certificate.arn);
    if (used && certificate.method === 'DNS' && certificate.validations.every((one) => proven(ctx, one)))
      return issue(ctx, certificate, true);
    if (used)
      ctx.update(certificates, certificate, {
        renewal: { status: 'PENDING_VALIDATION', updatedAt: ctx.now },
      });
    ctx.schedule(renewalDue, ctx.now + DAY_MS, payload);
  },
};
