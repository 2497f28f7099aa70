// Machines whose scripts and servers really run. Virtual time follows the wall clock here, ten times as fast.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { UserError } from '#cloud/user-error.ts';
import { host as wall } from '#runtime/host.ts';
import { packRevision } from '#runtime/revision-folder.ts';
import { ProcessHost } from '#workloads/process/host/host.ts';
import { Guardian } from '#workloads/process/host/guardian.ts';
import { sandboxesWork } from '#workloads/process/host/sandbox.ts';
import { proxyRequest } from '#workloads/process/effects.ts';
import { processDriver } from '#workloads/process/process.ts';
import { deployment, EVENTS, MachineTable } from '#workloads/modelled/test-cloud.ts';
import type { Ended } from '#workloads/modelled/test-cloud.ts';
import type { Packable } from '#workloads/bundle.ts';
import { Clock } from '#world/index.ts';

function namespacesWork(): Promise<boolean> {
  const guardian = new Guardian('/nonexistent');
  return sandboxesWork(guardian).finally(() => guardian.close());
}

const RATE = 10;
const ID = 'i-0aaaaaaaaaaaaaaaa';
const MINUTE = 60_000;

class Stand {
  readonly host = new ProcessHost({ rate: RATE });
  readonly machines = new MachineTable(undefined, processDriver);
  readonly clock = new Clock(this.machines.table.world, wall, 'virtual', this.host.performers, {
    paceRate: RATE,
  });

  async launch(id: string): Promise<void> {
    this.machines.launch(id);
    await this.advance(5 * MINUTE);
  }

  async advance(ms: number, until?: () => boolean): Promise<void> {
    const { world } = this.machines.table;
    const { outbox } = this.clock;
    await this.clock.advance(world.now + ms, () => outbox.failure !== undefined || (until?.() ?? false));
    if (outbox.failure) throw outbox.failure;
  }

  /** Runs one lifecycle event to its end. */
  async run(id: string, event: string, what: object): Promise<Ended> {
    const from = this.machines.table.world.now;
    const command = this.machines.send(id, event, what);
    await this.advance(MINUTE * 60, () => this.machines.command(command).status !== undefined);
    const { status = '', diagnostics = '{}' } = this.machines.command(command);
    const tookMs = this.machines.table.world.now - from;
    return { status, tookMs, ...(JSON.parse(diagnostics) as Omit<Ended, 'status' | 'tookMs'>) };
  }

  async deploy(id: string, what: object): Promise<string[]> {
    const failures: string[] = [];
    for (const event of EVENTS) {
      const { status, message, log } = await this.run(id, event, what);
      if (status !== 'Succeeded') failures.push(`${event}: ${message}\n${log}`);
    }
    return failures;
  }

  async answer(id: string, path: string): Promise<{ status: number; version: string | null }> {
    const { host, port } = await this.host.placeOf(id, 8080);
    const response = await fetch(`http://${host}:${port}${path}`);
    await response.text();
    return { status: response.status, version: response.headers.get('x-version') };
  }

  async close(): Promise<void> {
    this.clock.stop();
    await this.host.close();
  }
}

const open: Stand[] = [];
function stand(): Stand {
  const fresh = new Stand();
  open.push(fresh);
  return fresh;
}
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

/** A release of the example application that needs no second to start. */
async function quick(version: string): Promise<Uint8Array> {
  const folder = join(import.meta.dirname, '../../examples/web', version);
  const release = JSON.parse(readFileSync(join(folder, 'app/release.json'), 'utf8')) as object;
  return packRevision(folder, { 'app/release.json': JSON.stringify({ ...release, startMs: 20 }) });
}

/** A bundle with one script for ApplicationStart. */
function starting(script: string, timeout: number = 60, more: Packable = {}): Packable {
  return {
    'appspec.yml': `version: 0.0
os: linux
hooks:
  ApplicationStart:
    - location: start.sh
      timeout: ${timeout}
`,
    'start.sh': `#!/bin/sh\n${script}\n`,
    'sandtable.yml': 'process: relocatable\napplication: none\n',
    ...more,
  };
}

/** Runs a script as the ApplicationStart of a deployment. */
async function start(s: Stand, files: Packable): Promise<Ended> {
  await s.launch(ID);
  s.machines.store('b.zip', files);
  const what = deployment('d-1', 'b.zip');
  for (const event of ['DownloadBundle', 'Install'])
    expect((await s.run(ID, event, what)).status).toBe('Succeeded');
  return s.run(ID, 'ApplicationStart', what);
}

