// Encryption with keys of the customer's own. Errors are answers of AWS that LocalStack's tests record
// (tests/aws/services/s3/test_s3.py, TestS3SSECEncryption).

import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { Bucket, stand } from '../test-stand.ts';

const KEY = '1234567890abcdef1234567890abcdef';
const MINE = { SSECustomerAlgorithm: 'AES256', SSECustomerKey: KEY };
const ANOTHER = { ...MINE, SSECustomerKey: 'abcdef1234567890abcdef1234567890' };
const SHOWN = { SSECustomerAlgorithm: 'AES256', SSECustomerKeyMD5: 'JMwgiexXqwuPqIPjYFmIZQ==' };
const at = { Bucket, Key: 'k' };
const NO_KEY = {
  name: 'InvalidRequest',
  message:
    'The object was stored using a form of Server Side Encryption. The correct parameters must be provided to ' +
    'retrieve the object.',
};

it('is read by whoever brings the key, and by nobody else', async () => {
  const { s3 } = await stand();
  const put = await s3.send(new PutObjectCommand({ ...at, ...MINE, Body: 'test_data' }));
  expect(put).toMatchObject(SHOWN);
  expect(put.ServerSideEncryption).toBeUndefined();
  const got = await s3.send(new GetObjectCommand({ ...at, ...MINE }));
  expect(got).toMatchObject({ ...SHOWN, ETag: put.ETag });
  expect(await got.Body?.transformToString()).toBe('test_data');
  await expect(s3.send(new GetObjectCommand(at))).rejects.toMatchObject(NO_KEY);
  const attributes = { ...at, ObjectAttributes: ['ETag' as const] };
  await expect(s3.send(new GetObjectAttributesCommand(attributes))).rejects.toMatchObject(NO_KEY);
  await expect(s3.send(new HeadObjectCommand(at))).rejects.toMatchObject({
    $metadata: { httpStatusCode: 400 },
  });
  await expect(s3.send(new GetObjectCommand({ ...at, ...ANOTHER }))).rejects.toMatchObject({
    name: 'AccessDenied',
    message:
      'Requests specifying Server Side Encryption with Customer provided keys must provide the correct secret key.',
  });
});

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
it('has an entity tag that is no MD5', async () => {
  const { s3 } = await stand();
  const put = await s3.send(new PutObjectCommand({ ...at, ...MINE, Body: 'test_data' }));
  const plain = await s3.send(new PutObjectCommand({ Bucket, Key: 'plain', Body: 'test_data' }));
  expect(put.ETag).toMatch(/^"[0-9a-f]{32}"$/);
  expect(put.ETag).not.toBe(plain.ETag);
});

it('wants an algorithm, a key of 32 bytes and no other encryption', async () => {
  const { s3 } = await stand();
  const put = (more: object) => s3.send(new PutObjectCommand({ ...at, Body: 'x', ...more }));
  await expect(put({ ...MINE, ServerSideEncryption: 'AES256' })).rejects.toMatchObject({
    name: 'InvalidArgument',
    message:
      'Server Side Encryption with Customer provided key is incompatible with the encryption method specified',
  });
  await expect(put({ ...MINE, SSECustomerAlgorithm: 'KMS' })).rejects.toMatchObject({
    name: 'InvalidEncryptionAlgorithmError',
    message: 'The Encryption request you specified is not valid. Supported value: AES256.',
  });
  await expect(put({ SSECustomerKey: KEY })).rejects.toMatchObject({
    message:
      'Requests specifying Server Side Encryption with Customer provided keys must provide a valid encryption algorithm.',
  });
  await expect(put({ SSECustomerAlgorithm: 'AES256' })).rejects.toMatchObject({
    message:
      'Requests specifying Server Side Encryption with Customer provided keys must provide an appropriate secret key.',
  });
  await expect(put({ ...MINE, SSECustomerKey: 'short' })).rejects.toMatchObject({
    message: 'The secret key was invalid for the specified algorithm.',
  });
});

it('is copied with the key of the source, and protected by another or by none', async () => {
  const { s3, text } = await stand();
  await s3.send(new PutObjectCommand({ ...at, ...MINE, Body: 'test_data' }));
  const copy = (more: object) =>
    s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/k`, ...more }));
  await expect(copy(MINE)).rejects.toMatchObject(NO_KEY);
  const source = { CopySourceSSECustomerAlgorithm: 'AES256', CopySourceSSECustomerKey: KEY };
  expect(await copy(source)).toMatchObject({
    ServerSideEncryption: 'AES256',
    CopyObjectResult: { ETag: '"6af8307c2460f2d208ad254f04be4b0d"' }, // MD5 of the bytes
  });
  expect(await text('copy')).toBe('test_data');
  expect(await copy({ ...source, ...MINE })).toMatchObject(SHOWN);
  await expect(text('copy')).rejects.toMatchObject(NO_KEY);
});

it('goes with every part of an upload, and not with its completion', async () => {
  const { s3 } = await stand();
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ ...at, ...MINE }));
  const part = (more: object) =>
    s3.send(new UploadPartCommand({ ...at, UploadId, PartNumber: 1, Body: 'x', ...more }));
  await expect(part({})).rejects.toMatchObject({
    message:
      'The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate ' +
      'encryption parameters.',
  });
  await expect(part(ANOTHER)).rejects.toMatchObject({
    message: 'The provided encryption parameters did not match the ones used originally.',
  });
  const { ETag } = await part(MINE);
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
  const done = await s3.send(new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload }));
  expect(done.ChecksumType).toBeUndefined();
  await expect(s3.send(new GetObjectCommand(at))).rejects.toMatchObject(NO_KEY);
  const got = await s3.send(new GetObjectCommand({ ...at, ...MINE }));
  expect(await got.Body?.transformToString()).toBe('x');
});

it('is not asked for where an object needs none', async () => {
  const { s3, put } = await stand();
  await put('k');
  await expect(s3.send(new GetObjectCommand({ ...at, ...MINE }))).rejects.toMatchObject({
    name: 'InvalidRequest',
    message: 'The encryption parameters are not applicable to this object.',
  });
});
