// Object ownership, and access control lists.

import {
  DeleteObjectCommand,
  PutBucketVersioningCommand,
  CreateBucketCommand,
  GetBucketAclCommand,
  GetBucketOwnershipControlsCommand,
  GetObjectAclCommand,
  GetObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutBucketAclCommand,
  PutBucketLoggingCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutObjectAclCommand,
  PutObjectCommand,
  PutPublicAccessBlockCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import type { BucketCannedACL, Grant, Grantee, ObjectOwnership } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { Bucket, raw, stand, STRANGER } from '../test-stand.ts';
import type { Stand } from '../test-stand.ts';

const own = (s3: S3Client, owner: ObjectOwnership): Promise<unknown> =>
  s3.send(
    new PutBucketOwnershipControlsCommand({
      Bucket,
      OwnershipControls: { Rules: [{ ObjectOwnership: owner }] },
    }),
  );
const block = (s3: S3Client, on: boolean): Promise<unknown> =>
  s3.send(
    new PutPublicAccessBlockCommand({
      Bucket,
      PublicAccessBlockConfiguration: { BlockPublicAcls: on, IgnorePublicAcls: on },
    }),
  );
const list = (s3: S3Client, ACL: BucketCannedACL): Promise<unknown> =>
  s3.send(new PutBucketAclCommand({ Bucket, ACL }));

/** A bucket on which lists work, and which nothing keeps from being public. */
async function open(owner: ObjectOwnership = 'ObjectWriter'): Promise<Stand> {
  const stood = await stand();
  await own(stood.s3, owner);
  await block(stood.s3, false);
  return stood;
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
it('is off for new buckets, and lists are refused until it is on', async () => {
  const { s3 } = await stand();
  await expect(list(s3, 'public-read')).rejects.toMatchObject({ name: 'AccessControlListNotSupported' });
  await expect(
    s3.send(new CreateBucketCommand({ Bucket: 'other', ACL: 'public-read' })),
  ).rejects.toMatchObject({ name: 'InvalidBucketAclWithObjectOwnership' });
  await expect(
    s3.send(
      new CreateBucketCommand({ Bucket: 'other', ACL: 'public-read', ObjectOwnership: 'ObjectWriter' }),
    ),
  ).rejects.toMatchObject({ name: 'InvalidBucketAclWithBlockPublicAccessError' });
  await s3.send(new CreateBucketCommand({ Bucket: 'third', ObjectOwnership: 'BucketOwnerPreferred' }));
  const { OwnershipControls } = await s3.send(new GetBucketOwnershipControlsCommand({ Bucket: 'third' }));
  expect(OwnershipControls?.Rules).toEqual([{ ObjectOwnership: 'BucketOwnerPreferred' }]);
});

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
it('lets the delivery of logs in by a list of its own', async () => {
  const { s3, table, put } = await stand();
  const logs = { Bucket: 'logs', ACL: 'log-delivery-write' as BucketCannedACL };
  await expect(s3.send(new CreateBucketCommand(logs))).rejects.toMatchObject({
    name: 'InvalidBucketAclWithObjectOwnership',
  });
  await s3.send(new CreateBucketCommand({ ...logs, ObjectOwnership: 'BucketOwnerPreferred' }));
  const LoggingEnabled = { TargetBucket: 'logs', TargetPrefix: '' };
  await s3.send(new PutBucketLoggingCommand({ Bucket, BucketLoggingStatus: { LoggingEnabled } }));
  await put('k');
  table.advance(3_600_000);
  const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket: 'logs' }));
  expect(Contents).toHaveLength(1);
});

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
it('does not make public what public access block keeps private', async () => {
  const { s3 } = await stand();
  await own(s3, 'ObjectWriter');
  await expect(list(s3, 'public-read')).rejects.toThrow(
    'because public access control lists (ACLs) are prevented by the BlockPublicAcls setting',
  );
});

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl
it('lets everybody list a bucket that is public to read, and no object in it', async () => {
  const { s3, table, put } = await open();
  await put('k');
  expect(raw(table, { path: `/${Bucket}` }).status).toBe(403);
  await list(s3, 'public-read');
  expect(raw(table, { path: `/${Bucket}` }).text).toContain('<Key>k</Key>');
  expect(raw(table, { path: `/${Bucket}/k` }).status).toBe(403);
  const { Grants } = await s3.send(new GetBucketAclCommand({ Bucket }));
  expect(Grants).toMatchObject([
    { Permission: 'FULL_CONTROL' },
    { Grantee: { URI: 'http://acs.amazonaws.com/groups/global/AllUsers' }, Permission: 'READ' },
  ]);
  await block(s3, true);
  expect(raw(table, { path: `/${Bucket}` }).status).toBe(403);
});

