// Values in statements: literals, and the parameters that question marks stand for, in their order.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.data-types.html

import type { AttributeValue } from '#generated/contracts/dynamodb.ts';
import { invalid } from '../faults.ts';
import { checkDepth, itemOf, typeOf, valueFromWire } from '../values/value.ts';
import type { Item, Value } from '../values/value.ts';
import type { Reader } from './tokens.ts';

export class Parameters {
  readonly #given: readonly AttributeValue[];
  #taken = 0;

  constructor(given: readonly AttributeValue[] = []) {
    this.#given = given;
  }

  take(): Value {
    const wire = this.#given[this.#taken];
    if (!wire) throw mismatch();
    this.#taken += 1;
    return valueFromWire(wire);
  }

  /** After the statement's last question mark. */
  checkUsed(): void {
    if (this.#taken < this.#given.length) throw mismatch();
  }
}

function mismatch(): Error {
  return invalid("Number of parameters in request and statement don't match.");
}

const BEGINNINGS: ReadonlySet<string> = new Set(['?', '-', '+', '[', '{', '<<']);
const WORDS: Readonly<Record<string, Value>> = {
  TRUE: { BOOL: true },
  FALSE: { BOOL: false },
  NULL: { NULL: true },
};

/** Whether a value comes next, rather than a path or a function. */
export function seesValue({ next: { kind, text } }: Reader): boolean {
  if (kind === 'text' || kind === 'number') return true;
  if (kind === 'symbol') return BEGINNINGS.has(text);
  return kind === 'word' && Object.hasOwn(WORDS, text.toUpperCase());
}

export function readValue(reader: Reader, parameters: Parameters, depth: number = 1): Value {
  checkDepth(depth);
  const inner = (): Value => readValue(reader, parameters, depth + 1);
  if (reader.skip('?')) return parameters.take();
  if (reader.skip('[')) return { L: listed(reader, ']', inner) };
  if (reader.sees('{')) return { M: readItem(reader, parameters, depth) };
  if (reader.skip('<<')) return setOf(listed(reader, '>>', inner));
  const sign = reader.skip('-') ? '-' : '';
  if (sign === '') reader.skip('+');
  const { kind, text } = reader.next;
  if (kind === 'number') {
    reader.take();
    return valueFromWire({ N: `${sign}${text}` });
  }
  if (sign !== '' || !seesValue(reader)) throw reader.unexpected();
  reader.take();
  return kind === 'text' ? { S: text } : (WORDS[text.toUpperCase()] as Value);
}

/** `{'name': value, …}` */
export function readItem(reader: Reader, parameters: Parameters, depth: number = 0): Item {
  reader.expect('{');
  return itemOf(
    listed(reader, '}', () => {
      const { kind, text } = reader.take();
      if (kind !== 'text' && kind !== 'quoted' && kind !== 'word') throw reader.unexpected();
      reader.expect(':');
      return [text, readValue(reader, parameters, depth + 1)] as const;
    }),
  );
}

/** What stands between commas, up to what closes it. */
export function listed<T>(reader: Reader, close: string, read: () => T): T[] {
  const found: T[] = [];
  if (reader.skip(close)) return found;
  do found.push(read());
  while (reader.skip(','));
  reader.expect(close);
  return found;
}

/** Sets are of one type: strings, numbers or bytes. */
function setOf(members: readonly Value[]): Value {
  const types = new Set(members.map(typeOf));
  const [type] = types;
  if (types.size !== 1 || (type !== 'S' && type !== 'N' && type !== 'B'))
    throw invalid('Sets must be of one type: string, number or binary');
  const contents = members.map((member) => Object.values(member)[0] as string);
  return valueFromWire({ [`${type}S`]: contents } as unknown as AttributeValue);
}
