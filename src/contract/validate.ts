// Checks an input against the constraints of the contract, and says what is wrong in AWS's words. The words
// are those of the framework behind most services: "1 validation error detected: Value null at 'tableName'
// failed to satisfy constraint: Member must not be null". Services with words of their own map the violations
// themselves.
import type { Contract, Member, Operation, Shape, Structure } from './contract.ts';
import { Fault } from './fault.ts';

export type Constraint =
  | 'required'
  | 'minLength'
  | 'maxLength'
  | 'minValue'
  | 'maxValue'
  | 'pattern'
  | 'enum';

export interface Violation {
  /** As AWS prints it: `tags.1.member.key`, with lower first letters. */
  readonly path: string;
  /** The members on the way, as the model names them, without indices: `['Tags', 'Key']`. */
  readonly members: readonly string[];
  readonly constraint: Constraint;
  readonly value: unknown;
  /** `Member must not be null`, … */
  readonly message: string;
  /** The value must not be shown. */
  readonly sensitive: boolean;
  /** The member that failed. */
  readonly shape: Shape;
}

/** DynamoDB and others list ten; nobody reads more. */
const mostListed = 10;
const mostFound = 100;
/** No pattern is tried on more than this; tools/contracts/generate.py tests them up to it. */
const longestTested = 2048;

interface Position {
  readonly path: string;
  readonly members: readonly string[];
}

/** What is wrong with an input, in the order of the model; empty when nothing is. */
export function validate(_contract: Contract, operation: Operation, input: Structure): readonly Violation[] {
  if (operation.input === undefined) return none;
  const found: Violation[] = [];
  checkStructure(operation.input, input, { path: '', members: [] }, found);
  return found;
}

const none: readonly Violation[] = [];

function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

function add(
  found: Violation[],
  at: Position,
  shape: Shape,
  constraint: Constraint,
  value: unknown,
  message: string,
): void {
  if (found.length >= mostFound) return;
  found.push({
    path: at.path,
    members: at.members,
    constraint,
    value,
    message,
    sensitive: shape.sensitive,
    shape,
  });
}

function below(at: Position, member: Member): Position {
  const name = lowerFirst(member.name);
  return { path: at.path === '' ? name : `${at.path}.${name}`, members: [...at.members, member.name] };
}

function checkStructure(shape: Shape, value: Structure, at: Position, found: Violation[]): void {
  for (const name of shape.required) {
    const member = shape.member(name);
    if (member !== undefined && value[name] === undefined) {
      add(found, below(at, member), member.shape, 'required', null, 'Member must not be null');
    }
  }
  for (const name of Object.keys(value)) {
    const given = value[name];
    const member = given === undefined ? undefined : shape.member(name);
    if (member === undefined || !member.shape.constrained) continue;
    check(member.shape, given, below(at, member), found);
  }
}

function check(shape: Shape, value: unknown, at: Position, found: Violation[]): void {
  switch (shape.kind) {
    case 'string':
      if (typeof value === 'string') checkText(shape, value, at, found);
      break;
    case 'blob':
      if (value instanceof Uint8Array) checkLength(shape, value.length, value, at, found);
      break;
    case 'integer':
    case 'long':
    case 'double':
      if (typeof value === 'number') checkNumber(shape, value, at, found);
      break;
    case 'structure':
      if (typeof value === 'object' && value !== null) checkStructure(shape, value as Structure, at, found);
      break;
    case 'list':
      if (Array.isArray(value)) checkList(shape, value, at, found);
      break;
    case 'map':
      if (typeof value === 'object' && value !== null) checkMap(shape, value as Structure, at, found);
      break;
    default:
  }
}

function checkLength(shape: Shape, length: number, value: unknown, at: Position, found: Violation[]): void {
  const { min, max } = shape;
  if (max !== undefined && length > max) {
    add(found, at, shape, 'maxLength', value, `Member must have length less than or equal to ${max}`);
  }
  if (min !== undefined && length < min) {
    add(found, at, shape, 'minLength', value, `Member must have length greater than or equal to ${min}`);
  }
}

