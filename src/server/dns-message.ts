// DNS messages: reads queries and writes answers (RFC 1035, with EDNS's size of RFC 6891). Every length is checked, and no
// compression pointer is followed when reading, so that no bytes from outside can make it loop.

import type { DnsAnswer, DnsRecord } from '#cloud/ports/dns.ts';

/** A query that can be answered. */
export interface DnsRequest {
  readonly id: number;
  /** Flags that answers repeat. */
  readonly recursionDesired: boolean;
  /** The question as it came, which answers repeat. */
  readonly question: Uint8Array;
  /** In lower case, with a dot at its end; odd characters as octal escapes. */
  readonly name: string;
  /** Such as `A`; `TYPE65` for types that are not known here. */
  readonly type: string;
  /** The internet, and one that is asked for. */
  readonly classIn: boolean;
  /** The largest answer that a datagram may hold; absent where the asker does not speak EDNS. */
  readonly payloadBytes?: number;
}

/** What a message is. `ignore`: no query at all. `error`: one that is answered with an error. */
export type Reading =
  | { readonly kind: 'query'; readonly request: DnsRequest }
  | { readonly kind: 'error'; readonly id: number; readonly code: 'FORMERR' | 'NOTIMP' }
  | { readonly kind: 'ignore' };

const HEADER = 12;
const LONGEST_NAME = 255;
const LONGEST_LABEL = 63;
const CLASS_IN = 1;
const OPT = 41;
/** Records of a query beyond these are not looked at: an honest one has one or two. */
const MOST_EXTRAS = 16;
/** The smallest datagram that everybody takes, and the largest that is sent here. */
const SMALLEST_PAYLOAD = 512;
const LARGEST_PAYLOAD = 1232;

const TYPES: Readonly<Record<string, number>> = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  SPF: 99,
  CAA: 257,
};
const NAMES = new Map(Object.entries(TYPES).map(([name, number]) => [number, name]));

