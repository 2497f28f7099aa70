// What lifecycle rules do as the days go by.

import {
  CreateMultipartUploadCommand,
  DeleteBucketLifecycleCommand,
  DeleteObjectCommand,
  GetBucketLifecycleConfigurationCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import type { LifecycleRule, S3Client } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { Bucket, stand } from '../test-stand.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;

const configure = (s3: S3Client, ...rules: Omit<LifecycleRule, 'Status'>[]): Promise<unknown> => {
  const Rules = rules.map((rule) => ({ Status: 'Enabled' as const, ...rule }));
  return s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules } }));
};
const keys = async (s3: S3Client): Promise<(string | undefined)[]> =>
  ((await s3.send(new ListObjectsV2Command({ Bucket }))).Contents ?? []).map(({ Key }) => Key);

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-expire-general-considerations.html
it('expires objects at the midnight after their days, and a little later they are gone', async () => {
  const { table, s3, put } = await stand();
  await configure(s3, { ID: 'logs', Filter: { Prefix: 'logs/' }, Expiration: { Days: 3 } });
  table.advance(10 * HOUR);
  await put('logs/a');
  await put('kept');
  const { Expiration } = await s3.send(new HeadObjectCommand({ Bucket, Key: 'logs/a' }));
  // Begun on Monday 5 January 2026 at 10:00; three days later the next midnight is that of the 9th.
  expect(Expiration).toBe('expiry-date="Fri, 09 Jan 2026 00:00:00 GMT", rule-id="logs"');
  table.advance(3 * DAY + 14 * HOUR - 1);
  expect(await keys(s3)).toEqual(['kept', 'logs/a']);
  table.advance(3 * HOUR);
  expect(await keys(s3)).toEqual(['kept']);
});

it('applies rules by tags and sizes', async () => {
  const { table, s3 } = await stand();
  const And = { Tags: [{ Key: 'tmp', Value: 'yes' }], ObjectSizeGreaterThan: 3 };
  await configure(s3, { Filter: { And }, Expiration: { Days: 1 } });
  const put = (Key: string, Body: string, Tagging = '') =>
    s3.send(new PutObjectCommand({ Bucket, Key, Body, Tagging }));
  await put('both', 'long enough', 'tmp=yes');
  await put('small', 'x', 'tmp=yes');
  await put('untagged', 'long enough');
  table.advance(3 * DAY);
  expect(await keys(s3)).toEqual(['small', 'untagged']);
});

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html#intro-lifecycle-rules-actions
it('hides versioned objects under a delete marker, and takes old versions and lone markers away', async () => {
  const { table, s3, put } = await stand('Enabled');
  await configure(s3, {
    Filter: {},
    Expiration: { Days: 1 },
    NoncurrentVersionExpiration: { NoncurrentDays: 5 },
  });
  await put('k');
  const versions = () => s3.send(new ListObjectVersionsCommand({ Bucket }));
  table.advance(2 * DAY + 3 * HOUR);
  expect((await versions()).DeleteMarkers).toHaveLength(1);
  expect((await versions()).Versions).toHaveLength(1);
  table.advance(7 * DAY);
  expect((await versions()).Versions ?? []).toEqual([]);
  expect((await versions()).DeleteMarkers ?? []).toEqual([]);
});

it('keeps as many newer versions as it is told to', async () => {
  const { table, s3, put } = await stand('Enabled');
  const NoncurrentVersionExpiration = { NoncurrentDays: 1, NewerNoncurrentVersions: 2 };
  await configure(s3, { Filter: {}, NoncurrentVersionExpiration });
  for (let i = 0; i < 5; i += 1) await put('k', String(i));
  table.advance(3 * DAY);
  const { Versions } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
  expect(Versions).toHaveLength(3);
});

it('aborts uploads that nobody completes', async () => {
  const { table, s3 } = await stand();
  await configure(s3, { Filter: {}, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 2 } });
  await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'k' }));
  const uploads = async () => (await s3.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads ?? [];
  table.advance(2 * DAY);
  expect(await uploads()).toHaveLength(1);
  table.advance(DAY + 3 * HOUR);
  expect(await uploads()).toEqual([]);
});

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
it('moves large objects to colder classes, from which archived ones cannot be read', async () => {
  const { table, s3, put } = await stand();
  const Transitions = [
    { Days: 30, StorageClass: 'STANDARD_IA' as const },
    { Days: 60, StorageClass: 'GLACIER' as const },
  ];
  await configure(s3, { Filter: {}, Transitions });
  await put('large', new Uint8Array(131_072));
  await put('small');
  const classOf = async (Key: string) => (await s3.send(new HeadObjectCommand({ Bucket, Key }))).StorageClass;
  table.advance(31 * DAY + 3 * HOUR);
  expect([await classOf('large'), await classOf('small')]).toEqual(['STANDARD_IA', undefined]);
  table.advance(30 * DAY);
  expect(await classOf('large')).toBe('GLACIER');
  await expect(s3.send(new GetObjectCommand({ Bucket, Key: 'large' }))).rejects.toMatchObject({
    name: 'InvalidObjectState',
    $metadata: { httpStatusCode: 403 },
  });
});

it('leaves everything alone once the rules are gone', async () => {
  const { table, s3, put } = await stand();
  await configure(s3, { Filter: {}, Expiration: { Days: 1 } });
  await put('k');
  await s3.send(new DeleteBucketLifecycleCommand({ Bucket }));
  table.advance(5 * DAY);
  expect(await keys(s3)).toEqual(['k']);
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
});

it('gives rules ids, and shows them as they were given', async () => {
  const { s3 } = await stand();
  await configure(s3, { Prefix: 'a', Expiration: { Date: new Date('2030-01-01T00:00:00Z') } });
  const answer = await s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }));
  expect(answer).toMatchObject({
    TransitionDefaultMinimumObjectSize: 'all_storage_classes_128K',
    Rules: [{ Prefix: 'a', Expiration: { Date: new Date('2030-01-01T00:00:00Z') }, Status: 'Enabled' }],
  });
  expect(answer.Rules?.[0]?.ID).toHaveLength(48);
});

it('takes no rules that make no sense', async () => {
  const { s3 } = await stand();
  const Filter = { Prefix: '' };
  for (const [rule, message] of [
    [{ Filter }, 'At least one action needs to be specified in a rule'],
    [{ Filter, Expiration: { Days: 0 } }, "'Days' for Expiration action must be a positive integer"],
    [{ Filter, Expiration: { Date: new Date(1) } }, "'Date' must be at midnight GMT"],
    [
      { Filter, Expiration: { Days: 30 }, Transitions: [{ Days: 30, StorageClass: 'GLACIER' as const }] },
      "must be greater than 'Days' in the Transition action",
    ],
    [{ Filter, Prefix: '', Expiration: { Days: 1 } }, 'did not validate against our published schema'],
  ] satisfies [Omit<LifecycleRule, 'Status'>, string][]) {
    await expect(configure(s3, rule)).rejects.toThrow(message);
  }
  const twice = { ID: 'same', Filter, Expiration: { Days: 1 } };
  await expect(configure(s3, twice, twice)).rejects.toThrow('Rule ID must be unique');
});
