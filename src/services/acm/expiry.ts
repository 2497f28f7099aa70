// The end of certificates, and the events that warn of it each day, from as many days before as the account wants.
// https://docs.aws.amazon.com/acm/latest/APIReference/API_PutAccountConfiguration.html

import { timer } from '#world/index.ts';
import type { TimerHandler, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { tellApproaching, tellExpired } from './events.ts';
import { accountConfigurations, certificates } from './tables.ts';
import type { AccountConfiguration, Certificate } from './tables.ts';
import { DAY_MS, TOKEN_MS } from './timings.ts';

const DEFAULT_DAYS = 45;

interface End {
  arn: string;
  notAfter: number;
  /** Another import of the same certificate has timers of its own. */
  issuedAt?: number;
}
const expiry: TimerKind<End> = timer<End>('acm/expiry', { background: true });

/** What the account wanted when it was set. */
type Warning = End & { configuration: number };
const warningDue: TimerKind<Warning> = timer<Warning>('acm/expiry-warning', { background: true });

/** Whether a certificate still ends when a timer thought that it would. */
export function stillOf(ctx: Ctx, { arn, notAfter, issuedAt }: End): boolean {
  const { status, issue } = ctx.get(certificates, arn) ?? {};
  return (
    status === 'ISSUED' &&
    issue?.notAfter === notAfter &&
    (issuedAt === undefined || issue.issuedAt === issuedAt)
  );
}

export function awaitExpiry(ctx: Ctx, { arn, issue }: Certificate): void {
  if (!issue) return;
  const { notAfter, issuedAt } = issue;
  ctx.schedule(expiry, notAfter, { arn, notAfter, issuedAt });
  scheduleWarning(ctx, { arn, notAfter, issuedAt });
}

function configuration(ctx: Ctx): Omit<AccountConfiguration, 'id'> {
  return ctx.get(accountConfigurations, 'configuration') ?? { days: DEFAULT_DAYS, changes: 0, tokens: [] };
}

/** On the next of the days whose number counts down to the end. */
function scheduleWarning(ctx: Ctx, end: End): void {
  const { notAfter } = end;
  const { days, changes } = configuration(ctx);
  const left = Math.min(Math.floor((notAfter - ctx.now) / DAY_MS), days);
  if (left > 0) ctx.schedule(warningDue, notAfter - left * DAY_MS, { ...end, configuration: changes });
}

export const warns: TimerHandler<Warning, Ctx> = {
  kind: warningDue,
  live: (ctx, payload) => stillOf(ctx, payload) && payload.configuration === configuration(ctx).changes,
  fire(ctx, payload) {
    tellApproaching(ctx, ctx.get(certificates, payload.arn) as Certificate);
    const next = ctx.now + DAY_MS;
    if (next < payload.notAfter) ctx.schedule(warningDue, next, payload);
  },
};

export const expires: TimerHandler<End, Ctx> = {
  kind: expiry,
  live: stillOf,
  fire(ctx, { arn }) {
    const certificate = ctx.get(certificates, arn) as Certificate;
    tellExpired(ctx, ctx.update(certificates, certificate, { status: 'EXPIRED' }));
  },
};

export const accountOperations: Operations<'acm'> = {
  PutAccountConfiguration(ctx, { ExpiryEvents, IdempotencyToken }) {
    const days = ExpiryEvents?.DaysBeforeExpiry;
    if (days === undefined) throw new Fault('ValidationException', 'Configuration for events is empty.');
    const before = configuration(ctx);
    const tokens = before.tokens.filter(({ until }) => until > ctx.now);
    if (tokens.some(({ text }) => text === IdempotencyToken)) return;
    ctx.put(accountConfigurations, {
      id: 'configuration',
      days,
      changes: before.changes + 1,
      tokens: [...tokens, { text: IdempotencyToken, until: ctx.now + TOKEN_MS }],
    });
    for (const { arn, issue, status } of ctx.list(certificates)) {
      if (!issue || status !== 'ISSUED') continue;
      scheduleWarning(ctx, { arn, notAfter: issue.notAfter, issuedAt: issue.issuedAt });
    }
  },

  GetAccountConfiguration: (ctx) => ({ ExpiryEvents: { DaysBeforeExpiry: configuration(ctx).days } }),
};
