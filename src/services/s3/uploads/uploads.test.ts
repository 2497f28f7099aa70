import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import type { CreateMultipartUploadCommandInput, S3Client } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { Bucket, stand, user } from '../test-stand.ts';

const Key = 'big';
const LARGE = Buffer.alloc(5_242_881, 'a');

async function begin(s3: S3Client, more: Partial<CreateMultipartUploadCommandInput> = {}): Promise<string> {
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ...more }));
  return UploadId as string;
}

async function upload(
  s3: S3Client,
  UploadId: string,
  bodies: (string | Uint8Array)[],
): Promise<{ PartNumber: number; ETag?: string | undefined }[]> {
  const parts = [];
  for (const [index, Body] of bodies.entries()) {
    const PartNumber = index + 1;
    const { ETag, ChecksumCRC32, ChecksumCRC32C, ChecksumSHA256 } = await s3.send(
      new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }),
    );
    parts.push({ PartNumber, ETag, ChecksumCRC32, ChecksumCRC32C, ChecksumSHA256 });
  }
  return parts;
}

const complete = (UploadId: string, Parts: object[], more: object = {}): CompleteMultipartUploadCommand =>
  new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts }, ...more });

/** Parts without the checksums that an upload with no algorithm does not know. */
const bare = (parts: { PartNumber: number; ETag?: string | undefined }[]): object[] =>
  parts.map(({ PartNumber, ETag }) => ({ PartNumber, ETag }));

/** A client that adds no checksums of its own. */
const quiet = (s3: S3Client): S3Client => {
  s3.config.requestChecksumCalculation = () => Promise.resolve('WHEN_REQUIRED');
  return s3;
};

// The entity tag and the checksums are those that AWS answered for the same parts.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
it('makes one object of the parts, with the checksums that AWS would compute', async () => {
  const { s3 } = await stand();
  const bodies = [LARGE, LARGE, 'aaaaaaaaaa'];
  quiet(s3);
  const plain = await begin(s3, { ContentType: 'text/plain', Metadata: { m: '1' }, Tagging: 't=1' });
  const done = await s3.send(complete(plain, bare(await upload(s3, plain, bodies))));
  expect(done).toMatchObject({
    ETag: '"4d45984fc3feb2ac9b22683c49674b56-3"',
    ChecksumCRC64NVME: 'ZMNX55lZurA=',
    ChecksumType: 'FULL_OBJECT',
    Bucket,
    Key,
    Location: `https://${Bucket}.s3.us-east-1.amazonaws.com/${Key}`,
  });
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key }));
  expect(head).toMatchObject({ ContentLength: 10_485_772, ContentType: 'text/plain', TagCount: 1 });
  const across = await s3.send(new GetObjectCommand({ Bucket, Key, Range: 'bytes=5242879-5242883' }));
  expect(await across.Body?.transformToString()).toBe('aaaaa');
  const CRC32 = await begin(s3, { ChecksumAlgorithm: 'CRC32' });
  const parts = await upload(s3, CRC32, bodies);
  expect(await s3.send(complete(CRC32, parts))).toMatchObject({
    ChecksumCRC32: '5FRUiw==-3',
    ChecksumType: 'COMPOSITE',
  });
  // The CRC of the whole comes from those of the parts.
  const full = await begin(s3, { ChecksumAlgorithm: 'CRC32C', ChecksumType: 'FULL_OBJECT' });
  const [only] = await upload(s3, full, ['this is a part']);
  expect(await s3.send(complete(full, bare([only as (typeof parts)[0]])))).toMatchObject({
    ETag: '"395d97c07920de036bfa21e7568a2e9f-1"',
    ChecksumCRC32C: 'iqJrOQ==',
    ChecksumType: 'FULL_OBJECT',
  });
});

