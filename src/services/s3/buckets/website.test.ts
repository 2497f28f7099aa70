// Websites, cross-origin requests and access logs.

import {
  GetBucketAccelerateConfigurationCommand,
  GetBucketLoggingCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketAccelerateConfigurationCommand,
  PutBucketCorsCommand,
  PutBucketLoggingCommand,
  PutBucketPolicyCommand,
  PutBucketRequestPaymentCommand,
  PutBucketWebsiteCommand,
  PutObjectCommand,
  PutPublicAccessBlockCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  DeletePublicAccessBlockCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  PutBucketAclCommand,
  PutBucketOwnershipControlsCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import type {
  BucketCannedACL,
  OwnershipControls,
  TargetGrant,
  WebsiteConfiguration,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { Bucket, raw, stand, STRANGER } from '../test-stand.ts';
import type { Answer, Stand } from '../test-stand.ts';

const HOUR = 3_600_000;

async function site(
  WebsiteConfiguration: WebsiteConfiguration,
): Promise<Stand & { get: (path: string) => Answer }> {
  const stood = await stand();
  const { s3, table } = stood;
  const open = { BlockPublicPolicy: false, RestrictPublicBuckets: false };
  await s3.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: open }));
  const Statement = [
    { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: `arn:aws:s3:::${Bucket}/*` },
    { Effect: 'Allow', Principal: '*', Action: 's3:ListBucket', Resource: `arn:aws:s3:::${Bucket}` },
  ];
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  await s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
  await s3.send(new PutBucketWebsiteCommand({ Bucket, WebsiteConfiguration }));
  for (const [Key, Body] of [
    ['index.html', 'home'],
    ['docs/index.html', 'docs'],
    ['404.html', 'lost'],
  ] as const) {
    await s3.send(new PutObjectCommand({ Bucket, Key, Body, ContentType: 'text/html' }));
  }
  const host = `${Bucket}.s3-website-us-east-1.amazonaws.com`;
  return { ...stood, get: (path) => raw(table, { path, host }) };
}

describe('websites', () => {
  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/IndexDocumentSupport.html
  it('show the index of a folder, and lead to it', async () => {
    const { get } = await site({ IndexDocument: { Suffix: 'index.html' } });
    expect(get('/')).toMatchObject({ status: 200, text: 'home' });
    expect(get('/').headers['content-type']).toBe('text/html');
    expect(get('/docs/')).toMatchObject({ status: 200, text: 'docs' });
    expect(get('/docs')).toMatchObject({ status: 302, headers: { location: '/docs/' } });
    expect(get('/none')).toMatchObject({ status: 404, text: expect.stringContaining('Code: NoSuchKey') });
  });

  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/CustomErrorDocSupport.html
  it('show an error page of their own', async () => {
    const { get } = await site({
      IndexDocument: { Suffix: 'index.html' },
      ErrorDocument: { Key: '404.html' },
    });
    expect(get('/none')).toMatchObject({ status: 404, text: 'lost' });
  });

  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-page-redirect.html
  it('redirect by rules, or altogether', async () => {
    const { get } = await site({
      IndexDocument: { Suffix: 'index.html' },
      RoutingRules: [
        { Condition: { KeyPrefixEquals: 'old/' }, Redirect: { ReplaceKeyPrefixWith: 'docs/' } },
        {
          Condition: { HttpErrorCodeReturnedEquals: '404' },
          Redirect: { HostName: 'example.com', Protocol: 'https', HttpRedirectCode: '307' },
        },
      ],
    });
    expect(get('/old/a')).toMatchObject({
      status: 301,
      headers: { location: `http://${Bucket}.s3-website-us-east-1.amazonaws.com/docs/a` },
    });
    expect(get('/none')).toMatchObject({ status: 307, headers: { location: 'https://example.com/none' } });
    const all = await site({ RedirectAllRequestsTo: { HostName: 'example.com' } });
    expect(all.get('/x')).toMatchObject({ status: 301, headers: { location: 'http://example.com/x' } });
  });

  it('need an index, and are not there without a configuration', async () => {
    const { s3, table } = await stand();
    await expect(
      s3.send(new PutBucketWebsiteCommand({ Bucket, WebsiteConfiguration: {} })),
    ).rejects.toMatchObject({ name: 'InvalidArgument' });
    const host = `${Bucket}.s3-website-us-east-1.amazonaws.com`;
    const answer = raw(table, { path: '/', host });
    expect(answer).toMatchObject({
      status: 404,
      text: expect.stringContaining('NoSuchWebsiteConfiguration'),
    });
  });
});

