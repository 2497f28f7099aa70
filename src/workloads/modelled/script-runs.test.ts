// User data that starts its application and waits for it, on machines in virtual time.

import { describe, expect, it } from 'vitest';
import { startApplication } from './running.ts';
import { DEFAULT_MANIFEST } from '../manifest.ts';
import type { ManifestApplication } from '../manifest.ts';
import { applicationOn } from '../application.ts';
import { machineRows, runKey, scriptRuns } from './machine-rows.ts';
import { MachineTable } from './test-cloud.ts';

const A = 'i-0aaaaaaaaaaaaaaaa';
const MINUTE = 60_000;

/** User data that declares an application on port 8080 that takes 20 seconds to start. */
const declares = (script: string, more: string = ''): string =>
  `#!/bin/bash\n# sandtable.yml:\n#   version: v1\n#   application: { port: 8080, start: 20s${more} }\n${script}\n`;

/** A machine that goes through its user data. */
class Machine extends MachineTable {
  constructor(userData: string) {
    super();
    this.launch(A, { userData: btoa(userData) });
  }

  /** Milliseconds until user data has ended. */
  ends(): number {
    return this.table.until((ctx) => ctx.get(machineRows, A)?.phase === 'up', 120 * MINUTE);
  }

  /** Milliseconds until the application listens. */
  listens(): number {
    return this.table.until((ctx) => applicationOn(ctx, A, 8080)?.state === 'up', 120 * MINUTE);
  }

  get phase(): string | undefined {
    return this.table.read((ctx) => ctx.get(machineRows, A)?.phase);
  }

  get problem(): string | undefined {
    return this.table.read((ctx) => ctx.get(machineRows, A)?.problem);
  }

  start(more: Partial<ManifestApplication> = {}): void {
    const application = { ...(DEFAULT_MANIFEST.application as ManifestApplication), ...more };
    this.table.act((ctx) => startApplication(ctx, A, 'later', application));
  }
}

describe('an application that user data declares', () => {
  it('starts at the command that starts it, once, while the script goes on', () => {
    const machine = new Machine(declares('systemctl start shop\nsleep 600\nsystemctl restart shop'));
    expect(machine.listens()).toBeLessThan(MINUTE);
    expect(machine.phase).toBe('user-data');
    machine.ends();
    expect(machine.application(A)?.state).toBe('up');
  });

  it('starts at the end of a script that says nothing of it', () => {
    expect(new Machine(declares('sleep 600')).listens()).toBeGreaterThan(10 * MINUTE);
  });
});

describe('user data that waits for its own port', () => {
  const WAIT = 'until curl -sf localhost:8080/health; do sleep 5; done';

  it('goes on at the first turn at which the application is up', () => {
    const machine = new Machine(declares(`docker run -d shop\n${WAIT}`));
    machine.listens();
    expect(machine.phase).toBe('user-data');
    expect(machine.ends()).toBeLessThan(5100);
  });

  it('waits for an application that it does not start itself, and costs nothing meanwhile', () => {
    const machine = new Machine(`#!/bin/bash\n${WAIT}\n`);
    machine.table.advance(5 * MINUTE);
    const before = machine.table.world.position;
    machine.table.advance(24 * 60 * MINUTE);
    expect(machine.table.world.position).toBe(before);
    expect(machine.phase).toBe('user-data');
    machine.start();
    machine.table.advance(10_000);
    expect(machine.phase).toBe('up');
  });

  it('waits in vain for one that is not healthy, and is gone with its machine', () => {
    const machine = new Machine(declares(`docker run -d shop\n${WAIT}`, ', health: { status: 503 }'));
    machine.table.advance(60 * MINUTE);
    expect(machine.phase).toBe('user-data');
    machine.port((ctx, port) => port.off(ctx, A, true));
    expect(machine.table.read((ctx) => ctx.get(scriptRuns, runKey(A, 'user-data')))).toBeUndefined();
  });

  it('is satisfied by any answer where curl is not told to fail', () => {
    const machine = new Machine(
      declares(`docker run -d shop\n${WAIT.replace('-sf', '-s')}`, ', health: { status: 503 }'),
    );
    machine.listens();
    expect(machine.ends()).toBeLessThan(5100);
  });

  it('breaks off under -e where nothing listens', () => {
    const machine = new Machine('#!/bin/bash -e\ncurl localhost\nsleep 600\n');
    machine.ends();
    expect(machine.problem).toBe('it broke off at: curl localhost');
  });

  it('gives up when it has counted to its end or its time is over', () => {
    const counted = new Machine(
      '#!/bin/bash\nfor i in $(seq 30); do curl localhost && break; sleep 10; done\n',
    );
    expect(counted.ends()).toBeGreaterThan(5 * MINUTE);
    const timed = new Machine(`#!/bin/bash\ntimeout 10m bash -c '${WAIT}' || exit 3\n`);
    const took = timed.ends();
    expect(took).toBeGreaterThan(10 * MINUTE);
    expect(took).toBeLessThan(11 * MINUTE);
    expect(timed.problem).toBe('it broke off at: exit 3');
  });

  it('goes on where it hung with the application, when that ends', () => {
    const machine = new Machine('#!/bin/bash\nsleep 60\ncurl localhost:8080\n');
    machine.table.advance(30_000);
    machine.start({ hangsAfterMs: 1000 });
    machine.table.advance(30 * MINUTE);
    expect(machine.phase).toBe('user-data');
    machine.start();
    expect(machine.ends()).toBeLessThan(2000);
  });

  it('is taken never to end where it goes on and on', () => {
    const machine = new Machine('#!/bin/bash\nn=0; while true; do ((n += 1)); done\n');
    machine.table.advance(60 * MINUTE);
    expect([machine.phase, machine.problem]).toEqual(['user-data', 'it goes on and on']);
  });
});

describe('user data that asks AWS', () => {
  it('finds out for an hour that it may not, and then when something has changed', () => {
    const machine = new Machine(
      '#!/bin/bash\nuntil aws elb describe-instance-health --load-balancer-name a --instances i-1; do sleep 10; done\n',
    );
    machine.table.advance(5 * MINUTE);
    expect(machine.problem).toMatch(/^aws: /);
    const run = machine.table.read((ctx) => ctx.get(scriptRuns, runKey(A, 'user-data')));
    expect(run).toMatchObject({ waits: { failing: true, own: false } });
    machine.table.advance(60 * MINUTE);
    const before = machine.table.world.position;
    machine.table.advance(60 * MINUTE);
    expect(machine.table.world.position).toBe(before);
  });
});
