// Concise Binary Object Representation (RFC 8949), as much of it as Smithy's RPC v2 needs: definite and
// indefinite lengths, half floats, big numbers, tags. Maps become objects with own keys only.
import { setOwn, textOf } from './bytes.ts';
import { Double, malformed, Tagged } from './value.ts';

const maxDepth = 128;

interface Cursor {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;
}

const breakMark = Symbol('break');

function ended(): Error {
  return malformed('The CBOR document ends too early');
}

function argument(cursor: Cursor, info: number): number {
  if (info < 24) return info;
  const size = 2 ** (info - 24);
  if (info > 27) throw malformed('The CBOR document has a reserved length');
  if (cursor.at + size > cursor.bytes.length) throw ended();
  const { view, at } = cursor;
  cursor.at += size;
  if (size === 1) return view.getUint8(at);
  if (size === 2) return view.getUint16(at);
  if (size === 4) return view.getUint32(at);
  return Number(view.getBigUint64(at));
}

function halfFloat(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const sign = bits >> 15 === 1 ? -1 : 1;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function simple(cursor: Cursor, info: number): unknown {
  const { view, at } = cursor;
  const size = info === 25 ? 2 : info === 26 ? 4 : info === 27 ? 8 : 0;
  if (at + size > cursor.bytes.length) throw ended();
  cursor.at += size;
  switch (info) {
    case 20:
      return false;
    case 21:
      return true;
    case 22:
    case 23:
      return null;
    case 25:
      return halfFloat(view.getUint16(at));
    case 26:
      return view.getFloat32(at);
    case 27:
      return view.getFloat64(at);
    case 31:
      return breakMark;
    default:
      throw malformed('The CBOR document has an unknown simple value');
  }
}

function string(cursor: Cursor, major: number, info: number, depth: number): unknown {
  if (info === 31) return chunks(cursor, major, depth);
  const length = argument(cursor, info);
  if (cursor.at + length > cursor.bytes.length) throw ended();
  const bytes = cursor.bytes.subarray(cursor.at, cursor.at + length);
  cursor.at += length;
  // A copy, so that a small value does not keep a whole request alive.
  if (major === 2) return bytes.slice();
  const text = textOf(bytes);
  if (text === undefined) throw malformed('The CBOR document has text that is not valid UTF-8');
  return text;
}

function chunks(cursor: Cursor, major: number, depth: number): unknown {
  const parts: unknown[] = [];
  for (let part = item(cursor, depth + 1); part !== breakMark; part = item(cursor, depth + 1))
    parts.push(part);
  if (major === 3) {
    if (!parts.every((part) => typeof part === 'string'))
      throw malformed('The CBOR document mixes text and bytes');
    return parts.join('');
  }
  const all: number[] = [];
  for (const part of parts) {
    if (!(part instanceof Uint8Array)) throw malformed('The CBOR document mixes text and bytes');
    for (const byte of part) all.push(byte);
  }
  return Uint8Array.from(all);
}

function array(cursor: Cursor, info: number, depth: number): unknown[] {
  const out: unknown[] = [];
  const length = info === 31 ? Infinity : argument(cursor, info);
  for (let n = 0; n < length; n += 1) {
    const value = item(cursor, depth + 1);
    if (value === breakMark) {
      if (info === 31) break;
      throw malformed('The CBOR document has a stray break');
    }
    out.push(value);
  }
  return out;
}

function map(cursor: Cursor, info: number, depth: number): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  const length = info === 31 ? Infinity : argument(cursor, info);
  for (let n = 0; n < length; n += 1) {
    const key = item(cursor, depth + 1);
    if (key === breakMark && info === 31) break;
    if (typeof key !== 'string') throw malformed('The CBOR document has a key that is not text');
    const value = item(cursor, depth + 1);
    if (value === breakMark) throw malformed('The CBOR document has a stray break');
    setOwn(out, key, value);
  }
  return out;
}

