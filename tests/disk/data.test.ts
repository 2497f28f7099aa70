import { connect } from 'node:http2';
import { copyFileSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { CreateTopicCommand, GetTopicAttributesCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterEach, expect, it, vi } from 'vitest';
import { UserError } from '#cloud/user-error.ts';
import { DiskBlobs } from '#server/disk/blob-shelf.ts';
import { openData } from '#server/disk/data-folder.ts';
import { Database } from '#server/disk/database.ts';
import type { Served } from '#server/serve.ts';
import { clientsAt } from './load.ts';
import type { Clients } from './load.ts';
import { control, Folders } from './served.ts';

const folders = new Folders();

afterEach(async () => {
  vi.restoreAllMocks();
  await folders.done();
  expect(folders.crashes.splice(0)).toEqual([]);
});

function clientsOf(served: Served): Clients {
  return clientsAt(served.url);
}

async function queueIn({ sqs }: Clients, name = 'orders'): Promise<string> {
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name }));
  return QueueUrl as string;
}

/** Work of several services that asks for ids, sets timers and leaves blobs. */
async function work({ sqs, s3, sns }: Clients, part: string): Promise<string[]> {
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: part }));
  const ids: string[] = [];
  for (const DelaySeconds of [0, 30]) {
    const { MessageId } = await sqs.send(
      new SendMessageCommand({ QueueUrl, MessageBody: part, DelaySeconds }),
    );
    ids.push(MessageId as string);
  }
  await s3.send(new CreateBucketCommand({ Bucket: part }));
  for (const size of [10, 100_000])
    await s3.send(new PutObjectCommand({ Bucket: part, Key: String(size), Body: Buffer.alloc(size, part) }));
  await sns.send(new CreateTopicCommand({ Name: part }));
  return ids;
}

it('goes on after a restart as if nothing had happened: the same ids, the same journal', async () => {
  vi.spyOn(Date, 'now').mockReturnValue(Date.parse('2026-03-01T00:00:00Z'));
  const first = await folders.serve();
  const { port } = first;
  const run = async (data: string | undefined, restarted: boolean): Promise<unknown> => {
    const options = { port, seed: 'same', ...(data === undefined ? {} : { data }) };
    let served = await folders.serve(options);
    const ids = await work(clientsOf(served), 'one');
    await control(served, 'clock', { advanceMs: 20_000 });
    if (restarted) {
      await served.close();
      // The seed is the world's own.
      served = await folders.serve({ port, data: data as string });
    }
    ids.push(...(await work(clientsOf(served), 'two')));
    await control(served, 'clock', { advanceMs: 20_000 });
    const { hash, now, entries } = await control(served, 'clock');
    await served.close();
    return { ids, hash, now, entries };
  };
  await first.close();
  const inMemory = await run(undefined, false);
  expect(await run(folders.fresh(), false)).toEqual(inMemory);
  expect(await run(folders.fresh(), true)).toEqual(inMemory);
});

it('keeps rows, timers and blobs of all sizes', async () => {
  const data = folders.fresh();
  const before = await folders.serve({ data });
  await work(clientsOf(before), 'kept');
  await before.close();
  const after = await folders.serve({ data });
  const { s3, sqs } = clientsOf(after);
  for (const size of [10, 100_000]) {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'kept', Key: String(size) }));
    expect(Buffer.from((await Body?.transformToByteArray()) as Uint8Array)).toEqual(
      Buffer.alloc(size, 'kept'),
    );
  }
  await control(after, 'clock', { advanceMs: 31_000 });
  const request = { QueueUrl: `${after.url}/000000000000/kept`, MaxNumberOfMessages: 10 };
  const { Messages } = await sqs.send(new ReceiveMessageCommand(request));
  expect(Messages).toHaveLength(2);
});

it('says that it goes on with a world, and which one is there', async () => {
  const data = folders.fresh();
  const fresh = await folders.serve({ data });
  expect(fresh.data).toMatchObject({ folder: data, found: false });
  await fresh.close();
  expect((await folders.serve({ data })).data).toMatchObject({ found: true });
});

