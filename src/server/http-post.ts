// Delivers notifications to HTTP(S) endpoints on this computer, for worlds that are served. Endpoints elsewhere are not reached:
// a stack that is tried out here must not ring anybody's pager.

import { lookup } from 'node:dns';
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { LookupFunction } from 'node:net';
import { request as requestHttp } from '#runtime/node-http.ts';
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

/** A name under localhost leads to this computer, whatever a name server elsewhere says. */
const onThisComputer: LookupFunction = (name, options, done) => {
  lookup(name, { ...options, all: true }, (error, found) => {
    const here = found?.filter(({ address }) => address === '::1' || address.startsWith('127.')) ?? [];
    const [first] = here;
    if (!first) return done(error ?? new Error(`${name} is not this computer.`), '', 0);
    if (options.all === true) return done(null, here);
    done(null, first.address, first.family);
  });
};

/** By the name of the effect: this floor knows no service. */
export const performers: Performers = { 'sns/http-post': post as Performer };

/** Nothing for a status where nothing answers in time. */
async function post({ url, headers, body }: Post, { signal }: { signal: AbortSignal }): Promise<Answer> {
  const target = URL.parse(url);
  if (!target || !/^https?:$/.test(target.protocol) || !LOOPBACK.test(target.hostname)) return {};
  const request = target.protocol === 'https:' ? (await import('node:https')).request : requestHttp;
  const auth = target.username === '' ? {} : { auth: `${plain(target.username)}:${plain(target.password)}` };
  const bytes = Buffer.from(body);
  const options = {
    method: 'POST',
    lookup: onThisComputer,
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

/** As it was before it was written into a URL; as it stands, where it was never percent-encoded. */
function plain(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
