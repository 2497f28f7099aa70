import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sandtable, start } from './sandtable.ts';

const UP = ['up', '--port', '0'];
let folder: string;

beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'sandtable-ready-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A program as a file, for what no shell's quoting should get at. */
function program(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

/** What has ended, and was not yet looked after by whoever inherited it, runs no more. */
function runs(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return /^[^Z]/.test(stdout.trim());
}

describe('sandtable up --once-ready', () => {
  it('runs a command against the endpoint, and exits as it does', async () => {
    const file = program(
      'ask.mjs',
      `const { AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_REGION, AWS_PROFILE } = process.env;
      const { status } = await (await fetch(AWS_ENDPOINT_URL + '/_sandtable/health')).json();
      console.log(JSON.stringify([status, AWS_ACCESS_KEY_ID, AWS_REGION, AWS_PROFILE, process.argv.slice(2)]));
      process.exitCode = 42;`,
    );
    const args = [...UP, '--once-ready', '--', process.execPath, file, '--port', 'a b'];
    const environment = { AWS_PROFILE: 'production', AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'AKIAREAL' };
    const { code, out, err } = await start(args, folder, environment).ended;
    expect(JSON.parse(out)).toEqual(['ok', 'test', 'eu-west-1', null, ['--port', 'a b']]);
    expect(err).toMatch(/^Sandtable serves a local AWS at http:\/\/127\.0\.0\.1:\d+\n$/);
    expect(code).toBe(42);
  });

  it('takes a line for the shell as well', async () => {
    const line = 'test "$AWS_DEFAULT_REGION" = us-east-1 && echo "at $AWS_ENDPOINT_URL" && exit 7';
    const environment = { AWS_REGION: '', AWS_DEFAULT_REGION: '' };
    const { code, out } = await start([...UP, '--once-ready', line], folder, environment).ended;
    expect(out).toMatch(/^at http:\/\/127\.0\.0\.1:\d+\n$/);
    expect(code).toBe(7);
  });

  it('passes a signal on, waits for the command, and exits with 128 and its number where it ended so', async () => {
    const polite = program(
      'polite.sh',
      'trap "echo bye; exit 5" TERM; echo begun; while :; do sleep 0.05; done',
    );
    const one = start([...UP, '--once-ready', '--', 'sh', polite]);
    await one.printed('begun');
    one.process.kill('SIGTERM');
    expect(await one.ended).toMatchObject({ code: 5, out: 'begun\nbye\n' });
    const other = start([...UP, '--once-ready', 'echo begun; exec sleep 60']);
    await other.printed('begun');
    other.process.kill('SIGINT');
    expect(await other.ended).toMatchObject({ code: 130 });
  });

  it('leaves nothing running that the command started', async () => {
    const { code, out } = await sandtable(...UP, '--once-ready', 'sleep 60 >/dev/null 2>&1 & echo $!');
    expect(code).toBe(0);
    const pid = Number(out);
    expect(pid).toBeGreaterThan(1);
    for (let look = 0; look < 50 && runs(pid); look += 1) await pause(20);
    expect(runs(pid)).toBe(false);
  });

  it.each([
    [['--once-ready'], "Option '--once-ready <value>' argument missing"],
    [['--once-ready', ''], '--once-ready was given no command.'],
    [['--once-ready', '--'], '--once-ready was given no command.'],
    [['--once-ready', 'true', '--', 'false'], '--once-ready was given true and, after --, false.'],
    [['--once-ready', 'true', '--json'], 'With --once-ready the output is that of the command'],
    [['--once-ready', '--', './no-such-program'], './no-such-program cannot be run'],
    [['--init', ' '], '--init was given no command.'],
    [['npm', 'test'], 'up takes no arguments; it was given npm test.'],
  ])('is told of %j and exits with 2', async (args, message) => {
    const { code, out, err } = await sandtable(...UP, ...args);
    expect(err).toContain(message);
    expect(err).not.toMatch(/\n\s+at /);
    expect([code, out]).toEqual([2, '']);
  });
});

describe('sandtable up for programs that start it', () => {
  it('says in one line of JSON where it serves, once what is to be set up has been', async () => {
    const seeded = join(folder, 'seeded');
    const seed = `curl -s $AWS_ENDPOINT_URL/_localstack/init/ready > ${seeded}; echo seeded`;
    const running = start([...UP, '--json', '--init', seed]);
    const out = await running.printed('\n');
    const { url, port, pid, environment } = JSON.parse(out) as {
      url: string;
      port: number;
      pid: number;
      environment: Record<string, string>;
    };
    expect(pid).toBe(running.process.pid);
    expect(url).toBe(`http://127.0.0.1:${port}`);
    expect(environment).toEqual({
      AWS_ENDPOINT_URL: url,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_REGION: 'us-east-1',
      AWS_DEFAULT_REGION: 'us-east-1',
    });
    expect(readFileSync(seeded, 'utf8')).toBe('{"completed": false, "scripts": []}');
    const after = await fetch(`${url}/_localstack/init/ready`);
    expect(await after.json()).toEqual({ completed: true, scripts: [] });
    running.process.kill('SIGTERM');
    const { code, err } = await running.ended;
    expect(code).toBe(0);
    // What people are told goes elsewhere.
    expect(err).toContain('seeded\n');
  });

  it('ends with the exit code of a set-up that fails, and runs nothing after it', async () => {
    const mark = join(folder, 'mark');
    const { code } = await sandtable(...UP, '--init', 'exit 9', '--once-ready', `touch ${mark}`);
    expect(code).toBe(9);
    expect(existsSync(mark)).toBe(false);
  });
});
