// What scripts of machines look at: the machine's own ports, and AWS under the role of the instance.

import type { Caller, Outcome } from '#cloud/caller.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Timing } from '#cloud/timing.ts';
import { instances } from '#cloud/ports/instances.ts';
import type { Reachability } from '#cloud/ports/instances.ts';
import { applicationOn, medianMicros } from '../application.ts';
import { instanceRole } from '../cfn-bootstrap/requests.ts';
import { NO_CREDENTIALS, SERVICE_ERROR, UNREACHABLE } from '../machine-scripts/aws-cli.ts';
import { REFUSED, SILENT } from '../machine-scripts/actions.ts';
import type { AwsRequest, Look, OwnRequest, Result } from '../machine-scripts/actions.ts';
import { helperGivesUp, helperRequest, localRequest } from '../timings.ts';

/** Until it is clear that an application that hangs does not answer, where nobody says how long that may take. */
const CONNECTED_MS = 1;

const HOSTS: Readonly<Record<AwsRequest['service'], string>> = {
  autoscaling: 'autoscaling',
  elasticloadbalancing: 'elasticloadbalancing',
  'elasticloadbalancing-classic': 'elasticloadbalancing',
};

/** What a look finds, and what is wrong where it finds an error. */
export interface Seen extends Result {
  readonly problem?: string;
}

/** What is seen now. Nothing is written but what a request itself changes. */
export function seen(ctx: Ctx, instanceId: string, look: Look): Seen {
  return look.kind === 'look' ? onPort(ctx, instanceId, look.of) : answered(ctx, instanceId, look.of);
}

/** Whether a look brought an error instead of an answer. */
export function failed(look: Look, { status }: Result): boolean {
  return look.kind === 'ask' && status !== 0;
}

/** Whether a look is about its own machine alone. */
export function isOwn(look: Look, instanceId: string): boolean {
  if (look.kind === 'look') return true;
  const ids = JSON.stringify(look.of.input).match(/\bi-[0-9a-f]+\b/g) ?? [];
  return ids.length > 0 && ids.every((id) => id === instanceId);
}

/** Milliseconds that a look takes. */
export function timeOfLook(
  ctx: Ctx,
  instanceId: string,
  look: Look,
  draw: (timing: Timing) => number,
): number {
  if (look.kind === 'ask') return draw(reach(ctx, instanceId, look.of).ok ? helperRequest : helperGivesUp);
  const application = applicationOn(ctx, instanceId, look.of.port);
  if (application?.state === 'hung') return look.of.limitMs ?? CONNECTED_MS;
  const answers = application?.state === 'up' ? Math.ceil(medianMicros(application) / 1000) : 0;
  return Math.min(draw(localRequest) + answers, look.of.limitMs ?? Number.POSITIVE_INFINITY);
}

function onPort(
  ctx: Ctx,
  instanceId: string,
  { port, protocol, path, limitMs, unknown }: OwnRequest,
): Result {
  const application = applicationOn(ctx, instanceId, port);
  if (!application) return { status: unknown ? 200 : REFUSED };
  if (application.state === 'starting') return { status: REFUSED };
  if (protocol === 'TCP') return { status: 200 };
  const late = limitMs !== undefined && medianMicros(application) > limitMs * 1000;
  if (application.state === 'hung' || late) return { status: SILENT };
  return { status: path.split('?')[0] === application.healthPath ? application.healthStatus : 200 };
}

function reach(ctx: Ctx, instanceId: string, { service, region }: AwsRequest): Reachability {
  const host = `${HOSTS[service]}.${region || ctx.region}.amazonaws.com`;
  return ctx.port(instances).reachEndpoint(ctx, instanceId, host);
}

function answered(ctx: Ctx, instanceId: string, request: AwsRequest): Seen {
  const way = reach(ctx, instanceId, request);
  if (!way.ok) return { status: UNREACHABLE, problem: `cannot connect, blocked by ${way.blockedBy}` };
  const as = instanceRole(ctx, instanceId);
  if (!as) return { status: NO_CREDENTIALS, problem: 'Unable to locate credentials' };
  const came = asked(ctx.in({ region: request.region || ctx.region }), request, as);
  if (came.ok) return { status: 0, text: JSON.stringify(came.output) };
  const { shape, message } = came.fault;
  return { status: SERVICE_ERROR, text: shape, problem: `${shape}: ${message}` };
}

function asked(ctx: Ctx, { service, operation, input }: AwsRequest, as: Caller): Outcome {
  const fault = ctx.cloud.problemOf(service, operation, input as Readonly<Record<string, unknown>>);
  return fault ? { ok: false, fault } : ctx.call(service, operation as never, input as never, as);
}
