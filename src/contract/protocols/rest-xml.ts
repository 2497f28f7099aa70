// REST XML: Amazon S3 and Route 53. S3 goes its own way in errors and request ids
// (smithy.io/2.0/aws/protocols/aws-restxml-protocol.html,
// docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html).
import type { Contract, Member, Shape, Structure } from '../contract.ts';
import type { Dialect, Fault } from '../fault.ts';
import type { Body, WireRequest, WireResponse } from '../wire.ts';
import { base64, noBytes, textOf, utf8 } from './bytes.ts';
import {
  bodyMembers,
  isRawPayload,
  readBindings,
  readRawPayload,
  withoutBindings,
  writeBindings,
  writeRawPayload,
} from './http-bindings.ts';
import { type Codec, describeFault, type FaultFacts, type ReplyTo, type Route } from './protocol.ts';
import { xmlOfFault } from './query.ts';
import { malformedXml, structureOfXml, valueOfXml, xmlOfMember, xmlOfMembers } from './xml-shape.ts';
import { escapeXml, parseXml, type XmlElement, XmlError } from './xml.ts';

const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';

function dialectOf(contract: Contract): Dialect {
  return contract.id === 's3' ? 's3' : 'rest-xml';
}

/** S3's second id, which support asks for; ours says no more than the first. */
function hostId(requestId: string): string {
  return base64(utf8(`${requestId}${requestId}`));
}

/** What every answer of S3's names itself by. */
export function s3Ids(requestId: string): { 'x-amz-request-id': string; 'x-amz-id-2': string } {
  return { 'x-amz-request-id': requestId, 'x-amz-id-2': hostId(requestId) };
}

function idHeaders(to: ReplyTo): Record<string, string> {
  return to.contract.id === 's3' ? s3Ids(to.requestId) : { 'x-amzn-requestid': to.requestId };
}

function parse(body: Uint8Array): XmlElement {
  const text = textOf(body);
  if (text === undefined) throw malformedXml();
  try {
    return parseXml(text);
  } catch (error) {
    if (error instanceof XmlError) throw malformedXml();
    throw error;
  }
}

function readPayload(payload: Member, wire: WireRequest, body: Body | undefined): unknown {
  if (isRawPayload(payload)) return readRawPayload(payload, wire, body);
  if (wire.body.length === 0) return undefined;
  const root = parse(wire.body);
  if (root.name !== payload.xmlName && root.name !== payload.shape.name) throw malformedXml();
  return valueOfXml(payload, root);
}

function bodyOf(to: ReplyTo, shape: Shape, output: Structure): WireResponse['body'] {
  const { payload } = shape;
  if (payload !== undefined && isRawPayload(payload)) return writeRawPayload(payload, output[payload.name]);
  const { xmlNamespace = '' } = to.contract.header;
  const root = (xml: string, name: string): string =>
    `${declaration}<${name} xmlns="${xmlNamespace}"${xml === '' ? '/>' : `>${xml}</${name}>`}`;
  if (payload !== undefined) {
    const value = output[payload.name];
    if (value === undefined || value === null) return noBytes;
    const xml = xmlOfMember({ ...payload, xmlNamespace }, value, payload.xmlName);
    return declaration + xml;
  }
  const members = bodyMembers(shape);
  const [only] = members;
  if (to.operation?.unwrapped === true && only !== undefined) {
    const text = output[only.name];
    return root(typeof text === 'string' ? escapeXml(text) : '', only.xmlName);
  }
  if (members.length === 0) return noBytes;
  return root(xmlOfMembers(shape, withoutBindings(shape, output)), shape.xmlName ?? shape.name);
}

