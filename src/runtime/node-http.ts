// Node's HTTP, asked for instead of imported. An import statement makes Node look at every member of the module, and behind one of
// them, `WebSocket`, stands all of its fetch: 30 ms and 14 MB of every start, for something that nothing here uses.

import type * as Http from 'node:http';
import { createRequire } from 'node:module';

const http = createRequire(import.meta.url)('node:http') as typeof Http;

export const createServer: typeof Http.createServer = http.createServer;
export const request: typeof Http.request = http.request;
