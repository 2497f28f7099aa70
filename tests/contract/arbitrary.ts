// Inputs and outputs made from a contract, for round trips against the stock SDK clients.
import fc from 'fast-check';
import type { Member, Shape } from '../../src/contract/contract.ts';

export interface Taste {
  /** Text that goes through an HTTP header or label must be plain. */
  readonly plain?: boolean;
}

// What each protocol has to escape, without white space at the ends, which XML parsers of clients trim.
const spicy = fc
  .array(
    fc.constantFrom(
      'a',
      'Z',
      '0',
      ' ',
      '<',
      '>',
      '&',
      '"',
      "'",
      '+',
      '%',
      '=',
      '/',
      '.',
      'é',
      '日',
      '😀',
      '\\',
      '\n',
    ),
    { minLength: 0, maxLength: 8 },
  )
  .map((parts) => `x${parts.join('')}y`);
const plainText = fc.stringMatching(/^[a-z][a-z0-9-]{2,8}[a-z0-9]$/u);
// Whole seconds: HTTP dates have no more.
const timestamps = fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => seconds * 1000);
const numbers = fc.oneof(fc.integer({ min: -100, max: 100 }), fc.constantFrom(2_147_483_647, -2_147_483_648));

function scalar(shape: Shape, taste: Taste): fc.Arbitrary<unknown> {
  switch (shape.kind) {
    case 'string':
      if (shape.enumeration !== undefined) return fc.constantFrom(...shape.enumeration);
      return taste.plain === true ? plainText : spicy;
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return numbers;
    case 'long':
      return fc.oneof(numbers, fc.constantFrom(9_007_199_254_740_991, 4_294_967_296));
    case 'double':
      return fc.oneof(fc.integer({ min: -5, max: 5 }), fc.constantFrom(0.5, 1e21, 1.5e-7, -2.25));
    case 'timestamp':
      return timestamps;
    case 'blob':
      return fc.uint8Array({ minLength: 1, maxLength: 12 });
    default:
      return fc.constant({ a: [1, 'two', { three: true }] });
  }
}

export function valueOf(member: Member, taste: Taste, depth: number): fc.Arbitrary<unknown> {
  const { shape } = member;
  const bound = member.location !== undefined && member.location !== 'statusCode';
  const own: Taste = bound ? { plain: true } : taste;
  if (shape.kind === 'structure') return structureOf(shape, own, depth + 1);
  if (shape.kind === 'list')
    return fc.array(valueOf(shape.item, own, depth + 1), { minLength: 1, maxLength: 3 });
  if (shape.kind === 'map') {
    const keys = scalar(shape.key.shape, own) as fc.Arbitrary<string>;
    return fc.dictionary(bound ? plainText : keys, valueOf(shape.item, own, depth + 1), {
      minKeys: 1,
      maxKeys: 3,
      noNullPrototype: true,
    });
  }
  return scalar(shape, own);
}

/** Deep structures are cut off; a union has one member; every structure has something in it if it can. */
export function structureOf(
  shape: Shape,
  taste: Taste = {},
  depth = 0,
): fc.Arbitrary<Record<string, unknown>> {
  const usable = shape.members.filter(
    (m) => !m.shape.eventStream && m.location !== 'statusCode' && (depth < 5 || !isDeep(m.shape)),
  );
  const [first] = usable;
  if (first === undefined) return fc.constant({});
  const one = (member: Member): fc.Arbitrary<Record<string, unknown>> =>
    valueOf(member, taste, depth).map((value) => ({ [member.name]: value }));
  if (shape.union) return fc.oneof(...usable.map(one));
  const required = usable.filter((m) => m.required || m.location === 'uri');
  const optional = usable.filter((m) => !m.required && m.location !== 'uri');
  const some = fc.subarray(optional, {
    minLength: required.length === 0 ? 1 : 0,
    maxLength: Math.min(optional.length, depth === 0 ? 12 : 4),
  });
  return some.chain((chosen) =>
    fc
      .tuple(...[...required, ...chosen].map(one))
      .map((parts) => Object.assign({}, ...parts) as Record<string, unknown>),
  );
}

function isDeep(shape: Shape): boolean {
  if (shape.kind === 'list' || shape.kind === 'map') return isDeep(shape.item.shape);
  return shape.kind === 'structure' && shape.members.length > 0;
}
