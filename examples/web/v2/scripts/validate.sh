#!/bin/sh
# Waits until the server is healthy, at most 30 seconds.
set -eu
node - <<'JS'
const { HOST = '127.0.0.1', PORT = '8080' } = process.env;
const url = `http://${HOST === '0.0.0.0' ? '127.0.0.1' : HOST}:${PORT}/health`;
for (let tries = 0; tries < 30; tries += 1) {
  const status = await fetch(url).then((response) => response.status, () => 'no answer');
  if (status === 200) {
    console.log(`${url}: ${status}`);
    process.exit(0);
  }
  await new Promise((done) => setTimeout(done, 1000));
}
console.error(`${url}: not healthy within 30 seconds`);
process.exit(1);
JS