/** S3 shows what the error is about beside the code: bucket, key, resource. */
function xmlOfS3Fault(facts: FaultFacts, fault: Fault, requestId: string): string {
  const fields = Object.entries(fault.fields)
    .filter(
      ([name, value]) =>
        /^[A-Za-z][\w-]*$/u.test(name) && (typeof value === 'string' || typeof value === 'number'),
    )
    .map(([name, value]) => `<${name}>${escapeXml(String(value))}</${name}>`)
    .join('');
  const ids = `<RequestId>${escapeXml(requestId)}</RequestId><HostId>${hostId(requestId)}</HostId>`;
  const what = `<Code>${escapeXml(facts.code)}</Code><Message>${escapeXml(fault.message)}</Message>`;
  return `${declaration}<Error>${what}${fields}${ids}</Error>`;
}

/** A part of an object is a partial answer, and what takes time is accepted; the contract does not say so. */
function statusOf(usual: number, output: Structure): number {
  if (usual === 200 && output['Accepted'] === true) return 202;
  return usual === 200 && output['ContentRange'] !== undefined ? 206 : usual;
}

/** Listings say in a header where their bucket is; the contract does not. */
function regionTold(shape: Shape, output: Structure): { told: Record<string, string>; rest: Structure } {
  const { BucketRegion: region, ...rest } = output;
  if (typeof region !== 'string' || shape.member('BucketRegion')) return { told: {}, rest: output };
  return { told: { 'x-amz-bucket-region': region }, rest };
}

export const restXml: Codec = {
  read(route: Route, wire: WireRequest, body: Body | undefined): Record<string, unknown> {
    const { input } = route.operation;
    const out = readBindings(route, wire);
    if (input === undefined) return out;
    const { payload } = input;
    if (payload !== undefined) {
      const value = readPayload(payload, wire, body);
      if (value !== undefined) out[payload.name] = value;
    } else if (wire.body.length > 0 && bodyMembers(input).length > 0) {
      const root = parse(wire.body);
      if (root.name !== (route.operation.rootName ?? input.name)) throw malformedXml();
      Object.assign(out, structureOfXml(input, root));
    }
    return out;
  },

  write(to, given: Structure): WireResponse {
    const shape = to.operation.output;
    if (shape === undefined) return { status: to.operation.status, headers: idHeaders(to), body: noBytes };
    const { told, rest: output } = regionTold(shape, given);
    const { headers, status = statusOf(to.operation.status, output) } = writeBindings(shape, output);
    const head = to.operation.method === 'HEAD';
    const body = head ? noBytes : bodyOf(to, shape, output);
    return {
      status,
      headers: {
        // S3 says of an answer to HEAD what the document would be that it leaves out.
        ...(typeof body === 'string' || (head && to.contract.id === 's3' && !shape.member('ContentType'))
          ? { 'content-type': 'application/xml' }
          : {}),
        ...idHeaders(to),
        ...told,
        ...headers,
      },
      body,
    };
  },

  writeFault(to, fault): WireResponse {
    const dialect = dialectOf(to.contract);
    const facts = describeFault(to.contract, fault, dialect);
    const silent = to.operation?.method === 'HEAD' || facts.status === 304;
    const own = { ...idHeaders(to), ...fault.headers };
    const headers = { 'content-type': dialect === 's3' ? 'application/xml' : 'text/xml', ...own };
    const head = dialect === 's3' && facts.status !== 304 ? headers : own;
    if (silent) return { status: facts.status, headers: head, body: noBytes };
    if (dialect === 's3')
      return { status: facts.status, headers, body: xmlOfS3Fault(facts, fault, to.requestId) };
    const { xmlNamespace = '' } = to.contract.header;
    const type = facts.server ? 'Receiver' : 'Sender';
    const error = `<Error><Type>${type}</Type>${xmlOfFault(facts, fault)}</Error>`;
    const id = `<RequestId>${escapeXml(to.requestId)}</RequestId>`;
    const xml = `${declaration}<ErrorResponse xmlns="${xmlNamespace}">${error}${id}</ErrorResponse>`;
    return { status: facts.status, headers, body: xml };
  },
};
