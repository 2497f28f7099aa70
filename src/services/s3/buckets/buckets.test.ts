import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteBucketTaggingCommand,
  DeletePublicAccessBlockCommand,
  GetBucketAccelerateConfigurationCommand,
  GetBucketAclCommand,
  GetBucketCorsCommand,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketLocationCommand,
  GetBucketLoggingCommand,
  GetBucketNotificationConfigurationCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketReplicationCommand,
  GetBucketRequestPaymentCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  GetBucketWebsiteCommand,
  GetObjectLockConfigurationCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  PutBucketAclCommand,
  PutBucketAnalyticsConfigurationCommand,
  PutBucketEncryptionCommand,
  PutBucketTaggingCommand,
  PutBucketVersioningCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { newTable } from '../../../../tests/table.ts';
import { Bucket, raw, stand, STRANGER } from '../test-stand.ts';

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
it('gives a name to one account of the world, and in us-east-1 gives it to that account again', async () => {
  const { table, s3 } = await stand();
  const again = await s3.send(new CreateBucketCommand({ Bucket }));
  expect(again).toMatchObject({ Location: '/sand', BucketArn: 'arn:aws:s3:::sand' });
  const stranger = table.client(S3Client, { credentials: STRANGER });
  await expect(stranger.send(new CreateBucketCommand({ Bucket }))).rejects.toMatchObject({
    name: 'BucketAlreadyExists',
    $metadata: { httpStatusCode: 409 },
  });
  const west = table.client(S3Client, { region: 'eu-west-1' });
  await west.send(new CreateBucketCommand({ Bucket: 'west' }));
  await expect(west.send(new CreateBucketCommand({ Bucket: 'west' }))).rejects.toMatchObject({
    name: 'BucketAlreadyOwnedByYou',
  });
});

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
it.each(['ab', 'Upper', 'under_score', '-dash', 'dots..dots', '192.168.5.4', 'xn--name', 'name-s3alias'])(
  'refuses the bucket name %s',
  (name) => {
    const answer = raw(newTable(), {
      method: 'PUT',
      path: `/${name}`,
      headers: { authorization: SIGNED, 'x-amz-date': '20260105T000000Z' },
    });
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('<Code>InvalidBucketName</Code>');
  },
);

const SIGNED =
  'AWS4-HMAC-SHA256 Credential=test/20260105/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=' +
  '0'.repeat(64);

it('tells where a bucket is, which for us-east-1 is nowhere', async () => {
  const { table, s3 } = await stand();
  expect((await s3.send(new GetBucketLocationCommand({ Bucket }))).LocationConstraint).toBeUndefined();
  const CreateBucketConfiguration = { LocationConstraint: 'eu-central-1' } as const;
  const made = await s3.send(new CreateBucketCommand({ Bucket: 'middle', CreateBucketConfiguration }));
  expect(made.Location).toBe('http://middle.s3.amazonaws.com/');
  const middle = table.client(S3Client, { region: 'eu-central-1' });
  const located = await middle.send(new GetBucketLocationCommand({ Bucket: 'middle' }));
  expect(located.LocationConstraint).toBe('eu-central-1');
  expect(await middle.send(new HeadBucketCommand({ Bucket: 'middle' }))).toMatchObject({
    BucketRegion: 'eu-central-1',
    BucketArn: 'arn:aws:s3:::middle',
  });
});

it('takes no location but its own at the endpoint of a Region', async () => {
  const table = newTable();
  const create = (region: string, LocationConstraint: string): Promise<unknown> =>
    table.client(S3Client, { region }).send(
      new CreateBucketCommand({
        Bucket: 'new-one',
        CreateBucketConfiguration: { LocationConstraint: LocationConstraint as 'EU' },
      }),
    );
  await expect(create('us-west-2', 'eu-west-1')).rejects.toMatchObject({
    name: 'IllegalLocationConstraintException',
    message:
      'The eu-west-1 location constraint is incompatible for the region specific endpoint this request was sent to.',
  });
  await expect(create('us-east-1', 'us-east-1')).rejects.toMatchObject({ name: 'InvalidLocationConstraint' });
});

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html
it('sends a request for another Region there, which SDK clients follow', async () => {
  const { table } = await stand();
  const west = table.client(S3Client, { region: 'us-west-2' });
  await expect(west.send(new GetBucketVersioningCommand({ Bucket }))).rejects.toMatchObject({
    name: 'PermanentRedirect',
    Endpoint: 'sand.s3.us-east-1.amazonaws.com',
    $metadata: { httpStatusCode: 301 },
  });
  west.config.followRegionRedirects = true;
  expect((await west.send(new GetBucketVersioningCommand({ Bucket }))).$metadata.httpStatusCode).toBe(200);
});

