// Members to and from the two protocols whose documents are trees of values: JSON and CBOR. They differ in
// how a blob and a timestamp look, and in which name a member goes by. Messages are those of AWS's own
// deserialiser ("Coral").
import type { Member, Shape, Structure } from '../contract.ts';
import { Fault } from '../fault.ts';
import { base64, fromBase64, setOwn } from './bytes.ts';
import { formatIso, formatHttpDate, parseEpochSeconds, parseHttpDate, parseIso } from './timestamp.ts';

/** What a CBOR tag carries; 1 is a timestamp in epoch seconds. */
export class Tagged {
  readonly tag: number;
  readonly value: unknown;

  constructor(tag: number, value: unknown) {
    this.tag = tag;
    this.value = value;
  }
}

export type Style = 'json' | 'cbor';

const maxDepth = 128;

export function malformed(message: string): Fault {
  return new Fault('SerializationException', message);
}

const javaNames: Readonly<Record<string, string>> = {
  string: 'String',
  boolean: 'Boolean',
  integer: 'Integer',
  long: 'Long',
  double: 'Double',
  timestamp: 'Date',
  blob: 'ByteBuffer',
};

/** The complaint about a value of the wrong kind. */
function wrongKind(value: unknown, shape: Shape): Fault {
  const java = javaNames[shape.kind] ?? shape.name;
  if (Array.isArray(value)) return malformed('Start of list found where not expected');
  if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array)) {
    return malformed('Start of structure or map found where not expected.');
  }
  if (shape.kind === 'list') return malformed('Expected list or null');
  if (shape.kind === 'map' || shape.kind === 'structure') return malformed('Expected map or null');
  const token =
    typeof value === 'string'
      ? 'STRING_VALUE'
      : typeof value === 'boolean'
        ? `${value ? 'TRUE' : 'FALSE'}_VALUE`
        : value === null
          ? 'NULL_VALUE'
          : 'NUMBER_VALUE';
  return malformed(`${token} cannot be converted to ${java}`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array) &&
    !(value instanceof Tagged)
  );
}

export function readStructure(
  shape: Shape,
  value: unknown,
  style: Style,
  depth = 0,
): Record<string, unknown> {
  if (depth > maxDepth) throw malformed('The request is nested too deeply');
  if (!isObject(value)) throw wrongKind(value, shape);
  const out: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    // Members that the model does not have are ignored, as AWS's JSON services do.
    const member = style === 'json' ? shape.memberByJsonName(key) : shape.member(key);
    const given = value[key];
    if (member === undefined || given === null || given === undefined) continue;
    out[member.name] = readValue(member, given, style, depth + 1);
  }
  return out;
}

export function readValue(member: Member, value: unknown, style: Style, depth = 0): unknown {
  const { shape } = member;
  switch (shape.kind) {
    case 'string':
      if (typeof value !== 'string') throw wrongKind(value, shape);
      return value;
    case 'boolean':
      if (typeof value !== 'boolean') throw wrongKind(value, shape);
      return value;
    case 'integer':
    case 'long':
      return readInteger(shape, value);
    case 'double':
      return readDouble(shape, value);
    case 'timestamp':
      return readTimestamp(member, value, style);
    case 'blob':
      return readBlob(shape, value, style);
    case 'structure':
      return readStructure(shape, value, style, depth);
    case 'list': {
      if (!Array.isArray(value)) throw wrongKind(value, shape);
      if (depth > maxDepth) throw malformed('The request is nested too deeply');
      const { item } = shape;
      return value.map((one: unknown) => readValue(item, one, style, depth + 1));
    }
    case 'map': {
      if (!isObject(value)) throw wrongKind(value, shape);
      if (depth > maxDepth) throw malformed('The request is nested too deeply');
      const out: Record<string, unknown> = {};
      for (const key of Object.keys(value))
        setOwn(out, key, readValue(shape.item, value[key], style, depth + 1));
      return out;
    }
    case 'document':
      return readDocument(value, depth);
  }
}

function readInteger(shape: Shape, value: unknown): number {
  if (typeof value !== 'number') throw wrongKind(value, shape);
  const limit = shape.kind === 'integer' ? 2_147_483_648 : 9_223_372_036_854_775_808;
  if (
    !Number.isInteger(value) ||
    value < -limit ||
    value > limit ||
    (shape.kind === 'integer' && value === limit)
  ) {
    throw malformed(
      `${Number.isInteger(value) ? 'NUMBER' : 'DECIMAL'}_VALUE cannot be converted to ${javaNames[shape.kind] ?? ''}`,
    );
  }
  return value;
}

const notFinite: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Infinity,
  '-Infinity': -Infinity,
};

function readDouble(shape: Shape, value: unknown): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'string' && Object.hasOwn(notFinite, value)) return notFinite[value] ?? Number.NaN;
  throw wrongKind(value, shape);
}

