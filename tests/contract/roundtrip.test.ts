// Every protocol against the stock SDK v3 clients: what a client writes is what our readers read, and what
// our writers write is what a client reads, for every operation of every service (EC2: a sample).
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readRequest, writeFault, writeResponse } from '../../src/contract/codec.ts';
import type { Contract, Operation, Protocol, Structure } from '../../src/contract/contract.ts';
import { Fault } from '../../src/contract/fault.ts';
import { identify, pathStyle } from '../../src/contract/identify.ts';
import { contractHeaders, loadContract } from '../../src/contract/load.ts';
import { route } from '../../src/contract/route.ts';
import type { WireRequest, WireResponse } from '../../src/contract/wire.ts';
import { structureOf } from './arbitrary.ts';
import { Sdk, toSdk } from './sdk.ts';

interface Case {
  readonly id: string;
  readonly client: string;
  readonly protocol: Protocol;
  readonly options?: () => Promise<object>;
  /** Take every n-th operation. */
  readonly every?: number;
}

// S3's client warns about bodies whose length it cannot know.
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

const cases: readonly Case[] = [
  { id: 'dynamodb', client: 'dynamodb', protocol: 'json' },
  { id: 'sqs', client: 'sqs', protocol: 'json', options: async () => ({ md5: false }) },
  {
    id: 'sqs',
    client: 'sqs',
    protocol: 'query',
    options: async () => ({
      md5: false,
      protocol: (await import('@aws-sdk/core/protocols')).AwsQueryProtocol,
    }),
  },
  { id: 'codedeploy', client: 'codedeploy', protocol: 'json' },
  { id: 'kinesis', client: 'kinesis', protocol: 'json' },
  { id: 'monitoring', client: 'cloudwatch', protocol: 'json' },
  {
    id: 'monitoring',
    client: 'cloudwatch',
    protocol: 'query',
    options: async () => ({ protocol: (await import('@aws-sdk/core/protocols')).AwsQueryProtocol }),
  },
  {
    id: 'monitoring',
    client: 'cloudwatch',
    protocol: 'smithy-rpc-v2-cbor',
    options: async () => ({ protocol: (await import('@aws-sdk/core/protocols')).AwsSmithyRpcV2CborProtocol }),
  },
  { id: 'sns', client: 'sns', protocol: 'query' },
  { id: 'iam', client: 'iam', protocol: 'query' },
  { id: 'sts', client: 'sts', protocol: 'query' },
  { id: 'autoscaling', client: 'auto-scaling', protocol: 'query' },
  { id: 'elasticloadbalancing', client: 'elastic-load-balancing-v2', protocol: 'query' },
  { id: 'cloudformation', client: 'cloudformation', protocol: 'query' },
  { id: 'ec2', client: 'ec2', protocol: 'ec2', every: 10 },
  { id: 'lambda', client: 'lambda', protocol: 'rest-json' },
  {
    id: 's3',
    client: 's3',
    protocol: 'rest-xml',
    options: async () => ({ forcePathStyle: true, logger: quiet }),
  },
  { id: 's3', client: 's3', protocol: 'rest-xml', every: 5, options: async () => ({ logger: quiet }) },
  { id: 'route53', client: 'route-53', protocol: 'rest-xml' },
];

/** Gathered by whoever sends, so that one request tells what was read from it. */
interface Seen {
  operation: string;
  input: Record<string, unknown>;
  protocol: Protocol;
}

/** A server that answers everything with one output, through the same calls as the gateway makes. */
function answering(output: (operation: Operation) => Structure | Fault, seen?: (what: Seen) => void) {
  return (wire: WireRequest): WireResponse => {
    const to = identify(contractHeaders(), wire);
    if (to === undefined) throw new Error(`for nobody: ${wire.method} ${wire.path}`);
    const contract = loadContract(to.id);
    const found = route(contract, to.protocol, to.id === 's3' ? pathStyle(wire) : wire);
    seen?.({ operation: found.operation.name, input: readRequest(found, wire), protocol: to.protocol });
    const result = output(found.operation);
    if (result instanceof Fault) return writeFault({ ...found, requestId: 'request-1' }, result);
    return writeResponse(found, result, 'request-1');
  };
}