it('lists an account’s buckets of all Regions by name, in pages where asked for', async () => {
  const { table, s3 } = await stand();
  await table.client(S3Client, { region: 'eu-west-1' }).send(new CreateBucketCommand({ Bucket: 'beach' }));
  await table.client(S3Client, { credentials: STRANGER }).send(new CreateBucketCommand({ Bucket: 'theirs' }));
  const { Buckets, Owner } = await s3.send(new ListBucketsCommand({}));
  expect(Buckets?.map(({ Name }) => Name)).toEqual(['beach', 'sand']);
  expect(Buckets?.[0]?.CreationDate?.getTime()).toBe(table.world.now);
  expect(Owner?.ID).toMatch(/^[0-9a-f]{64}$/);
  const first = await s3.send(new ListBucketsCommand({ MaxBuckets: 1 }));
  expect(first.Buckets).toMatchObject([{ Name: 'beach', BucketRegion: 'eu-west-1' }]);
  const { ContinuationToken } = first;
  const second = await s3.send(new ListBucketsCommand({ MaxBuckets: 1, ContinuationToken }));
  expect(second.Buckets).toMatchObject([{ Name: 'sand' }]);
  expect(second.ContinuationToken).toBeUndefined();
  const there = await s3.send(new ListBucketsCommand({ BucketRegion: 'us-east-1', Prefix: 'sa' }));
  expect(there).toMatchObject({ Buckets: [{ Name: 'sand' }], Prefix: 'sa' });
});

it('deletes only empty buckets, and then the name is free', async () => {
  const { table, s3, put } = await stand();
  await put('a');
  await expect(s3.send(new DeleteBucketCommand({ Bucket }))).rejects.toMatchObject({
    name: 'BucketNotEmpty',
    BucketName: Bucket,
    $metadata: { httpStatusCode: 409 },
  });
  await s3.send(new CreateBucketCommand({ Bucket: 'empty' }));
  await s3.send(new DeleteBucketCommand({ Bucket: 'empty' }));
  await expect(s3.send(new HeadBucketCommand({ Bucket: 'empty' }))).rejects.toMatchObject({
    name: 'NotFound',
  });
  await expect(s3.send(new GetBucketVersioningCommand({ Bucket: 'empty' }))).rejects.toMatchObject({
    name: 'NoSuchBucket',
    message: 'The specified bucket does not exist',
    BucketName: 'empty',
  });
  const stranger = table.client(S3Client, { credentials: STRANGER });
  await stranger.send(new CreateBucketCommand({ Bucket: 'empty' }));
});

it('knows versioning as absent, on and suspended', async () => {
  const { s3 } = await stand();
  const status = async (): Promise<unknown> =>
    (await s3.send(new GetBucketVersioningCommand({ Bucket }))).Status;
  const set = (VersioningConfiguration: object): Promise<unknown> =>
    s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
  expect(await status()).toBeUndefined();
  await set({ Status: 'Enabled' });
  expect(await status()).toBe('Enabled');
  await set({ Status: 'Suspended' });
  expect(await status()).toBe('Suspended');
  await expect(set({})).rejects.toMatchObject({ name: 'IllegalVersioningConfigurationException' });
  await expect(set({ Status: 'enabled' })).rejects.toMatchObject({ name: 'MalformedXML' });
  await expect(set({ Status: 'Enabled', MFADelete: 'Enabled' })).rejects.toMatchObject({
    name: 'NotImplemented',
  });
});

