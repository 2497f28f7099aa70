import { request } from 'node:http';
import {
  CreateBucketCommand,
  DeletePublicAccessBlockCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientEndpoint } from '../endpoint.ts';
import type { ClientEndpoint } from '../endpoint.ts';

let endpoint: ClientEndpoint;
let s3: S3Client;

beforeAll(async () => {
  endpoint = await clientEndpoint();
  s3 = new S3Client({
    endpoint: endpoint.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    forcePathStyle: true,
  });
  await s3.send(new CreateBucketCommand({ Bucket: 'releases' }));
  await s3.send(new PutObjectCommand({ Bucket: 'releases', Key: 'notes/a+b.txt', Body: 'hello' }));
});
afterAll(async () => {
  s3.destroy();
  await endpoint.done();
  expect(endpoint.crashes).toEqual([]);
});

/** A bare HTTP request: names under localhost do not resolve everywhere, so the Host header alone names the bucket. */
function get(host: string, path = '/notes/a%2Bb.txt'): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port: endpoint.port, path, headers: { host } }, (response) => {
      let text = `${response.statusCode} `;
      response.on('data', (piece) => (text += piece));
      response.on('end', () => resolve(text));
    });
    call.on('error', reject);
    call.end();
  });
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
describe('a virtual-host request for a bucket', () => {
  it('is refused for want of permission while the bucket is private, and answered once it is public', async () => {
    expect(await get(`releases.s3.localhost:${endpoint.port}`)).toMatch(/^403 .*<Code>AccessDenied<\/Code>/s);
    await s3.send(new DeletePublicAccessBlockCommand({ Bucket: 'releases' }));
    const read = {
      Effect: 'Allow',
      Principal: '*',
      Action: 's3:GetObject',
      Resource: 'arn:aws:s3:::releases/*',
    };
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [read] });
    await s3.send(new PutBucketPolicyCommand({ Bucket: 'releases', Policy }));
    for (const host of [
      `releases.s3.localhost:${endpoint.port}`,
      `releases.s3.us-east-1.localhost:${endpoint.port}`,
      'releases.s3.amazonaws.com',
      'releases.s3.us-east-1.amazonaws.com',
    ])
      expect(await get(host)).toBe('200 hello');
  });

  it('names a bucket that is not there', async () => {
    expect(await get('nobody-has-this.s3.localhost')).toMatch(/^404 .*<Code>NoSuchBucket<\/Code>/s);
  });
});