function operationsOf(contract: Contract, sdk: Sdk, every = 1): Operation[] {
  return contract.operationNames
    .filter((name, index) => index % every === 0 && sdk.has(name))
    .map((name) => contract.operation(name))
    .filter((operation) => operation !== undefined && !operation.eventStream) as Operation[];
}

// Answers of clients carry metadata; ours carry no undefined members.
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return { bytes: [...value] };
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Date || typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name, one]) => one !== undefined && one !== null && name !== '$metadata')
      // botocore has these as numbers, the JavaScript client as text.
      .map(([name, one]) => [name, name.endsWith('PartNumberMarker') ? String(one) : plain(one)]),
  );
}

describe.each(cases)('$id over $protocol', ({ id, client, protocol, options, every }) => {
  const contract = loadContract(id);
  const sdk = async (): Promise<Sdk> => new Sdk(`@aws-sdk/client-${client}`, await options?.());

  it('reads what the client writes', async () => {
    const aws = await sdk();
    for (const operation of operationsOf(contract, aws, every)) {
      const inputs = operation.input === undefined ? fc.constant({}) : structureOf(operation.input);
      for (const input of fc.sample(inputs, { numRuns: 2, seed: 7 })) {
        const sent = tamed(id, operation, protocol, input);
        let seen: Seen | undefined;
        aws.server = answering(
          () => ({}),
          (what) => (seen = what),
        );
        const given = operation.input === undefined ? {} : (toSdk(operation.input, sent) as object);
        // What comes back is of no interest here, and may lack what the client demands.
        await aws.send(operation.name, given).catch((error: unknown) => {
          if (seen === undefined)
            throw new Error(`${operation.name} ${JSON.stringify(sent)}`, { cause: error });
        });
        expect(seen?.operation, JSON.stringify(sent)).toBe(operation.name);
        expect(seen?.protocol).toBe(protocol);
        expect(plain(received(operation, seen?.input ?? {}, sent)), operation.name).toEqual(plain(sent));
      }
    }
  });

  it('writes what the client reads', async () => {
    const aws = await sdk();
    for (const operation of operationsOf(contract, aws, every)) {
      const { input, output } = operation;
      if (output === undefined) continue;
      const sent = tamed(
        id,
        operation,
        protocol,
        fc.sample(input === undefined ? fc.constant({}) : structureOf(input), { numRuns: 1, seed: 3 })[0] ??
          {},
      );
      for (const made of fc.sample(structureOf(output), { numRuns: 2, seed: 11 })) {
        const value = tamedOutput(id, operation, made);
        aws.server = answering(() => value);
        const got = await aws
          .send(operation.name, input === undefined ? {} : (toSdk(input, sent) as object))
          .catch((error: unknown) => {
            throw new Error(`${operation.name} ${JSON.stringify(value)}`, { cause: error });
          });
        const { payload } = output;
        if (payload?.streaming === true) {
          const body = got[payload.name] as { transformToByteArray(): Promise<Uint8Array> };
          got[payload.name] = await body.transformToByteArray();
          if (value[payload.name] === undefined) delete got[payload.name];
        }
        // The client has headers with a common prefix as an object even when there are none.
        if (value['Metadata'] === undefined) delete got['Metadata'];
        expect(plain(got), operation.name).toEqual(plain(toSdk(output, value)));
      }
    }
  });

  it('writes the errors that the client knows by name', async () => {
    const aws = await sdk();
    for (const operation of operationsOf(contract, aws, (every ?? 1) * 4)) {
      const sent = tamed(
        id,
        operation,
        protocol,
        fc.sample(operation.input === undefined ? fc.constant({}) : structureOf(operation.input), {
          numRuns: 1,
          seed: 5,
        })[0] ?? {},
      );
      const given = operation.input === undefined ? {} : (toSdk(operation.input, sent) as object);
      for (const name of operation.errors.slice(0, 3)) {
        const shape = contract.errorShape(name);
        const all =
          shape === undefined ? {} : (fc.sample(structureOf(shape), { numRuns: 1, seed: 9 })[0] ?? {});
        const fields = Object.fromEntries(
          Object.entries(all).filter(([field]) => !/^message$/iu.test(field)),
        );
        aws.server = answering(() => new Fault(name, 'It <is> wrong & "so"', { fields }));
        const error = await aws.send(operation.name, given).then(
          () => undefined,
          (thrown: unknown) =>
            thrown as {
              name: string;
              message: string;
              $metadata: { httpStatusCode: number; requestId: string };
            },
        );
        if (operation.method === 'HEAD') {
          expect(error?.$metadata.httpStatusCode).toBe(shape?.error?.status);
          continue;
        }
        expect([name, shape?.error?.code], `${operation.name} ${name}: ${String(error)}`).toContain(
          error?.name,
        );
        expect(error?.message).toBe('It <is> wrong & "so"');
        expect(error?.$metadata.httpStatusCode).toBe(shape?.error?.status);
        expect(error?.$metadata.requestId).toBe('request-1');
        if (shape !== undefined)
          expect(plain(error), name).toMatchObject(plain(toSdk(shape, fields)) as object);
      }
    }
  });
});

