// Answers that come from outside to pre-signed URLs: of custom resources, and signals to wait conditions.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref-responses.html

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import { percentDecoded } from '#contract/protocols/bytes.ts';
import type { WireResponse } from '#contract/wire.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { endpointOf } from '#cloud/endpoint.ts';
import type { Door } from '#cloud/endpoint.ts';
import {
  REMOVAL_LIFE,
  removalKey,
  removals,
  RESOURCE_LIFE,
  resourceKey,
  resources,
  signals,
  stacks,
} from './rows.ts';

/** A request to a custom resource, and its answer once that is there. */
export interface CustomRequest {
  readonly requestId: string;
  readonly stackId: string;
  readonly logicalId: string;
  /** As it came, if it did. */
  readonly answer?: string;
}
export const customRequests: Table<CustomRequest> = table<CustomRequest>(
  'cloudformation/custom-requests',
  (row) => row.requestId,
);

const RESPONSES = '/cloudformation-custom-resource-response-';
const WAITS = '/cloudformation-waitcondition-';
/** Bytes: "The total size of the response body can't exceed 4096 bytes". */
const LARGEST_ANSWER = 4096;
/** AWS says nothing of signals; they are kept, so there is an end to them. */
const LARGEST_SIGNAL = 65_536;

/** Which request a custom resource answered last, among its attributes. */
export const REQUEST = ' request';

/** Where a custom resource answers. AWS signs the URL; here the request's id, which nobody can guess, is the key to it. */
export function responseUrl(ctx: Ctx, { stackId, logicalId, requestId }: CustomRequest): string {
  const place = encodeURIComponent(`${stackId}|${logicalId}|${requestId}`);
  return `${endpointOf(ctx)}${RESPONSES}${ctx.region.replaceAll('-', '')}/${place}`;
}

/** Where a wait condition's handle is signalled. */
export function handleUrl(ctx: Ctx, stackId: string, logicalId: string): string {
  const place = `${encodeURIComponent(stackId)}/${logicalId}`;
  return `${endpointOf(ctx)}${WAITS}${ctx.region}/${place}`;
}

/** The stack, resource and request of a path. */
function placeIn(path: string, prefix: string): readonly string[] {
  const rest = path.slice(prefix.length);
  const text = percentDecoded(rest.slice(rest.indexOf('/') + 1), false) ?? '';
  return prefix === RESPONSES
    ? text.split('|')
    : [text.slice(0, text.lastIndexOf('/')), text.slice(text.lastIndexOf('/') + 1)];
}

function inStack(ctx: Ctx, stackId: string): Ctx | undefined {
  const [, , , region = '', account = ''] = stackId.split(':');
  const home = ctx.in({ account, region });
  return home.get(stacks, stackId) && home;
}

function plain(status: number): WireResponse {
  return { status, headers: {}, body: new Uint8Array() };
}

/** Takes an answer to a URL; false where nothing waits for it. */
function takeAnswer(ctx: Ctx, path: string, body: string): boolean {
  const [stackId = '', , requestId = ''] = placeIn(path, RESPONSES);
  const home = inStack(ctx, stackId);
  const request = home?.get(customRequests, requestId);
  if (!home || !request || request.answer !== undefined || body.length > LARGEST_ANSWER) return false;
  home.update(customRequests, request, { answer: body });
  home.wake(RESOURCE_LIFE, resourceKey(stackId, request.logicalId));
  for (const { id, logicalId } of home.scan(removals, { prefix: `${stackId} ` })) {
    if (logicalId === request.logicalId) home.wake(REMOVAL_LIFE, removalKey(stackId, id));
  }
  return true;
}

interface WaitSignal {
  readonly Status?: unknown;
  readonly UniqueId?: unknown;
  readonly Data?: unknown;
  readonly Reason?: unknown;
}

/** Takes a signal to a handle; false where it is none. */
function takeSignal(ctx: Ctx, path: string, body: string): boolean {
  const [stackId = '', logicalId = ''] = placeIn(path, WAITS);
  const home = inStack(ctx, stackId);
  let signal: WaitSignal;
  try {
    signal = JSON.parse(body) as WaitSignal;
  } catch {
    return false;
  }
  const { Status, UniqueId, Data, Reason } = signal ?? {};
  if (!home || typeof UniqueId !== 'string' || (Status !== 'SUCCESS' && Status !== 'FAILURE')) return false;
  const key = `${stackId} ${logicalId} ${UniqueId}`;
  if (!home.get(signals, key)) {
    home.put(signals, {
      stackId,
      logicalId,
      uniqueId: UniqueId,
      status: Status,
      at: ctx.now,
      ...(typeof Data === 'string' && { data: Data }),
      ...(typeof Reason === 'string' && { reason: Reason }),
    });
  }
  for (const row of home.scan(resources, { prefix: `${stackId} ` })) {
    if (row.type === 'AWS::CloudFormation::WaitCondition' && row.task)
      home.wake(RESOURCE_LIFE, resourceKey(stackId, row.logicalId));
  }
  return true;
}

function pathOf(url: string): string {
  return /^[a-z]+:\/\/[^/]+(\/[^?]*)/.exec(url)?.[1] ?? url;
}

/** An answer from inside the world, by the URL that was handed out. */
export function answer(ctx: Ctx, url: string, body: string): boolean {
  const path = pathOf(url);
  return path.startsWith(RESPONSES) ? takeAnswer(ctx, path, body) : takeSignal(ctx, path, body);
}

export const doors: readonly Door[] = [
  {
    path: RESPONSES,
    open(ctx, { method, path, body }) {
      if (method !== 'PUT') return plain(405);
      if (body.length > LARGEST_ANSWER) return plain(400);
      return plain(takeAnswer(ctx, path, new TextDecoder().decode(body)) ? 200 : 403);
    },
  },
  {
    path: WAITS,
    open(ctx, { method, path, body }) {
      if (method !== 'PUT') return plain(405);
      if (body.length > LARGEST_SIGNAL) return plain(400);
      return plain(takeSignal(ctx, path, new TextDecoder().decode(body)) ? 200 : 403);
    },
  },
];
