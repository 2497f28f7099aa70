// Hostile bodies for a request, in the form that its protocol reads: members of wrong kinds and names that mean something to
// JavaScript, depth, sizes and numbers beyond all measure, entities, bombs.

import { gzipSync } from 'node:zlib';
import { decodeCbor, encodeCbor } from '../../src/contract/protocols/cbor.ts';
import type { WireRequest } from '../../src/contract/wire.ts';

/** In [0, 1), addressed: equal ordinals give equal numbers. */
export type Draws = (ordinal: number) => number;

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const pick = <V>(list: readonly V[], number: number): V => list[Math.floor(number * list.length)] as V;

const nested = (levels: number): unknown => {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
};
const own = (name: string, value: unknown): unknown =>
  JSON.parse(`{${JSON.stringify(name)}:${JSON.stringify(value)}}`);

/** What no member expects. */
const VALUES: readonly unknown[] = [
  null,
  {},
  [],
  [null],
  [[]],
  [{}],
  true,
  0,
  -1,
  1e308,
  2 ** 53,
  0.1,
  '',
  ' ',
  'x'.repeat(5000),
  '\u0000',
  '\uD800',
  '../../../../etc/passwd',
  '${aws:username}',
  '*',
  '$.a[0]',
  'arn:aws:iam::999999999999:role/x',
  'arn:::::',
  '{"a":1}',
  '[[[[',
  'a: &a [*a]',
  own('__proto__', { polluted: true }),
  own('constructor', { prototype: { polluted: true } }),
  nested(20),
  nested(400),
];
const NAMES = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
  'then',
  'length',
  '',
];

/** A copy in which one place, drawn at random, holds something else or has another name. */
function disturbed(value: unknown, draw: Draws, depth = 0): unknown {
  const here =
    draw(depth * 4) < 0.35 || typeof value !== 'object' || value === null || value instanceof Uint8Array;
  const keys = here ? [] : Object.keys(value as object);
  if (here || keys.length === 0) return pick(VALUES, draw(depth * 4 + 1));
  const key = pick(keys, draw(depth * 4 + 2));
  const inner = disturbed((value as Record<string, unknown>)[key], draw, depth + 1);
  if (Array.isArray(value)) return value.map((one: unknown, at) => (String(at) === key ? inner : one));
  const renamed = draw(depth * 4 + 3) < 0.2 ? pick(NAMES, draw(depth * 4 + 1)) : key;
  const entries = Object.entries(value as object).filter(([name]) => name !== key);
  return Object.fromEntries([...entries, [renamed, inner]]);
}

const JSON_TEXTS: readonly string[] = [
  '',
  'null',
  '[]',
  '"x"',
  '1e999',
  '{',
  '{"a":1,"a":2}',
  '{"__proto__":{"polluted":true}}',
  '{"constructor":{"prototype":{"polluted":true}}}',
  '['.repeat(50_000),
  `${'{"a":'.repeat(3000)}1${'}'.repeat(3000)}`,
  '\uFEFF{}',
];

const XML_TEXTS: readonly string[] = [
  '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>',
  '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
  '<a>&#x0;&#xFFFFFF;&nope;</a>',
  '<a>'.repeat(20_000),
  `${'<a>'.repeat(60)}${'</a>'.repeat(60)}`,
  '<a b="1" b="2"/>',
  '<![CDATA[x]]>',
  '<a><!-- -- --></a',
  '<a xmlns:x="y"><x:__proto__>1</x:__proto__></a>',
];

const CBOR_BYTES: readonly (readonly number[])[] = [
  [],
  [0xa0, 0xa0],
  [0xbf],
  [0x9f],
  [0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0xbb, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0xc1, 0xfb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0],
  [0xf9, 0x7e, 0],
  [0xff],
  [0xa1, 0x69, ...utf8('__proto__'), 0xa1, 0x61, 0x61, 0x01],
  [0x61, 0xff],
  Array.from({ length: 10_000 }, () => 0x81),
  Array.from({ length: 10_000 }, () => 0xd8),
];

const FORMS: readonly string[] = [
  '&__proto__.polluted=1',
  '&constructor.prototype.polluted=1',
  '&Tags.member.1.__proto__=1',
  '&Tags.member.999999999999.Key=a',
  '&Tags.member.-1.Key=a',
  '&Filter.1.Value.0=a',
  `&${'a.'.repeat(200)}b=1`,
  '&%',
  '&%FF=%FE',
  '&a=1&a=2',
  '&=',
  `&x=${'%00'.repeat(100)}`,
  '&Action=Other',
];

/** Sixteen MiB of zeros in sixteen KiB. */
const BOMB = gzipSync(new Uint8Array(16 * 1024 * 1024));

const typeOf = ({ headers }: WireRequest): string => headers['content-type'] ?? '';

function form(wire: WireRequest, draw: Draws): WireRequest {
  const text = new TextDecoder().decode(wire.body);
  if (draw(1) < 0.5) return { ...wire, body: utf8(text + pick(FORMS, draw(2))) };
  const pairs = text.split('&');
  const at = Math.floor(draw(2) * pairs.length);
  const value = encodeURIComponent(String(pick(VALUES, draw(3))).toWellFormed());
  const changed = pairs.map((pair, index) => (index === at ? `${pair.split('=')[0]}=${value}` : pair));
  return { ...wire, body: utf8(changed.join('&')) };
}

function json(wire: WireRequest, draw: Draws): WireRequest {
  if (draw(1) < 0.3) return { ...wire, body: utf8(pick(JSON_TEXTS, draw(2))) };
  const document: unknown = JSON.parse(new TextDecoder().decode(wire.body) || '{}');
  return { ...wire, body: utf8(JSON.stringify(disturbed(document, (n) => draw(10 + n)) ?? null)) };
}

function cbor(wire: WireRequest, draw: Draws): WireRequest {
  if (draw(1) < 0.3 || wire.body.length === 0)
    return { ...wire, body: Uint8Array.from(pick(CBOR_BYTES, draw(2))) };
  return { ...wire, body: encodeCbor(disturbed(decodeCbor(wire.body), (n) => draw(10 + n))) };
}

function xml(wire: WireRequest, draw: Draws): WireRequest {
  if (draw(1) < 0.4) return { ...wire, body: utf8(pick(XML_TEXTS, draw(2))) };
  const text = new TextDecoder().decode(wire.body);
  const at = Math.floor(draw(3) * text.length);
  return { ...wire, body: utf8(text.slice(0, at) + pick(XML_TEXTS, draw(2)) + text.slice(at)) };
}

/** The request with a hostile body. */
export function hostile(wire: WireRequest, draw: Draws): WireRequest {
  if (draw(0) < 0.03)
    return { ...wire, headers: { ...wire.headers, 'content-encoding': 'gzip' }, body: BOMB };
  const type = typeOf(wire);
  if (type.includes('cbor')) return cbor(wire, draw);
  if (type.includes('urlencoded')) return form(wire, draw);
  if (type.includes('json')) return json(wire, draw);
  if (type.includes('xml')) return xml(wire, draw);
  return { ...wire, body: utf8(pick([...JSON_TEXTS, ...XML_TEXTS], draw(2))) };
}
