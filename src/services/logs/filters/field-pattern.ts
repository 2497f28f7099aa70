// Filter patterns for messages of fields between spaces: `[ip, user, ..., status = 4*, bytes]`. Pure.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/matching-terms-space-delimited-log-events.html

import { NoPattern, readComparison } from './pattern-reader.ts';
import type { PatternReader, Test } from './pattern-reader.ts';

interface Field {
  /** Empty: the field goes by its number. */
  readonly name: string;
  readonly test: Test | undefined;
}

export interface FieldPattern {
  /** Fields in front of the ellipsis, or all of them. */
  readonly head: readonly Field[];
  /** Fields behind the ellipsis, where there is one. */
  readonly tail: readonly Field[] | undefined;
}

const NAME = /[A-Za-z_][A-Za-z0-9_-]*/y;
const BARE = /[A-Za-z0-9_.:/*+-]+/y;

/** The pattern from its opening to its closing bracket. */
export function readFieldPattern(reader: PatternReader): FieldPattern {
  const head: Field[] = [];
  let tail: Field[] | undefined;
  reader.expect('[');
  if (!reader.takes(']')) {
    do {
      if (reader.takes('...')) {
        if (tail) throw new NoPattern();
        tail = [];
      } else (tail ?? head).push(readField(reader));
    } while (reader.takes(','));
    reader.expect(']');
  }
  if (!reader.done) throw new NoPattern();
  return { head, tail };
}

function readField(reader: PatternReader): Field {
  reader.skipSpace();
  const name = reader.match(NAME)?.[0] ?? '';
  const first = readComparison(reader, BARE);
  if (!first) return { name, test: undefined };
  // `&&` binds more tightly than `||`. Each side says again which field it is about: always this one.
  const sides: Test[][] = [[first]];
  for (;;) {
    const either = reader.takes('||');
    if (!either && !reader.takes('&&')) break;
    if (reader.match(NAME)?.[0] !== name) throw new NoPattern();
    const test = readComparison(reader, BARE);
    if (!test) throw new NoPattern();
    if (either) sides.push([test]);
    else sides.at(-1)?.push(test);
  }
  return { name, test: (value) => sides.some((tests) => tests.every((test) => test(value))) };
}

/** The fields of a message by name or number, or nothing where the pattern does not match. */
export function matchFields(
  { head, tail }: FieldPattern,
  values: readonly string[],
): Record<string, string> | undefined {
  const known = head.length + (tail?.length ?? 0);
  if (tail ? values.length < known : values.length !== known) return undefined;
  const found: Record<string, string> = {};
  for (const [index, value] of values.entries()) {
    const fromEnd = values.length - index;
    const field = index < head.length ? head[index] : tail?.[tail.length - fromEnd];
    if (field?.test && !field.test(value)) return undefined;
    found[field?.name ? `$${field.name}` : `$${index + 1}`] = value;
  }
  return found;
}

export function fieldNames({ head, tail = [] }: FieldPattern): string[] {
  return [...head, ...tail].map(({ name }) => name).filter((name) => name !== '');
}
