import { describe, expect, it } from 'vitest';
import type { ProbeResult } from '#cloud/ports/machines.ts';
import { scriptLogs } from '../codedeploy-agent/diagnostics.ts';
import { agents } from '../codedeploy-agent/agent-rows.ts';
import { processDriver } from '../process/process.ts';
import { machineRows } from './machine-rows.ts';
import { deployment, MachineTable, web } from './test-cloud.ts';

const A = 'i-0aaaaaaaaaaaaaaaa';
const B = 'i-0bbbbbbbbbbbbbbbb';
const MINUTE = 60_000;

/** A table with one instance, and web-1 deployed on it. */
function deployed(manifest: string = 'version: "1"'): MachineTable {
  const table = new MachineTable();
  table.launch(A);
  table.store('web-1.zip', web(manifest));
  const ended = table.deploy(A, deployment('d-1', 'web-1.zip'));
  expect(ended.map(([event, { status }]) => `${event} ${status}`).at(-1)).toBe('ValidateService Succeeded');
  return table;
}

function probe(
  table: MachineTable,
  path: string = '/health',
  protocol: 'HTTP' | 'TCP' = 'HTTP',
): ProbeResult | undefined {
  const reference = { targetGroupArn: '', targetId: A, port: 8080 };
  return table.port((ctx, port) =>
    port.probe(ctx, { instanceId: A, port: 8080, protocol, path, timeoutMs: 5000, reference }),
  );
}

describe('a machine', () => {
  it('passes its status check once the operating system is up', () => {
    const table = new MachineTable();
    table.launch(A);
    const ok = (): boolean => table.port((ctx, port) => port.statusOk(ctx, A));
    expect(ok()).toBe(false);
    expect(probe(table)).toEqual({ kind: 'timeout', steady: true });
    table.table.advance(20_000);
    expect(ok()).toBe(true);
    expect(probe(table)).toEqual({ kind: 'refused', steady: true });
  });

  it('starts what its user data declares', () => {
    const table = new MachineTable();
    table.launch(A, {
      userData: btoa(
        '#!/bin/sh\n# sandtable.yml:\n#   version: v7\n#   application: { port: 80, start: 1s }\nrun\n',
      ),
    });
    table.table.advance(MINUTE);
    expect(table.application(A, 80)).toMatchObject({ version: 'v7', state: 'up' });
  });

  it('starts its services again after a restart, and forgets everything when it is terminated', () => {
    const table = deployed();
    expect(table.port((ctx, port) => port.shutDown(ctx, A))).toBeGreaterThan(500);
    expect(table.application(A)).toBeUndefined();
    table.port((ctx, port) => port.off(ctx, A, false));
    table.port((ctx, port) => port.power(ctx, A, false));
    table.table.advance(MINUTE);
    expect(table.application(A)).toMatchObject({ version: '1', state: 'up' });
    expect(table.run(A, 'ApplicationStop', deployment('d-2', 'web-1.zip')).status).toBe('Succeeded');
    table.port((ctx, port) => port.off(ctx, A, true));
    expect(table.table.read((ctx) => ctx.list(agents))).toEqual([]);
  });

  it('boots with what was on the disk of which its image was made', () => {
    const table = deployed();
    table.port((ctx, port) => port.imaged?.(ctx, A, 'ami-2'));
    table.launch(B, { imageId: 'ami-2', userData: '' });
    table.table.advance(MINUTE);
    expect(table.application(B)).toMatchObject({ version: '1', state: 'up' });
    expect(table.run(B, 'ApplicationStop', deployment('d-2', 'web-1.zip')).tookMs).toBeGreaterThan(500);
  });

  it('boots with the same from a copy of the image', () => {
    const table = deployed();
    table.port((ctx, port) => {
      port.imaged?.(ctx, A, 'snap-1');
      port.copied?.(ctx, { account: ctx.account, region: ctx.region, id: 'snap-1' }, 'ami-3');
    });
    table.launch(B, { imageId: 'ami-3', userData: '' });
    table.table.advance(MINUTE);
    expect(table.application(B)).toMatchObject({ version: '1', state: 'up' });
  });

  it('is cut off when its zone is lost, and boots again when that is over', () => {
    const table = deployed('application: { drain: true }');
    table.inject({ kind: 'zone-loss', zone: 'us-east-1a' }, true);
    table.table.advance(1000);
    expect(table.application(A)).toBeUndefined();
    expect(probe(table)).toEqual({ kind: 'timeout', steady: true });
    table.inject({ kind: 'zone-loss', zone: 'us-east-1a' }, false);
    table.table.advance(MINUTE);
    expect(table.application(A)?.state).toBe('up');
  });
});