/** A process that has ended and that nobody has asked about is not alive. */
function alive(pid: number): boolean {
  try {
    const stat = `/proc/${pid}/stat`;
    if (existsSync(stat)) return !/\) Z /.test(readFileSync(stat, 'utf8'));
    return process.platform !== 'linux' && process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function within(ms: number, condition: () => boolean): Promise<boolean> {
  for (let waited = 0; waited < ms; waited += 20) {
    if (condition()) return true;
    await new Promise((resolve) => void setTimeout(resolve, 20));
  }
  return condition();
}

/** The number that a script wrote into a file of its machine. */
function pidIn(s: Stand, file: string): number {
  return Number(readFileSync(s.host.pathOf(ID, file), 'utf8'));
}

it('runs the example application, replaces it in place, and knows what listens', async () => {
  const s = stand();
  await s.launch(ID);
  for (const version of ['v1', 'v2']) s.machines.storeBytes(`${version}.zip`, await quick(version));
  expect(await s.deploy(ID, deployment('d-1', 'v1.zip'))).toEqual([]);
  expect(await s.answer(ID, '/')).toEqual({ status: 200, version: 'v1' });
  const first = pidIn(s, 'var/run/web.pid');
  const served = s.machines.application(ID)?.version;
  expect(await s.deploy(ID, deployment('d-2', 'v2.zip'))).toEqual([]);
  expect((await s.answer(ID, '/')).status).toBe(200);
  expect(s.machines.application(ID)).toMatchObject({ state: 'up' });
  expect(s.machines.application(ID)?.version).not.toBe(served);
  expect(alive(first)).toBe(false);
});

// https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html
it('gives scripts what CodeDeploy and the machine give them, and nothing of the developer', async () => {
  const s = stand();
  const decoys = ['AWS_SECRET_ACCESS_KEY', 'AWS_PROFILE', 'AWS_SESSION_TOKEN', 'GITHUB_TOKEN'];
  for (const name of decoys) process.env[name] = 'of the developer';
  try {
    await start(
      s,
      starting(
        'env | sort > "$SANDTABLE_ROOT/env"; pwd > "$SANDTABLE_ROOT/cwd"; ls -d ~/.aws >> "$SANDTABLE_ROOT/env" || true',
      ),
    );
  } finally {
    for (const name of decoys) delete process.env[name];
  }
  const text = readFileSync(s.host.pathOf(ID, 'env'), 'utf8');
  const env = Object.fromEntries(text.split('\n').map((line) => line.split('=', 2) as [string, string]));
  expect(env).toMatchObject({
    LIFECYCLE_EVENT: 'ApplicationStart',
    DEPLOYMENT_ID: 'd-1',
    APPLICATION_NAME: 'web',
    DEPLOYMENT_GROUP_NAME: 'production',
    DEPLOYMENT_GROUP_ID: 'group-1',
    BUNDLE_BUCKET: 'bundles',
    BUNDLE_KEY: 'b.zip',
    SANDTABLE_ROOT: s.host.pathOf(ID, '/').replace(/\/$/, ''),
    AWS_REGION: 'us-east-1',
  });
  expect(env).toMatchObject({ AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null' });
  expect(text).not.toMatch(/of the developer|\.aws/);
});

it('reports exit code and output of a script that fails', async () => {
  const ended = await start(stand(), starting('echo so far; echo no licence >&2; exit 3'));
  expect(ended).toMatchObject({ status: 'Failed', error_code: 4, script_name: 'start.sh' });
  expect(ended.message).toContain('failed with exit code 3');
  expect(ended.log).toContain('[stdout]so far');
  expect(ended.log).toContain('[stderr]no licence');
});

it('kills a script that never ends at its timeout, with its whole process group', async () => {
  const s = stand();
  const ended = await start(
    s,
    starting(
      `trap '' TERM
       echo $$ > "$SANDTABLE_ROOT/leader"
       sleep 1000 & echo $! > "$SANDTABLE_ROOT/child"
       while :; do sleep 1000; done`,
      5,
    ),
  );
  expect(ended).toMatchObject({ status: 'Failed', error_code: 3 });
  expect(ended.message).toBe('Script at specified location: start.sh failed to complete in 5 seconds');
  expect(ended.tookMs).toBeGreaterThanOrEqual(5000);
  expect(ended.tookMs).toBeLessThan(30_000);
  const pids = [pidIn(s, 'leader'), pidIn(s, 'child')];
  expect(await within(1000, () => !pids.some(alive))).toBe(true);
});

it('says that a script ran out of time also where it ends at its stop signal', async () => {
  const ended = await start(stand(), starting('sleep 1000', 5));
  expect(ended).toMatchObject({ status: 'Failed', error_code: 3 });
});

// https://docs.aws.amazon.com/codedeploy/latest/userguide/troubleshooting-deployments.html#troubleshooting-long-running-processes
it('fails a script whose background process keeps its output open, and lets that process be', async () => {
  const s = stand();
  const ended = await start(s, starting('sleep 1000 & echo $! > "$SANDTABLE_ROOT/child"', 5));
  expect(ended).toMatchObject({ status: 'Failed', error_code: 6 });
  expect(ended.message).toContain('failed to close STDOUT');
  expect(alive(pidIn(s, 'child'))).toBe(true);
});

const UNMOVABLE = {
  'appspec.yml': `version: 0.0
os: linux
files:
  - source: server.mjs
    destination: /srv/sandtable-test
  - source: note.txt
    destination: /linked/below
hooks:
  BeforeInstall:
    - location: before.sh
  ApplicationStart:
    - location: start.sh
      timeout: 60
`,
  'before.sh': '#!/bin/sh\nmkdir /srv/real && ln -s /srv/real /linked\n',
  'note.txt': 'hello',
  'start.sh': '#!/bin/sh\ncd /srv/sandtable-test\nnode server.mjs >/var/log/server.log 2>&1 </dev/null &\n',
  'server.mjs': `import { createServer } from 'node:http';
createServer((request, response) => response.end('from ' + process.cwd())).listen(8080);`,
  'sandtable.yml': 'application: { health: { path: / } }\n',
};

it('refuses a bundle that does not say it is relocatable where nothing keeps it apart', async () => {
  const s = stand();
  await start(s, starting('exit 0'));
  s.machines.store('fixed.zip', UNMOVABLE);
  const what = deployment('d-2', 'fixed.zip');
  const refused = await s.run(ID, 'DownloadBundle', what).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(UserError);
  expect((refused as UserError).code).toBe('not-relocatable');
});

it.skipIf(!(await namespacesWork()))(
  'runs such a bundle on machines kept apart by namespaces, each with its own paths and ports',
  async () => {
    const s = stand();
    s.machines.store('fixed.zip', UNMOVABLE);
    const ids = [ID, 'i-0bbbbbbbbbbbbbbbb'];
    for (const id of ids) {
      await s.launch(id);
      expect(await s.deploy(id, deployment('d-1', 'fixed.zip'))).toEqual([]);
    }
    await s.advance(MINUTE, () => ids.every((id) => s.machines.application(id) !== undefined));
    for (const id of ids) {
      expect(s.machines.application(id)).toMatchObject({ state: 'up', port: 8080 });
      const asked = {
        instanceId: id,
        port: 8080,
        method: 'GET',
        path: '/',
        host: 'web',
        connectMs: 10_000,
        idleMs: 60_000,
      };
      const send = s.host.performers[proxyRequest.name] as (payload: object) => Promise<unknown>;
      expect(await send(asked)).toMatchObject({ kind: 'answered', status: 200 });
      for (const path of ['/srv/sandtable-test/server.mjs', '/srv/real/below/note.txt'])
        expect(existsSync(s.host.pathOf(id, path))).toBe(true);
    }
    for (const path of ['/srv/sandtable-test', '/srv/real']) expect(existsSync(path)).toBe(false);
    s.machines.port((ctx, port) => port.off(ctx, ID, true));
    await s.advance(1000);
    expect(existsSync(s.host.pathOf(ID, '/srv'))).toBe(false);
    const root = s.host.rootOf(ids[1] as string);
    expect(commandsWith(root)).not.toEqual([]);
    await s.close();
    expect(await within(1000, () => commandsWith(root).length === 0)).toBe(true);
  },
);

/** Processes that have this text in their command. Only Linux tells. */
function commandsWith(text: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(text);
    } catch {
      return false;
    }
  });
}

