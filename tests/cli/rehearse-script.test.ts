import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunResult } from '#rehearsal/result.ts';
import { answers } from '../clients/endpoint.ts';
import { sandtable, start } from './sandtable.ts';
import type { Ended } from './sandtable.ts';

const withoutAws = !answers('aws', '--version');
const withoutPython = !answers('python3', '--version');
/** For computers that are busy: each command of the AWS CLI starts a Python of its own. */
const PATIENCE_MS = 120_000;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sandtable-script-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function script(name: string, text: string): Promise<string> {
  const path = join(folder, `${name}.sh`);
  await writeFile(path, text);
  return path;
}

async function rehearse(name: string, text: string, ...more: string[]): Promise<Ended> {
  return sandtable('rehearse', await script(name, text), '--json', ...more);
}

function resultOf({ out }: Ended): RunResult {
  return (JSON.parse(out) as { results: [RunResult] }).results[0];
}

describe('a script', () => {
  it('takes as much of the world’s time as it sleeps, whatever its own commands take', async () => {
    const ended = await rehearse('sleeps', 'sleep 90\nsleep 1m 0.5s\necho slept\n');
    const { virtualMs, ended: how, output } = resultOf(ended);
    expect([ended.code, how, output, virtualMs]).toEqual([0, 'exit 0', 'slept\n', 150_500]);
    expect(ended.err).toBe('slept\n');
  });

  it('sleeps side by side in its background', async () => {
    const ended = await rehearse(
      'side',
      '(sleep 30; echo a) &\n(sleep 20; echo b; sleep 20; echo c) &\nwait\n',
    );
    const { virtualMs, output } = resultOf(ended);
    expect([output, virtualMs]).toEqual(['b\na\nc\n', 40_000]);
  });

  it('fails with the exit code that it ends with, and shows what it printed in the report', async () => {
    const report = join(folder, 'report.html');
    const ended = await rehearse('fails', 'echo "it is <wrong>" >&2\nexit 7\n', '--report', report);
    expect(ended.code).toBe(1);
    expect(resultOf(ended)).toMatchObject({ ended: 'exit 7', facts: { exitCode: 7 } });
    expect(await readFile(report, 'utf8')).toContain('<pre>it is &lt;wrong&gt;\n</pre>');
  });

  it('gets its arguments, and the interpreter that it asks for', async () => {
    const text = '#!/usr/bin/env bash\nset -o pipefail\necho "$# $1 $2" "${BASH_VERSION:+bash}"\n';
    const { code, out } = await sandtable('rehearse', await script('args', text), 'one', '--', '--two');
    expect(code).toBe(0);
    expect(out).toMatch(/^2 one --two bash\n/);
  });

  it('meets nothing of the configuration of whoever runs it', async () => {
    const running = start(
      ['rehearse', await script('env', 'env | grep ^AWS_ | sort\n'), '--json'],
      undefined,
      {
        AWS_PROFILE: 'production',
        AWS_ENDPOINT_URL_S3: 'https://s3.example.com',
        AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true',
      },
    );
    const { output = '' } = resultOf(await running.ended);
    expect(output).toMatch(/^AWS_ENDPOINT_URL=http:\/\/127\.0\.0\.1:\d+$/m);
    expect(output).toContain('AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=false\n');
    expect(output).not.toMatch(/production|example\.com|\.aws/);
  });

  it.skipIf(withoutPython)(
    'sleeps in Python as well, also where another program waits for that',
    async () => {
      const text =
        'python3 - <<END\nimport subprocess, sys, time\ntime.sleep(45)\n' +
        "subprocess.run([sys.executable, '-c', 'import time; time.sleep(15)'])\nEND\n";
      expect(resultOf(await rehearse('python', text)).virtualMs).toBe(60_000);
    },
  );

  it.each(['SIGINT', 'SIGTERM'] as const)('ends with all that it started on %s', async (signal) => {
    const mark = join(folder, `alive-${signal}`);
    const endless = `(trap '' TERM INT; while :; do echo . >> ${mark}; /bin/sleep 0.05; done) &`;
    const running = start(['rehearse', await script(`endless-${signal}`, `${endless}\necho begun\nwait\n`)]);
    await running.printed('begun');
    running.process.kill(signal);
    expect((await running.ended).signal).toBe(signal);
    const { size } = await stat(mark);
    await new Promise((resolve) => void setTimeout(resolve, 250));
    expect((await stat(mark)).size).toBe(size);
  });

  it.each([
    [['/none.sh'], 'There is no script /none.sh.'],
    [['SCRIPT', '--traffic', 'x=5'], 'sandtable-traffic HOST=RATE'],
    [['SCRIPT', '--expect', 'nothing'], '--expect takes FIGURE>=NUMBER; it was "nothing".'],
  ])('%j is told and exits with 2', async (args, message) => {
    const path = await script('told', 'exit 0\n');
    const { code, out, err } = await sandtable(
      'rehearse',
      ...args.map((text) => (text === 'SCRIPT' ? path : text)),
    );
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(message);
    expect(err).not.toMatch(/\n\s+at /);
  });

  it('that calls the AWS CLI where there is none is told before it runs', async () => {
    const path = await script('aws', 'echo begun\naws sts get-caller-identity\n');
    const { code, out, err } = await start(['rehearse', path], undefined, { PATH: folder }).ended;
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(
      'calls the AWS CLI, and there is no aws on the PATH.\nInstall it: https://docs.aws.amazon.com/',
    );
  });

  it('that calls an AWS CLI which would go to AWS itself is told before it runs', async () => {
    const path = await script('old', 'aws sts get-caller-identity\n');
    const old = await mkdtemp(join(folder, 'old-'));
    await writeFile(join(old, 'aws'), '#!/bin/sh\necho aws-cli/2.12.7 Python/3.11.4\n');
    await chmod(join(old, 'aws'), 0o755);
    const PATH = `${old}:${process.env['PATH'] ?? ''}`;
    const { code, err } = await start(['rehearse', path], undefined, { PATH }).ended;
    expect(code).toBe(2);
    expect(err).toContain('aws-cli/2.12.7 does not know AWS_ENDPOINT_URL and would call AWS itself.');
  });
});

