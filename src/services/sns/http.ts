// Deliveries to HTTP(S) endpoints outside the world: an effect that whoever serves the world performs. Where nobody does, as in
// a rehearsal on modelled machines, every attempt fails as if nothing listened there.
// https://docs.aws.amazon.com/sns/latest/dg/sns-http-https-endpoint-as-subscriber.html

import { effect } from '#world/index.ts';
import type { EffectKind } from '#world/index.ts';

export interface HttpPost {
  /** The delivery and how often it failed before: an answer to an earlier attempt counts for nothing. */
  readonly id: string;
  readonly failures: number;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** No status: nothing answered, or not in time. */
export interface HttpAnswer {
  readonly status?: number;
}

/** Real endpoints take their time, and may call AWS themselves before they answer. */
export const httpPost: EffectKind<HttpPost, HttpAnswer> = effect('sns/http-post', 'attached', 'paces');

/** Any answer from 200 to 499 within 15 seconds is a success: SendMessageToHttp.prepare.html in the guide above. */
export function isDelivered({ status }: HttpAnswer): boolean {
  return status !== undefined && status >= 200 && status < 500;
}
