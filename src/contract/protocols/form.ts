// The parameters of the two query protocols: `Tags.member.1.Key=a` as a tree, and structures from that tree
// (smithy.io/2.0/aws/protocols/aws-query-protocol.html, aws-ec2-query-protocol.html).
import type { Member, Shape } from '../contract.ts';
import { Fault } from '../fault.ts';
import type { WireRequest } from '../wire.ts';
import { percentDecoded, setOwn, textOf } from './bytes.ts';
import type { FormNode } from './protocol.ts';
import { readScalar } from './scalar.ts';

export type FormStyle = 'query' | 'ec2';

const maxDepth = 32;

/** Parameters of signing and routing, which are no operation's input. */
const reserved = new Set([
  'Action',
  'Version',
  'AWSAccessKeyId',
  'Expires',
  'SecurityToken',
  'Signature',
  'SignatureMethod',
  'SignatureVersion',
  'Timestamp',
]);

function malformedForm(message: string): Fault {
  return new Fault('MalformedQueryString', message);
}

/**
 * Adds `a=1&b.c=2` to a tree. A parameter given twice is an error: AWS does not guess which one was meant.
 */
function addParameters(root: FormNode, text: string): void {
  let at = 0;
  while (at < text.length) {
    let end = text.indexOf('&', at);
    if (end < 0) end = text.length;
    const equals = text.indexOf('=', at);
    const nameEnd = equals < 0 || equals > end ? end : equals;
    const name = percentDecoded(text.slice(at, nameEnd), true);
    const value = nameEnd === end ? '' : percentDecoded(text.slice(nameEnd + 1, end), true);
    at = end + 1;
    if (name === '') continue;
    if (name === undefined || value === undefined)
      throw malformedForm('The query string is malformed: it is not percent-encoded UTF-8');
    const node = nodeAt(root, name);
    if (node.value !== undefined)
      throw malformedForm(`The query parameter ${name} is specified more than once`);
    node.value = value;
  }
}

function nodeAt(root: FormNode, path: string): FormNode {
  let node = root;
  let from = 0;
  for (let depth = 0; from <= path.length; depth += 1) {
    if (depth === maxDepth)
      throw malformedForm('The query string is malformed: a parameter is nested too deeply');
    let dot = path.indexOf('.', from);
    if (dot < 0) dot = path.length;
    const step = path.slice(from, dot);
    node.children ??= new Map();
    let next = node.children.get(step);
    if (next === undefined) {
      next = { value: undefined, children: undefined };
      node.children.set(step, next);
    }
    node = next;
    from = dot + 1;
  }
  return node;
}

/** The parameters in the query string and, for a form, in the body. */
export function parseForm(wire: WireRequest): FormNode {
  const root: FormNode = { value: undefined, children: undefined };
  addParameters(root, wire.query);
  if (wire.body.length > 0 && wire.method === 'POST') {
    const text = textOf(wire.body);
    if (text === undefined)
      throw malformedForm('The query string is malformed: it is not percent-encoded UTF-8');
    addParameters(root, text.trimEnd());
  }
  return root;
}

export function formValue(form: FormNode, name: string): string | undefined {
  return form.children?.get(name)?.value;
}

export function structureOfForm(shape: Shape, node: FormNode, style: FormStyle): Record<string, unknown> {
  return structure(shape, node, style, '');
}

function structure(shape: Shape, node: FormNode, style: FormStyle, path: string): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  const { children } = node;
  if (children === undefined) return out;
  let found = 0;
  for (const member of shape.members) {
    const child = children.get(member.queryName);
    if (child === undefined) continue;
    found += 1;
    const value = valueOf(member, child, style, path + member.queryName);
    if (value !== undefined) out[member.name] = value;
  }
  if (style === 'ec2' && found < children.size) refuseUnknown(shape, children, path);
  return out;
}

/** EC2 answers UnknownParameter where the other query services ignore what they do not know. */
function refuseUnknown(shape: Shape, children: Map<string, FormNode>, path: string): void {
  const known = new Set(shape.members.map((member) => member.queryName));
  for (const name of children.keys()) {
    if (known.has(name)) continue;
    if (path === '' && (reserved.has(name) || name.startsWith('X-Amz-'))) continue;
    throw new Fault('UnknownParameter', `The parameter ${path}${name} is not recognized`);
  }
}

function valueOf(member: Member, node: FormNode, style: FormStyle, path: string): unknown {
  const { shape } = member;
  if (shape.kind === 'structure') return structure(shape, node, style, `${path}.`);
  if (shape.kind === 'list') {
    const bare = style === 'ec2' || member.flattened;
    const items = bare ? node : node.children?.get(shape.item.xmlName);
    // Clients write an empty list as the list's own name with an empty value.
    if (items === undefined || (bare && items.children === undefined))
      return node.value === undefined ? undefined : [];
    return inOrder(items).map(([index, one]) => valueOf(shape.item, one, style, `${path}.${index}`));
  }
  if (shape.kind === 'map') {
    const entries = member.flattened ? node : node.children?.get('entry');
    const out: Record<string, unknown> = {};
    if (entries === undefined) return node.value === undefined ? undefined : out;
    for (const [index, entry] of inOrder(entries)) {
      const key = entry.children?.get(shape.key.xmlName)?.value;
      const value = entry.children?.get(shape.item.xmlName);
      if (key === undefined || value === undefined)
        throw malformedInput(`${path}.entry.${index}`, 'must have a key and a value');
      setOwn(out, key, valueOf(shape.item, value, style, `${path}.entry.${index}.value`));
    }
    return out;
  }
  return scalar(member, node, style, path);
}

function scalar(member: Member, node: FormNode, style: FormStyle, path: string): unknown {
  if (node.value === undefined) throw malformedInput(path, 'must be a single value');
  const value = readScalar(member, node.value, 'iso8601');
  if (value !== undefined) return value;
  if (style === 'ec2')
    throw new Fault('InvalidParameterValue', `Value (${node.value}) for parameter ${path} is invalid.`);
  const { kind } = member.shape;
  throw malformedInput(
    path,
    kind === 'timestamp' ? 'timestamp must follow ISO8601' : `'${node.value}' is not a valid ${kind}`,
  );
}

function malformedInput(path: string, why: string): Fault {
  return new Fault('MalformedInput', `${path}: ${why}`);
}

/** Items by their numbers; gaps close, as they do in AWS. */
function inOrder(node: FormNode): [string, FormNode][] {
  const entries = [...(node.children ?? [])];
  for (const [index] of entries) {
    if (!/^\d{1,9}$/u.test(index)) throw malformedForm(`The query parameter index ${index} is not a number`);
  }
  return entries.sort(([a], [b]) => Number(a) - Number(b));
}
