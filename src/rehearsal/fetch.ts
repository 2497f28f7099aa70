// `fetch` as a rehearsal's script sees it: URLs that AWS hands out lead into the world, everything else where it always does.

import type { Send } from './front-door.ts';

/** Where a world is reached that nobody serves, and AWS's own hosts. */
const AWS = /^(?:127\.0\.0\.1:4566|(?:[a-z0-9-]+\.)*amazonaws\.com)$/;

export function worldFetch(send: Send, elsewhere: typeof fetch): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    const url = new URL(request.url);
    if (!AWS.test(url.host)) return elsewhere(request);
    const headers = Object.fromEntries(request.headers);
    const { status, body } = await send({
      method: request.method,
      path: url.pathname,
      query: url.search.slice(1),
      headers: { ...headers, host: url.host },
      body: new Uint8Array(await request.arrayBuffer()),
      host: url.hostname,
    });
    const bare = status === 204 || status === 304;
    return new Response(bare ? null : new Uint8Array(body), { status });
  };
}
