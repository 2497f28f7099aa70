// Which operation a request is for: by target header, by Action, by RPC path, or by method and URI template.
// The last is where S3 and Lambda overlap with themselves, so candidates are ranked by how much of the
// request they explain.
import type { Contract, Operation, Protocol } from './contract.ts';
import { Fault } from './fault.ts';
import { percentDecoded } from './protocols/bytes.ts';
import { formValue, parseForm } from './protocols/form.ts';
import { parseQuery } from './protocols/http-bindings.ts';
import type { FormNode, Route } from './protocols/protocol.ts';
import type { WireRequest } from './wire.ts';

const noLabels: Readonly<Record<string, string>> = {};

/** Throws a Fault when the service has no such operation. `wire.path` is path-style for S3: `/bucket/key`. */
export function route(contract: Contract, protocol: Protocol, wire: WireRequest): Route {
  if (protocol === 'json') {
    const target = wire.headers['x-amz-target'] ?? '';
    return named(contract, protocol, target.slice(target.lastIndexOf('.') + 1), undefined);
  }
  if (protocol === 'smithy-rpc-v2-cbor') {
    return named(contract, protocol, rpcPath.exec(wire.path)?.[2] ?? '', undefined);
  }
  if (protocol === 'query' || protocol === 'ec2') {
    const form = parseForm(wire);
    const action = formValue(form, 'Action');
    if (action === undefined) throw missingAction(contract, wire);
    const version = formValue(form, 'Version');
    if (
      contract.operation(action) === undefined ||
      (version !== undefined && version !== contract.header.apiVersion) ||
      (contract.id === 'sqs' && isQueuePath(wire.path) && elsewhere.has(action))
    ) {
      throw invalidAction(contract, action, version);
    }
    return named(contract, protocol, action, form);
  }
  return byTemplate(contract, protocol, wire);
}

/** `/service/{Service}/operation/{Operation}`; some clients put their own prefix before it. */
export const rpcPath: RegExp = /\/service\/([^/]+)\/operation\/([^/]+)$/u;

function named(contract: Contract, protocol: Protocol, name: string, form: FormNode | undefined): Route {
  const operation = contract.operation(name);
  if (operation === undefined)
    throw new Fault('UnknownOperationException', `The operation ${name} is not known`);
  return { contract, protocol, operation, labels: noLabels, form };
}

/** The path of a queue's own URL. */
export function isQueuePath(path: string): boolean {
  return /^\/\d{12}\/[\w.-]+\/?$/u.test(path);
}

function missingAction(contract: Contract, { method, path }: WireRequest): Fault {
  // Recorded: LocalStack's test_get_without_query_returns_unknown_operation.
  if (contract.id === 'sqs' && method === 'GET' && isQueuePath(path))
    return new Fault('UnknownOperationException', `There is no action in the request for ${path}.`);
  return new Fault('MissingAction', 'The request is missing an action or a required parameter.');
}

/** What SQS does not do at the URL of a queue (recorded: test_get_create_queue_fails, test_get_list_queues_fails). */
const elsewhere = new Set(['CreateQueue', 'ListQueues']);

function invalidAction(contract: Contract, action: string, version = contract.header.apiVersion): Fault {
  if (contract.id === 'sqs')
    return new Fault('InvalidAction', `The action ${action} is not valid for this endpoint.`);
  return contract.protocols[0] === 'ec2'
    ? new Fault('InvalidAction', `The action ${action} is not valid for this web service.`)
    : new Fault('InvalidAction', `Could not find operation ${action} for version ${version}`);
}

interface Template {
  readonly operation: Operation;
  readonly segments: readonly Segment[];
  readonly greedy: boolean;
  readonly literals: number;
  /** Literal parts of the query string: `uploads`, or `list-type` with the value `2`. */
  readonly query: readonly (readonly [name: string, value: string])[];
  readonly requiredQuery: readonly string[];
  readonly requiredHeaders: readonly string[];
}

interface Segment {
  readonly text: string;
  readonly label: boolean;
}

/** Templates by method, made when a contract's first REST request comes. */
const templates = new Map<Contract, ReadonlyMap<string, readonly Template[]>>();

function compile(operation: Operation): Template {
  const [path = '', query = ''] = operation.uri.split('?');
  const segments = path
    .split('/')
    .filter((part) => part !== '')
    .map((part): Segment => {
      const label = part.startsWith('{');
      return { text: label ? part.replaceAll(/[{}+]/gu, '') : part, label };
    });
  const bound = (location: string): string[] =>
    (operation.input?.members ?? [])
      .filter((m) => m.required && m.location === location)
      .map((m) => m.locationName);
  return {
    operation,
    segments,
    greedy: path.endsWith('+}'),
    literals: segments.filter((segment) => !segment.label).length,
    query: query
      .split('&')
      .filter((part) => part !== '')
      .map((part) => [part.split('=')[0] ?? '', part.split('=')[1] ?? '']),
    requiredQuery: bound('querystring'),
    requiredHeaders: bound('header').map((name) => name.toLowerCase()),
  };
}