describe('user data', () => {
  const server = '#!/bin/bash\nyum install -y httpd\nsystemctl enable httpd\nsystemctl start httpd\n';
  const launched = (userData: string, more: object = {}): MachineTable => {
    const table = new MachineTable();
    table.launch(A, { userData: btoa(userData), ...more });
    table.table.advance(5 * MINUTE);
    return table;
  };
  const problemOn = (table: MachineTable): string | undefined =>
    table.table.read((ctx) => ctx.get(machineRows, A)?.problem);
  const restart = (table: MachineTable): void => {
    table.port((ctx, port) => port.off(ctx, A, false));
    table.port((ctx, port) => port.power(ctx, A, false));
    table.table.advance(MINUTE);
  };

  it('starts a web server, which comes back with the machine if it is enabled', () => {
    const table = launched(server);
    expect(table.application(A, 80)).toMatchObject({ version: 'httpd', state: 'up' });
    restart(table);
    expect(table.application(A, 80)?.state).toBe('up');
    const once = launched(server.replace('systemctl enable httpd\n', ''));
    restart(once);
    expect(once.application(A, 80)).toBeUndefined();
  });

  it('starts nothing beside what it declares', () => {
    const declared =
      '#!/bin/bash\n# sandtable.yml:\n#   application: { port: 8080 }\nsystemctl start httpd\n';
    const table = launched(declared);
    expect([table.application(A)?.state, table.application(A, 80)]).toEqual(['up', undefined]);
  });

  it('breaks off under -e where packages cannot be fetched, before it comes to what it declares', () => {
    const blocked = { blocked: ['al2023-repos-us-east-1.s3'] };
    const script = '# sandtable.yml:\n#   application: { port: 8080 }\nyum install -y httpd\n';
    const table = launched(`#!/bin/bash -xe\n${script}`, blocked);
    expect(table.application(A)).toBeUndefined();
    expect(problemOn(table)).toBe('it broke off at: yum install -y httpd');
    expect(launched(`#!/bin/bash\n${script}`, blocked).application(A)?.state).toBe('up');
  });

  it('declares an application by a file that it writes', () => {
    const table = launched('#!/bin/sh\ncat > /srv/sandtable.yml <<EOF\nversion: v3\nEOF\n');
    expect(table.application(A)).toMatchObject({ version: 'v3', state: 'up' });
    const faulty = launched('#!/bin/sh\necho "application: 1" > /srv/sandtable.yml\n');
    expect(problemOn(faulty)).toContain('/srv/sandtable.yml:1: ');
  });

  it('starts no server where servers really run', () => {
    const table = new MachineTable(undefined, processDriver);
    table.launch(A, { userData: btoa(server) });
    table.table.advance(5 * MINUTE);
    expect(table.application(A, 80)).toBeUndefined();
    expect(problemOn(table)).toContain('httpd was not started');
  });
});