const CODES = { NOERROR: 0, FORMERR: 1, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const;

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

/** Reads a message from outside. */
export function readQuery(bytes: Uint8Array): Reading {
  if (bytes.length < HEADER) return { kind: 'ignore' };
  const id = u16(bytes, 0);
  const flags = u16(bytes, 2);
  if ((flags & 0x8000) !== 0) return { kind: 'ignore' }; // An answer: answering it could go on for ever.
  if ((flags & 0x7800) !== 0) return { kind: 'error', id, code: 'NOTIMP' };
  const wrong: Reading = { kind: 'error', id, code: 'FORMERR' };
  if (u16(bytes, 4) !== 1) return wrong;
  const name = readName(bytes, HEADER);
  if (!name || name.end + 4 > bytes.length) return wrong;
  const number = u16(bytes, name.end);
  const end = name.end + 4;
  const extras = u16(bytes, 6) + u16(bytes, 8) + u16(bytes, 10);
  const payloadBytes = payloadOf(bytes, end, extras);
  return {
    kind: 'query',
    request: {
      id,
      recursionDesired: (flags & 0x0100) !== 0,
      question: bytes.slice(HEADER, end),
      name: name.text,
      type: NAMES.get(number) ?? `TYPE${number}`,
      classIn: u16(bytes, name.end + 2) === CLASS_IN,
      ...(payloadBytes === undefined ? {} : { payloadBytes }),
    },
  };
}

/** A name without pointers: questions have none. Nothing where it is not one. */
function readName(bytes: Uint8Array, from: number): { text: string; end: number } | undefined {
  let text = '';
  for (let at = from; at < bytes.length && at - from < LONGEST_NAME;) {
    const length = bytes[at] as number;
    if (length === 0) return { text: text === '' ? '.' : text, end: at + 1 };
    if (length > LONGEST_LABEL || at + 1 + length > bytes.length) return undefined;
    for (const byte of bytes.subarray(at + 1, at + 1 + length)) text += spelled(byte);
    text += '.';
    at += 1 + length;
  }
  return undefined;
}

function spelled(byte: number): string {
  const character = String.fromCharCode(byte).toLowerCase();
  return /[a-z0-9_-]/.test(character) ? character : `\\${byte.toString(8).padStart(3, '0')}`;
}

/** The size that an OPT record among the extras gives. */
function payloadOf(bytes: Uint8Array, from: number, extras: number): number | undefined {
  let at = from;
  for (let i = 0; i < Math.min(extras, MOST_EXTRAS); i += 1) {
    const root = bytes[at] === 0;
    const end = skipName(bytes, at);
    if (end === undefined || end + 10 > bytes.length) return undefined;
    if (root && u16(bytes, end) === OPT) return u16(bytes, end + 2);
    at = end + 10 + u16(bytes, end + 8);
  }
  return undefined;
}

/** A pointer ends a name, and is not followed. */
function skipName(bytes: Uint8Array, from: number): number | undefined {
  for (let at = from; at < bytes.length && at - from <= LONGEST_NAME;) {
    const length = bytes[at] as number;
    if (length === 0) return at + 1;
    if (length >= 0xc0) return at + 2;
    if (length > LONGEST_LABEL) return undefined;
    at += 1 + length;
  }
  return undefined;
}

/** An answer that names an error only. */
export function writeError(id: number, code: keyof typeof CODES): Uint8Array {
  return Uint8Array.of(id >> 8, id & 255, 0x80, CODES[code], 0, 0, 0, 0, 0, 0, 0, 0);
}

/** How large an answer to a query may be in a datagram. */
export function datagramBytes({ payloadBytes = SMALLEST_PAYLOAD }: DnsRequest): number {
  return Math.min(LARGEST_PAYLOAD, Math.max(SMALLEST_PAYLOAD, payloadBytes));
}

/** An answer. What does not fit is left out whole, and the asker is told to come again over TCP. */
export function writeAnswer(request: DnsRequest, answer: DnsAnswer, mostBytes: number): Uint8Array {
  const whole = write(request, answer, false);
  return whole.length <= mostBytes ? whole : write(request, { ...answer, records: [], authority: [] }, true);
}

function write(request: DnsRequest, { code, records, authority }: DnsAnswer, truncated: boolean): Uint8Array {
  const { id, recursionDesired, question, payloadBytes } = request;
  const sections = [records, authority].map((section) =>
    section.filter(({ type }) => TYPES[type] !== undefined),
  );
  const message = new Message();
  message.u16(id);
  // An authoritative answer; recursion is not available.
  const authoritative = code === 'REFUSED' ? 0 : 0x0400;
  message.u16(
    0x8000 | authoritative | (truncated ? 0x0200 : 0) | (recursionDesired ? 0x0100 : 0) | CODES[code],
  );
  message.u16(1);
  for (const section of sections) message.u16(section.length);
  message.u16(payloadBytes === undefined ? 0 : 1);
  message.bytes(question);
  for (const section of sections) for (const record of section) message.record(record);
  if (payloadBytes !== undefined) message.options();
  return message.end();
}

class Message {
  readonly #bytes: number[] = [];
  /** Where names were written that later ones may point to. */
  readonly #places = new Map<string, number>();

  u16(value: number): void {
    this.#bytes.push((value >>> 8) & 255, value & 255);
  }

  u32(value: number): void {
    this.u16(Math.floor(value / 65_536));
    this.u16(value % 65_536);
  }

  bytes(bytes: Uint8Array | readonly number[]): void {
    for (const byte of bytes) this.#bytes.push(byte);
  }

  end(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  record({ name, type, ttlSeconds, data }: DnsRecord): void {
    this.name(name);
    this.u16(TYPES[type] as number);
    this.u16(CLASS_IN);
    this.u32(ttlSeconds);
    const lengthAt = this.#bytes.length;
    this.u16(0);
    this.#data(type, data);
    const length = this.#bytes.length - lengthAt - 2;
    this.#bytes[lengthAt] = length >>> 8;
    this.#bytes[lengthAt + 1] = length & 255;
  }

  /** Says that this side speaks EDNS too. */
  options(): void {
    this.bytes([0]);
    this.u16(OPT);
    this.u16(LARGEST_PAYLOAD);
    this.u32(0);
    this.u16(0);
  }

  /** A name, with a pointer to where its end stands already. Targets of SRV records are written out (RFC 2782). */
  name(name: string, compressed: boolean = true): void {
    let rest = name.replace(/\.$/, '');
    while (rest !== '') {
      const known = compressed ? this.#places.get(rest) : undefined;
      if (known !== undefined) return this.u16(0xc000 | known);
      if (this.#bytes.length < 0x4000) this.#places.set(rest, this.#bytes.length);
      const dot = rest.indexOf('.');
      const label = unescaped(dot < 0 ? rest : rest.slice(0, dot)).slice(0, LONGEST_LABEL);
      this.bytes([label.length, ...label]);
      rest = dot < 0 ? '' : rest.slice(dot + 1);
    }
    this.bytes([0]);
  }

  #data(type: string, data: string): void {
    const fields = data.trim().split(/\s+/);
    const field = (i: number): string => fields[i] ?? '';
    switch (type) {
      case 'A':
        return this.bytes(data.split('.').map(Number));
      case 'AAAA':
        return this.bytes(ipv6Bytes(data));
      case 'TXT':
      case 'SPF':
        for (const text of strings(data)) this.bytes([text.length, ...text]);
        return;
      case 'MX':
        this.u16(Number(field(0)));
        return this.name(field(1));
      case 'SRV':
        for (const i of [0, 1, 2]) this.u16(Number(field(i)));
        return this.name(field(3), false);
      case 'SOA':
        this.name(field(0));
        this.name(field(1));
        for (const i of [2, 3, 4, 5, 6]) this.u32(Number(field(i)));
        return;
      case 'CAA': {
        const tag = latin1(field(1));
        this.bytes([Number(field(0)) & 255, tag.length, ...tag, ...(strings(data)[0] ?? [])]);
        return;
      }
      default:
        this.name(data); // CNAME, NS, PTR
    }
  }
}

function latin1(text: string): number[] {
  return Array.from(text, (character) => character.charCodeAt(0) & 255);
}

/** Bytes of a label or a string with octal escapes. */
function unescaped(text: string): number[] {
  const plain = text.replace(/\\([0-3][0-7]{2}|.)/g, (_, meant: string) =>
    meant.length === 3 ? String.fromCharCode(Number.parseInt(meant, 8)) : meant,
  );
  return latin1(plain);
}

/** The quoted strings of a value, 255 bytes of each at most. */
function strings(data: string): number[][] {
  const quoted = data.match(/"(?:[^"\\]|\\.)*"/g) ?? [];
  return quoted.map((text) => unescaped(text.slice(1, -1)).slice(0, 255));
}

function ipv6Bytes(text: string): number[] {
  const embedded = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  const numbers = embedded?.slice(1).map(Number) ?? [];
  const hex = (high: number, low: number): string =>
    (((numbers[high] ?? 0) << 8) | (numbers[low] ?? 0)).toString(16);
  const whole = embedded ? `${text.slice(0, embedded.index)}${hex(0, 1)}:${hex(2, 3)}` : text;
  const [left = '', right] = whole.split('::');
  const groups = (side: string): number[] =>
    side === '' ? [] : side.split(':').map((group) => Number.parseInt(group, 16));
  const [before, after] = [groups(left), groups(right ?? '')];
  const gap = Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => 0);
  return [...before, ...gap, ...after].slice(0, 8).flatMap((group) => [group >>> 8, group & 255]);
}
