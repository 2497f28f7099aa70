// Members that travel in the URI, the query string, headers and the status line of the two REST protocols
// (smithy.io/2.0/spec/http-bindings.html).
import type { Member, Shape, Structure } from '../contract.ts';
import { Fault } from '../fault.ts';
import type { Body, WireRequest, WireResponse } from '../wire.ts';
import { base64, fromBase64, percentDecoded, setOwn, textOf, utf8 } from './bytes.ts';
import type { Route } from './protocol.ts';
import { readScalar, writeScalar } from './scalar.ts';
import { unexpected } from './value.ts';

/** Decoded parameters in order; the name alone is a parameter with an empty value. */
export function parseQuery(query: string): Map<string, string[]> {
  const out = new Map<string, string[]>();
  for (const part of query.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = percentDecoded(equals < 0 ? part : part.slice(0, equals), true);
    const value = equals < 0 ? '' : percentDecoded(part.slice(equals + 1), true);
    if (name === undefined || value === undefined)
      throw new Fault('MalformedQueryString', 'The query string is malformed');
    const known = out.get(name);
    if (known === undefined) out.set(name, [value]);
    else known.push(value);
  }
  return out;
}

/** The members of the input that are not in the body. */
export function readBindings(route: Route, wire: WireRequest): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  const { input } = route.operation;
  if (input === undefined) return out;
  let query: Map<string, string[]> | undefined;
  for (const member of input.members) {
    const value = (): unknown => {
      switch (member.location) {
        case 'uri':
          return single(member, route.labels[member.locationName], 'iso8601');
        case 'querystring':
          query ??= parseQuery(wire.query);
          if (route.contract.id === 's3') checkInteger(member, query);
          return fromQuery(member, query, input);
        case 'header':
          return fromHeader(member, wire.headers[member.locationName.toLowerCase()]);
        case 'headers':
          return fromPrefix(member.locationName.toLowerCase(), wire.headers);
        default:
          return undefined;
      }
    };
    const given = member.location === undefined ? undefined : value();
    if (given !== undefined) out[member.name] = given;
  }
  return out;
}

function single(member: Member, text: string | undefined, timestampFormat: string): unknown {
  if (text === undefined) return undefined;
  const value = readScalar(member, text, timestampFormat);
  if (value !== undefined) return value;
  // An empty parameter is an absent one, except for text.
  if (text === '') return undefined;
  throw new Fault('InvalidParameterValue', `Value '${text}' is not valid for ${member.locationName}`);
}

/** S3's own words for a number that is none. */
function checkInteger({ shape, locationName: name }: Member, query: Map<string, string[]>): void {
  const [text = ''] = query.get(name) ?? [];
  if (
    shape.kind !== 'integer' ||
    text === '' ||
    (/^[+-]?\d+$/.test(text) && Number(text) === (Number(text) | 0))
  )
    return;
  const fields = { ArgumentName: name, ArgumentValue: text };
  const message = `Provided ${name} not an integer or within integer range`;
  throw new Fault('InvalidArgument', message, { status: 400, fields });
}

function fromQuery(member: Member, query: Map<string, string[]>, input: Shape): unknown {
  if (member.shape.kind === 'map') return restOfQuery(member, query, input);
  const values = query.get(member.locationName);
  if (values === undefined) return undefined;
  if (member.shape.kind === 'list') return values.map((value) => single(member.shape.item, value, 'iso8601'));
  return single(member, values[0], 'iso8601');
}

/** A map bound to the query string takes the parameters that no other member is named after. */
function restOfQuery(member: Member, query: Map<string, string[]>, input: Shape): Record<string, unknown> {
  const named = new Set(input.members.filter((m) => m.location === 'querystring').map((m) => m.locationName));
  const out: Record<string, unknown> = {};
  for (const [name, values] of query) {
    if (!named.has(name)) setOwn(out, name, member.shape.item.shape.kind === 'list' ? values : values[0]);
  }
  return out;
}

function fromHeader(member: Member, text: string | undefined): unknown {
  if (text === undefined) return undefined;
  if (member.jsonValue) {
    const json = textOf(fromBase64(text) ?? utf8(''));
    return json;
  }
  if (member.shape.kind !== 'list') return single(member, text, 'rfc822');
  const { item } = member.shape;
  // HTTP dates hold a comma of their own.
  const parts = item.shape.kind === 'timestamp' ? (text.match(/[^,]+,[^,]+/gu) ?? []) : splitHeader(text);
  return parts.map((part) => single(item, part.trim(), 'rfc822'));
}