it('lets everybody read an object that is public, and nobody once lists are off', async () => {
  const { s3, table } = await open();
  await s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', ACL: 'public-read' }));
  expect(raw(table, { path: `/${Bucket}/k` }).text).toBe('x');
  await s3.send(new PutObjectAclCommand({ Bucket, Key: 'k', ACL: 'private' }));
  expect(raw(table, { path: `/${Bucket}/k` }).status).toBe(403);
  await s3.send(new PutObjectAclCommand({ Bucket, Key: 'k', ACL: 'public-read' }));
  expect((await s3.send(new GetObjectAclCommand({ Bucket, Key: 'k' }))).Grants).toHaveLength(2);
  await own(s3, 'BucketOwnerEnforced');
  expect(raw(table, { path: `/${Bucket}/k` }).status).toBe(403);
});

// LocalStack's test_put_object_acl_on_delete_marker, recorded from AWS.
it('takes no list for a delete marker on top', async () => {
  const { s3 } = await open();
  const Status = 'Enabled';
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
  const put = s3.send(new PutObjectAclCommand({ Bucket, Key: 'k', ACL: 'private' }));
  await expect(put).rejects.toMatchObject({ name: 'MethodNotAllowed', Method: 'PUT' });
});

it('takes uploads of other accounts only where they become the bucket owner’s', async () => {
  const { s3, table } = await open('BucketOwnerPreferred');
  const Statement = [
    {
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${STRANGER.accessKeyId}:root` },
      Action: ['s3:PutObject', 's3:PutObjectAcl'],
      Resource: `arn:aws:s3:::${Bucket}/*`,
    },
  ];
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  await s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
  const stranger = table.client(S3Client, { credentials: STRANGER });
  const put = { Bucket, Key: 'k', Body: 'x' };
  await expect(stranger.send(new PutObjectCommand(put))).rejects.toMatchObject({ name: 'NotImplemented' });
  await stranger.send(new PutObjectCommand({ ...put, ACL: 'bucket-owner-full-control' }));
});

/** The canonical user id of whoever asks. */
async function idOf(s3: S3Client): Promise<string> {
  return (await s3.send(new ListBucketsCommand({}))).Owner?.ID ?? '';
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#acl-access-policy-permission-mapping
it('lets another account do what a grant to it says, and no more', async () => {
  const { s3, table, put } = await open();
  await put('k');
  const stranger = table.client(S3Client, { credentials: STRANGER });
  const listed = (): Promise<unknown> => stranger.send(new ListObjectsV2Command({ Bucket }));
  await expect(listed()).rejects.toMatchObject({ name: 'AccessDenied' });
  await s3.send(new PutBucketAclCommand({ Bucket, GrantRead: `id="${await idOf(stranger)}"` }));
  await listed();
  await expect(stranger.send(new GetBucketAclCommand({ Bucket }))).rejects.toMatchObject({
    name: 'AccessDenied',
  });
  await expect(stranger.send(new GetObjectCommand({ Bucket, Key: 'k' }))).rejects.toMatchObject({
    name: 'AccessDenied',
  });
  const GrantFullControl = `id=${await idOf(stranger)}`;
  await s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', GrantFullControl }));
  await stranger.send(new GetObjectCommand({ Bucket, Key: 'k' }));
  await stranger.send(new GetObjectAclCommand({ Bucket, Key: 'k' }));
});

// LocalStack's test_s3_bucket_acl and test_s3_object_acl, recorded from AWS.
it('keeps a list of grants as it was given, without the owner where that is not in it', async () => {
  const { s3, put } = await open();
  await put('k');
  const URI = 'http://acs.amazonaws.com/groups/s3/LogDelivery';
  const toLogs = { Grantee: { Type: 'Group', URI }, Permission: 'READ' };
  await s3.send(new PutBucketAclCommand({ Bucket, GrantRead: `uri="${URI}"` }));
  expect((await s3.send(new GetBucketAclCommand({ Bucket }))).Grants).toEqual([toLogs]);
  const Owner = { ID: await idOf(s3) };
  const Grants: Grant[] = [
    { Grantee: { ...Owner, Type: 'CanonicalUser' }, Permission: 'FULL_CONTROL' },
    { Grantee: { Type: 'Group', URI }, Permission: 'WRITE' },
  ];
  await s3.send(new PutObjectAclCommand({ Bucket, Key: 'k', AccessControlPolicy: { Owner, Grants } }));
  expect(await s3.send(new GetObjectAclCommand({ Bucket, Key: 'k' }))).toMatchObject({ Owner, Grants });
});

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
it('takes a grant to everybody for public', async () => {
  const { s3, table } = await stand();
  await own(s3, 'ObjectWriter');
  const everybody = { Bucket, GrantRead: 'uri="http://acs.amazonaws.com/groups/global/AllUsers"' };
  const listed = (): Promise<unknown> => s3.send(new PutBucketAclCommand(everybody));
  await expect(listed()).rejects.toMatchObject({ name: 'AccessDenied' });
  await block(s3, false);
  await listed();
  expect(raw(table, { path: `/${Bucket}` }).status).toBe(200);
  await block(s3, true);
  expect(raw(table, { path: `/${Bucket}` }).status).toBe(403);
});

// LocalStack's test_s3_bucket_acl_exceptions, recorded from AWS; all of it comes before the question whether lists are on.
it('says what is wrong with a list', async () => {
  const { s3 } = await stand();
  const Owner = { ID: await idOf(s3) };
  const grantee = (Grantee: Grantee, Permission: string = 'READ'): object => ({
    AccessControlPolicy: { Owner, Grants: [{ Grantee, Permission }] },
  });
  const fake = 'http://acs.amazonaws.com/groups/s3/FakeGroup';
  const invalid = (ArgumentName: string, ArgumentValue: string): object => ({
    name: 'InvalidArgument',
    ArgumentName,
    ArgumentValue,
  });
  const cases: [object, object][] = [
    [{ ACL: 'fake-acl' }, invalid('x-amz-acl', 'fake-acl')],
    [{ GrantWrite: `uri="${fake}"` }, invalid('uri', fake)],
    [{ GrantWrite: 'fakekey="1234"' }, invalid('x-amz-grant-write', 'fakekey="1234"')],
    [{ GrantWrite: 'id="wrong-id"' }, invalid('id', 'wrong-id')],
    [grantee({ Type: 'Group', URI: fake }), invalid('Group/URI', fake)],
    [grantee({ Type: 'CanonicalUser', ID: 'x' }), invalid('CanonicalUser/ID', 'x')],
    [grantee({ Type: 'Group', URI: fake }, 'WRONG'), { name: 'MalformedACLError' }],
    [grantee({ Type: 'BadType' as 'Group', URI: fake }), { name: 'MalformedACLError' }],
    [{ AccessControlPolicy: {} }, { name: 'MalformedACLError' }],
    [{}, { name: 'MissingSecurityHeader', MissingHeaderName: 'x-amz-acl' }],
    [{ ACL: 'private', GrantRead: `id="${Owner.ID}"` }, { name: 'InvalidRequest' }],
    [{ ACL: 'private', AccessControlPolicy: { Owner, Grants: [] } }, { name: 'UnexpectedContent' }],
    [{ GrantRead: `id="${Owner.ID}"` }, { name: 'AccessControlListNotSupported' }],
  ];
  for (const [request, fault] of cases)
    await expect(s3.send(new PutBucketAclCommand({ Bucket, ...request }))).rejects.toMatchObject(fault);
});

// LocalStack's test_s3_batch_delete_public_objects_using_requests, recorded from AWS: there the upload succeeds.
it('refuses by name what would belong to nobody in particular', async () => {
  const { s3, table } = await open();
  await list(s3, 'public-read-write');
  const upload = { method: 'PUT', path: `/${Bucket}/k`, headers: { 'x-amz-acl': 'public-read-write' } };
  expect(raw(table, upload).text).toContain('<Code>NotImplemented</Code>');
});
