// AWS operations as any client sends them, spelled by hand: Sandtable's own commands need no SDK. Only what they use is here.

import { Fault } from '#contract/fault.ts';
import { loadContract } from '#contract/load.ts';
import { parseXml } from '#contract/protocols/xml.ts';
import type { XmlElement } from '#contract/protocols/xml.ts';
import { structureOfXml } from '#contract/protocols/xml-shape.ts';
import type { Member, Shape } from '#contract/contract.ts';
import type { WireRequest } from '#contract/wire.ts';
import type { Input, OperationName, Output } from '#cloud/contracts.ts';

/** Carries a request to a world, in this process or over HTTP. */
export type Send = (wire: WireRequest) => Promise<{ readonly status: number; readonly body: Uint8Array }>;

/** Services whose protocol is AWS's query, that are called here. */
type QueryService = 'cloudformation' | 'elasticloadbalancing';

const REGION = 'us-east-1';

/** Requests of the root user of the default account. */
export class FrontDoor {
  readonly #send: Send;

  constructor(send: Send) {
    this.#send = send;
  }

  /** Throws `Fault` with the service's own code and message. */
  async call<S extends QueryService, O extends OperationName<S>>(
    service: S,
    operation: O,
    input: Input<S, O>,
  ): Promise<Output<S, O>> {
    const contract = loadContract(service);
    const {
      input: shape,
      output,
      resultWrapper = `${operation}Result`,
    } = contract.operation(operation) ?? {};
    const form = new URLSearchParams({ Action: operation, Version: contract.header.apiVersion });
    if (shape) flatten(form, shape, input as object, '');
    const body = await this.#ask({
      service: contract.header.signingName,
      method: 'POST',
      path: '/',
      headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
      body: new TextEncoder().encode(form.toString()),
    });
    const root = parseXml(new TextDecoder().decode(body));
    const result = root.children.find(({ name }) => name === resultWrapper);
    return (output && result ? structureOfXml(output, result) : {}) as Output<S, O>;
  }

  /** A bucket, which may be there already. */
  async createBucket(bucket: string): Promise<void> {
    await this.#ask({ service: 's3', method: 'PUT', path: `/${bucket}` }).catch((error: unknown) => {
      if ((error as Fault).shape !== 'BucketAlreadyOwnedByYou') throw error;
    });
  }

  /** Puts an object and returns the URL by which other services find it. */
  async putObject(bucket: string, key: string, body: Uint8Array): Promise<string> {
    const path = `/${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`;
    await this.#ask({ service: 's3', method: 'PUT', path, body });
    return `https://s3.${REGION}.amazonaws.com${path}`;
  }

  async putParameter(Name: string, Value: string): Promise<void> {
    await this.#ask({
      service: 'ssm',
      method: 'POST',
      path: '/',
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'AmazonSSM.PutParameter' },
      body: new TextEncoder().encode(JSON.stringify({ Name, Value, Type: 'String', Overwrite: true })),
    });
  }

  async #ask({
    service,
    method,
    path,
    headers = {},
    body = new Uint8Array(),
  }: {
    service: string;
    method: string;
    path: string;
    headers?: Readonly<Record<string, string>>;
    body?: Uint8Array;
  }): Promise<Uint8Array> {
    const host = `${service}.${REGION}.amazonaws.com`;
    // Nobody was given a secret for the key `test`: its signature is not looked at, its scope is.
    const scope = `test/20260101/${REGION}/${service}/aws4_request`;
    const authorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=${'0'.repeat(64)}`;
    const all = { ...headers, host, authorization, 'x-amz-date': '20260101T000000Z', ...UNSIGNED };
    const answer = await this.#send({ method, path, query: '', headers: all, body, host });
    if (answer.status >= 300) throw faultIn(answer.status, answer.body);
    return answer.body;
  }
}

const UNSIGNED = { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/CommonParameters.html: members become dotted names. */
function flatten(form: URLSearchParams, shape: Shape, value: object, prefix: string): void {
  for (const member of shape.members) {
    const given = (value as Record<string, unknown>)[member.name];
    if (given !== undefined) flattenMember(form, member, given, prefix + member.queryName);
  }
}

function flattenMember(
  form: URLSearchParams,
  { shape, flattened }: Member,
  value: unknown,
  name: string,
): void {
  if (shape.kind === 'structure') return flatten(form, shape, value as object, `${name}.`);
  if (shape.kind !== 'list') return form.append(name, String(value));
  const items = flattened ? name : `${name}.${shape.item.xmlName}`;
  for (const [at, item] of (value as unknown[]).entries())
    flattenMember(form, shape.item, item, `${items}.${at + 1}`);
}

/** An error in whichever way the service's protocol spells it. */
function faultIn(status: number, body: Uint8Array): Fault {
  const text = new TextDecoder().decode(body);
  if (text.startsWith('{')) {
    const { __type: type = '', message, Message } = JSON.parse(text) as Record<string, string>;
    return new Fault(type.split('#').at(-1) ?? '', message ?? Message ?? '', { status });
  }
  if (!text.startsWith('<')) return new Fault('InternalFailure', text.trim() || `HTTP ${status}`, { status });
  const error = inside(parseXml(text), 'Code');
  const said = (name: string): string => error?.children.find((one) => one.name === name)?.text ?? '';
  return new Fault(said('Code'), said('Message'), { status });
}

/** The element that has a child of that name. */
function inside(element: XmlElement, name: string): XmlElement | undefined {
  if (element.children.some((child) => child.name === name)) return element;
  return element.children.map((child) => inside(child, name)).find(Boolean);
}
