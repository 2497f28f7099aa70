import { describe, expect, it } from 'vitest';
import { bucketOfHost, identify, pathStyle, withQueueUrl } from '../../src/contract/identify.ts';
import { contractHeaders, loadContract } from '../../src/contract/load.ts';
import { route } from '../../src/contract/route.ts';
import { exchange, formRequest, jsonRequest, wire } from './exchange.ts';

function s3(
  method: string,
  target: string,
  headers: Record<string, string> = {},
): { name: string; labels: Readonly<Record<string, string>> } {
  const [path = '', query = ''] = target.split('?');
  const found = route(loadContract('s3'), 'rest-xml', wire({ method, path, query, headers }));
  return { name: found.operation.name, labels: found.labels };
}

// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-xml.html
describe('routing of SQS', () => {
  it.each([
    ['Action=DeleteQueue', 'Action=DeleteQueue&QueueUrl=/000000000000/jobs'],
    ['Action=DeleteQueue&QueueUrl=x', 'Action=DeleteQueue&QueueUrl=x'],
  ])("takes a queue's own URL for the one that %s is about", (query, expected) => {
    const asked = wire({ method: 'GET', path: '/000000000000/jobs', query });
    expect(withQueueUrl(asked).query).toBe(expected);
  });
});

describe('routing of S3', () => {
  it.each([
    ['GET', '/', 'ListBuckets'],
    ['GET', '/b', 'ListObjects'],
    ['GET', '/b/', 'ListObjects'],
    ['GET', '/b?list-type=2&prefix=a', 'ListObjectsV2'],
    ['GET', '/b?versions', 'ListObjectVersions'],
    ['GET', '/b?versioning', 'GetBucketVersioning'],
    ['GET', '/b?versioning=', 'GetBucketVersioning'],
    ['GET', '/b?lifecycle', 'GetBucketLifecycleConfiguration'],
    ['PUT', '/b?notification', 'PutBucketNotificationConfiguration'],
    ['GET', '/b?analytics', 'ListBucketAnalyticsConfigurations'],
    ['GET', '/b?analytics&id=1', 'GetBucketAnalyticsConfiguration'],
    ['GET', '/b?uploads', 'ListMultipartUploads'],
    ['PUT', '/b', 'CreateBucket'],
    ['HEAD', '/b', 'HeadBucket'],
    ['DELETE', '/b', 'DeleteBucket'],
    ['POST', '/b?delete', 'DeleteObjects'],
    ['GET', '/b/k', 'GetObject'],
    ['GET', '/b/k?x-id=GetObject', 'GetObject'],
    ['GET', '/b/k?versionId=3', 'GetObject'],
    ['GET', '/b/k?attributes', 'GetObjectAttributes'],
    ['GET', '/b/k?uploadId=u', 'ListParts'],
    ['HEAD', '/b/k', 'HeadObject'],
    ['PUT', '/b/k', 'PutObject'],
    ['PUT', '/b/k?partNumber=1&uploadId=u', 'UploadPart'],
    ['PUT', '/b/k?tagging', 'PutObjectTagging'],
    ['POST', '/b/k?uploads', 'CreateMultipartUpload'],
    ['POST', '/b/k?uploadId=u', 'CompleteMultipartUpload'],
    ['DELETE', '/b/k?uploadId=u', 'AbortMultipartUpload'],
    ['DELETE', '/b/k', 'DeleteObject'],
    ['POST', '/b/k?select&select-type=2', 'SelectObjectContent'],
  ])('%s %s is %s', (method, target, name) => {
    expect(s3(method, target).name).toBe(name);
  });

  it('tells copies by their source header', () => {
    const headers = { 'x-amz-copy-source': '/b/other' };
    expect(s3('PUT', '/b/k', headers).name).toBe('CopyObject');
    expect(s3('PUT', '/b/k?partNumber=1&uploadId=u', headers).name).toBe('UploadPartCopy');
  });

  it('keeps slashes in keys, and decodes them once', () => {
    expect(s3('GET', '/b/a//b%2Fc%252F/').labels).toEqual({ Bucket: 'b', Key: 'a//b/c%2F/' });
    expect(s3('GET', '/b//x').labels).toEqual({ Bucket: 'b', Key: '/x' });
  });

  it('answers 405 to a method that nothing takes', () => {
    const outcome = exchange(wire({ method: 'PATCH', path: '/b', host: 's3.amazonaws.com' }));
    expect(outcome.response?.status).toBe(405);
    expect(outcome.text).toContain('<Code>MethodNotAllowed</Code>');
  });

  // https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
  it('finds the bucket in the host', () => {
    expect(bucketOfHost('b.s3.eu-west-1.amazonaws.com')).toBe('b');
    expect(bucketOfHost('my.own.bucket.s3.amazonaws.com')).toBe('my.own.bucket');
    expect(bucketOfHost('b.s3-eu-west-1.amazonaws.com')).toBe('b');
    expect(bucketOfHost('b.s3.localhost')).toBe('b');
    expect(bucketOfHost('b.localhost')).toBe('b');
    expect(bucketOfHost('s3.eu-west-1.amazonaws.com')).toBeUndefined();
    expect(bucketOfHost('localhost')).toBeUndefined();
    expect(pathStyle(wire({ host: 'b.s3.amazonaws.com', path: '/k' })).path).toBe('/b/k');
  });
});

