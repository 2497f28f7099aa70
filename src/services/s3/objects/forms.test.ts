// Uploads from browsers' forms. Errors are answers of AWS that LocalStack's tests record
// (tests/aws/services/s3/test_s3.py, TestS3PresignedPost).

import { createHmac } from 'node:crypto';
import { GetObjectCommand, GetObjectTaggingCommand, HeadObjectCommand } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { signingKey, toHex } from '#contract/sigv4/canonical.ts';
import { formatAmzDate } from '#contract/sigv4/timestamp.ts';
import { utf8 } from '#contract/protocols/bytes.ts';
import { primitives } from '../../../../tests/contract/sigv4-vectors/signer.ts';
import type { TestTable } from '../../../../tests/table.ts';
import { Bucket, keysOf, raw, stand } from '../test-stand.ts';
import type { Answer, Keys } from '../test-stand.ts';

const WRITER = {
  Effect: 'Allow',
  Action: ['s3:PutObject', 's3:PutObjectTagging'],
  Resource: `arn:aws:s3:::${Bucket}/*`,
};
const FILE = { filename: 'C:\\pictures\\sun.png', text: 'abcdef' };

function post(table: TestTable, fields: Record<string, string>, file: typeof FILE | 'none' = FILE): Answer {
  const part = (name: string, value: string): string =>
    `--edge\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  const parts = Object.entries(fields).map(([name, value]) => part(name, value));
  if (file !== 'none') parts.push(part(`file"; filename="${file.filename}`, file.text));
  const headers = { 'content-type': 'multipart/form-data; boundary=edge' };
  return raw(table, {
    method: 'POST',
    path: `/${Bucket}`,
    headers,
    body: utf8(`${parts.join('')}--edge--\r\n`),
  });
}

/** A form as `generate_presigned_post` of boto3 makes it. */
function signed(
  table: TestTable,
  { accessKeyId, secretAccessKey }: Keys,
  fields: Record<string, string>,
  conditions: unknown[] = Object.entries(fields).map(([name, value]) => ({ [name]: value })),
): Record<string, string> {
  const date = formatAmzDate(table.world.now);
  const scope = { date: date.slice(0, 8), region: 'us-east-1', service: 's3' };
  const own = {
    'x-amz-algorithm': 'AWS4-HMAC-SHA256',
    'x-amz-credential': `${accessKeyId}/${scope.date}/us-east-1/s3/aws4_request`,
    'x-amz-date': date,
  };
  const every = [...conditions, ...Object.entries(own).map(([name, value]) => ({ [name]: value }))];
  const document = { expiration: '2026-12-31T00:00:00Z', conditions: every };
  const policy = Buffer.from(JSON.stringify(document)).toString('base64');
  const signature = toHex(primitives.hmacSha256(signingKey(primitives, secretAccessKey, scope), policy));
  return { ...fields, ...own, policy, 'x-amz-signature': signature };
}

it('stores the file under the key, with what the fields say, for whoever signed the policy', async () => {
  const { table, s3, text } = await stand();
  const keys = await keysOf(table, 'writer', WRITER);
  const tagging = '<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value></Tag></TagSet></Tagging>';
  const fields = {
    key: 'in/${filename}',
    'Content-Type': 'image/png',
    'x-amz-meta-Taken': 'ÄMÄZÕÑ S3',
    tagging,
  };
  const answer = post(table, signed(table, keys, fields));
  expect(answer).toMatchObject({ status: 204, text: '' });
  expect(answer.headers).toMatchObject({
    etag: '"e80b5017098950fc58aad83c8c14978e"',
    'x-amz-checksum-crc64nvme': 'Pact6XRTYyA=',
  });
  expect(await text('in/sun.png')).toBe('abcdef');
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'in/sun.png' }));
  expect(head).toMatchObject({
    ContentType: 'image/png',
    Metadata: { taken: '=?UTF-8?Q?=C3=84M=C3=84Z=C3=95=C3=91_S3?=' },
  });
  const tags = await s3.send(new GetObjectTaggingCommand({ Bucket, Key: 'in/sun.png' }));
  expect(tags.TagSet).toEqual([{ Key: 'a', Value: '1' }]);
});

// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTForms.html
it('answers as the form wants: with a document, with a redirect, or with nothing', async () => {
  const { table } = await stand();
  const keys = await keysOf(table, 'writer', WRITER);
  const created = post(table, signed(table, keys, { key: 'k', success_action_status: '201' }));
  expect(created.status).toBe(201);
  expect(created.text).toContain(`<Bucket>${Bucket}</Bucket><Key>k</Key>`);
  const to = { key: 'k', success_action_redirect: 'http://localhost/done' };
  const redirected = post(table, signed(table, keys, to));
  expect(redirected.status).toBe(303);
  expect(redirected.headers['location']).toMatch(/^http:\/\/localhost\/done\?bucket=sand&key=k&etag=%22/);
  const nowhere = { key: 'k', success_action_redirect: '/relative' };
  expect(post(table, signed(table, keys, nowhere)).status).toBe(204);
});

it('asks IAM for s3:PutObject', async () => {
  const { table } = await stand();
  const keys = await keysOf(table, 'nobody');
  const answer = post(table, signed(table, keys, { key: 'k' }));
  expect(answer.status).toBe(403);
  expect(answer.text).toContain('is not authorized to perform: s3:PutObject');
});

it('verifies signatures of both versions over the policy', async () => {
  const { table } = await stand();
  const keys = await keysOf(table, 'writer', WRITER);
  const form = signed(table, keys, { key: 'k' });
  const forged = post(table, { ...form, policy: `${form['policy']?.slice(0, -4)}AAAA` });
  expect(forged.status).toBe(403);
  expect(forged.text).toContain('<Code>SignatureDoesNotMatch</Code>');
  const { 'x-amz-signature': _, ...unsigned } = form;
  expect(post(table, unsigned).text).toContain(
    'Bucket POST must contain a field named &apos;X-Amz-Signature&apos;.  If it is specified, please check the order of the fields.',
  );
  const document = { expiration: '2026-12-31T00:00:00Z', conditions: [{ key: 'k' }] };
  const policy = Buffer.from(JSON.stringify(document)).toString('base64');
  const signature = createHmac('sha1', keys.secretAccessKey).update(policy).digest('base64');
  const old = { key: 'k', policy, AWSAccessKeyId: keys.accessKeyId };
  expect(post(table, { ...old, signature }).status).toBe(204);
  expect(post(table, { ...old, signature: `${signature.slice(0, -2)}A=` }).status).toBe(403);
});

it('takes only what the conditions of the policy allow', async () => {
  const { table } = await stand();
  const keys = await keysOf(table, 'writer', WRITER);
  const says = (fields: Record<string, string>, conditions: unknown[]): string =>
    post(table, signed(table, keys, fields, conditions)).text;
  expect(says({ key: 'k' }, [['starts-with', '$key', 'in/']])).toContain(
    'Invalid according to Policy: Policy Condition failed: [&quot;starts-with&quot;, &quot;$key&quot;, &quot;in/&quot;]',
  );
  expect(says({ key: 'k', acl: 'private' }, [{ key: 'k' }])).toContain('Extra input fields: acl');
  expect(says({ key: 'k' }, [{ key: 'k', bucket: Bucket }])).toContain(
    'Simple-Conditions must have exactly one property specified.',
  );
  expect(says({ key: 'k' }, [{ key: 'k' }, ['content-length-range', 7, 9]])).toContain(
    '<Code>EntityTooSmall</Code>',
  );
  expect(says({ key: 'k' }, [{ key: 'k' }, ['content-length-range', 1, 5]])).toContain(
    '<Code>EntityTooLarge</Code>',
  );
  expect(
    says({ key: 'k' }, [
      ['eq', '$KEY', 'k'],
      ['content-length-range', '1', '6'],
    ]),
  ).toBe('');
});

it('is refused where it is no form with one file', async () => {
  const { table } = await stand();
  const keys = await keysOf(table, 'writer', WRITER);
  expect(post(table, signed(table, keys, { key: 'k' }), 'none').text).toContain(
    'POST requires exactly one file upload per request.',
  );
  const headers = { 'content-type': 'text/html' };
  const odd = raw(table, { method: 'POST', path: `/${Bucket}`, headers, body: utf8('x') });
  expect(odd).toMatchObject({ status: 412 });
  expect(odd.text).toContain('Bucket POST must be of the enclosure-type multipart/form-data');
});

it('is refused without a signature, unless everybody may write', async () => {
  const { table, s3 } = await stand();
  expect(post(table, { key: 'k' }).status).toBe(403);
  await expect(s3.send(new GetObjectCommand({ Bucket, Key: 'k' }))).rejects.toMatchObject({
    name: 'NoSuchKey',
  });
});