function checkText(shape: Shape, value: string, at: Position, found: Violation[]): void {
  checkLength(shape, value.length, value, at, found);
  const { pattern, values } = shape;
  if (
    pattern !== undefined &&
    value.length <= Math.min(shape.max ?? longestTested, longestTested) &&
    !pattern.test(value)
  ) {
    add(
      found,
      at,
      shape,
      'pattern',
      value,
      `Member must satisfy regular expression pattern: ${shape.patternSource ?? ''}`,
    );
  }
  if (values !== undefined && !values.has(value)) {
    add(found, at, shape, 'enum', value, `Member must satisfy enum value set: [${[...values].join(', ')}]`);
  }
}

function checkNumber(shape: Shape, value: number, at: Position, found: Violation[]): void {
  const { min, max } = shape;
  if (max !== undefined && value > max) {
    add(found, at, shape, 'maxValue', value, `Member must have value less than or equal to ${max}`);
  }
  if (min !== undefined && value < min) {
    add(found, at, shape, 'minValue', value, `Member must have value greater than or equal to ${min}`);
  }
}

/** Items that are scalars are reported once, for the collection, with all that is asked of them. */
function checkList(shape: Shape, value: readonly unknown[], at: Position, found: Violation[]): void {
  checkLength(shape, value.length, value, at, found);
  const item = shape.item.shape;
  if (!item.constrained) return;
  for (const [index, one] of value.entries()) {
    const inside: Violation[] = [];
    check(item, one, { path: `${at.path}.${index + 1}.member`, members: at.members }, inside);
    const [first] = inside;
    if (first === undefined) continue;
    if (isScalar(item)) {
      add(
        found,
        at,
        item,
        first.constraint,
        value,
        `Member must satisfy constraint: [${demands(item).join(', ')}]`,
      );
      return;
    }
    for (const violation of inside) if (found.length < mostFound) found.push(violation);
  }
}

function checkMap(shape: Shape, value: Structure, at: Position, found: Violation[]): void {
  const keys = Object.keys(value);
  checkLength(shape, keys.length, value, at, found);
  const key = shape.key.shape;
  const item = shape.item.shape;
  const constrained = { key: key.constrained, item: item.constrained };
  if (!constrained.key && !constrained.item) return;
  const reported = { key: false, item: false };
  for (const name of keys) {
    const inside: Violation[] = [];
    if (constrained.key && !reported.key) check(key, name, at, inside);
    const [badKey] = inside;
    if (badKey !== undefined) {
      reported.key = true;
      add(
        found,
        at,
        key,
        badKey.constraint,
        value,
        `Map keys must satisfy constraint: [${demands(key).join(', ')}]`,
      );
    }
    if (!constrained.item || reported.item) continue;
    const within: Violation[] = [];
    check(item, value[name], { path: `${at.path}.${name}.member`, members: at.members }, within);
    const [badItem] = within;
    if (badItem !== undefined && isScalar(item)) {
      reported.item = true;
      add(
        found,
        at,
        item,
        badItem.constraint,
        value,
        `Map value must satisfy constraint: [${demands(item).join(', ')}]`,
      );
    } else {
      for (const violation of within) if (found.length < mostFound) found.push(violation);
    }
  }
}

function isScalar(shape: Shape): boolean {
  return shape.kind !== 'structure' && shape.kind !== 'list' && shape.kind !== 'map';
}

/** Everything that is asked of a scalar, in the order in which AWS lists it. */
function demands(shape: Shape): string[] {
  const { min, max, patternSource, enumeration } = shape;
  const what = shape.kind === 'string' || shape.kind === 'blob' ? 'length' : 'value';
  const out: string[] = [];
  if (max !== undefined) out.push(`Member must have ${what} less than or equal to ${max}`);
  if (min !== undefined) out.push(`Member must have ${what} greater than or equal to ${min}`);
  if (patternSource !== undefined)
    out.push(`Member must satisfy regular expression pattern: ${patternSource}`);
  if (enumeration !== undefined) out.push(`Member must satisfy enum value set: [${enumeration.join(', ')}]`);
  return out;
}

