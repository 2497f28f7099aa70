// Message attributes: what SNS takes, and how rows, envelopes, queues and filters see them.
// https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html

import { Fault } from '#contract/fault.ts';
import { base64, fromBase64, utf8 } from '#contract/protocols/bytes.ts';
import type { Input } from '#cloud/contracts.ts';
import { isList, parsed } from '#cloud/json.ts';
import type { Json, JsonObject } from '#cloud/json.ts';
import type { StoredAttribute, StoredAttributes } from './tables.ts';

export type WireAttributes = NonNullable<Input<'sns', 'Publish'>['MessageAttributes']>;
type WireAttribute = WireAttributes[string];

const TYPE = /^(String|Number|Binary)(?:\..+)?$/s;
const LONGEST_NAME = 256;

const wrong = (message: string): Fault => new Fault('InvalidParameterValueException', message);

/** Attributes as rows keep them. Throws SNS's error for what is none. */
export function storedAttributes(wire: WireAttributes = {}): StoredAttributes {
  return Object.fromEntries(
    Object.entries(wire).map(([name, attribute]) => [name, storedAttribute(name, attribute)]),
  );
}

function storedAttribute(
  name: string,
  { DataType: type, StringValue, BinaryValue }: WireAttribute,
): StoredAttribute {
  checkName(name);
  const base = TYPE.exec(type)?.[1];
  if (base === undefined) {
    throw wrong(
      `The message attribute '${name}' has an invalid message attribute type, ` +
        'the set of supported type prefixes is Binary, Number, and String.',
    );
  }
  const field = base === 'Binary' ? 'Binary' : 'String';
  const [own, other] = field === 'Binary' ? [BinaryValue, StringValue] : [StringValue, BinaryValue];
  if (own === undefined && other !== undefined)
    throw wrong(`The message attribute '${name}' with type '${type}' must use field '${field}'.`);
  if (own === undefined || own.length === 0) {
    throw wrong(
      `The message attribute '${name}' must contain non-empty message attribute value for message attribute type '${type}'.`,
    );
  }
  return typeof own === 'string' ? { type, text: own } : { type, binary: base64(own) };
}

function checkName(name: string): void {
  if (name.length > LONGEST_NAME)
    throw wrong('Length of message attribute name must be less than 256 bytes.');
  const odd = /[^A-Za-z0-9_.-]/.exec(name)?.[0];
  if (odd !== undefined) {
    const code = (odd.codePointAt(0) ?? 0).toString(16).toUpperCase();
    throw wrong(
      `Invalid non-alphanumeric character '#x${code}' was found in the message attribute name. ` +
        'Can only include alphanumeric characters, hyphens, underscores, or dots.',
    );
  }
  if (name.startsWith('.'))
    throw wrong(`Invalid message attribute name starting with character '.' was found.`);
  if (name.endsWith('.')) throw wrong(`Invalid message attribute name ending with character '.' was found.`);
  if (name.includes('..')) throw wrong(`Message attribute name can not have successive '.' character.`);
}

/** Bytes of names, types and values. */
export function sizeOfAttributes(attributes: StoredAttributes): number {
  return Object.entries(attributes).reduce((sum, [name, { type, text, binary }]) => {
    const value = text === undefined ? fromBase64(binary ?? '') : utf8(text);
    return sum + utf8(name).length + utf8(type).length + (value?.length ?? 0);
  }, 0);
}

/** As Publish and SendMessage take them. */
export function wireAttributes(attributes: StoredAttributes): WireAttributes {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { type, text, binary }]) => [
      name,
      text === undefined
        ? { DataType: type, BinaryValue: fromBase64(binary ?? '') }
        : { DataType: type, StringValue: text },
    ]),
  );
}

/** As envelopes show them. */
export function shownAttributes(
  attributes: StoredAttributes,
): Record<string, { Type: string; Value: string }> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { type, text, binary }]) => [
      name,
      { Type: type, Value: text ?? binary ?? '' },
    ]),
  );
}

/** As filter policies see them; nothing where a `String.Array` is none. Binary values are ignored. */
export function filterable(attributes: StoredAttributes): JsonObject | undefined {
  const found: Record<string, Json> = {};
  for (const [name, { type, text }] of Object.entries(attributes)) {
    if (text === undefined) continue;
    if (type === 'String.Array') {
      // A number alone counts as well, as moto's test_filtering_string_array_with_number_no_array_match says of SNS.
      const values = parsed(text);
      if (!isList(values) && typeof values !== 'number') return undefined;
      found[name] = values;
    } else {
      found[name] = type.startsWith('Number') ? Number(text) : text;
    }
  }
  return found;
}