describe('routing of Lambda', () => {
  it.each([
    ['GET', '/2015-03-31/functions/', 'ListFunctions'],
    ['GET', '/2015-03-31/functions', 'ListFunctions'],
    ['POST', '/2015-03-31/functions', 'CreateFunction'],
    ['GET', '/2015-03-31/functions/f', 'GetFunction'],
    ['POST', '/2015-03-31/functions/f/invocations', 'Invoke'],
    ['GET', '/2015-03-31/functions/f/configuration', 'GetFunctionConfiguration'],
    ['GET', '/2015-03-31/functions/f/versions', 'ListVersionsByFunction'],
  ])('%s %s is %s', (method, path, name) => {
    expect(route(loadContract('lambda'), 'rest-json', wire({ method, path })).operation.name).toBe(name);
  });

  it('decodes a label that is an ARN', () => {
    const path =
      '/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af/invocations';
    expect(route(loadContract('lambda'), 'rest-json', wire({ path })).labels['FunctionName']).toBe(
      'arn:aws:lambda:us-east-1:123456789012:function:f',
    );
  });

  it('answers 404 in JSON to a path that nothing has', () => {
    const outcome = exchange(wire({ path: '/nothing', host: 'lambda.us-east-1.amazonaws.com' }));
    expect(outcome.response?.status).toBe(404);
    expect(outcome.response?.headers['x-amzn-errortype']).toBe('UnknownOperationException');
  });
});

describe('identifying the service', () => {
  const signed = (service: string): Record<string, string> => ({
    authorization: `AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/${service}/aws4_request, Signature=00`,
  });
  const of = (part: Parameters<typeof wire>[0]): string => {
    const found = identify(contractHeaders(), wire(part));
    return found === undefined ? 'nobody' : `${found.id} ${found.protocol}`;
  };

  // Services that share a name are told apart by their version.
  const named = contractHeaders().map(({ signingName, id, apiVersion, protocols }) => {
    const shared = contractHeaders().filter((header) => header.signingName === signingName).length > 1;
    const form = shared && protocols.includes('query');
    return [signingName, id, form ? `Action=X&Version=${apiVersion}` : ''] as const;
  });
  it.each(named)('%s signs for %s', (name, id, body) => {
    const type = body === '' ? {} : { 'content-type': 'application/x-www-form-urlencoded' };
    expect(of({ headers: { ...signed(name), ...type }, body }).split(' ')[0]).toBe(id);
  });

  it('reads the target before the signature', () => {
    expect(
      of({
        headers: {
          ...signed('codedeploy'),
          'x-amz-target': 'CodeDeployCommandService_v20141006.PollHostCommand',
        },
      }),
    ).toBe('codedeploy-commands json');
  });

  it('tells the protocols of one service apart', () => {
    const host = 'monitoring.us-east-1.amazonaws.com';
    expect(of({ host, path: '/service/GraniteServiceVersion20100801/operation/ListMetrics' })).toBe(
      'monitoring smithy-rpc-v2-cbor',
    );
    expect(of({ host, headers: { 'x-amz-target': 'GraniteServiceVersion20100801.ListMetrics' } })).toBe(
      'monitoring json',
    );
    expect(of({ host, headers: { 'content-type': 'application/x-www-form-urlencoded' } })).toBe(
      'monitoring query',
    );
    expect(of({ headers: { 'x-amz-target': 'AmazonSQS.ListQueues' } })).toBe('sqs json');
    expect(of({ headers: signed('sqs'), body: 'Action=ListQueues&Version=2012-11-05' })).toBe('sqs query');
  });

  it('knows hosts, versions, presigned URLs and plain objects', () => {
    expect(of({ host: 'sqs.eu-west-1.amazonaws.com' })).toBe('sqs query');
    expect(of({ host: 'eu-west-1.queue.amazonaws.com' })).toBe('sqs query');
    expect(of({ host: 'iam.amazonaws.com' })).toBe('iam query');
    expect(of({ host: 'b.s3.eu-west-1.amazonaws.com', method: 'GET' })).toBe('s3 rest-xml');
    expect(
      of({
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: 'Action=AssumeRoleWithWebIdentity&Version=2011-06-15',
      }),
    ).toBe('sts query');
    expect(
      of({
        method: 'GET',
        path: '/b/k',
        query: 'X-Amz-Credential=AKID%2F20260101%2Fus-east-1%2Fs3%2Faws4_request',
      }),
    ).toBe('s3 rest-xml');
    expect(of({ method: 'GET', path: '/b/k' })).toBe('s3 rest-xml');
    expect(of({ method: 'POST', path: '/' })).toBe('nobody');
  });

  it('does not take another generation of a service for ours', () => {
    const headers = {
      ...signed('elasticloadbalancing'),
      'content-type': 'application/x-www-form-urlencoded',
    };
    const body = (version: string): string => `Action=DescribeLoadBalancers&Version=${version}`;
    expect(of({ headers, body: body('2012-06-01') })).toBe('elasticloadbalancing-classic query');
    expect(of({ headers, body: body('2009-05-15') })).toBe('nobody');
  });

  it('refuses operations that a service does not have, each in its own way', () => {
    expect(exchange(jsonRequest('CodeDeploy_20141006.Nope', {})).text).toContain(
      '"__type":"UnknownOperationException"',
    );
    expect(
      exchange(formRequest('sns.us-east-1.amazonaws.com', 'Action=Nope&Version=2010-03-31')).text,
    ).toContain('<Code>InvalidAction</Code>');
    expect(
      exchange(formRequest('ec2.us-east-1.amazonaws.com', 'Action=Nope&Version=2016-11-15')).text,
    ).toContain('The action Nope is not valid for this web service.');
    expect(exchange(formRequest('sns.us-east-1.amazonaws.com', 'Version=2010-03-31')).text).toContain(
      '<Code>MissingAction</Code>',
    );
  });
});