/** Commas separate values, unless they are between double quotes. */
function splitHeader(text: string): string[] {
  if (!text.includes('"')) return text.split(',');
  return [...text.matchAll(/\s*(?:"((?:[^"\\]|\\.)*)"|([^,]*))(?:,|$)/gu)]
    .filter(([whole]) => whole !== '')
    .map(([, quoted, plain = '']) => quoted?.replaceAll(/\\(.)/gu, '$1') ?? plain);
}

function fromPrefix(
  prefix: string,
  headers: Readonly<Record<string, string>>,
): Record<string, string> | undefined {
  const out: Record<string, string> = {};
  let found = false;
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith(prefix) || name.length === prefix.length) continue;
    setOwn(out, name.slice(prefix.length), value);
    found = true;
  }
  return found ? out : undefined;
}

// eslint-disable-next-line no-control-regex
const control = /[\u0000-\u0008\u000a-\u001f\u007f]+/gu;

/** Header values must not end the header. */
function safeHeader(value: string): string {
  const safe = value.replaceAll(control, ' ');
  return safe === value ? value : safe.trim();
}

/** The headers and status that the output's bound members make. */
export function writeBindings(
  shape: Shape,
  output: Structure,
): { headers: Record<string, string>; status: number | undefined } {
  const headers: Record<string, string> = {};
  let status: number | undefined;
  for (const [name, value] of Object.entries(output)) {
    const member = value === undefined || value === null ? undefined : shape.member(name);
    if (member === undefined) continue;
    if (member.location === 'statusCode' && typeof value === 'number') status = value;
    else if (member.location === 'header')
      headers[member.locationName.toLowerCase()] = safeHeader(toHeader(member, value));
    else if (member.location === 'headers' && typeof value === 'object') {
      for (const [key, text] of Object.entries(value as Record<string, unknown>)) {
        if (typeof text === 'string')
          headers[`${member.locationName}${key}`.toLowerCase()] = safeHeader(text);
      }
    }
  }
  return { headers, status };
}

function toHeader(member: Member, value: unknown): string {
  if (member.jsonValue && typeof value === 'string') return base64(utf8(value));
  if (member.shape.kind !== 'list') return writeScalar(member, value, 'rfc822');
  if (!Array.isArray(value)) throw unexpected(member.name, value);
  const { item } = member.shape;
  return value
    .map((one: unknown) => {
      const text = writeScalar(item, one, 'rfc822');
      return item.shape.kind === 'string' && /[",]/u.test(text)
        ? `"${text.replaceAll(/["\\]/gu, '\\$&')}"`
        : text;
    })
    .join(', ');
}

/** Members that the body holds. */
export function bodyMembers(shape: Shape): readonly Member[] {
  return shape.members.filter((member) => member.location === undefined);
}

export function withoutBindings(shape: Shape, output: Structure): Structure {
  return Object.fromEntries(
    Object.entries(output).filter(([name]) => shape.member(name)?.location === undefined),
  );
}

/** A payload that is not a document: a stream, bytes or text. Undefined when there is none. */
export function readRawPayload(payload: Member, wire: WireRequest, body: Body | undefined): unknown {
  if (payload.streaming) return body ?? { bytes: wire.body };
  if (payload.shape.kind === 'blob') return wire.body.length === 0 ? undefined : wire.body;
  const text = textOf(wire.body);
  if (text === undefined) throw new Fault('MalformedInput', 'The request body is not valid UTF-8');
  return text === '' ? undefined : text;
}

/** The response body for a stream, bytes or text; a stored blob passes through by reference. */
export function writeRawPayload(payload: Member, value: unknown): WireResponse['body'] {
  if (value === undefined || value === null) return utf8('');
  if (value instanceof Uint8Array) return value;
  if (typeof value === 'string' && payload.shape.kind !== 'blob') return utf8(value);
  if (payload.streaming && typeof value === 'object') {
    if ('bytes' in value && value.bytes instanceof Uint8Array) return value.bytes;
    if ('blob' in value || 'segments' in value)
      return value as Exclude<WireResponse['body'], Uint8Array | string>;
  }
  throw unexpected(payload.name, value);
}

export function isRawPayload(payload: Member): boolean {
  const { kind } = payload.shape;
  return kind === 'blob' || kind === 'string';
}