it('asks the disk once for all that piled up meanwhile', async () => {
  const served = await folders.serve({ data: folders.fresh() });
  const clients = clientsOf(served);
  const QueueUrl = await queueIn(clients);
  const send = (n: number): Promise<unknown> =>
    clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: String(n) }));
  await Promise.all(Array.from({ length: 40 }, (_, n) => send(n)));
  const commit = vi.spyOn(Database.prototype, 'commit');
  await Promise.all(Array.from({ length: 200 }, (_, n) => send(n)));
  expect(commit.mock.calls.length).toBeGreaterThan(0);
  expect(commit.mock.calls.length).toBeLessThan(150);
});

it('asks the disk for nothing where somebody only looks', async () => {
  const served = await folders.serve({ data: folders.fresh() });
  const { sqs } = clientsOf(served);
  await queueIn(clientsOf(served));
  await sleep(250);
  const commit = vi.spyOn(Database.prototype, 'commit');
  for (let n = 0; n < 20; n += 1) await queueUrlsOf(sqs);
  expect(commit.mock.calls.length).toBeLessThan(10);
});

it('answers nobody before the disk has what the answer tells of', async () => {
  const served = await folders.serve({ data: folders.fresh() });
  const clients = clientsOf(served);
  const QueueUrl = await queueIn(clients);
  await clients.s3.send(new CreateBucketCommand({ Bucket: 'held' }));
  const polled = clients.sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
  await sleep(100);
  const open = Promise.withResolvers<void>();
  const write = DiskBlobs.prototype.write;
  vi.spyOn(DiskBlobs.prototype, 'write').mockImplementation(async function (this: DiskBlobs, files) {
    await open.promise;
    return write.call(this, files);
  });
  const answered: string[] = [];
  const asked = (name: string, answer: Promise<unknown>): Promise<unknown> =>
    answer.then(() => answered.push(name));
  const all = [
    asked(
      'large',
      clients.s3.send(new PutObjectCommand({ Bucket: 'held', Key: 'k', Body: Buffer.alloc(1e6) })),
    ),
  ];
  await sleep(100);
  all.push(
    asked('small', clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }))),
    asked('long poll', polled),
    asked('clock', control(served, 'clock', { advanceMs: 1000 })),
    asked('http2', overHttp2(served, QueueUrl)),
  );
  await sleep(300);
  expect(answered).toEqual([]);
  open.resolve();
  await Promise.all(all);
  expect(answered.toSorted()).toEqual(['clock', 'http2', 'large', 'long poll', 'small']);
});

it('keeps a move of the clock that it has acknowledged', async () => {
  const data = folders.fresh();
  const served = await folders.serve({ data });
  const { now } = await control(served, 'clock', { advanceMs: 3_600_000 });
  const again = await folders.serve({ data: folders.asKilled(data) });
  expect((await control(again, 'clock'))['now']).toBe(now);
});

it('lets time pass while it is down where the clock is real, and fires what fell due', async () => {
  const data = folders.fresh();
  const served = await folders.serve({ data, clock: 1 });
  const clients = clientsOf(served);
  const QueueUrl = await queueIn(clients);
  await clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'later', DelaySeconds: 600 }));
  // An hour ahead of the wall clock it stays.
  await control(served, 'clock', { advanceMs: 60_000 });
  await served.close();
  const [atClose, wall] = [served.clock.world.now, Date.now()];
  vi.spyOn(Date, 'now').mockImplementation(() => wall + 900_000);
  const again = await folders.serve({ data, clock: 1 });
  expect(again.clock.world.now - atClose).toBeGreaterThanOrEqual(890_000);
  expect(again.clock.world.now - atClose).toBeLessThan(960_000);
  const { Messages } = await clientsOf(again).sqs.send(
    new ReceiveMessageCommand({ QueueUrl: `${again.url}/000000000000/orders` }),
  );
  expect(Messages).toMatchObject([{ Body: 'later' }]);
});

it('lets no time pass while it is down where the clock is manual', async () => {
  const data = folders.fresh();
  const served = await folders.serve({ data });
  await served.close();
  const { now } = served.clock.world;
  vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 900_000);
  expect((await folders.serve({ data, clock: 1 })).clock.world.now).toBeLessThan(now + 60_000);
});