const mostShown = 2000;

/** A value as Java prints it. */
function shown(value: unknown, shape: Shape | undefined): string {
  if (value === null || value === undefined) return 'null';
  if (value instanceof Uint8Array)
    return `java.nio.HeapByteBuffer[pos=0 lim=${value.length} cap=${value.length}]`;
  if (Array.isArray(value)) {
    const item = shape?.kind === 'list' ? shape.item.shape : undefined;
    return `[${value.map((one: unknown) => shown(one, item)).join(', ')}]`;
  }
  if (typeof value === 'object') {
    const pairs = Object.entries(value).map(
      ([name, one]) => `${shape?.kind === 'structure' ? lowerFirst(name) : name}=${shown(one, undefined)}`,
    );
    return shape?.kind === 'structure' ? `${shape.name}(${pairs.join(', ')})` : `{${pairs.join(', ')}}`;
  }
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : '';
}

function sentence(violation: Violation): string {
  const { value, shape } = violation;
  let subject = 'Value null';
  if (violation.sensitive) subject = 'Value';
  else if (value !== null) {
    const text = shown(value, shape);
    subject = `Value '${text.length > mostShown ? `${text.slice(0, mostShown)}…` : text}'`;
  }
  return `${subject} at '${violation.path}' failed to satisfy constraint: ${violation.message}`;
}

/** `2 validation errors detected: …; …` */
export function validationMessage(violations: readonly Violation[]): string {
  const count = `${violations.length} validation error${violations.length === 1 ? '' : 's'} detected`;
  return `${count}: ${violations.slice(0, mostListed).map(sentence).join('; ')}`;
}

/**
 * The fault that a service of this kind answers with, unless it has words of its own for these violations.
 */
export function validationFault(contract: Contract, violations: readonly Violation[]): Fault {
  const [first] = violations;
  const name = first?.members.at(-1) ?? '';
  if (contract.id === 'sqs' && first?.constraint === 'required') {
    return new Fault('MissingRequiredParameterException', `The request must contain the parameter ${name}.`);
  }
  if (contract.id === 'ec2' && first !== undefined) return ec2Fault(first, name);
  if (contract.id === 's3' && first !== undefined) return s3Fault(first, name);
  const message = validationMessage(violations);
  return new Fault(contract.id === 'route53' ? 'InvalidInput' : 'ValidationException', message);
}

/** docs.aws.amazon.com/ec2/latest/devguide/errors-overview.html: MissingParameter, InvalidParameterValue. */
function ec2Fault(violation: Violation, name: string): Fault {
  const { constraint, value, shape } = violation;
  if (constraint === 'required')
    return new Fault('MissingParameter', `The request must contain the parameter ${name}`);
  const start = `Value (${shown(value, shape)}) for parameter ${lowerFirst(name)} is invalid.`;
  if (constraint === 'minValue')
    return new Fault(
      'InvalidParameterValue',
      `${start} Expecting a value greater than or equal to ${shape.min}.`,
    );
  if (constraint === 'maxValue')
    return new Fault(
      'InvalidParameterValue',
      `${start} Expecting a value less than or equal to ${shape.max}.`,
    );
  if (constraint === 'enum')
    return new Fault('InvalidParameterValue', `Invalid value '${shown(value, shape)}' for ${name}.`);
  return new Fault('InvalidParameterValue', start);
}

/** S3 checks documents against its schema and everything else as arguments. */
function s3Fault(violation: Violation, name: string): Fault {
  const inDocument = violation.members.length > 1;
  if (inDocument) {
    return new Fault(
      'MalformedXML',
      'The XML you provided was not well-formed or did not validate against our published schema',
    );
  }
  if (violation.constraint === 'required')
    return new Fault('InvalidRequest', `Missing required parameter for this request: '${name}'`);
  const fields = { ArgumentName: name, ArgumentValue: shown(violation.value, violation.shape) };
  return new Fault('InvalidArgument', 'Invalid Argument', { fields, status: 400 });
}
