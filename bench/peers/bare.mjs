// The ceiling: Node's own HTTP server with nothing behind it. Small requests are answered as in ../hello.mjs; bodies of objects are
// taken in before they are answered, and given out as they are.

import { createServer } from 'node:http';

const objects = new Map([
  ['/peers/small', Buffer.alloc(1024, 'a')],
  ['/peers/large', Buffer.alloc(10 * 1024 * 1024, 'a')],
]);

createServer((request, response) => {
  if (request.method === 'PUT') request.on('end', () => response.end()).resume();
  else response.end(objects.get(request.url.split('?')[0]) ?? '{}');
}).listen(Number(process.argv[2]), '127.0.0.1');