/** Inputs that the client itself refuses or rewrites are made acceptable. */
function tamed(
  id: string,
  operation: Operation,
  protocol: Protocol,
  input: Structure,
): Record<string, unknown> {
  const out = { ...input };
  // The query protocol spells both of these AttributeName; the client sends whichever it has, twice if it has
  // both.
  if (id === 'sqs' && protocol === 'query' && operation.name === 'ReceiveMessage') {
    delete out['MessageSystemAttributeNames'];
    delete out['AttributeNames'];
  }
  // The client encodes keys of its customers' own encryption and adds their digests.
  if (id === 's3') for (const name of Object.keys(out)) if (/SSECustomerKey/u.test(name)) delete out[name];
  if (id === 's3' && out['ChecksumAlgorithm'] !== undefined) out['ChecksumAlgorithm'] = 'CRC32';
  if (id === 'route53' && typeof out['MaxItems'] === 'string') out['MaxItems'] = '7';
  return out;
}

const addedByClients = ['PresignedUrl', 'DestinationRegion', 'ContentMD5', 'ContentLength', 'ContentType'];

/** Members that the client added, or that arrive as a body. */
function received(
  operation: Operation,
  input: Record<string, unknown>,
  sent: Structure,
): Record<string, unknown> {
  for (const name of [...addedByClients, ...operation.idempotencyTokens]) {
    if (sent[name] === undefined) delete input[name];
  }
  for (const name of Object.keys(input)) {
    if (/^Checksum(?!Type)/u.test(name) && sent[name] === undefined) delete input[name];
  }
  const payload = operation.input?.payload;
  const body = payload?.streaming === true ? (input[payload.name] as { bytes: Uint8Array }) : undefined;
  if (payload !== undefined && body !== undefined) {
    if (sent[payload.name] === undefined && body.bytes.length === 0) delete input[payload.name];
    else input[payload.name] = body.bytes;
  }
  return input;
}

/**
 * Outputs that the client corrects: whole numbers where botocore's model says text, members bound to the
 * status.
 */
function tamedOutput(id: string, operation: Operation, value: Structure): Record<string, unknown> {
  const out = { ...value };
  if (id === 'route53') delete out['MaxItems'];
  const bound = operation.output?.members.find((member) => member.location === 'statusCode');
  if (bound !== undefined) out[bound.name] = operation.status;
  // A copy without its result is an error to the client (S3 may fail after it has begun to answer 200).
  const { payload } = operation.output ?? {};
  if (id === 's3' && payload?.shape.kind === 'structure') out[payload.name] ??= {};
  return out;
}