function tagged(cursor: Cursor, info: number, depth: number): unknown {
  const tag = argument(cursor, info);
  const value = item(cursor, depth + 1);
  if (value === breakMark) throw malformed('The CBOR document has a stray break');
  if ((tag === 2 || tag === 3) && value instanceof Uint8Array) {
    let number = 0;
    for (const byte of value) number = number * 256 + byte;
    return tag === 2 ? number : -1 - number;
  }
  return new Tagged(tag, value);
}

function item(cursor: Cursor, depth: number): unknown {
  if (depth > maxDepth) throw malformed('The request is nested too deeply');
  const initial = cursor.bytes[cursor.at];
  if (initial === undefined) throw ended();
  cursor.at += 1;
  const info = initial & 31;
  switch (initial >> 5) {
    case 0:
      return argument(cursor, info);
    case 1:
      return -1 - argument(cursor, info);
    case 2:
      return string(cursor, 2, info, depth);
    case 3:
      return string(cursor, 3, info, depth);
    case 4:
      return array(cursor, info, depth);
    case 5:
      return map(cursor, info, depth);
    case 6:
      return tagged(cursor, info, depth);
    default:
      return simple(cursor, info);
  }
}

/** The one value in the bytes; throws a Fault when there is not exactly one. */
export function decodeCbor(bytes: Uint8Array): unknown {
  const cursor: Cursor = {
    bytes,
    view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    at: 0,
  };
  const value = item(cursor, 0);
  if (value === breakMark || cursor.at !== bytes.length)
    throw malformed('The CBOR document has bytes after its end');
  return value;
}

class Writer {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  #room(size: number): number {
    const at = this.#length;
    if (at + size > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#bytes.length * 2, at + size));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    this.#length = at + size;
    return at;
  }

  /** The shortest form: the JavaScript SDK compares keys by their encoded bytes. */
  head(major: number, value: number): void {
    const top = major << 5;
    if (value < 24) {
      const at = this.#room(1);
      this.#view.setUint8(at, top | value);
    } else if (value < 0x100) {
      const at = this.#room(2);
      this.#view.setUint8(at, top | 24);
      this.#view.setUint8(at + 1, value);
    } else if (value < 0x1_0000) {
      const at = this.#room(3);
      this.#view.setUint8(at, top | 25);
      this.#view.setUint16(at + 1, value);
    } else if (value < 0x1_0000_0000) {
      const at = this.#room(5);
      this.#view.setUint8(at, top | 26);
      this.#view.setUint32(at + 1, value);
    } else {
      const at = this.#room(9);
      this.#view.setUint8(at, top | 27);
      this.#view.setBigUint64(at + 1, BigInt(value));
    }
  }

  float(value: number): void {
    const at = this.#room(9);
    this.#view.setUint8(at, 0xfb);
    this.#view.setFloat64(at + 1, value);
  }

  byte(value: number): void {
    const at = this.#room(1);
    this.#view.setUint8(at, value);
  }

  raw(bytes: Uint8Array): void {
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
  }

  done(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}

const encoder = new TextEncoder();

function write(out: Writer, value: unknown): void {
  if (typeof value === 'string') {
    const bytes = encoder.encode(value);
    out.head(3, bytes.length);
    out.raw(bytes);
  } else if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) out.float(value);
    else if (value >= 0) out.head(0, value);
    else out.head(1, -1 - value);
  } else if (typeof value === 'boolean') {
    out.byte(value ? 0xf5 : 0xf4);
  } else if (value === null || value === undefined) {
    out.byte(0xf6);
  } else if (value instanceof Uint8Array) {
    out.head(2, value.length);
    out.raw(value);
  } else if (value instanceof Double) {
    out.float(value.value);
  } else if (value instanceof Tagged) {
    out.head(6, value.tag);
    write(out, value.value);
  } else if (Array.isArray(value)) {
    out.head(4, value.length);
    for (const one of value) write(out, one);
  } else {
    const entries = Object.entries(value);
    out.head(5, entries.length);
    for (const [key, one] of entries) {
      write(out, key);
      write(out, one);
    }
  }
}

export function encodeCbor(value: unknown): Uint8Array {
  const out = new Writer();
  write(out, value);
  return out.done();
}