it('withdraws the long polls of clients that went with its process, so that messages go to others', async () => {
  const data = folders.fresh();
  const served = await folders.serve({ data });
  const clients = clientsOf(served);
  const QueueUrl = await queueIn(clients);
  const polled = clients.sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
  polled.catch(() => {});
  await sleep(200);
  const { sqs } = clientsOf(await folders.serve({ data: folders.asKilled(data) }));
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'for the next' }));
  const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
  expect(Messages).toMatchObject([{ Body: 'for the next' }]);
});

it('empties the folder where the world is reset', async () => {
  const data = folders.fresh();
  const served = await folders.serve({ data });
  await queueIn(clientsOf(served), 'before');
  await control(served, 'reset', {});
  await queueIn(clientsOf(served), 'after');
  const { sqs } = clientsOf(await folders.serve({ data: folders.asKilled(data) }));
  await expect(queueUrlsOf(sqs)).resolves.toEqual([expect.stringContaining('/after')]);
});

/** What stands in a database that nobody has open. */
function looked(data: string, sql: string): unknown {
  const db = new DatabaseSync(join(data, 'world.db'), { readOnly: true });
  try {
    return { ...db.prepare(sql).get() };
  } finally {
    db.close();
  }
}

it('lifts rows of older versions, for good', async () => {
  const data = folders.fresh();
  const served = await folders.serve({ data });
  const { TopicArn } = await clientsOf(served).sns.send(new CreateTopicCommand({ Name: 'old' }));
  await served.close();
  const db = new DatabaseSync(join(data, 'world.db'));
  const database = new Database(db);
  const { state, about } = database.read() ?? {};
  const [[scope, row] = []] = state?.tables.find(({ name }) => name === 'sns/topics')?.rows ?? [];
  const { fifo, removed, ...older } = row as Record<string, unknown>;
  expect([fifo, removed]).toEqual([false, 0]);
  const change = { table: 'sns/topics', key: `${scope}|${TopicArn}`, before: row as object, after: older };
  const head = state as NonNullable<typeof state>;
  const kept = about as NonNullable<typeof about>;
  database.commit({ head, about: kept, anew: false, changes: [change], blobs: [], versionOf: () => 1 });
  db.exec("UPDATE tables SET version = 1 WHERE name = 'sns/topics'");
  database.close();
  for (const _ of ['lifted', 'kept']) {
    const again = await folders.serve({ data });
    const { Attributes } = await clientsOf(again).sns.send(new GetTopicAttributesCommand({ TopicArn }));
    expect(Attributes).toMatchObject({ TopicArn, SubscriptionsDeleted: '0' });
    await again.close();
    expect(looked(data, "SELECT version FROM tables WHERE name = 'sns/topics'")).toEqual({ version: 2 });
  }
});

it('removes blobs that no row refers to when it is opened', async () => {
  const data = folders.fresh();
  const served = await folders.serve({ data });
  const { s3 } = clientsOf(served);
  await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }));
  for (const letter of ['a', 'b'])
    for (const size of [100, 200_000])
      await s3.send(
        new PutObjectCommand({ Bucket: 'bucket', Key: String(size), Body: Buffer.alloc(size, letter) }),
      );
  const counts = (): unknown => looked(data, 'SELECT count(*) AS n FROM blobs');
  await served.close();
  expect(counts()).toEqual({ n: 4 });
  await (await folders.serve({ data })).close();
  expect(counts()).toEqual({ n: 2 });
});

it('ends with a message when the disk does not take what it is given, and answers nobody', async () => {
  const data = folders.fresh();
  const served = await folders.serve({ data });
  const { s3, sqs } = clientsOf(served);
  await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }));
  rmSync(join(data, 'blobs'), { recursive: true });
  const put = s3.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'k', Body: Buffer.alloc(100_000) }));
  await expect(put).rejects.toThrow();
  await expect(served.data?.broken).rejects.toThrow(/could not be written: ENOENT/);
  await expect(sqs.send(new CreateQueueCommand({ QueueName: 'q' }))).rejects.toThrow();
});