/** Old forms of the same requests; today's S3 takes them for the operations that replaced them. */
const replaced = new Set([
  'GetBucketLifecycle',
  'GetBucketNotification',
  'PutBucketLifecycle',
  'PutBucketNotification',
]);

function templatesOf(contract: Contract): ReadonlyMap<string, readonly Template[]> {
  const known = templates.get(contract);
  if (known !== undefined) return known;
  const byMethod = new Map<string, Template[]>();
  for (const name of contract.operationNames) {
    const operation = contract.operation(name);
    if (operation === undefined || (contract.id === 's3' && replaced.has(name))) continue;
    const template = compile(operation);
    const list = byMethod.get(operation.method);
    if (list === undefined) byMethod.set(operation.method, [template]);
    else list.push(template);
  }
  templates.set(contract, byMethod);
  return byMethod;
}

/**
 * The labels' raw values, or undefined when the path is another. A greedy label takes the rest, slashes
 * included.
 */
function matchPath(template: Template, parts: readonly string[], rest: string): string[] | undefined {
  const { segments, greedy } = template;
  if (greedy ? parts.length < segments.length : parts.length !== segments.length) return undefined;
  const values: string[] = [];
  for (const [index, segment] of segments.entries()) {
    const part = parts[index] ?? '';
    if (!segment.label) {
      if (segment.text !== part) return undefined;
    } else if (greedy && index === segments.length - 1) {
      values.push(rest);
    } else {
      if (part === '') return undefined;
      values.push(part);
    }
  }
  return values;
}

function score(template: Template, query: ReadonlyMap<string, readonly string[]>, wire: WireRequest): number {
  for (const [name, value] of template.query) {
    const given = query.get(name);
    if (given === undefined || (value !== '' && given[0] !== value)) return -1;
  }
  const required = template.requiredQuery.length + template.requiredHeaders.length;
  const present =
    template.requiredQuery.every((name) => query.has(name)) &&
    template.requiredHeaders.every((name) => wire.headers[name] !== undefined);
  const named = query.get('x-id')?.[0] === template.operation.name ? 5000 : 0;
  return template.literals * 10_000 + named + template.query.length * 1000 + (present ? 100 + required : 0);
}

function byTemplate(contract: Contract, protocol: Protocol, wire: WireRequest): Route {
  const { parts, greedyAt } = splitPath(contract, wire.path);
  const query = parseQuery(wire.query);
  let best: { template: Template; values: string[]; score: number } | undefined;
  for (const template of templatesOf(contract).get(wire.method) ?? []) {
    const values = matchPath(template, parts, template.greedy ? greedyAt(template.segments.length - 1) : '');
    if (values === undefined) continue;
    const points = score(template, query, wire);
    if (points >= 0 && points > (best?.score ?? -1)) best = { template, values, score: points };
  }
  if (best === undefined) throw unrouted(contract);
  const labels: Record<string, string> = {};
  const names = best.template.segments.filter((segment) => segment.label);
  for (const [index, { text }] of names.entries()) {
    const value = percentDecoded(best.values[index] ?? '', false);
    if (value === undefined) throw new Fault('MalformedQueryString', "Couldn't parse the specified URI.");
    labels[text] = value;
  }
  return { contract, protocol, operation: best.template.operation, labels, form: undefined };
}

function unrouted({ id }: Contract): Fault {
  if (id !== 's3')
    return new Fault('UnknownOperationException', 'The requested operation is not known', { status: 404 });
  return new Fault('MethodNotAllowed', 'The specified method is not allowed against this resource.', {
    status: 405,
  });
}

interface SplitPath {
  readonly parts: readonly string[];
  /** The raw text from the n-th segment on. */
  readonly greedyAt: (segment: number) => string;
}

function splitPath(contract: Contract, path: string): SplitPath {
  const plain = path.startsWith('/') ? path.slice(1) : path;
  const parts = plain.split('/');
  // A slash at the end is part of an S3 key and means nothing elsewhere, nor after a bucket.
  const trailing = contract.id === 's3' ? parts.length <= 2 : true;
  while (trailing && parts.length > 0 && parts.at(-1) === '') parts.pop();
  const greedyAt = (segment: number): string => {
    let at = 0;
    for (let n = 0; n < segment; n += 1) at = plain.indexOf('/', at) + 1;
    return plain.slice(at);
  };
  return { parts, greedyAt };
}
