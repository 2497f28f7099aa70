// The MD5 digests by which clients check what SQS stored, and message attributes on the wire and in rows.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html

import { hex } from '#world/primitives.ts';
import type { Primitives } from '#world/primitives.ts';
import { Fault } from '#contract/fault.ts';
import { base64, fromBase64, noBytes, utf8 } from '#contract/protocols/bytes.ts';
import type { Input } from '#cloud/contracts.ts';
import type { StoredAttribute } from './message.ts';
import { MOST_ATTRIBUTES } from './timings.ts';

type WireAttributes = NonNullable<Input<'sqs', 'SendMessage'>['MessageAttributes']>;
type WireAttribute = WireAttributes[string];
type Attributes = Readonly<Record<string, StoredAttribute>>;

/** Letters and digits of any script, although SQS says otherwise (recorded: test_send_message_with_invalid_string_attributes). */
const NAME = /^[\p{L}\p{N}_.-]{1,256}$/u;
const TYPE = /^(?:String|Number|Binary)(?:\.[\s\S]{1,248})?$/;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html: what XML 1.0 allows. */
export const FORBIDDEN: RegExp = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;
export const ALLOWED = '#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF';
/** The bytes that stand for the kind of a value. */
const TEXT = 1;
const BINARY = 2;

export function md5Of({ md5 }: Primitives, text: string): string {
  return hex(md5(utf8(text)));
}

/** Each attribute in the order of names: name, type, kind of value and value, each with its length in four bytes. */
export function md5OfAttributes({ md5 }: Primitives, attributes: Attributes): string | undefined {
  const names = Object.keys(attributes).toSorted();
  if (names.length === 0) return undefined;
  const pieces: Uint8Array[] = [];
  const add = (bytes: Uint8Array): void => {
    const { length } = bytes;
    pieces.push(
      Uint8Array.of(length >>> 24, (length >>> 16) & 255, (length >>> 8) & 255, length & 255),
      bytes,
    );
  };
  for (const name of names) {
    const attribute = attributes[name] as StoredAttribute;
    add(utf8(name));
    add(utf8(attribute.type));
    pieces.push(Uint8Array.of(attribute.binary === undefined ? TEXT : BINARY));
    add(valueBytes(attribute));
  }
  return hex(md5(joined(pieces)));
}

function valueBytes({ text, binary }: StoredAttribute): Uint8Array {
  return binary === undefined ? utf8(text ?? '') : (fromBase64(binary) ?? noBytes);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Bytes that attributes count for in the size of a message: names, types and values. */
export function sizeOfAttributes(attributes: Attributes): number {
  return Object.entries(attributes).reduce(
    (sum, [name, attribute]) =>
      sum + utf8(name).length + utf8(attribute.type).length + valueBytes(attribute).length,
    0,
  );
}

/** Message attributes as rows keep them. Throws SQS's error for what is none. */
export function storedAttributes(wire: WireAttributes = {}): Attributes {
  const entries = Object.entries(wire);
  if (entries.length > MOST_ATTRIBUTES) {
    throw new Fault(
      'InvalidParameterValue',
      `Number of message attributes [${entries.length}] exceeds the allowed maximum [${MOST_ATTRIBUTES}].`,
    );
  }
  return Object.fromEntries(entries.map(([name, attribute]) => [name, storedAttribute(name, attribute)]));
}

function storedAttribute(
  name: string,
  { DataType: type, StringValue, BinaryValue, ...lists }: WireAttribute,
): StoredAttribute {
  const wrong = (reason: string): Fault => new Fault('InvalidParameterValue', reason);
  if (lists.StringListValues || lists.BinaryListValues) {
    throw new Fault(
      'UnsupportedOperation',
      'Message attribute list values in SendMessage operation are not supported.',
    );
  }
  const reserved =
    /^(?:aws|amazon)\./i.test(name) || name.startsWith('.') || name.endsWith('.') || name.includes('..');
  if (!NAME.test(name) || reserved)
    throw wrong(
      `The message attribute name '${name}' is invalid. ` +
        'Attribute name can contain A-Z, a-z, 0-9, underscore (_), hyphen (-), and period (.) characters.',
    );
  if (!TYPE.test(type)) {
    throw wrong(
      `The message attribute '${name}' has an invalid message attribute type, ` +
        'the set of supported type prefixes is Binary, Number, and String.',
    );
  }
  const empty = `Message (user) attribute '${name}' must contain a non-empty value of type '${type}'.`;
  if (type.startsWith('Binary')) {
    if (!BinaryValue || BinaryValue.length === 0) throw wrong(empty);
    return { type, binary: base64(BinaryValue) };
  }
  if (!StringValue) throw wrong(empty);
  if (FORBIDDEN.test(StringValue))
    throw wrong(`Invalid characters found. Valid unicode characters are ${ALLOWED}.`);
  if (type.startsWith('Number') && !NUMBER.test(StringValue)) {
    throw wrong(`Can't cast the value of message attribute '${name}' to a number.`);
  }
  return { type, text: StringValue };
}

export function wireAttributes(attributes: Attributes): WireAttributes {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { type, text, binary }]) => [
      name,
      binary === undefined
        ? { DataType: type, StringValue: text }
        : { DataType: type, BinaryValue: fromBase64(binary) },
    ]),
  );
}

/** Attributes that a receiver asked for: by name, by the beginning of a name (`bar.*`), or all. */
export function chosenAttributes(attributes: Attributes, asked: readonly string[]): Attributes {
  const wanted = (name: string): boolean =>
    asked.some(
      (one) =>
        one === 'All' ||
        one === '*' ||
        one === '.*' ||
        one === name ||
        (one.endsWith('.*') && name.startsWith(one.slice(0, -2))),
    );
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => wanted(name)));
}