it('keeps what it writes from other users', async () => {
  const data = join(folders.fresh(), 'made');
  await work(clientsOf(await folders.serve({ data })), 'kept');
  const modes = [data, join(data, 'world.db'), join(data, 'world.db-wal'), join(data, 'blobs')].map(
    (path) => statSync(path).mode & 0o777,
  );
  expect(modes).toEqual([0o700, 0o600, 0o600, 0o700]);
});

async function refusal(opening: Promise<unknown>): Promise<{ code: string; message: string }> {
  const error = await opening.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(UserError);
  return error as UserError;
}

/** A folder with a world that was closed, or, as after a kill, with its log. */
async function written(asKilled = false): Promise<string> {
  const data = folders.fresh();
  const served = await folders.serve({ data });
  const clients = clientsOf(served);
  for (let n = 0; n < 30; n += 1) await queueIn(clients, `q${n}`);
  const copy = folders.asKilled(data);
  await served.close();
  return asKilled ? copy : data;
}

it('refuses a folder that another has open, and says who', async () => {
  const data = folders.fresh();
  await folders.serve({ data });
  expect(await refusal(folders.serve({ data }))).toMatchObject({
    code: 'data-in-use',
    message: `${data} is in use by process ${process.pid}.`,
  });
});

it.each([
  ['some text', Buffer.from('these are notes of mine, not a database')],
  ['zeros', Buffer.alloc(8192)],
])('refuses a file of %s and leaves it as it is', async (_, bytes) => {
  const data = folders.fresh();
  writeFileSync(join(data, 'world.db'), bytes);
  expect(await refusal(folders.serve({ data }))).toMatchObject({ code: 'data-foreign' });
  expect(readFileSync(join(data, 'world.db'))).toEqual(bytes);
});

it('refuses the database of another program and leaves it as it is', async () => {
  const data = folders.fresh();
  const other = new DatabaseSync(join(data, 'world.db'));
  other.exec('CREATE TABLE contacts (name TEXT)');
  other.close();
  const bytes = readFileSync(join(data, 'world.db'));
  expect(await refusal(folders.serve({ data }))).toMatchObject({ code: 'data-foreign' });
  expect(readFileSync(join(data, 'world.db'))).toEqual(bytes);
});

it('refuses a newer format, and newer rows', async () => {
  const [format, rows] = [await written(), await written()];
  const change = (data: string, sql: string): void => {
    const db = new DatabaseSync(join(data, 'world.db'));
    db.exec(sql);
    db.close();
  };
  change(format, 'PRAGMA user_version = 2');
  change(rows, "UPDATE tables SET version = 99 WHERE name = 'sqs/queues'");
  expect(await refusal(folders.serve({ data: format }))).toMatchObject({
    code: 'data-newer',
    message: expect.stringContaining('its format is 2; this release reads 1'),
  });
  expect(await refusal(folders.serve({ data: rows }))).toMatchObject({
    code: 'data-newer',
    message: expect.stringContaining('sqs/queues are of version 99; this release reads'),
  });
});

it('refuses a database that is torn, damaged, missing or older than what it belongs to', async () => {
  const file = (data: string): string => join(data, 'world.db');
  const torn = await written();
  truncateSync(file(torn), Math.floor(statSync(file(torn)).size / 2));
  const emptied = await written();
  truncateSync(file(emptied), 0);
  const missing = await written();
  rmSync(file(missing));
  const older = await written();
  const before = folders.fresh();
  copyFileSync(file(older), file(before));
  const again = await folders.serve({ data: older });
  await queueIn(clientsOf(again), 'one-more');
  await again.close();
  // A page of the earlier file among those of the later one: a write that never reached the disk.
  const [was, is] = [readFileSync(file(before)), readFileSync(file(older))];
  const page = Array.from({ length: was.length / 4096 }, (_, n) => n * 4096).findLast(
    (at) => at > 0 && !was.subarray(at, at + 4096).equals(is.subarray(at, at + 4096)),
  ) as number;
  was.copy(is, page, page, page + 4096);
  writeFileSync(file(older), is);
  for (const data of [torn, emptied, missing, older])
    expect(await refusal(folders.serve({ data }))).toMatchObject({ code: 'data-damaged' });
});

