// Which service, in which protocol, a request is for, before any contract is loaded: from the RPC path, the
// target header, the credential scope of its signature, its host, and last its version or its looks.
import type { ContractHeader, Protocol } from './contract-json.ts';
import { percentDecoded, textOf } from './protocols/bytes.ts';
import { isQueuePath, rpcPath } from './route.ts';
import type { WireRequest } from './wire.ts';

export interface Destination {
  readonly id: string;
  readonly protocol: Protocol;
}

/** The service that a request names, or undefined when it is for none of ours. */
export function identify(headers: readonly ContractHeader[], wire: WireRequest): Destination | undefined {
  const header =
    byRpcPath(headers, wire) ??
    byTarget(headers, wire) ??
    bySigningName(headers, wire) ??
    byHost(headers, wire.host) ??
    byVersion(headers, wire) ??
    byNotification(headers, wire) ??
    looksLikeS3(headers, wire);
  return header === undefined ? undefined : { id: header.id, protocol: protocolOf(header, wire) };
}

function protocolOf(header: ContractHeader, wire: WireRequest): Protocol {
  const [first = 'json'] = header.protocols;
  if (header.protocols.length === 1) return first;
  const speaks = (protocol: Protocol): boolean => header.protocols.includes(protocol);
  if (
    speaks('smithy-rpc-v2-cbor') &&
    (wire.headers['smithy-protocol'] === 'rpc-v2-cbor' || rpcPath.test(wire.path))
  ) {
    return 'smithy-rpc-v2-cbor';
  }
  if (speaks('json') && (wire.headers['x-amz-target'] !== undefined || contentType(wire).includes('json')))
    return 'json';
  return speaks('query') ? 'query' : first;
}

function contentType(wire: WireRequest): string {
  return wire.headers['content-type'] ?? '';
}

function byRpcPath(headers: readonly ContractHeader[], wire: WireRequest): ContractHeader | undefined {
  const service =
    wire.method === 'POST' && wire.path.includes('/operation/') ? rpcPath.exec(wire.path)?.[1] : undefined;
  if (service === undefined) return undefined;
  return headers.find((h) => h.protocols.includes('smithy-rpc-v2-cbor') && h.targetPrefix === service);
}

function byTarget(headers: readonly ContractHeader[], wire: WireRequest): ContractHeader | undefined {
  const target = wire.headers['x-amz-target'];
  if (target === undefined) return undefined;
  const prefix = target.slice(0, target.lastIndexOf('.'));
  return headers.find((h) => h.targetPrefix === prefix);
}

const scope = /Credential=[^,\s]*\/\d{8}\/[^/,\s]*\/([^/,\s]+)\/aws4_request/u;

/** The service name in a SigV4 credential scope, from the Authorization header or a presigned URL. */
function signingName(wire: WireRequest): string | undefined {
  const authorization = wire.headers['authorization'];
  if (authorization !== undefined) return scope.exec(authorization)?.[1];
  const credential = /(?:^|&)X-Amz-Credential=([^&]*)/iu.exec(wire.query)?.[1];
  return credential === undefined
    ? undefined
    : scope.exec(`Credential=${percentDecoded(credential, true) ?? ''}`)?.[1];
}

/** Names that sign for a service besides its own. */
const otherNames: Readonly<Record<string, string>> = {
  cloudwatch: 'monitoring',
  s3express: 's3',
  's3-object-lambda': 's3',
};

/** Whether a credential scope's name is one of those under which a service is signed for. */
export function signsFor(name: string, signingName: string): boolean {
  return name === signingName || (Object.hasOwn(otherNames, name) && otherNames[name] === signingName);
}

function bySigningName(headers: readonly ContractHeader[], wire: WireRequest): ContractHeader | undefined {
  const name = signingName(wire);
  if (name === undefined) return undefined;
  return oneOf(
    headers.filter((h) => signsFor(name, h.signingName)),
    wire,
  );
}

/** Services that share a name, as the two generations of load balancers do, differ in their version. */
function oneOf(candidates: readonly ContractHeader[], wire: WireRequest): ContractHeader | undefined {
  const [first] = candidates;
  if (first === undefined || !first.protocols.includes('query')) return first;
  const version = versionOf(wire);
  return version === undefined ? first : candidates.find((h) => h.apiVersion === version);
}

