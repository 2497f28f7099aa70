// A program that runs machines in a worker thread, as the command line does, until somebody ends it: for process.test.ts.

import { Worker, isMainThread } from 'node:worker_threads';
import { host as wall } from '#runtime/host.ts';
import { ProcessHost } from '#workloads/process/host/host.ts';
import { processDriver } from '#workloads/process/process.ts';
import { deployment, MachineTable } from '#workloads/modelled/test-cloud.ts';
import { Clock } from '#world/index.ts';

const ID = 'i-0aaaaaaaaaaaaaaaa';
const MINUTE = 60_000;

/** Deploys a bundle whose script never ends and has left a process of its own session behind. */
async function run(): Promise<void> {
  const machines = new MachineTable(undefined, processDriver);
  const { world } = machines.table;
  const clock = new Clock(world, wall, 'virtual', new ProcessHost().performers);
  machines.launch(ID);
  await clock.advance(world.now + 5 * MINUTE);
  machines.store('b.zip', {
    'appspec.yml': 'version: 0.0\nos: linux\nhooks:\n  BeforeInstall:\n    - location: hang.sh\n',
    'hang.sh': '#!/bin/sh\nsetsid sleep 1000 >/dev/null 2>&1 &\nwhile :; do sleep 1000; done\n',
    'sandtable.yml': 'process: relocatable\napplication: none\n',
  });
  for (const event of ['DownloadBundle', 'BeforeInstall']) {
    const command = machines.send(ID, event, deployment('d-1', 'b.zip'));
    await clock.advance(world.now + 60 * MINUTE, () => machines.command(command).status !== undefined);
  }
}

if (isMainThread) new Worker(new URL(import.meta.url));
else await run();