it('gives single parts of an object by their number', async () => {
  const { s3 } = await stand();
  const UploadId = await begin(s3, { ChecksumAlgorithm: 'CRC32' });
  const parts = await upload(s3, UploadId, [LARGE, 'tail']);
  await s3.send(complete(UploadId, parts));
  const got = await s3.send(new GetObjectCommand({ Bucket, Key, PartNumber: 2, ChecksumMode: 'ENABLED' }));
  expect(await got.Body?.transformToString()).toBe('tail');
  expect(got).toMatchObject({ PartsCount: 2, ContentRange: 'bytes 5242881-5242884/5242885' });
  await expect(s3.send(new GetObjectCommand({ Bucket, Key, PartNumber: 3 }))).rejects.toMatchObject({
    name: 'InvalidPartNumber',
    ActualPartCount: '2',
    $metadata: { httpStatusCode: 416 },
  });
  const { ObjectParts, Checksum, ETag } = await s3.send(
    new GetObjectAttributesCommand({ Bucket, Key, ObjectAttributes: ['ObjectParts', 'Checksum', 'ETag'] }),
  );
  expect(ETag).toMatch(/^[0-9a-f]{32}-2$/);
  expect(Checksum?.ChecksumType).toBe('COMPOSITE');
  expect(ObjectParts).toMatchObject({
    TotalPartsCount: 2,
    Parts: [
      { PartNumber: 1, Size: 5_242_881 },
      { PartNumber: 2, Size: 4 },
    ],
  });
});

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
it('refuses to complete what does not fit together', async () => {
  const { s3 } = await stand();
  quiet(s3);
  const UploadId = await begin(s3);
  const [one, two] = bare(await upload(s3, UploadId, ['small', 'tail'])) as [object, object];
  await expect(s3.send(complete(UploadId, [one, two]))).rejects.toMatchObject({
    name: 'EntityTooSmall',
    MinSizeAllowed: '5242880',
    ProposedSize: '5',
    PartNumber: '1',
  });
  await expect(s3.send(complete(UploadId, [two, one]))).rejects.toMatchObject({ name: 'InvalidPartOrder' });
  await expect(s3.send(complete(UploadId, [{ ...one, ETag: '"x"' }]))).rejects.toMatchObject({
    name: 'InvalidPart',
    PartNumber: '1',
    ETag: 'x',
  });
  await expect(s3.send(complete(UploadId, [{ PartNumber: 7, ETag: '"x"' }]))).rejects.toMatchObject({
    name: 'InvalidPart',
  });
  await expect(s3.send(complete(UploadId, []))).rejects.toMatchObject({ name: 'InvalidRequest' });
  await expect(s3.send(complete(UploadId, [two], { MpuObjectSize: 5 }))).rejects.toMatchObject({
    message: "The provided 'x-amz-mp-object-size' header value 5 does not match what was computed: 4",
  });
  await s3.send(complete(UploadId, [two]));
});

it('completes again with the same answer, and takes no parts afterwards', async () => {
  const { s3 } = await stand('Enabled');
  const UploadId = await begin(s3);
  const parts = bare(await upload(s3, UploadId, ['only']));
  const first = await s3.send(complete(UploadId, parts));
  const again = await s3.send(complete(UploadId, parts));
  expect(again).toMatchObject({ ETag: first.ETag, VersionId: first.VersionId });
  await expect(
    s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body: 'x' })),
  ).rejects.toMatchObject({ name: 'NoSuchUpload', UploadId });
});

it('replaces a part that is uploaded again, and forgets all of it when aborted', async () => {
  const { s3 } = await stand();
  const UploadId = await begin(s3);
  await upload(s3, UploadId, ['first']);
  await upload(s3, UploadId, ['second']);
  const { Parts } = await s3.send(new ListPartsCommand({ Bucket, Key, UploadId }));
  expect(Parts).toMatchObject([{ PartNumber: 1, Size: 6 }]);
  await s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
  for (const command of [
    new ListPartsCommand({ Bucket, Key, UploadId }),
    new AbortMultipartUploadCommand({ Bucket, Key, UploadId }),
  ])
    await expect(s3.send(command as never)).rejects.toMatchObject({
      name: 'NoSuchUpload',
      $metadata: { httpStatusCode: 404 },
    });
});