it('refuses a database with a changed byte wherever that matters', async () => {
  const data = await written();
  const bytes = readFileSync(join(data, 'world.db'));
  const read = async (folder: string): Promise<unknown> => {
    const { disk, contents } = await openData(folder, () => {});
    disk.abandon();
    return contents?.state;
  };
  const whole = await read(folders.asKilled(data));
  const codes: string[] = [];
  for (let at = 4096; at < bytes.length; at += 499) {
    const copy = folders.asKilled(data);
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] as number) ^ 1;
    writeFileSync(join(copy, 'world.db'), changed);
    const found = await read(copy).catch((error: unknown) => void codes.push((error as UserError).code));
    // Some bytes lie in parts of the file that are not in use.
    if (found !== undefined) expect(found).toEqual(whole);
  }
  expect(new Set(codes)).toEqual(new Set(['data-damaged']));
  expect(codes.length).toBeGreaterThan(10);
});

it('opens what a log holds up to where it was cut off, and nothing after that', async () => {
  const data = await written(true);
  const size = statSync(join(data, 'world.db-wal')).size;
  let most = 30;
  for (const share of [0.95, 0.6, 0.3, 0.05]) {
    const copy = folders.asKilled(data);
    truncateSync(join(copy, 'world.db-wal'), Math.floor(size * share));
    const served = await folders.serve({ data: copy });
    const names = (await queueUrlsOf(clientsOf(served).sqs)).map((url) =>
      url.slice(url.lastIndexOf('/') + 1),
    );
    // A prefix of what happened: no queue without the one before it.
    expect(names.toSorted()).toEqual(names.map((_, n) => `q${n}`).toSorted());
    expect(names.length).toBeLessThanOrEqual(most);
    most = names.length;
  }
  expect(most).toBeLessThan(30);
});

it('refuses a folder whose large blob is missing or torn', async () => {
  const data = folders.fresh();
  const served = await folders.serve({ data });
  await work(clientsOf(served), 'kept');
  const copy = folders.asKilled(data);
  const { blobs } = new Database(new DatabaseSync(join(copy, 'world.db'))).read() ?? {};
  const [hash] = [...(blobs ?? [])].find(([, { filed }]) => filed) ?? [];
  truncateSync(join(data, 'blobs', hash as string), 10);
  await served.close();
  expect(await refusal(folders.serve({ data }))).toMatchObject({
    code: 'data-damaged',
    message: expect.stringContaining('is missing or torn'),
  });
});

it('refuses another seed, and to run code for real that was modelled', async () => {
  const data = await written();
  expect(await refusal(folders.serve({ data, seed: 'other' }))).toMatchObject({ code: 'data-other-seed' });
  expect(await refusal(folders.serve({ data, functions: 'process' }))).toMatchObject({
    code: 'data-other-functions',
  });
  // Neither has kept it from being opened.
  await folders.serve({ data, seed: 'sandtable' });
});

async function queueUrlsOf(sqs: Clients['sqs']): Promise<string[]> {
  const { ListQueuesCommand } = await import('@aws-sdk/client-sqs');
  const { QueueUrls = [] } = await sqs.send(new ListQueuesCommand({}));
  return QueueUrls;
}

/** A request by HTTP/2, as Kinesis' client sends its own. */
async function overHttp2({ url }: Served, QueueUrl: string): Promise<number> {
  const session = connect(url);
  const stream = session.request({
    ':method': 'POST',
    ':path': '/',
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': 'AmazonSQS.SendMessage',
    'x-amz-date': '20260101T000000Z',
    authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host;x-amz-date, Signature=${'a'.repeat(64)}`,
  });
  stream.end(JSON.stringify({ QueueUrl, MessageBody: 'by HTTP/2' }));
  const status = await new Promise<number>((resolve) =>
    stream.once('response', (headers) => resolve(headers[':status'] as number)),
  );
  session.destroy();
  expect(status).toBe(200);
  return status;
}