function readTimestamp(member: Member, value: unknown, style: Style): number {
  let ms: number | undefined;
  if (style === 'cbor') {
    const seconds = value instanceof Tagged && value.tag === 1 ? value.value : value;
    if (typeof seconds !== 'number') throw wrongKind(seconds, member.shape);
    ms = parseEpochSeconds(seconds);
  } else if (typeof value === 'number') {
    ms = parseEpochSeconds(value);
  } else if (typeof value === 'string') {
    ms = member.timestampFormat === 'rfc822' ? parseHttpDate(value) : parseIso(value);
  } else {
    throw wrongKind(value, member.shape);
  }
  if (ms === undefined) throw malformed('The timestamp is out of range or malformed');
  return ms;
}

function readBlob(shape: Shape, value: unknown, style: Style): Uint8Array {
  if (style === 'cbor') {
    if (!(value instanceof Uint8Array)) throw wrongKind(value, shape);
    return value;
  }
  if (typeof value !== 'string') throw wrongKind(value, shape);
  const bytes = fromBase64(value);
  if (bytes !== undefined) return bytes;
  throw value.length % 4 === 0
    ? malformed('Invalid Base64 character')
    : malformed(`Base64 encoded length is expected a multiple of 4 bytes but found: ${value.length}`);
}

/** Free-form JSON, copied so that nothing of it is deeper than the rest of this program expects. */
function readDocument(value: unknown, depth: number): unknown {
  if (depth > maxDepth) throw malformed('The request is nested too deeply');
  if (Array.isArray(value)) return value.map((one: unknown) => readDocument(one, depth + 1));
  if (!isObject(value)) return value;
  const out: Record<string, unknown> = {};
  for (const key of Object.keys(value)) setOwn(out, key, readDocument(value[key], depth + 1));
  return out;
}

/** Our bug, not the client's: a service answered with something that its contract does not have. */
export function unexpected(where: string, value: unknown): TypeError {
  return new TypeError(`${where} cannot be written from ${value === null ? 'null' : typeof value}`);
}

export function writeStructure(shape: Shape, value: Structure, style: Style): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const name of Object.keys(value)) {
    const given = value[name];
    if (given === undefined || given === null) continue;
    const member = shape.member(name);
    if (member === undefined) throw new TypeError(`${shape.name} has no member ${name}`);
    out[style === 'json' ? member.jsonName : member.name] = writeValue(member, given, style);
  }
  return out;
}

/** A double that CBOR must not write as an integer. */
export class Double {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** Node.js 20 cannot write `30.0`; to readers of JSON `30` is the same number. */
const { rawJSON } = JSON as { rawJSON?: (text: string) => unknown };

/** AWS's doubles are seen to be doubles where they are whole numbers too: `"Threshold": 30.0`. */
function writeDouble(value: number, style: Style): unknown {
  if (style === 'cbor') return new Double(value);
  if (!Number.isFinite(value)) return String(value);
  return rawJSON && Number.isSafeInteger(value) ? rawJSON(`${value}.0`) : value;
}

export function writeValue(member: Member, value: unknown, style: Style): unknown {
  const { shape } = member;
  switch (shape.kind) {
    case 'string':
      if (typeof value !== 'string') throw unexpected(member.name, value);
      return value;
    case 'boolean':
      if (typeof value !== 'boolean') throw unexpected(member.name, value);
      return value;
    case 'integer':
    case 'long':
      if (typeof value !== 'number') throw unexpected(member.name, value);
      return value;
    case 'double':
      if (typeof value !== 'number') throw unexpected(member.name, value);
      return writeDouble(value, style);
    case 'timestamp':
      if (typeof value !== 'number') throw unexpected(member.name, value);
      if (style === 'cbor') return new Tagged(1, value / 1000);
      if (member.timestampFormat === 'iso8601') return formatIso(value);
      return member.timestampFormat === 'rfc822' ? formatHttpDate(value) : value / 1000;
    case 'blob':
      if (!(value instanceof Uint8Array)) throw unexpected(member.name, value);
      return style === 'cbor' ? value : base64(value);
    case 'structure':
      if (!isObject(value)) throw unexpected(member.name, value);
      return writeStructure(shape, value, style);
    case 'list': {
      if (!Array.isArray(value)) throw unexpected(member.name, value);
      const { item } = shape;
      return value.map((one: unknown) => writeValue(item, one, style));
    }
    case 'map': {
      if (!isObject(value)) throw unexpected(member.name, value);
      const out: Record<string, unknown> = {};
      for (const key of Object.keys(value)) {
        const given = value[key];
        if (given !== undefined && given !== null) setOwn(out, key, writeValue(shape.item, given, style));
      }
      return out;
    }
    case 'document':
      return value;
  }
}