it('keeps uploads of a key to that key', async () => {
  const { s3 } = await stand();
  const UploadId = await begin(s3);
  await expect(
    s3.send(new UploadPartCommand({ Bucket, Key: 'other', UploadId, PartNumber: 1, Body: 'x' })),
  ).rejects.toMatchObject({ name: 'NoSuchUpload' });
  await expect(
    s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 10_001, Body: 'x' })),
  ).rejects.toMatchObject({
    message: 'Part number must be an integer between 1 and 10000, inclusive',
  });
});

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html
it('copies ranges of objects as parts', async () => {
  const { s3, put, text } = await stand();
  await put('source', '0123456789');
  const UploadId = await begin(s3);
  const copy = (CopySourceRange?: string): UploadPartCopyCommand =>
    new UploadPartCopyCommand({
      Bucket,
      Key,
      UploadId,
      PartNumber: 1,
      CopySource: `${Bucket}/source`,
      CopySourceRange,
    });
  await expect(s3.send(copy('bytes=1-'))).rejects.toMatchObject({
    name: 'InvalidArgument',
    ArgumentName: 'x-amz-copy-source-range',
  });
  await expect(s3.send(copy('bytes=0-100'))).rejects.toMatchObject({
    message: 'Range specified is not valid for source object of size: 10',
  });
  await expect(s3.send(copy('bytes=100-200'))).rejects.toMatchObject({ name: 'InvalidRequest' });
  const { CopyPartResult } = await s3.send(copy('bytes=2-5'));
  await s3.send(complete(UploadId, [{ PartNumber: 1, ETag: CopyPartResult?.ETag }]));
  expect(await text(Key)).toBe('2345');
});

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
it('does not complete under a condition if the key was written or deleted meanwhile', async () => {
  const { s3, put } = await stand();
  const { ETag } = await put(Key, 'same');
  const UploadId = await begin(s3);
  const parts = bare(await upload(s3, UploadId, ['new']));
  await expect(s3.send(complete(UploadId, parts, { IfNoneMatch: '*' }))).rejects.toMatchObject({
    name: 'PreconditionFailed',
    Condition: 'If-None-Match',
  });
  await put(Key, 'same');
  await expect(s3.send(complete(UploadId, parts, { IfMatch: ETag }))).rejects.toMatchObject({
    name: 'ConditionalRequestConflict',
    $metadata: { httpStatusCode: 409 },
  });
  await s3.send(new DeleteObjectCommand({ Bucket, Key }));
  await expect(s3.send(complete(UploadId, parts, { IfNoneMatch: '*' }))).rejects.toMatchObject({
    name: 'ConditionalRequestConflict',
  });
  await s3.send(complete(UploadId, parts));
});

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html
// API_Initiator, and LocalStack's test_list_parts_pagination, recorded from AWS in 2026: owners have no name any more.
it('names the user who began an upload', async () => {
  const { table, s3 } = await stand();
  const allowed = { Effect: 'Allow', Action: 's3:*', Resource: '*' };
  const UploadId = await begin(await user(table, 'some-user', allowed));
  const { Initiator, Owner } = await s3.send(new ListPartsCommand({ Bucket, Key, UploadId }));
  expect(Initiator?.ID).toBe('arn:aws:iam::000000000000:user/some-user');
  expect([Initiator?.DisplayName, Owner?.DisplayName]).toEqual(['some-user', undefined]);
});

it('lists uploads by key and age, and their parts by number', async () => {
  const { table, s3 } = await stand();
  const ids: string[] = [];
  for (const key of ['b', 'a', 'a', 'd/1']) {
    ids.push(await begin(s3, { Key: key }));
    table.advance(1000);
  }
  const all = await s3.send(new ListMultipartUploadsCommand({ Bucket }));
  const order = [ids[1], ids[2], ids[0], ids[3]];
  expect(all.Uploads?.map(({ UploadId }) => UploadId)).toEqual(order);
  const first = await s3.send(new ListMultipartUploadsCommand({ Bucket, MaxUploads: 1 }));
  expect(first).toMatchObject({ IsTruncated: true, NextKeyMarker: 'a', NextUploadIdMarker: ids[1] });
  const markers = { KeyMarker: 'a', UploadIdMarker: ids[1] };
  const rest = await s3.send(new ListMultipartUploadsCommand({ Bucket, Delimiter: '/', ...markers }));
  expect(rest.Uploads?.map(({ UploadId }) => UploadId)).toEqual([ids[2], ids[0]]);
  expect(rest.CommonPrefixes).toEqual([{ Prefix: 'd/' }]);
  const UploadId = await begin(s3);
  await upload(s3, UploadId, ['one', 'two', 'three']);
  const parts = await s3.send(new ListPartsCommand({ Bucket, Key, UploadId, MaxParts: 2 }));
  expect(parts).toMatchObject({ IsTruncated: true, NextPartNumberMarker: '2', MaxParts: 2 });
  const { NextPartNumberMarker: PartNumberMarker } = parts;
  const last = await s3.send(new ListPartsCommand({ Bucket, Key, UploadId, PartNumberMarker }));
  expect(last.Parts).toMatchObject([{ PartNumber: 3, Size: 5 }]);
});

