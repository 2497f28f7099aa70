// What `#names` and `:values` of a request's expressions stand for. Each must be used, and each that is used must be there.

import { Fault } from '#contract/fault.ts';
import type { AttributeValue } from '#generated/contracts/dynamodb.ts';
import { invalid } from '../faults.ts';
import { valueFromWire } from '../values/value.ts';
import type { Value } from '../values/value.ts';

interface Given {
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>> | undefined;
  readonly ExpressionAttributeValues?: Readonly<Record<string, AttributeValue>> | undefined;
}

const NAME = /^#[A-Za-z0-9_]+$/;
const VALUE = /^:[A-Za-z0-9_]+$/;

export class Placeholders {
  readonly #names: ReadonlyMap<string, string>;
  readonly #values: ReadonlyMap<string, Value>;
  readonly #unusedNames: Set<string>;
  readonly #unusedValues: Set<string>;

  constructor({ ExpressionAttributeNames, ExpressionAttributeValues }: Given) {
    this.#names = new Map(Object.entries(checkedNames(ExpressionAttributeNames)));
    this.#values = checkedValues(ExpressionAttributeValues);
    this.#unusedNames = new Set(this.#names.keys());
    this.#unusedValues = new Set(this.#values.keys());
  }

  name(placeholder: string): string | undefined {
    this.#unusedNames.delete(placeholder);
    return this.#names.get(placeholder);
  }

  value(placeholder: string): Value | undefined {
    this.#unusedValues.delete(placeholder);
    return this.#values.get(placeholder);
  }

  /** After the last expression of the request. */
  checkUsed(): void {
    for (const [what, unused] of [
      ['ExpressionAttributeNames', this.#unusedNames],
      ['ExpressionAttributeValues', this.#unusedValues],
    ] as const) {
      if (unused.size === 0) continue;
      throw invalid(`Value provided in ${what} unused in expressions: keys: {${[...unused].join(', ')}}`);
    }
  }
}

function checkedNames(names: Given['ExpressionAttributeNames']): Readonly<Record<string, string>> {
  if (!names) return {};
  if (Object.keys(names).length === 0) throw invalid('ExpressionAttributeNames must not be empty');
  for (const key of Object.keys(names)) {
    if (!NAME.test(key))
      throw invalid(`ExpressionAttributeNames contains invalid key: Syntax error; key: "${key}"`);
  }
  return names;
}

function checkedValues(values: Given['ExpressionAttributeValues']): Map<string, Value> {
  const found = new Map<string, Value>();
  if (!values) return found;
  if (Object.keys(values).length === 0) throw invalid('ExpressionAttributeValues must not be empty');
  for (const key of Object.keys(values)) {
    if (!VALUE.test(key))
      throw invalid(`ExpressionAttributeValues contains invalid key: Syntax error; key: "${key}"`);
  }
  for (const [key, wire] of Object.entries(values)) {
    try {
      found.set(key, valueFromWire(wire));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      throw invalid(`ExpressionAttributeValues contains invalid value: ${error.message} for key ${key}`);
    }
  }
  return found;
}
