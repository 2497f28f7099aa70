// How each protocol spells errors. Forms: smithy.io/2.0/aws/protocols, EC2's errors-overview, S3's ErrorResponses,
// and docs.aws.amazon.com/general/latest/APIReference/CommonErrors.html.
import { describe, expect, it } from 'vitest';
import { bodyBytes } from '../../src/cloud/body.ts';
import { writeFault, writeResponse } from '../../src/contract/codec.ts';
import type { Protocol } from '../../src/contract/contract.ts';
import { commonFaults, commonSpelling, Fault, type FaultOptions } from '../../src/contract/fault.ts';
import { contractHeaders, loadContract } from '../../src/contract/load.ts';
import { decodeCbor } from '../../src/contract/protocols/cbor.ts';
import { exchange, jsonRequest } from './exchange.ts';

interface Told {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
  readonly text: string;
}

function tell(
  id: string,
  protocol: Protocol,
  shape: string,
  options: FaultOptions = {},
  operation?: string,
): Told {
  const contract = loadContract(id);
  const to = { contract, protocol, requestId: 'r-1', operation: contract.operation(operation ?? '') };
  const { status, headers, body } = writeFault(to, new Fault(shape, 'm', options));
  const bytes = bodyBytes(body, () => undefined);
  return { status, headers, bytes, text: new TextDecoder().decode(bytes) };
}

