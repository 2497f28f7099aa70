// Structures to and from XML, for the four protocols that use it: query and EC2 answer in it, REST XML reads
// it as well.
import type { Member, Shape, Structure } from '../contract.ts';
import { Fault } from '../fault.ts';
import { setOwn } from './bytes.ts';
import { readScalar, writeScalar } from './scalar.ts';
import { unexpected } from './value.ts';
import { escapeXml, type XmlElement } from './xml.ts';

const schemaMessage =
  'The XML you provided was not well-formed or did not validate against our published schema';

export function malformedXml(): Fault {
  return new Fault('MalformedXML', schemaMessage);
}

function namespaceOf(member: Member): string {
  const { xmlNamespace } = member;
  if (xmlNamespace === undefined) return '';
  return typeof xmlNamespace === 'string'
    ? ` xmlns="${xmlNamespace}"`
    : ` xmlns:${xmlNamespace[1]}="${xmlNamespace[0]}"`;
}

/** The children of an element, for all members of a structure that are not bound to HTTP headers. */
export function xmlOfMembers(shape: Shape, value: Structure): string {
  let out = '';
  for (const name of Object.keys(value)) {
    const given = value[name];
    if (given === undefined || given === null) continue;
    const member = shape.member(name);
    if (member === undefined) throw new TypeError(`${shape.name} has no member ${name}`);
    if (member.location === undefined && !member.xmlAttribute)
      out += xmlOfMember(member, given, member.xmlName);
  }
  return out;
}

function attributesOf(shape: Shape, value: Structure): string {
  let out = '';
  for (const member of shape.members) {
    const given = value[member.name];
    if (member.xmlAttribute && given !== undefined)
      out += ` ${member.xmlName}="${escapeXml(writeScalar(member, given, 'iso8601'))}"`;
  }
  return out;
}

export function xmlOfMember(member: Member, value: unknown, element: string): string {
  const { shape } = member;
  if (shape.kind === 'structure') {
    if (typeof value !== 'object' || value === null) throw unexpected(member.name, value);
    const structure = value as Structure;
    const attributes = namespaceOf(member) + attributesOf(shape, structure);
    return `<${element}${attributes}>${xmlOfMembers(shape, structure)}</${element}>`;
  }
  if (shape.kind === 'list') {
    if (!Array.isArray(value)) throw unexpected(member.name, value);
    const { item } = shape;
    const itemName = member.flattened ? element : item.xmlName;
    const items = value.map((one: unknown) => xmlOfMember(item, one, itemName)).join('');
    return member.flattened ? items : `<${element}${namespaceOf(member)}>${items}</${element}>`;
  }
  if (shape.kind === 'map') {
    if (typeof value !== 'object' || value === null) throw unexpected(member.name, value);
    const entry = member.flattened ? element : 'entry';
    let entries = '';
    for (const [key, one] of Object.entries(value)) {
      if (one === undefined || one === null) continue;
      const pair =
        xmlOfMember(shape.key, key, shape.key.xmlName) + xmlOfMember(shape.item, one, shape.item.xmlName);
      entries += `<${entry}>${pair}</${entry}>`;
    }
    return member.flattened ? entries : `<${element}${namespaceOf(member)}>${entries}</${element}>`;
  }
  return `<${element}${namespaceOf(member)}>${escapeXml(writeScalar(member, value, 'iso8601'))}</${element}>`;
}

/** A structure from an element; what the schema does not have is refused, as S3 and Route 53 do. */
export function structureOfXml(shape: Shape, element: XmlElement): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const member of shape.members) {
    const text = member.xmlAttribute ? element.attributes.get(member.xmlName) : undefined;
    if (text !== undefined) out[member.name] = text;
  }
  for (const child of element.children) {
    const member = shape.memberByXmlName(child.name);
    if (member === undefined || member.location !== undefined) throw malformedXml();
    if (member.flattened && member.shape.kind === 'list') {
      const list = (out[member.name] ??= []) as unknown[];
      list.push(valueOfXml(member.shape.item, child));
    } else if (member.flattened && member.shape.kind === 'map') {
      const map = (out[member.name] ??= {}) as Record<string, unknown>;
      entryOfXml(member.shape, child, map);
    } else {
      if (Object.hasOwn(out, member.name)) throw malformedXml();
      out[member.name] = valueOfXml(member, child);
    }
  }
  return out;
}

function entryOfXml(shape: Shape, element: XmlElement, into: Record<string, unknown>): void {
  const key = element.children.find((child) => child.name === shape.key.xmlName);
  const value = element.children.find((child) => child.name === shape.item.xmlName);
  if (key === undefined || value === undefined) throw malformedXml();
  setOwn(into, key.text, valueOfXml(shape.item, value));
}

export function valueOfXml(member: Member, element: XmlElement): unknown {
  const { shape } = member;
  if (shape.kind === 'structure') return structureOfXml(shape, element);
  if (shape.kind === 'list') {
    const { item } = shape;
    return element.children.map((child) => {
      if (child.name !== item.xmlName) throw malformedXml();
      return valueOfXml(item, child);
    });
  }
  if (shape.kind === 'map') {
    const map: Record<string, unknown> = {};
    for (const child of element.children) entryOfXml(shape, child, map);
    return map;
  }
  if (element.children.length > 0) throw malformedXml();
  const text = shape.kind === 'string' ? element.text : element.text.trim();
  const value = readScalar(member, text, 'iso8601');
  if (value === undefined) throw malformedXml();
  return value;
}