it('has rules for which checksums go with which type', async () => {
  const { s3 } = await stand();
  await expect(begin(s3, { ChecksumAlgorithm: 'SHA256', ChecksumType: 'FULL_OBJECT' })).rejects.toThrow(
    'The FULL_OBJECT checksum type cannot be used with the sha256 checksum algorithm.',
  );
  await expect(begin(s3, { ChecksumAlgorithm: 'CRC64NVME', ChecksumType: 'COMPOSITE' })).rejects.toThrow(
    'The COMPOSITE checksum type cannot be used with the crc64nvme checksum algorithm.',
  );
  const UploadId = await begin(s3, { ChecksumAlgorithm: 'CRC32' });
  const parts = await upload(s3, UploadId, ['x']);
  await expect(s3.send(complete(UploadId, bare(parts)))).rejects.toThrow(
    'The upload was created using a crc32 checksum. The complete request must include the checksum for each part. ' +
      'It was missing for part 1 in the request.',
  );
  await expect(s3.send(complete(UploadId, parts, { ChecksumType: 'FULL_OBJECT' }))).rejects.toThrow(
    'The upload was created using the COMPOSITE checksum mode.',
  );
});

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html; the words are moto's.
it('lists parts only after numbers that are some', async () => {
  const { s3 } = await stand();
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'k' }));
  const list = (more: object) => s3.send(new ListPartsCommand({ Bucket, Key: 'k', UploadId, ...more }));
  await expect(list({ PartNumberMarker: '-1' })).rejects.toMatchObject({
    name: 'InvalidArgument',
    message: 'Argument part-number-marker must be an integer between 0 and 2147483647',
  });
  await expect(list({ MaxParts: 2_147_483_648 })).rejects.toMatchObject({
    name: 'InvalidArgument',
    message: 'Provided max-parts not an integer or within integer range',
  });
});

// LocalStack's tests record it of AWS: test_s3_invalid_content_md5.
it('shows the digest that was expected of a part as it was given', async () => {
  const { s3 } = await stand();
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'k' }));
  const ContentMD5 = 'CYketZBSTjX8czcs3cXVlg==';
  const part = { Bucket, Key: 'k', UploadId, PartNumber: 1, Body: 'x', ContentMD5 };
  await expect(s3.send(new UploadPartCommand(part))).rejects.toMatchObject({
    name: 'BadDigest',
    ExpectedDigest: ContentMD5,
  });
});

// LocalStack's tests record it of AWS: test_multipart_parts_checksum_exceptions_full_object.
it('wants the checksum of a full object to say that it is one, by the algorithm of the upload', async () => {
  const { s3 } = await stand();
  const plan = { ChecksumAlgorithm: 'CRC32C', ChecksumType: 'FULL_OBJECT' } as const;
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'k', ...plan }));
  const part = { PartNumber: 1, Body: 'abc', ChecksumAlgorithm: 'CRC32C' as const };
  const { ETag } = await s3.send(new UploadPartCommand({ Bucket, Key: 'k', UploadId, ...part }));
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag, ChecksumCRC32C: 'Nks/tw==' }] };
  const complete = (more: object) =>
    s3.send(new CompleteMultipartUploadCommand({ Bucket, Key: 'k', UploadId, MultipartUpload, ...more }));
  const wrong = {
    name: 'BadDigest',
    message: 'The crc32c you specified did not match the calculated checksum.',
  };
  await expect(complete({ ChecksumCRC32C: 'Nks/tw==' })).rejects.toMatchObject(wrong);
  await expect(complete({ ChecksumCRC64NVME: 'DBqAA21lxVU=' })).rejects.toMatchObject(wrong);
  const typed = { ChecksumCRC32C: 'Nks/tw==', ChecksumType: 'FULL_OBJECT' };
  expect(await complete(typed)).toMatchObject(typed);
});