describe('errors', () => {
  it('of JSON 1.1 name their shape', () => {
    const told = tell('codedeploy', 'json', 'ApplicationDoesNotExistException');
    expect(told.text).toBe('{"__type":"ApplicationDoesNotExistException","message":"m"}');
    expect(told.status).toBe(400);
    expect(told.headers).toEqual({ 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': 'r-1' });
  });

  // KMS's InvalidCiphertextException, as AWS was recorded to answer it:
  // https://github.com/localstack/localstack/blob/main/tests/aws/services/kms/test_kms.snapshot.json
  it('of JSON have no message rather than an empty one', () => {
    const contract = loadContract('kms');
    const to = {
      contract,
      protocol: 'json',
      requestId: 'r-1',
      operation: contract.operation('Decrypt'),
    } as const;
    const { body } = writeFault(to, new Fault('InvalidCiphertextException', ''));
    expect(body).toBe('{"__type":"InvalidCiphertextException"}');
  });

  it('of JSON 1.0 have a namespace, and those of SQS their old code in a header', () => {
    const told = tell('sqs', 'json', 'QueueDoesNotExist');
    expect(told.text).toBe('{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"m"}');
    expect(told.headers['x-amzn-query-error']).toBe('AWS.SimpleQueueService.NonExistentQueue;Sender');
    expect(tell('dynamodb', 'json', 'ResourceNotFoundException').text).toContain(
      '"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"',
    );
  });

  it('of queries have the code that the model gives them', () => {
    expect(tell('iam', 'query', 'NoSuchEntityException').text).toBe(
      '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type>' +
        '<Code>NoSuchEntity</Code><Message>m</Message></Error><RequestId>r-1</RequestId></ErrorResponse>',
    );
    expect(tell('iam', 'query', 'NoSuchEntityException').status).toBe(404);
    expect(tell('sqs', 'query', 'QueueDoesNotExist').text).toContain(
      '<Code>AWS.SimpleQueueService.NonExistentQueue<',
    );
  });

  it('of EC2 have codes that no model lists', () => {
    expect(tell('ec2', 'ec2', 'InvalidInstanceID.NotFound').text).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>InvalidInstanceID.NotFound</Code>' +
        '<Message>m</Message></Error></Errors><RequestID>r-1</RequestID></Response>',
    );
  });

  it('of REST JSON have a header, their fields and the status of the model', () => {
    const told = tell('lambda', 'rest-json', 'TooManyRequestsException', {
      fields: { Type: 'User', Reason: 'CallerRateLimitExceeded', retryAfterSeconds: '1' },
    });
    expect(told.status).toBe(429);
    expect(told.headers).toMatchObject({
      'x-amzn-errortype': 'TooManyRequestsException',
      'retry-after': '1',
    });
    expect(JSON.parse(told.text)).toEqual({ Type: 'User', Reason: 'CallerRateLimitExceeded', message: 'm' });
  });

  it('of S3 say what they are about, and say nothing to HEAD', () => {
    const told = tell('s3', 'rest-xml', 'NoSuchKey', { fields: { Key: 'a&b' }, status: 404 });
    expect(told.text).toContain('<Error><Code>NoSuchKey</Code><Message>m</Message><Key>a&amp;b</Key>');
    expect(told.text).toContain('<RequestId>r-1</RequestId><HostId>');
    expect(told.headers['x-amz-request-id']).toBe('r-1');
    expect(told.status).toBe(404);
    expect(tell('s3', 'rest-xml', 'NoSuchKey', { status: 404 }, 'HeadObject').bytes).toHaveLength(0);
    expect(tell('s3', 'rest-xml', 'NotModified', { status: 304 }, 'GetObject').bytes).toHaveLength(0);
  });

  it('of CBOR are maps with a type', () => {
    const told = tell('monitoring', 'smithy-rpc-v2-cbor', 'ResourceNotFound');
    expect(decodeCbor(told.bytes)).toEqual({
      __type: 'com.amazonaws.cloudwatch#ResourceNotFound',
      message: 'm',
    });
    expect(told.headers['smithy-protocol']).toBe('rpc-v2-cbor');
  });
});

describe('errors that any service answers', () => {
  it.each([
    ['codedeploy', 'json', 'AccessDenied', 'AccessDeniedException', 400],
    ['lambda', 'rest-json', 'AccessDenied', 'AccessDeniedException', 403],
    ['sns', 'query', 'AccessDenied', 'AccessDenied', 403],
    ['ec2', 'ec2', 'AccessDenied', 'UnauthorizedOperation', 403],
    ['s3', 'rest-xml', 'AccessDeniedException', 'AccessDenied', 403],
    ['codedeploy', 'json', 'InvalidClientTokenId', 'UnrecognizedClientException', 400],
    ['sts', 'query', 'UnrecognizedClientException', 'InvalidClientTokenId', 403],
    ['ec2', 'ec2', 'InvalidClientTokenId', 'AuthFailure', 401],
    ['s3', 'rest-xml', 'InvalidClientTokenId', 'InvalidAccessKeyId', 403],
    ['iam', 'query', 'SignatureDoesNotMatch', 'SignatureDoesNotMatch', 403],
    ['kinesis', 'json', 'SignatureDoesNotMatch', 'InvalidSignatureException', 400],
    ['autoscaling', 'query', 'Throttling', 'Throttling', 400],
    ['ec2', 'ec2', 'ThrottlingException', 'RequestLimitExceeded', 503],
    ['s3', 'rest-xml', 'Throttling', 'SlowDown', 503],
    ['codedeploy', 'json', 'InternalFailure', 'InternalFailure', 500],
    ['ec2', 'ec2', 'NotImplemented', 'NotImplemented', 501],
    ['codedeploy', 'json', 'NotImplemented', 'NotImplemented', 501],
    ['route53', 'rest-xml', 'Throttling', 'Throttling', 400],
  ] as const)('%s spells over %s: %s as %s, %i', (id, protocol, shape, code, status) => {
    const told = tell(id, protocol, shape);
    expect(told.status).toBe(status);
    if (protocol === 'rest-json') expect(told.headers['x-amzn-errortype']).toBe(code);
    else if (protocol === 'json') expect(JSON.parse(told.text)).toMatchObject({ __type: code });
    else expect(told.text).toContain(`<Code>${code}</Code>`);
  });

  it('come out of every protocol of every service', () => {
    for (const { id, protocols } of contractHeaders()) {
      for (const protocol of protocols) {
        for (const name of commonFaults) expect(tell(id, protocol, name).status).toBeGreaterThanOrEqual(400);
      }
    }
    expect(commonSpelling('constructor', 'json')).toBeUndefined();
  });
});

describe('outputs', () => {
  it('that the contract does not have are our own mistake', () => {
    const contract = loadContract('codedeploy');
    const operation = contract.operation('CreateApplication');
    if (operation === undefined) throw new Error('no operation');
    const route = { contract, protocol: 'json', operation, labels: {}, form: undefined } as const;
    expect(() => writeResponse(route, { applicationID: 'x' }, 'r-1')).toThrow(TypeError);
    expect(() => writeResponse(route, { applicationId: 1 }, 'r-1')).toThrow(TypeError);
  });

  it('of the agent’s own service are in its contract', () => {
    const outcome = exchange(
      jsonRequest('CodeDeployCommandService_v20141006.PollHostCommand', { HostIdentifier: 'h' }),
    );
    expect(outcome).toMatchObject({ operation: 'PollHostCommand', input: { HostIdentifier: 'h' } });
  });
});
