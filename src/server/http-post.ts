// Delivers notifications to HTTP(S) endpoints on this computer, for worlds that are served. Endpoints elsewhere are not reached:
// a stack that is tried out here must not ring anybody's pager.

import { request as requestHttp } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Performer, Performers } from '#world/index.ts';

/** What is to be posted; SNS's effect. */
interface Post {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface Answer {
  readonly status?: number;
}

/** https://docs.aws.amazon.com/sns/latest/dg/SendMessageToHttp.prepare.html */
const TIMEOUT_MS = 15_000;

const LOOPBACK = /^(?:localhost|(?:[a-z0-9-]+\.)+localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i;

/** By the name of the effect: this floor knows no service. */
export const performers: Performers = { 'sns/http-post': post as Performer };

/** Nothing for a status where nothing answers in time. */
async function post({ url, headers, body }: Post, { signal }: { signal: AbortSignal }): Promise<Answer> {
  const target = new URL(url);
  if (!LOOPBACK.test(target.hostname)) return {};
  const request = target.protocol === 'https:' ? (await import('node:https')).request : requestHttp;
  const auth =
    target.username === ''
      ? {}
      : { auth: `${decodeURIComponent(target.username)}:${decodeURIComponent(target.password)}` };
  const bytes = Buffer.from(body);
  const options = {
    method: 'POST',
    headers: { ...headers, 'content-length': bytes.length },
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    ...auth,
  };
  return new Promise((resolve) => {
    const sent: ClientRequest = request(target, options, (response: IncomingMessage) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0 });
    });
    sent.on('error', () => resolve({}));
    sent.end(bytes);
  });
}
