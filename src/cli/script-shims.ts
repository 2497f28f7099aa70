// What stands in a rehearsed script's way to real time and to AWS itself: programs first on its PATH, and a start-up file of
// Python's, by which `time.sleep` of every Python program, the AWS CLI among them, waits for the world's time.

import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the shims find the world: host:port. */
export const ADDRESS = 'SANDTABLE_SCRIPT';

const SLEEP = `// sleep(1), in the world's time.
const UNITS = { '': 1, s: 1, m: 60, h: 3600, d: 86400 };
const given = process.argv.slice(2);
let seconds = 0;
for (const text of given) {
  const [, count, unit = ''] = /^(\\d+\\.?\\d*|\\.\\d+|inf|infinity)([smhd]?)$/.exec(text) ?? [];
  if (count === undefined) {
    console.error('sleep: invalid time interval ' + JSON.stringify(text));
    process.exit(1);
  }
  seconds += count.startsWith('inf') ? 1e9 : Number(count) * UNITS[unit];
}
if (given.length === 0) {
  console.error('sleep: missing operand');
  process.exit(1);
}
const body = JSON.stringify({ pid: process.pid, ms: Math.round(seconds * 1000), ends: true });
await fetch('http://' + process.env.${ADDRESS} + '/_sandtable/script/sleep', { method: 'POST', body });
`;

const TRAFFIC = `// sandtable-traffic HOST=RATE or URL=RATE: starts requests to a load balancer.
for (const text of process.argv.slice(2)) {
  const [, where, rate] = /^(.+)=(\\d+(?:\\.\\d+)?)(?:\\/s)?$/.exec(text) ?? [];
  const url = where && URL.parse(where.includes('://') ? where : 'http://' + where);
  if (!url) {
    console.error('sandtable-traffic takes HOST=RATE or URL=RATE; it was ' + JSON.stringify(text));
    process.exit(2);
  }
  const body = JSON.stringify({
    host: url.hostname, port: Number(url.port || (url.protocol === 'https:' ? 443 : 80)), path: url.pathname + url.search, ratePerSecond: Number(rate),
  });
  const answer = await fetch('http://' + process.env.${ADDRESS} + '/_sandtable/script/traffic', { method: 'POST', body });
  if (!answer.ok) {
    console.error('sandtable-traffic: ' + (await answer.json()).message);
    process.exit(1);
  }
}
`;

const PYTHON = `# Sleeping in a rehearsed script passes the world's time. Sandtable puts this first on PYTHONPATH.
import os
import sys


def _begin():
    host, _, port = os.environ['${ADDRESS}'].rpartition(':')
    import atexit
    import socket
    import time

    def tell(route, body):
        text = '{"pid":"%d"%s}' % (os.getpid(), body)
        head = 'POST /_sandtable/script/%s HTTP/1.1\\r\\nHost: %s:%s\\r\\nConnection: close\\r\\nContent-Length: %d\\r\\n\\r\\n'
        with socket.create_connection((host, int(port))) as wire:
            wire.sendall((head % (route, host, port, len(text)) + text).encode())
            while wire.recv(4096):
                pass

    def end():
        try:
            tell('end', '')
        except OSError:
            pass

    real = time.sleep

    def sleep(seconds):
        if not seconds > 0:
            return real(seconds)
        try:
            tell('sleep', ',"ms":%r' % (float(seconds) * 1000))
        except OSError:
            real(seconds)

    tell('begin', '')
    atexit.register(end)
    time.sleep = sleep


def _next():
    """A start-up file of the user's own comes after this one."""
    import importlib.machinery
    import importlib.util

    here = os.path.dirname(os.path.abspath(__file__))
    rest = [path for path in sys.path if os.path.abspath(path) != here]
    spec = importlib.machinery.PathFinder.find_spec('sitecustomize', rest)
    if spec and spec.loader:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


if '${ADDRESS}' in os.environ:
    try:
        _begin()
    except OSError:
        pass
_next()
`;

export interface Shims {
  /** First on PATH. */
  readonly commands: string;
  /** First on PYTHONPATH. */
  readonly python: string;
}

/**
 * Writes the shims under a folder of the script's own. `aws` is where the AWS CLI lies, if anywhere: version 1 has addresses of
 * its own for SQS, RDS and some others, which take precedence over AWS_ENDPOINT_URL.
 */
export function writeShims(folder: string, aws: string | undefined): Shims {
  const [commands, python] = [join(folder, 'bin'), join(folder, 'python')];
  for (const made of [commands, python]) mkdirSync(made);
  writeFileSync(join(python, 'sitecustomize.py'), PYTHON);
  const command = (name: string, line: string): void => {
    writeFileSync(join(commands, name), `#!/bin/sh\nexec ${line} "$@"\n`);
    chmodSync(join(commands, name), 0o755);
  };
  for (const [name, text] of [
    ['sleep', SLEEP],
    ['sandtable-traffic', TRAFFIC],
  ] as const) {
    writeFileSync(join(folder, `${name}.mjs`), text);
    command(name, `${quoted(process.execPath)} ${quoted(join(folder, `${name}.mjs`))}`);
  }
  if (aws !== undefined) command('aws', `${quoted(aws)} --endpoint-url "$AWS_ENDPOINT_URL"`);
  return { commands, python };
}

/** A path as one word of a shell's. */
function quoted(path: string): string {
  return `'${path.replaceAll("'", String.raw`'\''`)}'`;
}
