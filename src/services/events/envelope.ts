// Events as targets see them.
// https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html

import { formatIso } from '#contract/protocols/timestamp.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Json, JsonObject } from '#cloud/json.ts';

export interface Envelope extends Readonly<Record<string, Json>> {
  readonly version: '0';
  readonly id: string;
  readonly 'detail-type': string;
  readonly source: string;
  /** From which it comes, whichever account it has got to. */
  readonly account: string;
  /** To the second. */
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: JsonObject;
}

interface Content {
  readonly source: string;
  readonly detailType: string;
  readonly resources: readonly string[];
  readonly detail: JsonObject;
  /** Epoch ms. */
  readonly time: number;
}

/** A new event of the account of `ctx`. */
export function envelope(ctx: Ctx, { source, detailType, resources, detail, time }: Content): Envelope {
  return {
    version: '0',
    id: ctx.uuid('bridge-event'),
    'detail-type': detailType,
    source,
    account: ctx.account,
    time: toSecond(time),
    region: ctx.region,
    resources,
    detail,
  };
}

/** `2017-12-22T18:43:48Z` */
function toSecond(instant: number): string {
  return formatIso(instant - (instant % 1000)).replace(/\.\d+Z$/, 'Z');
}
