// The baseline of the endpoint's figures: the smallest server that Node can be.

import { createServer } from 'node:http';

createServer((_, response) => response.end('{}')).listen(Number(process.argv[2]), '127.0.0.1');
