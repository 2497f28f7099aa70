import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { claims } from '../../rehearsals/claims.ts';
import { sandtable, start } from './sandtable.ts';
import type { Running } from './sandtable.ts';

describe('wrong use', () => {
  it.each([
    [
      ['frob'],
      'There is no command "frob".',
      'Use one of: up, stage, rehearse, compare, claims, snapshot, clock, start.',
    ],
    [['up', '--frob'], "Unknown option '--frob'", 'See: sandtable up --help'],
    [['up', '--port', '99999'], '--port is a number from 0 to 65535; it was "99999".', 'Give a free port'],
    [
      ['up', '--clock', 'fast'],
      'A clock is real, virtual, manual or a rate such as x60; it was "fast".',
      '--clock',
    ],
    [['up', '--timings', 'slow'], 'Timings are instant or typical; they were "slow".', 'Use instant'],
    [['up', '--data', 'README.md'], 'README.md is not a folder', 'Give a folder of its own with --data'],
    [['up', '--snapshot', 'none'], 'There is no snapshot none in', 'sandtable snapshot list'],
    [['snapshot', 'save'], 'snapshot takes an action', 'sandtable snapshot save NAME | list | delete NAME'],
    [['rehearse'], 'rehearse needs at least one rehearsal file.', 'sandtable rehearse FILE'],
    [
      ['compare', 'x.ts', '--driver', 'magic'],
      'A driver is modelled or process; it was "magic".',
      'Use modelled',
    ],
    [
      ['rehearse', 'x.ts', '--baseline', '/none.json'],
      'The baseline /none.json cannot be read',
      '--json > FILE',
    ],
    [
      ['clock', '--advance', 'soon'],
      '--advance takes a time such as 90s, 5m or 2h; it was "soon".',
      'Units are',
    ],
    [['clock', '--url', 'http://127.0.0.1:9'], 'Nothing answers at http://127.0.0.1:9.', 'sandtable up'],
  ])('sandtable %j is told and exits with 2', async (args, message, hint) => {
    const { code, out, err } = await sandtable(...args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(message);
    expect(err.slice(err.indexOf('\n'))).toContain(hint);
    // A message and what to do: no stack.
    expect(err).not.toMatch(/\n\s+at /);
  });
});

it('lists every claim', async () => {
  const { code, out } = await sandtable('claims', '--json');
  const rows = JSON.parse(out) as { id: string; claim: string; verdict: string }[];
  expect(code).toBe(0);
  expect(rows).toHaveLength(94);
  expect(rows.map(({ id }) => id)).toEqual(claims.map(({ id }) => id));
  expect(rows.some(({ verdict }) => verdict !== 'not rehearsed yet')).toBe(true);
});

describe('sandtable up', () => {
  let blocker: ReturnType<typeof createServer>;
  let taken: number;
  let running: Running;
  let url: string;

  beforeAll(async () => {
    blocker = createServer();
    await new Promise<void>((resolve) => void blocker.listen(0, '127.0.0.1', resolve));
    taken = (blocker.address() as AddressInfo).port;
    running = start(['up', '--port', String(taken), '--clock', 'manual']);
    const greeting = await running.printed('AWS_DEFAULT_REGION');
    [, url = ''] = /a local AWS at (\S+)/.exec(greeting) ?? [];
    expect(greeting).toContain(`(port ${taken} was taken)`);
  }, 30_000);
  afterAll(() => {
    running.process.kill();
    blocker.close();
  });

  it('takes the next port where one is taken, and says so', () => {
    expect(Number(new URL(url).port)).toBeGreaterThan(taken);
  });

  it('has a clock that the command shows and moves', async () => {
    const shown = await sandtable('clock', '--url', url);
    expect(shown.out).toContain('manual: waits to be advanced');
    const moved = await sandtable('clock', '--url', url, '--advance', '2h', '--mode', 'virtual');
    expect(Date.parse(moved.out.split(' ')[0] ?? '') - Date.parse(shown.out.split(' ')[0] ?? '')).toBe(
      7_200_000,
    );
    expect(moved.out).toContain('nothing is pending');
  });

  it('says that something else answers', async () => {
    const other = createServer((socket) => {
      socket.on('error', () => {});
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi');
    });
    await new Promise<void>((resolve) => void other.listen(0, '127.0.0.1', resolve));
    const address = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    const { code, err } = await sandtable('clock', '--url', address);
    other.close();
    expect(code).toBe(2);
    expect(err).toContain(`What answers at ${address} is not Sandtable.`);
  });
});

it.each(['SIGINT', 'SIGTERM'] as const)(
  'sandtable up ends in order on %s, with a client connected',
  async (signal) => {
    const running = start(['up', '--port', '0']);
    const greeting = await running.printed('AWS_DEFAULT_REGION');
    expect(greeting).not.toContain('was taken');
    const [, url = ''] = /a local AWS at (\S+)/.exec(greeting) ?? [];
    expect((await fetch(`${url}/_sandtable/health`)).status).toBe(200);
    const from = performance.now();
    running.process.kill(signal);
    const ended = await running.ended;
    expect([ended.code, ended.signal, ended.err]).toEqual([0, null, '']);
    expect(performance.now() - from).toBeLessThan(2000);
  },
);

it('sandtable start ends at once on Ctrl-C in the middle of its rehearsals', async () => {
  const running = start(['start', '--port', '0']);
  await running.printed('a local AWS at');
  running.process.kill('SIGINT');
  const from = performance.now();
  const { signal, out } = await running.ended;
  expect(signal).toBe('SIGINT');
  expect(out).not.toContain('availability');
  expect(performance.now() - from).toBeLessThan(2000);
});