describe('a deployment', () => {
  it('installs and starts the application, and its health check answers', () => {
    const table = deployed(
      'application: { health: { path: /ready, status: 204 }, latency: { p50: 7ms } }\nversion: v1',
    );
    expect(table.application(A)).toMatchObject({ version: 'v1', state: 'up', healthPath: '/ready' });
    expect(probe(table, '/ready')).toEqual({ kind: 'status', status: 204, latencyMs: 7, steady: true });
    expect(probe(table, '/other')).toMatchObject({ status: 200 });
    expect(probe(table, '/', 'TCP')).toMatchObject({ kind: 'status' });
  });

  it('is a no-op where the AppSpec has no script for the event', () => {
    const table = deployed();
    const ended = table.run(A, 'BeforeInstall', deployment('d-1', 'web-1.zip'));
    expect(ended).toMatchObject({ status: 'Succeeded', error_code: 0, message: 'Succeeded: ', log: '' });
    expect(table.command('command-8').acknowledged).toBe('{"IsCommandNoop":true}');
  });

  // "Script failed": exit codes other than 0 fail at once.
  it('fails at once where a script exits with an error', () => {
    const table = new MachineTable();
    table.launch(A);
    table.store(
      'web.zip',
      web('hooks: { scripts/start.sh: { seconds: 2, exit: 3, stdout: starting, stderr: no port } }'),
    );
    const [event, ended] = table.deploy(A, deployment('d-1', 'web.zip')).at(-1) ?? [];
    expect(event).toBe('ApplicationStart');
    expect(ended).toMatchObject({
      status: 'Failed',
      error_code: 4,
      script_name: 'scripts/start.sh',
      message: 'Script at specified location: scripts/start.sh failed with exit code 3',
      log: 'LifecycleEvent - ApplicationStart\nScript - scripts/start.sh\n[stdout]starting\n[stderr]no port\n',
      tookMs: 3000,
    });
    expect(table.application(A)).toBeUndefined();
  });

  it('fails after the timeout where a script hangs or leaves its output open', () => {
    const outcome = (hook: string): object => {
      const table = new MachineTable();
      table.launch(A);
      table.store('web.zip', web(`hooks: { scripts/start.sh: { ${hook} } }`));
      return {
        ...table.deploy(A, deployment('d-1', 'web.zip')).at(-1)?.[1],
        up: table.application(A)?.state,
      };
    };
    const at = 'Script at specified location: scripts/start.sh failed to';
    expect(outcome('hangs: true')).toMatchObject({
      error_code: 3,
      message: `${at} complete in 60 seconds`,
      up: undefined,
    });
    expect(outcome('keepsOutputOpen: true')).toMatchObject({
      error_code: 6,
      message: `${at} close STDOUT`,
      up: 'up',
    });
  });

  it('fails where the AppSpec names a script that the bundle lacks', () => {
    const table = new MachineTable();
    table.launch(A);
    const { 'scripts/start.sh': _, ...files } = web('');
    table.store('web.zip', files);
    expect(table.deploy(A, deployment('d-1', 'web.zip')).at(-1)?.[1]).toMatchObject({
      error_code: 1,
      message:
        'Script does not exist at specified location: /opt/codedeploy-agent/deployment-root/group-1/d-1/deployment-archive/scripts/start.sh',
    });
  });

  it('fails in ValidateService where the new version is not healthy', () => {
    const table = new MachineTable();
    table.launch(A);
    table.store('web.zip', web('application: { health: { status: 500 } }'));
    const [event, ended] = table.deploy(A, deployment('d-1', 'web.zip')).at(-1) ?? [];
    expect(event).toBe('ValidateService');
    expect(ended).toMatchObject({
      error_code: 4,
      log: expect.stringContaining('[stderr]/health on port 8080: status 500'),
    });
  });

  // https://docs.aws.amazon.com/codedeploy/latest/userguide/troubleshooting-deployments.html
  it('runs ApplicationStop of the revision that was installed last, so that its fault breaks the next deployment', () => {
    const table = deployed('hooks: { scripts/stop.sh: { exit: 1 } }');
    table.store('web-2.zip', web('version: "2"'));
    expect(table.deploy(A, deployment('d-2', 'web-2.zip'))).toMatchObject([
      ['ApplicationStop', { error_code: 4 }],
    ]);
    const log = table.table.read((ctx) => ctx.get(scriptLogs, `${A}/d-2`));
    expect(log?.lines.at(-1)).toMatch(/^2026-01-05 \d\d:\d\d:\d\d Script - scripts\/stop\.sh$/);
  });

  it('replaces the files of its own group, and not those of others', () => {
    const table = deployed();
    table.store('web-2.zip', web('version: "2"'));
    expect(table.deploy(A, deployment('d-2', 'web-2.zip')).at(-1)?.[1].status).toBe('Succeeded');
    expect(table.application(A)?.version).toBe('2');
    const other = (more: object): object =>
      deployment('d-3', 'web-2.zip', { DeploymentGroupId: 'group-2', ...more });
    const [event, ended] = table.deploy(A, other({})).at(-1) ?? [];
    expect(event).toBe('Install');
    expect(ended?.message).toBe(
      'The deployment failed because a specified file already exists at this location: /srv/web/server.mjs',
    );
    const AgentActionOverrides = { AgentOverrides: { FileExistsBehavior: 'OVERWRITE' } };
    expect(table.deploy(A, other({ AgentActionOverrides, DeploymentId: 'd-4' })).at(-1)?.[1].status).toBe(
      'Succeeded',
    );
  });

  it('fails in DownloadBundle where S3 refuses or cannot be reached', () => {
    const table = new MachineTable();
    table.launch(A);
    expect(table.deploy(A, deployment('d-1', 'none.zip')).at(-1)).toMatchObject([
      'DownloadBundle',
      { error_code: 5, message: 'The specified key does not exist.' },
    ]);
    table.store('web.zip', web(''));
    table.block(A, 's3.');
    const { message, tookMs } = table.run(A, 'DownloadBundle', deployment('d-2', 'web.zip'));
    expect(message).toContain('Failed to open TCP connection to bundles.s3.us-east-1.amazonaws.com:443');
    expect(tookMs).toBeGreaterThan(MINUTE);
  });

  it('says in which line the manifest is wrong', () => {
    const table = new MachineTable();
    table.launch(A);
    table.store('web.zip', web('application:\n  port: none'));
    expect(table.deploy(A, deployment('d-1', 'web.zip')).at(-1)?.[1].message).toContain(
      'sandtable.yml:2: port "none"',
    );
  });

  it('fails after a restart where its machine went down meanwhile', () => {
    const table = deployed('hooks: { scripts/stop.sh: { seconds: 20 } }');
    const id = table.send(A, 'ApplicationStop', deployment('d-2', 'web-1.zip'));
    table.table.advance(5000);
    table.port((ctx, port) => port.off(ctx, A, false));
    table.port((ctx, port) => port.power(ctx, A, false));
    table.table.advance(MINUTE);
    expect(JSON.parse(table.command(id).diagnostics ?? '')).toMatchObject({ error_code: 7 });
  });
});

