// What DynamoDB finds wrong with the operands of conditions before it looks at any item.

import { typeOf } from '../values/value.ts';
import { compareValues } from './comparison.ts';
import type { Findings } from './findings.ts';
import { samePath, shownPath } from './path.ts';
import type { Comparator, Operand } from './syntax.ts';

/** Functions and how many operands they take. */
const FUNCTIONS: Readonly<Record<string, number>> = {
  attribute_exists: 1,
  attribute_not_exists: 1,
  attribute_type: 2,
  begins_with: 2,
  contains: 2,
  size: 1,
};
const TYPE_NAMES: ReadonlySet<string> = new Set(['S', 'N', 'B', 'SS', 'NS', 'BS', 'M', 'L', 'NULL', 'BOOL']);
const ORDERED: ReadonlySet<string> = new Set(['S', 'N', 'B']);
const SIZELESS: ReadonlySet<string> = new Set(['N', 'BOOL', 'NULL']);

export function checkFunction(name: string, operands: readonly Operand[], findings: Findings): void {
  const count = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (count === undefined) {
    findings.add('unknown', `Invalid function name; function: ${name}`);
    return;
  }
  if (operands.length !== count) {
    findings.add('count', incorrectCount(name, operands.length));
    return;
  }
  checkDistinct(name, operands, findings);
  const [first, second] = operands;
  if (name.startsWith('attribute_') && name !== 'attribute_type' && first?.kind !== 'path')
    findings.add('operand', `Operator or function requires a document path; operator or function: ${name}`);
  if (name === 'begins_with') {
    for (const type of operands.map(staticType)) {
      if (type !== undefined && type !== 'S' && type !== 'B') incorrectType(name, type, findings);
    }
  }
  if (name === 'attribute_type') checkTypeName(second, findings);
  const type = staticType(first);
  if (name === 'size' && type !== undefined && SIZELESS.has(type)) incorrectType(name, type, findings);
}

function checkTypeName(operand: Operand | undefined, findings: Findings): void {
  const type = staticType(operand);
  if (operand?.kind !== 'value' || !('S' in operand.value)) {
    incorrectType('attribute_type', type ?? '{NS,SS,L,BS,N,M,B,BOOL,NULL,S}', findings);
    return;
  }
  if (!TYPE_NAMES.has(operand.value.S))
    findings.add(
      'operand',
      `Invalid attribute type name found; type: ${operand.value.S}, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}`,
    );
}

export function incorrectCount(name: string, count: number): string {
  return `Incorrect number of operands for operator or function; operator or function: ${name}, number of operands: ${count}`;
}

function incorrectType(name: string, type: string, findings: Findings): void {
  findings.add(
    'operand',
    `Incorrect operand type for operator or function; operator or function: ${name}, operand type: ${type}`,
  );
}

/** Two operands of one path say nothing about an item. */
export function checkDistinct(name: string, [left, right]: readonly Operand[], findings: Findings): void {
  if (left?.kind !== 'path' || right?.kind !== 'path' || !samePath(left.path, right.path)) return;
  findings.add(
    'distinct',
    `The first operand must be distinct from the remaining operands for this operator or function; operator: ${name}, first operand: ${shownPath(left.path)}`,
  );
}

/** Only scalars have an order. */
export function checkComparison(by: Comparator, operands: readonly Operand[], findings: Findings): void {
  if (by === '=' || by === '<>') return;
  for (const type of operands.map(staticType)) {
    if (type !== undefined && !ORDERED.has(type)) incorrectType(by, type, findings);
  }
}

export function checkBounds(low: Operand, high: Operand, findings: Findings): void {
  for (const type of [low, high].map(staticType)) {
    if (type !== undefined && !ORDERED.has(type)) incorrectType('BETWEEN', type, findings);
  }
  if (low.kind !== 'value' || high.kind !== 'value') return;
  const bounds = `lower bound operand: ${shown(low)}, upper bound operand: ${shown(high)}`;
  if (staticType(low) !== staticType(high))
    findings.add(
      'operand',
      `The BETWEEN operator requires same data type for lower and upper bounds; ${bounds}`,
    );
  else if ((compareValues(low.value, high.value) ?? 0) > 0)
    findings.add(
      'operand',
      `The BETWEEN operator requires upper bound to be greater than or equal to lower bound; ${bounds}`,
    );
}

function shown(operand: Extract<Operand, { kind: 'value' }>): string {
  const [type, content] = Object.entries(operand.value)[0] as [string, unknown];
  return `AttributeValue: {${type}:${String(content)}}`;
}

/** The type of an operand, where that is known without an item. */
function staticType(operand: Operand | undefined): ReturnType<typeof typeOf> | undefined {
  if (operand?.kind === 'value') return typeOf(operand.value);
  return operand?.kind === 'call' && operand.name === 'size' ? 'N' : undefined;
}
