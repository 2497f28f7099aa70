// A small web server. How long it takes, and which requests fail, is said in release.json, so that what it really does and
// what sandtable.yml says of it can be compared.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const { HOST = '0.0.0.0', PORT = '8080' } = process.env;
const release = JSON.parse(readFileSync(new URL('release.json', import.meta.url), 'utf8'));

let requests = 0;
let second = 0;
let inSecond = 0;
let lastSecond = 0;

/** Milliseconds of work for request `n`: the release's distribution, walked through evenly. */
function workMs(n) {
  const at = (n * 0.6180339887498949) % 1;
  const { latencyMs: points } = release;
  const above = points.findIndex(([share]) => share >= at);
  const [[fromShare, fromMs], [toShare, toMs]] = [points[Math.max(0, above - 1)], points[above]];
  return toShare === fromShare ? toMs : fromMs + ((toMs - fromMs) * (at - fromShare)) / (toShare - fromShare);
}

/** Whether request `n` fails: so many of each hundred, after a second with more requests than the release can take. */
function fails(n) {
  const now = Math.floor(Date.now() / 1000);
  if (now !== second) [lastSecond, inSecond, second] = [now === second + 1 ? inSecond : 0, 0, now];
  inSecond += 1;
  return lastSecond > release.failsAbovePerSecond && n % 100 < release.failuresPerHundred;
}

function answer(response, status, body) {
  response.writeHead(status, { 'content-type': 'text/plain', 'x-version': release.version });
  response.end(`${body}\n`);
}

const server = createServer((request, response) => {
  if (request.url === '/health') return answer(response, 200, 'ok');
  requests += 1;
  const status = fails(requests) ? 500 : 200;
  setTimeout(() => answer(response, status, `web ${release.version}`), workMs(requests));
});

process.on('SIGTERM', () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});

// Stands for what servers do before they listen: read configuration, open connections, warm caches.
setTimeout(() => server.listen(Number(PORT), HOST), release.startMs);