it('replaces a bucket’s tags as a set', async () => {
  const { s3 } = await stand();
  const tag = (...TagSet: { Key: string; Value: string }[]): Promise<unknown> =>
    s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } }));
  const get = new GetBucketTaggingCommand({ Bucket });
  await expect(s3.send(get)).rejects.toMatchObject({ name: 'NoSuchTagSet', BucketName: Bucket });
  await tag({ Key: 'b', Value: '1' }, { Key: 'a', Value: '' });
  await tag({ Key: 'c', Value: '2' });
  expect((await s3.send(get)).TagSet).toEqual([{ Key: 'c', Value: '2' }]);
  await expect(tag({ Key: 'a', Value: '1' }, { Key: 'a', Value: '2' })).rejects.toMatchObject({
    name: 'InvalidTag',
    message: 'Cannot provide multiple Tags with the same key',
  });
  await expect(tag({ Key: 'aws:x', Value: '1' })).rejects.toThrow(
    'System tags cannot be added/updated by requester',
  );
  await s3.send(new DeleteBucketTaggingCommand({ Bucket }));
  await expect(s3.send(get)).rejects.toMatchObject({ name: 'NoSuchTagSet' });
});

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html
it('starts a bucket with public access blocked, ACLs off and encryption by S3’s keys', async () => {
  const { s3 } = await stand();
  const block = await s3.send(new GetPublicAccessBlockCommand({ Bucket }));
  expect(block.PublicAccessBlockConfiguration).toEqual({
    BlockPublicAcls: true,
    IgnorePublicAcls: true,
    BlockPublicPolicy: true,
    RestrictPublicBuckets: true,
  });
  const { OwnershipControls } = await s3.send(new GetBucketOwnershipControlsCommand({ Bucket }));
  expect(OwnershipControls).toEqual({ Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] });
  const encryption = await s3.send(new GetBucketEncryptionCommand({ Bucket }));
  expect(encryption.ServerSideEncryptionConfiguration?.Rules).toEqual([
    { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' }, BucketKeyEnabled: false },
  ]);
  const { Grants, Owner } = await s3.send(new GetBucketAclCommand({ Bucket }));
  expect(Grants).toEqual([{ Grantee: { ID: Owner?.ID, Type: 'CanonicalUser' }, Permission: 'FULL_CONTROL' }]);
  await expect(s3.send(new PutBucketAclCommand({ Bucket, ACL: 'private' }))).rejects.toMatchObject({
    name: 'AccessControlListNotSupported',
    message: 'The bucket does not allow ACLs',
  });
  await s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
  await expect(s3.send(new GetPublicAccessBlockCommand({ Bucket }))).rejects.toMatchObject({
    name: 'NoSuchPublicAccessBlockConfiguration',
  });
});

it('answers truthfully that nothing else is configured', async () => {
  const { s3 } = await stand();
  const asked = [
    [new GetBucketCorsCommand({ Bucket }), 'NoSuchCORSConfiguration'],
    [new GetBucketLifecycleConfigurationCommand({ Bucket }), 'NoSuchLifecycleConfiguration'],
    [new GetBucketReplicationCommand({ Bucket }), 'ReplicationConfigurationNotFoundError'],
    [new GetBucketWebsiteCommand({ Bucket }), 'NoSuchWebsiteConfiguration'],
    [new GetObjectLockConfigurationCommand({ Bucket }), 'ObjectLockConfigurationNotFoundError'],
  ] as const;
  for (const [command, name] of asked)
    await expect(s3.send(command as never)).rejects.toMatchObject({
      name,
      $metadata: { httpStatusCode: 404 },
    });
  expect((await s3.send(new GetBucketLoggingCommand({ Bucket }))).LoggingEnabled).toBeUndefined();
  const notification = await s3.send(new GetBucketNotificationConfigurationCommand({ Bucket }));
  expect(notification.QueueConfigurations).toBeUndefined();
  expect(await s3.send(new GetBucketRequestPaymentCommand({ Bucket }))).toMatchObject({
    Payer: 'BucketOwner',
  });
  expect((await s3.send(new GetBucketAccelerateConfigurationCommand({ Bucket }))).Status).toBeUndefined();
});

it('refuses by name what it does not model', async () => {
  const { s3 } = await stand();
  const AnalyticsConfiguration = { Id: 'a', StorageClassAnalysis: {} };
  await expect(
    s3.send(new PutBucketAnalyticsConfigurationCommand({ Bucket, Id: 'a', AnalyticsConfiguration })),
  ).rejects.toMatchObject({ name: 'NotImplemented', $metadata: { httpStatusCode: 501 } });
  const dsse = { Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms:dsse' as const } }] };
  await expect(
    s3.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: dsse })),
  ).rejects.toMatchObject({ name: 'NotImplemented' });
});

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html
it('denies where the bucket’s owner is not the one that is expected', async () => {
  const { s3 } = await stand();
  const head = (ExpectedBucketOwner: string): Promise<unknown> =>
    s3.send(new GetBucketVersioningCommand({ Bucket, ExpectedBucketOwner }));
  await head('000000000000');
  await expect(head('111111111111')).rejects.toMatchObject({ name: 'AccessDenied' });
  await expect(head('abcd')).rejects.toMatchObject({ name: 'InvalidBucketOwnerAWSAccountID' });
});
