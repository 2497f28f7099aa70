// The values that conditions compare: numbers, instants and IP addresses. No Date, no locale; undefined means
// "not one".

import { instantMs } from '#contract/protocols/timestamp.ts';

export function parseNumber(text: string): number | undefined {
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : undefined;
}

const DAY = /^(\d{4})(?:-(\d\d)(?:-(\d\d))?)?$/;
const CLOCK = /^(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?([Zz]|[+-]\d\d(?::?\d\d)?)?$/;

/** The W3C profile of ISO 8601, or seconds since 1970; the result is in milliseconds. */
export function parseInstant(text: string): number | undefined {
  // Four digits alone are a year, not seconds: the longer form wins where both could be meant.
  if (/^\d{5,}(?:\.\d+)?$/.test(text)) return Number(text) * 1000;
  const [date = '', time, ...more] = text.split(/[Tt]/);
  const day = DAY.exec(date);
  const clock = time === undefined ? [] : CLOCK.exec(time);
  if (day === null || clock === null || more.length > 0) return undefined;
  const [, year, month = '1', dayOfMonth = '1'] = day;
  const [, hour = '0', minute = '0', second = '0', fraction = '0', zone = 'Z'] = clock;
  const [h, m, s] = [hour, minute, second].map(Number);
  const base = instantMs(Number(year), Number(month), Number(dayOfMonth), h, m, s);
  return base === undefined ? undefined : base + Number(`0.${fraction}`) * 1000 - offsetMs(zone);
}

function offsetMs(zone: string): number {
  if (/^[Zz]$/.test(zone)) return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(3).replace(':', '') || '0');
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

/** An address block: 16-bit words (two for IPv4, eight for IPv6) and the number of bits that count. */
export interface AddressBlock {
  readonly words: readonly number[];
  readonly bits: number;
}

function parseV4(text: string): number[] | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256))
    return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = parts.map(Number);
  return [a * 256 + b, c * 256 + d];
}

function parseV6(text: string): number[] | undefined {
  const [head = '', tail, ...more] = text.toLowerCase().split('::');
  if (more.length > 0) return undefined;
  const left = parseGroups(head);
  const right = tail === undefined ? [] : parseGroups(tail);
  if (left === undefined || right === undefined) return undefined;
  const missing = 8 - left.length - right.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  return [...left, ...Array.from({ length: missing }, () => 0), ...right];
}

function parseGroups(text: string): number[] | undefined {
  if (text === '') return [];
  const words: number[] = [];
  for (const group of text.split(':')) {
    const embedded = group.includes('.') ? parseV4(group) : undefined;
    if (embedded !== undefined) words.push(...embedded);
    else if (/^[0-9a-f]{1,4}$/.test(group)) words.push(Number.parseInt(group, 16));
    else return undefined;
  }
  return words;
}

/** An address or a block in CIDR form, of either family. */
export function parseAddress(text: string): AddressBlock | undefined {
  const [address = '', prefix, ...more] = text.split('/');
  const words = address.includes(':') ? parseV6(address) : parseV4(address);
  if (words === undefined || more.length > 0) return undefined;
  const all = words.length * 16;
  if (prefix === undefined) return { words, bits: all };
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > all) return undefined;
  return { words, bits: Number(prefix) };
}

/** Whether the whole of `inner` lies in `outer`. */
export function contains(outer: AddressBlock, inner: AddressBlock): boolean {
  if (outer.words.length !== inner.words.length || inner.bits < outer.bits) return false;
  let left = outer.bits;
  for (let at = 0; left > 0; at += 1) {
    const shift = Math.max(0, 16 - left);
    if ((outer.words[at] ?? 0) >>> shift !== (inner.words[at] ?? 0) >>> shift) return false;
    left -= 16;
  }
  return true;
}