describe('the agent', () => {
  const received = (table: MachineTable, withinMs: number): boolean => {
    const id = table.send(A, 'BeforeInstall', deployment('d-1', 'web.zip'));
    table.table.advance(withinMs);
    return table.command(id).polled;
  };

  it('is not there where nothing installed it', () => {
    const table = new MachineTable();
    table.launch(A, { userData: '#!/bin/sh\n# ./install auto\necho hello\n' });
    expect(received(table, 10 * MINUTE)).toBe(false);
  });

  it('is not installed where its bucket cannot be reached', () => {
    const table = new MachineTable();
    table.launch(A, { blocked: ['aws-codedeploy-us-east-1.s3'] });
    expect(received(table, 10 * MINUTE)).toBe(false);
  });

  it('needs an instance profile when it starts', () => {
    const table = new MachineTable();
    table.launch(A, { instanceProfileArn: undefined as never });
    expect(received(table, 10 * MINUTE)).toBe(false);
  });

  it('gets commands within a minute and a half after the way to CodeDeploy is free', () => {
    const table = new MachineTable();
    table.launch(A, { blocked: ['codedeploy-commands'] });
    expect(received(table, 10 * MINUTE)).toBe(false);
    table.block(A);
    table.table.advance(90_000);
    expect(table.command('command-1').polled).toBe(true);
  });

  it('gets a command that was sent while its way was cut, once that is free again', () => {
    const table = deployed();
    table.block(A, 'codedeploy-commands');
    expect(received(table, 2 * MINUTE)).toBe(false);
    table.block(A);
    table.table.advance(90_000);
    expect(table.command('command-8').status).toBe('Succeeded');
  });

  it('does not come back after its death before the machine restarts', () => {
    const table = deployed();
    table.inject({ kind: 'agent-death', instanceId: A }, true);
    expect(received(table, 10 * MINUTE)).toBe(false);
    expect(table.application(A)?.state).toBe('up');
  });

  it('costs nothing while it is idle or cut off', () => {
    const table = new MachineTable();
    table.launch(A);
    table.launch(B, { blocked: ['codedeploy-commands'] });
    table.table.advance(5 * MINUTE);
    const before = table.table.world.position;
    table.table.advance(20 * 60 * MINUTE);
    expect(table.table.world.position - before).toBe(0);
  });

  it('does the same again with the same seed', () => {
    const once = (): string => {
      const table = deployed();
      return table.table.world.hash();
    };
    expect(once()).toBe(once());
  });
});