it('ends the processes of a machine that is lost or switched off, also those that left their group', async () => {
  const s = stand();
  await start(
    s,
    starting('setsid sleep 1000 >/dev/null 2>&1 & sleep 0.2; pgrep -n sleep > "$SANDTABLE_ROOT/child"; true'),
  );
  const pid = pidIn(s, 'child');
  expect(alive(pid)).toBe(true);
  s.machines.inject({ kind: 'instance-loss', instanceId: ID }, true);
  await s.advance(MINUTE);
  expect(await within(1000, () => !alive(pid))).toBe(true);
});

it('leaves no process and no folder behind when it is closed', async () => {
  const s = stand();
  await start(s, starting('sleep 1000 >/dev/null 2>&1 & echo $! > "$SANDTABLE_ROOT/child"'));
  const [pid, root] = [pidIn(s, 'child'), s.host.pathOf(ID, '/')];
  expect(alive(pid)).toBe(true);
  await s.close();
  expect(await within(1000, () => !alive(pid))).toBe(true);
  expect(existsSync(root)).toBe(false);
});

/** Processes of machines under a folder. Only Linux tells. */
function machinesUnder(folder: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return (
        /^\d+$/.test(pid) &&
        readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`SANDTABLE_MACHINE=${folder}/`)
      );
    } catch {
      return false;
    }
  });
}

it.skipIf(process.platform !== 'linux').each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)(
  'leaves nothing running and no folder behind when the command ends by %s',
  async (signal) => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'ctrl-c-')));
    const program = join(import.meta.dirname, 'process-program.ts');
    const args = ['--conditions=sandtable-source', '--no-warnings', program];
    const child = spawn(process.execPath, args, {
      env: { PATH: process.env['PATH'], TMPDIR: folder },
      stdio: 'ignore',
    });
    const gone = once(child, 'exit');
    expect(await within(20_000, () => machinesUnder(folder).length >= 2)).toBe(true);
    child.kill(signal);
    await gone;
    expect(await within(3000, () => machinesUnder(folder).length === 0)).toBe(true);
    expect(await within(3000, () => readdirSync(folder).length === 0)).toBe(true);
    rmdirSync(folder);
  },
);
