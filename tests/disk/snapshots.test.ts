import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import {
  CreateQueueCommand,
  ListQueuesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { afterEach, describe, expect, it } from 'vitest';
import { SnapshotFolder } from '#server/disk/snapshot-folder.ts';
import type { Served } from '#server/serve.ts';
import { start } from '../cli/sandtable.ts';
import { clientsAt } from './load.ts';
import { control, Folders } from './served.ts';

const folders = new Folders();

afterEach(async () => {
  await folders.done();
  expect(folders.crashes.splice(0)).toEqual([]);
});

/** A message that is due in a minute, and an object of two megabytes. */
async function fill(served: Served): Promise<void> {
  const { sqs, s3 } = clientsAt(served.url);
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'orders' }));
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'soon', DelaySeconds: 60 }));
  await s3.send(new CreateBucketCommand({ Bucket: 'orders' }));
  await s3.send(new PutObjectCommand({ Bucket: 'orders', Key: 'k', Body: Buffer.alloc(2e6, 'order') }));
}

async function expectFilled(served: Served): Promise<void> {
  const { sqs, s3 } = clientsAt(served.url);
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'orders', Key: 'k' }));
  expect(Buffer.from((await Body?.transformToByteArray()) as Uint8Array)).toEqual(Buffer.alloc(2e6, 'order'));
  await control(served, 'clock', { advanceMs: 61_000 });
  const { Messages } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl: `${served.url}/000000000000/orders` }),
  );
  expect(Messages).toMatchObject([{ Body: 'soon' }]);
}

describe('a snapshot', () => {
  it.each([
    ['in memory', false],
    ['in a data folder', true],
  ])('is the world of a running endpoint, kept %s, at that instant', async (_, kept) => {
    const snapshots = folders.fresh();
    const served = await folders.serve({ snapshots, ...(kept ? { data: folders.fresh() } : {}) });
    await fill(served);
    const { now, hash } = await control(served, 'clock');
    expect(await control(served, 'snapshots', { name: 'filled' })).toMatchObject({
      file: join(snapshots, 'filled.snapshot'),
    });
    await clientsAt(served.url).sqs.send(new CreateQueueCommand({ QueueName: 'afterwards' }));
    await served.close();
    const snapshot = new SnapshotFolder(snapshots).read('filled');
    const { port } = served;
    const again = await folders.serve({ snapshot, port });
    expect(await control(again, 'clock')).toMatchObject({ now, hash });
    const { QueueUrls } = await clientsAt(again.url).sqs.send(new ListQueuesCommand({}));
    expect(QueueUrls).toHaveLength(1);
    await expectFilled(again);
  });

  it('begins a data folder, and takes the place of no world that is there', async () => {
    const [snapshots, data] = [folders.fresh(), folders.fresh()];
    const served = await folders.serve({ snapshots });
    await fill(served);
    await control(served, 'snapshots', { name: 'filled' });
    const snapshot = new SnapshotFolder(snapshots).read('filled');
    await (await folders.serve({ snapshot, data })).close();
    await expect(folders.serve({ snapshot, data })).rejects.toMatchObject({ code: 'data-occupied' });
    await expectFilled(await folders.serve({ data: folders.asKilled(data) }));
  });

  it('has a name that leads nowhere else', async () => {
    const snapshots = join(folders.fresh(), 'snapshots');
    const served = await folders.serve({ snapshots });
    for (const name of ['../out', '..', '.hidden', 'a/b', 'a\\b', '', 'x'.repeat(65), 'a\0b'])
      expect(await control(served, 'snapshots', { name })).toEqual({
        message: `A snapshot cannot be named ${JSON.stringify(name)}.`,
        hint: expect.any(String),
      });
    expect(await control(served, 'snapshots', { name: 7 })).toMatchObject({ message: /a name/ });
    expect(readdirSync(join(snapshots, '..'))).toEqual([]);
  });

  it('is not written over', async () => {
    const served = await folders.serve({ snapshots: folders.fresh() });
    await control(served, 'snapshots', { name: 'once' });
    expect(await control(served, 'snapshots', { name: 'once' })).toMatchObject({
      message: expect.stringContaining('There is a snapshot once already'),
    });
  });

  it('is refused where it is torn, changed, foreign, newer or not there', async () => {
    const snapshots = folders.fresh();
    const served = await folders.serve({ snapshots });
    await fill(served);
    await control(served, 'snapshots', { name: 'whole' });
    const folder = new SnapshotFolder(snapshots);
    const file = (name: string): string => join(snapshots, `${name}.snapshot`);
    const whole = readFileSync(file('whole'));
    for (const length of [0, 5, 100, whole.length - 1]) {
      writeFileSync(file('torn'), whole);
      truncateSync(file('torn'), length);
      expect(() => folder.read('torn')).toThrow(/is torn or damaged|is no snapshot/);
    }
    for (let at = 20; at < whole.length; at += 99_991) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] as number) ^ 1;
      writeFileSync(file('changed'), changed);
      expect(() => folder.read('changed')).toThrow(/is torn or damaged/);
    }
    writeFileSync(file('foreign'), 'notes of mine');
    expect(() => folder.read('foreign')).toThrow(/is no snapshot of Sandtable/);
    writeFileSync(file('newer'), whole.toString('latin1').replace('"format":1', '"format":2'), 'latin1');
    expect(() => folder.read('newer')).toThrow(/is of format 2, written by Sandtable test/);
    expect(() => folder.read('none')).toThrow(/There is no snapshot none/);
    expect(folder.list().map(({ name, problem }) => [name, problem === undefined])).toEqual([
      ['changed', true],
      ['foreign', false],
      ['newer', false],
      ['torn', true],
      ['whole', true],
    ]);
  });
});

it('saves, lists, opens and deletes snapshots from the command line', async () => {
  const cwd = folders.fresh();
  const running = start(['up', '--port', '0', '--clock', 'manual'], cwd);
  const [, url = ''] = /a local AWS at (\S+)/.exec(await running.printed('AWS_DEFAULT_REGION')) ?? [];
  await clientsAt(url).sqs.send(new CreateQueueCommand({ QueueName: 'orders' }));
  const run = (...args: string[]): Promise<{ code: number | null; out: string; err: string }> =>
    start(['snapshot', ...args], cwd).ended;
  const file = join(cwd, '.sandtable', 'snapshots', 'before-the-change.snapshot');
  expect(await run('save', 'before-the-change', '--url', url)).toMatchObject({
    code: 0,
    out: `Saved before-the-change: ${file}\n`,
  });
  expect(await run('save', '../out', '--url', url)).toMatchObject({
    code: 2,
    err: expect.stringContaining('A snapshot cannot be named "../out".'),
  });
  running.process.kill();
  await running.ended;
  expect((await run('list')).out).toMatch(
    /^before-the-change {2}world at \d{4}-\S+, saved \S+, \d+ bytes, by Sandtable \S+\n$/,
  );
  const again = start(['up', '--port', '0', '--snapshot', 'before-the-change'], cwd);
  const [, there = ''] = /a local AWS at (\S+)/.exec(await again.printed('AWS_DEFAULT_REGION')) ?? [];
  const { QueueUrls } = await clientsAt(there).sqs.send(new ListQueuesCommand({}));
  expect(QueueUrls).toHaveLength(1);
  again.process.kill();
  expect((await again.ended).code).toBe(0);
  expect((await run('delete', 'before-the-change')).code).toBe(0);
  expect(await run('delete', 'before-the-change')).toMatchObject({ code: 2 });
}, 60_000);