describe('websites, as LocalStack’s tests recorded them from AWS', () => {
  // test_website_hosting_404
  it('say what is missing, and that their error page is missing too', async () => {
    const { get } = await site({
      IndexDocument: { Suffix: 'index.html' },
      ErrorDocument: { Key: 'no.html' },
    });
    const { status, text, headers } = get('/none');
    expect(status).toBe(404);
    expect(headers).toMatchObject({ 'x-amz-error-code': 'NoSuchKey', 'x-amz-error-detail-Key': 'none' });
    expect(text.replaceAll(/(RequestId|HostId): [^<]*/g, '$1')).toBe(
      '<html>\n<head><title>404 Not Found</title></head>\n<body>\n<h1>404 Not Found</h1>\n<ul>\n' +
        '<li>Code: NoSuchKey</li>\n<li>Message: The specified key does not exist.</li>\n<li>Key: none</li>\n' +
        '<li>RequestId</li>\n<li>HostId</li>\n</ul>\n' +
        '<h3>An Error Occurred While Attempting to Retrieve a Custom Error Document</h3>\n<ul>\n' +
        '<li>Code: NoSuchKey</li>\n<li>Message: The specified key does not exist.</li>\n<li>Key: no.html</li>\n' +
        '</ul>\n<hr/>\n</body>\n</html>\n',
    );
  });

  it('put no key into a header that would end it', async () => {
    const { get } = await site({ IndexDocument: { Suffix: 'index.html' } });
    const { status, headers, text } = get('/a%0D%0Ax-injected:%201');
    expect(status).toBe(404);
    expect(text).toContain('x-injected');
    expect(Object.values(headers).filter((value) => /[\r\n]/.test(value))).toEqual([]);
  });

  // test_s3_static_website_hosting
  it('answer 304 to who has a page already, and send on from objects that redirect', async () => {
    const { get, s3, table } = await site({ IndexDocument: { Suffix: 'index.html' } });
    const { ETag = '' } = await s3.send(new HeadObjectCommand({ Bucket, Key: 'index.html' }));
    const host = `${Bucket}.s3-website-us-east-1.amazonaws.com`;
    expect(raw(table, { path: '/', host, headers: { 'if-none-match': ETag } }).status).toBe(304);
    const moved = { Bucket, Key: 'moved', WebsiteRedirectLocation: '/docs/' };
    await s3.send(new PutObjectCommand({ ...moved, Body: '' }));
    expect(get('/moved')).toMatchObject({ status: 301, headers: { location: '/docs/' } });
    const { WebsiteRedirectLocation } = await s3.send(new HeadObjectCommand({ Bucket, Key: 'moved' }));
    expect(WebsiteRedirectLocation).toBe('/docs/');
    await s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/moved` }));
    expect(await s3.send(new HeadObjectCommand({ Bucket, Key: 'copy' }))).not.toHaveProperty(
      'WebsiteRedirectLocation',
    );
    await expect(
      s3.send(new PutObjectCommand({ ...moved, WebsiteRedirectLocation: 'docs' })),
    ).rejects.toMatchObject({ name: 'InvalidRedirectLocation' });
  });

  // test_validate_website_configuration
  it('say what is wrong with a configuration', async () => {
    const { s3 } = await stand();
    const put = (rules: unknown, more = {}): Promise<unknown> => {
      const configuration = { IndexDocument: { Suffix: 'i' }, RoutingRules: rules, ...more };
      const WebsiteConfiguration = configuration as WebsiteConfiguration;
      return s3.send(new PutBucketWebsiteCommand({ Bucket, WebsiteConfiguration }));
    };
    await expect(put([{ Redirect: { Protocol: 'ftp' } }])).rejects.toThrow('Invalid protocol');
    const both = { ReplaceKeyWith: 'k', ReplaceKeyPrefixWith: 'p' };
    await expect(put([{ Redirect: both }])).rejects.toMatchObject({ name: 'InvalidRequest' });
    await expect(put([{ Redirect: { HostName: 'h' }, Condition: {} }])).rejects.toThrow(
      'Condition cannot be empty.',
    );
    await expect(put([])).rejects.toMatchObject({ name: 'MalformedXML' });
    const all = { RedirectAllRequestsTo: { HostName: 'h' } };
    await expect(put(undefined, all)).rejects.toMatchObject({ ArgumentValue: 'not null' });
  });

  // test_website_hosting_404: the list of the bucket lets everybody see which keys there are.
  it('are of no more use than the bucket’s list for keys that are missing', async () => {
    const { s3, table } = await stand();
    const OwnershipControls: OwnershipControls = { Rules: [{ ObjectOwnership: 'ObjectWriter' }] };
    await s3.send(new PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls }));
    await s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
    expect(raw(table, { path: `/${Bucket}/none` }).status).toBe(403);
    await s3.send(new PutBucketAclCommand({ Bucket, ACL: 'public-read' }));
    expect(raw(table, { path: `/${Bucket}/none` }).status).toBe(404);
  });
});

describe('pages of other origins', () => {
  // LocalStack's test_cors_http_options_no_config and _non_existent_bucket, recorded from AWS.
  it('are told what their preflight request lacks', async () => {
    const { table } = await stand();
    const ask = (path: string, headers = {}): Answer => raw(table, { path, method: 'OPTIONS', headers });
    const origin = 'http://localhost:3000';
    expect(ask(`/${Bucket}/k`)).toMatchObject({
      status: 400,
      text: expect.stringContaining('Insufficient information. Origin request header needed.'),
    });
    expect(ask(`/${Bucket}/k`, { origin }).text).toContain(
      '<Message>CORSResponse: CORS is not enabled for this bucket.</Message>' +
        '<Method>OPTIONS</Method><ResourceType>BUCKET</ResourceType>',
    );
    expect(ask('/none/k', { origin })).toMatchObject({
      status: 403,
      text: expect.stringContaining('CORSResponse: Bucket not found'),
    });
  });

  // LocalStack's test_cors_match_methods and test_cors_match_headers, recorded from AWS.
  it('are not let in by an answer to a request that says it is about another', async () => {
    const { s3, table } = await stand();
    const origin = 'http://localhost:3000';
    const CORSRules = [{ AllowedMethods: ['GET'], AllowedOrigins: [origin] }];
    await s3.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } }));
    const get = (more = {}) => raw(table, { path: `/${Bucket}/k`, headers: { origin, ...more } }).headers;
    expect(get()).toHaveProperty('access-control-allow-origin');
    expect(get({ 'access-control-request-method': 'PUT' })).not.toHaveProperty('access-control-allow-origin');
    expect(get({ 'access-control-request-headers': 'x-a' })).not.toHaveProperty(
      'access-control-allow-origin',
    );
  });

  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html
  it('are let in by rules, and told so before and after', async () => {
    const { s3, table } = await stand();
    const path = `/${Bucket}/k`;
    const preflight = (origin: string, method: string) =>
      raw(table, {
        path,
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': method,
          'access-control-request-headers': 'X-Custom',
        },
      });
    expect(preflight('http://localhost:3000', 'PUT').status).toBe(403);
    const rule = {
      AllowedMethods: ['PUT', 'GET'],
      AllowedOrigins: ['http://localhost:*'],
      AllowedHeaders: ['x-*'],
      ExposeHeaders: ['ETag'],
      MaxAgeSeconds: 60,
    };
    await s3.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules: [rule] } }));
    expect(preflight('http://localhost:3000', 'PUT')).toMatchObject({
      status: 200,
      headers: {
        'access-control-allow-origin': 'http://localhost:3000',
        'access-control-allow-methods': 'PUT, GET',
        'access-control-allow-headers': 'x-custom',
        'access-control-max-age': '60',
      },
    });
    expect(preflight('http://elsewhere', 'PUT').status).toBe(403);
    expect(preflight('http://localhost:3000', 'DELETE').status).toBe(403);
    const { headers } = raw(table, { path, headers: { origin: 'http://localhost:3000' } });
    expect(headers).toMatchObject({
      'access-control-allow-origin': 'http://localhost:3000',
      'access-control-expose-headers': 'ETag',
    });
  });

  it('are let in by no rule that makes no sense', async () => {
    const { s3 } = await stand();
    const put = (AllowedMethods: string[], origin: string) => {
      const CORSConfiguration = { CORSRules: [{ AllowedMethods, AllowedOrigins: [origin] }] };
      return s3.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration }));
    };
    await expect(put(['PATCH'], '*')).rejects.toThrow('Unsupported method is PATCH');
    await expect(put(['GET'], '*.*')).rejects.toThrow('can not have more than one wildcard');
  });
});

describe('access logs', () => {
  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html
  it('come to the target bucket after a while, if its policy lets them in', async () => {
    const { s3, table, put } = await stand();
    await s3.send(new CreateBucketCommand({ Bucket: 'logs' }));
    const LoggingEnabled = { TargetBucket: 'logs', TargetPrefix: 'sand/' };
    await s3.send(new PutBucketLoggingCommand({ Bucket, BucketLoggingStatus: { LoggingEnabled } }));
    expect((await s3.send(new GetBucketLoggingCommand({ Bucket }))).LoggingEnabled).toEqual(LoggingEnabled);
    const delivered = async () =>
      ((await s3.send(new ListObjectsV2Command({ Bucket: 'logs' }))).Contents ?? []).map(({ Key }) => Key);
    await put('lost');
    table.advance(HOUR);
    expect(await delivered()).toEqual([]);
    const Statement = [
      {
        Effect: 'Allow',
        Principal: { Service: 'logging.s3.amazonaws.com' },
        Action: 's3:PutObject',
        Resource: 'arn:aws:s3:::logs/*',
        Condition: { ArnLike: { 'aws:SourceArn': `arn:aws:s3:::${Bucket}` } },
      },
    ];
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    await s3.send(new PutBucketPolicyCommand({ Bucket: 'logs', Policy }));
    await put('k');
    await s3.send(new GetObjectCommand({ Bucket, Key: 'k' }));
    table.advance(HOUR);
    const [Key = ''] = await delivered();
    expect(Key).toMatch(/^sand\/2026-01-05-\d\d-\d\d-\d\d-[0-9A-F]{16}$/);
    const log = await s3.send(new GetObjectCommand({ Bucket: 'logs', Key }));
    const lines = ((await log.Body?.transformToString()) ?? '').trim().split('\n');
    expect(lines).toEqual([
      expect.stringContaining(' REST.PUT.OBJECT k "PUT /sand/k HTTP/1.1" 200 '),
      expect.stringContaining(' REST.GET.OBJECT k "GET /sand/k HTTP/1.1" 200 - 1 1 '),
    ]);
  });

  // LocalStack's test_put_bucket_logging_wrong_target and _cross_locations, recorded from AWS.
  it('need a target that is there, in the same Region', async () => {
    const { s3, table } = await stand();
    const log = (to: string, from = Bucket, client = s3): Promise<unknown> => {
      const BucketLoggingStatus = { LoggingEnabled: { TargetBucket: to, TargetPrefix: '' } };
      return client.send(new PutBucketLoggingCommand({ Bucket: from, BucketLoggingStatus }));
    };
    await expect(log('none')).rejects.toMatchObject({
      name: 'InvalidTargetBucketForLogging',
      TargetBucket: 'none',
    });
    for (const LocationConstraint of ['us-west-2', 'us-east-2'] as const) {
      const CreateBucketConfiguration = { LocationConstraint };
      await s3.send(new CreateBucketCommand({ Bucket: LocationConstraint, CreateBucketConfiguration }));
    }
    await expect(log('us-west-2')).rejects.toMatchObject({
      name: 'CrossLocationLoggingProhibitted',
      TargetBucketLocation: 'us-west-2',
    });
    const there = table.client(S3Client, { region: 'us-east-2' });
    await expect(log('us-west-2', 'us-east-2', there)).rejects.toMatchObject({
      SourceBucketLocation: 'us-east-2',
      TargetBucketLocation: 'us-west-2',
    });
  });

  // https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLogging.html
  it('are readable for those whom the configuration grants it, where lists are on', async () => {
    const { s3, table, put } = await stand();
    const ACL = 'log-delivery-write' as BucketCannedACL;
    await s3.send(new CreateBucketCommand({ Bucket: 'logs', ACL, ObjectOwnership: 'ObjectWriter' }));
    const stranger = table.client(S3Client, { credentials: STRANGER });
    const { Owner } = await stranger.send(new ListBucketsCommand({}));
    const TargetGrants: TargetGrant[] = [
      { Grantee: { ID: Owner?.ID, Type: 'CanonicalUser' }, Permission: 'READ' },
    ];
    const LoggingEnabled = { TargetBucket: 'logs', TargetPrefix: '', TargetGrants };
    await s3.send(new PutBucketLoggingCommand({ Bucket, BucketLoggingStatus: { LoggingEnabled } }));
    expect((await s3.send(new GetBucketLoggingCommand({ Bucket }))).LoggingEnabled).toEqual(LoggingEnabled);
    await put('k');
    table.advance(HOUR);
    const [log] = (await s3.send(new ListObjectsV2Command({ Bucket: 'logs' }))).Contents ?? [];
    await stranger.send(new GetObjectCommand({ Bucket: 'logs', Key: log?.Key }));
  });
});

describe('transfer settings', () => {
  it('keep acceleration, and no other payer than the owner', async () => {
    const { s3 } = await stand();
    const AccelerateConfiguration = { Status: 'Enabled' as const };
    await s3.send(new PutBucketAccelerateConfigurationCommand({ Bucket, AccelerateConfiguration }));
    const kept = await s3.send(new GetBucketAccelerateConfigurationCommand({ Bucket }));
    expect(kept.Status).toBe('Enabled');
    const pay = (Payer: 'BucketOwner' | 'Requester') =>
      s3.send(new PutBucketRequestPaymentCommand({ Bucket, RequestPaymentConfiguration: { Payer } }));
    await pay('BucketOwner');
    await expect(pay('Requester')).rejects.toMatchObject({ name: 'NotImplemented' });
  });
});