function versionOf(wire: WireRequest): string | undefined {
  const inQuery = version.exec(wire.query)?.[1];
  if (inQuery !== undefined || !contentType(wire).includes('x-www-form-urlencoded')) return inQuery;
  // The version comes first or second in every client; a form can be megabytes long.
  const start = textOf(wire.body.subarray(0, 4096)) ?? '';
  return version.exec(start)?.[1] ?? version.exec(textOf(wire.body) ?? '')?.[1];
}

const version = /(?:^|&)Version=(\d{4}-\d\d-\d\d)(?:&|$)/u;

function byHost(headers: readonly ContractHeader[], host: string): ContractHeader | undefined {
  const labels = host.split('.');
  const [first = ''] = labels;
  const direct = headers.find((h) => h.endpointPrefix === first && h.id !== 's3');
  if (direct !== undefined && labels.length > 1) return direct;
  // Older forms: `eu-west-1.queue.amazonaws.com`, `queue.amazonaws.com`.
  if (labels.slice(0, 2).includes('queue') && host.endsWith('amazonaws.com'))
    return headers.find((h) => h.id === 'sqs');
  return labels.some(isS3Label) ? headers.find((h) => h.id === 's3') : undefined;
}

function isS3Label(label: string): boolean {
  return label === 's3' || /^s3-(?:accelerate|fips|[a-z]{2}-[a-z]+-\d)$/u.test(label);
}

/** The bucket in a virtual-hosted S3 request: `bucket.s3.eu-west-1.amazonaws.com`, or `bucket.localhost`. */
export function bucketOfHost(host: string): string | undefined {
  const labels = host.split('.');
  const at = labels.findLastIndex(isS3Label);
  if (at > 0) return labels.slice(0, at).join('.');
  if (at < 0 && host.endsWith('.localhost')) return host.slice(0, -'.localhost'.length);
  return undefined;
}

/** An S3 request with its bucket in the path, whatever its host; `route` and the URI labels want it there. */
export function pathStyle(wire: WireRequest): WireRequest {
  // The one S3 operation without a bucket that has a host prefix of its own.
  const bucket = wire.path === '/WriteGetObjectResponse' ? undefined : bucketOfHost(wire.host);
  return bucket === undefined ? wire : { ...wire, path: `/${bucket}${wire.path}` };
}

/**
 * A query to SQS at a queue's own URL, with that URL as its parameter.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-xml.html
 */
export function withQueueUrl(wire: WireRequest): WireRequest {
  const isQuery = wire.headers['x-amz-target'] === undefined && /(?:^|&)Action=/u.test(wire.query);
  if (!isQueuePath(wire.path) || !isQuery || /(?:^|&)QueueUrl=/u.test(wire.query)) return wire;
  return { ...wire, query: `${wire.query}&QueueUrl=${wire.path}` };
}

function byVersion(headers: readonly ContractHeader[], wire: WireRequest): ContractHeader | undefined {
  const found = versionOf(wire);
  const forms = (h: ContractHeader): boolean => h.protocols.includes('query') || h.protocols.includes('ec2');
  return found === undefined ? undefined : headers.find((h) => forms(h) && h.apiVersion === found);
}

const notified =
  /^Action=(?:ConfirmSubscription&TopicArn|Unsubscribe&SubscriptionArn)=arn(?::|%3A)aws(?::|%3A)sns(?::|%3A)/iu;

/** The URLs in SNS's messages, which say no version. */
function byNotification(headers: readonly ContractHeader[], wire: WireRequest): ContractHeader | undefined {
  return notified.test(wire.query) ? headers.find((h) => h.id === 'sns') : undefined;
}

/** A form with a file, whatever type it says it has. */
function looksLikeForm(body: Uint8Array): boolean {
  return /^--.*\r\ncontent-disposition: form-data;/iu.test(textOf(body.subarray(0, 256)) ?? '');
}

/** Unsigned requests with nothing else to go by: public objects, browser uploads, signatures of version 2. */
function looksLikeS3(headers: readonly ContractHeader[], wire: WireRequest): ContractHeader | undefined {
  const named = signingName(wire) !== undefined || wire.headers['x-amz-target'] !== undefined;
  const upload =
    wire.method === 'POST' &&
    (contentType(wire).startsWith('multipart/form-data') || looksLikeForm(wire.body));
  const old =
    /^AWS [^:\s]+:/u.test(wire.headers['authorization'] ?? '') || wire.query.includes('AWSAccessKeyId=');
  if (named || (wire.method === 'POST' && !upload && !old)) return undefined;
  return headers.find((h) => h.id === 's3');
}