describe.skipIf(withoutAws)('a script of AWS CLI commands', { timeout: PATIENCE_MS }, () => {
  it('releases version 2 of the web stack under traffic, as the example does', async () => {
    const args = ['rehearse', 'examples/templates/release.sh', '--expect', 'availability>=1', '--json'];
    const ended = await sandtable(...args);
    expect(ended.code).toBe(0);
    const result = resultOf(ended);
    expect(Object.keys(result.measurement?.byVersion ?? {})).toEqual(['v1', 'v2']);
    const statuses = (result.stackEvents ?? [])
      .filter(({ logicalId, stack }) => logicalId === stack)
      .map(({ status }) => status);
    expect(statuses).toEqual([
      'REVIEW_IN_PROGRESS',
      'CREATE_IN_PROGRESS',
      'CREATE_COMPLETE',
      'UPDATE_IN_PROGRESS',
      'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS',
      'UPDATE_COMPLETE',
    ]);
    // Waiters look every 30 seconds, and take none of ours.
    expect(result.virtualMs).toBeGreaterThan(12 * 60_000);
  });

  it('waits in long polls, and with others in its background', async () => {
    const text = `
      url=$(aws sqs create-queue --queue-name q --output text)
      (sleep 30; aws sqs send-message --queue-url $url --message-body late > ${folder}/sent) &
      for poll in 1 2; do
        aws sqs receive-message --queue-url $url --wait-time-seconds 20 --query 'Messages[0].Body' --output text
      done
    `;
    const { output, virtualMs } = resultOf(await rehearse('polls', text));
    expect([output, virtualMs]).toEqual(['None\nlate\n', 30_000]);
  });

  it('gets on where it asks the same again without a sleep', async () => {
    const set = '--stack-name x --change-set-name y';
    const template = '{"Resources":{"T":{"Type":"AWS::SNS::Topic"}}}';
    const text = `
      aws cloudformation create-change-set ${set} --change-set-type CREATE --template-body '${template}' > ${folder}/made
      until aws cloudformation describe-change-set ${set} | grep CREATE_COMPLETE > ${folder}/found; do :; done
      echo up
    `;
    const result = resultOf(await rehearse('again', text));
    expect(result.output).toBe('up\n');
    // In whole seconds, one for each question after the first.
    expect(result.virtualMs % 1000).toBe(0);
    expect(result.virtualMs).toBeGreaterThan(0);
  });

  it('that fails after something that is not modelled ends with 3, and says what', async () => {
    const ended = await rehearse('kinesis', 'aws kinesis list-streams\n');
    expect(ended.code).toBe(3);
    expect(ended.err).toContain('The operation kinesis:ListStreams is not modelled by Sandtable');
    expect(resultOf(ended).expectations[0]?.passed).toBe(false);
  });
});
