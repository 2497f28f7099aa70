// A small XML reader and the escaping of a writer, for documents of AWS's kind: elements, attributes, text.
// Hardened: no document type, so no entities but the five of XML and character references; bounded depth;
// linear time.

export interface XmlElement {
  /** Local name, without its prefix. */
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

interface Open {
  name: string;
  rawName: string;
  attributes: Map<string, string>;
  children: XmlElement[];
  text: string;
}

export class XmlError extends Error {}

const maxDepth = 64;
const noAttributes: Map<string, string> = new Map();
const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescape(text: string): string {
  if (!text.includes('&')) return text;
  return text.replaceAll(/&([^;&]{0,10};?)/gu, (_, body: string) => {
    if (!body.endsWith(';')) throw new XmlError('an ampersand stands alone');
    const name = body.slice(0, -1);
    if (Object.hasOwn(entities, name)) return entities[name] ?? '';
    const code = /^#x[0-9a-fA-F]{1,6}$/u.test(name)
      ? Number.parseInt(name.slice(2), 16)
      : /^#\d{1,7}$/u.test(name)
        ? Number(name.slice(1))
        : -1;
    if (code < 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
      throw new XmlError(`unknown entity ${name}`);
    return String.fromCodePoint(code);
  });
}

function localName(name: string): string {
  const colon = name.indexOf(':');
  return colon < 0 ? name : name.slice(colon + 1);
}

const tagName = /[^\s/>=<"'&]+/uy;
const attribute = /\s+([^\s/>=<"'&]+)\s*=\s*(["'])/uy;
const tagEnd = /\s*(\/?)>/uy;

function take(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/**
 * Past a comment, a processing instruction or a CDATA section; text of the latter goes to the open element.
 */
function skipMarkup(text: string, at: number, open: Open | undefined): number {
  const until = (start: number, mark: string): number => {
    const end = text.indexOf(mark, start);
    if (end < 0) throw new XmlError('unfinished markup');
    return end;
  };
  if (text.startsWith('<?', at)) return until(at + 2, '?>') + 2;
  if (text.startsWith('<!--', at)) return until(at + 4, '-->') + 3;
  if (text.startsWith('<![CDATA[', at) && open !== undefined) {
    const end = until(at + 9, ']]>');
    open.text += text.slice(at + 9, end);
    return end + 3;
  }
  throw new XmlError('document types are not allowed');
}

/** The root element; throws an XmlError when the text is not well-formed. */
export function parseXml(text: string): XmlElement {
  const stack: Open[] = [];
  let root: XmlElement | undefined;
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (at < text.length) {
    const next = text.indexOf('<', at);
    const open = stack.at(-1);
    const between = text.slice(at, next < 0 ? text.length : next);
    if (between !== '') {
      if (open !== undefined) open.text += unescape(between);
      else if (between.trim() !== '') throw new XmlError('text outside the root element');
    }
    if (next < 0) break;
    at = next;
    const mark = text[at + 1];
    if (mark === '?' || mark === '!') {
      at = skipMarkup(text, at, open);
    } else if (mark === '/') {
      const end = text.indexOf('>', at);
      if (open === undefined || end < 0 || text.slice(at + 2, end).trim() !== open.rawName)
        throw new XmlError('tags do not match');
      at = end + 1;
      stack.pop();
      root = close(open, stack.at(-1), root);
    } else {
      if (root !== undefined && open === undefined) throw new XmlError('two root elements');
      if (stack.length >= maxDepth) throw new XmlError('nested too deeply');
      const { element, end, empty } = openTag(text, at);
      at = end;
      if (empty) root = close(element, open, root);
      else stack.push(element);
    }
  }
  if (root === undefined || stack.length > 0) throw new XmlError('unfinished document');
  return root;
}

function openTag(text: string, start: number): { element: Open; end: number; empty: boolean } {
  const found = take(tagName, text, start + 1);
  if (found === null) throw new XmlError('a tag without a name');
  let at = tagName.lastIndex;
  const rawName = found[0];
  let attributes = noAttributes;
  for (let one = take(attribute, text, at); one !== null; one = take(attribute, text, at)) {
    const [, name = '', quote = ''] = one;
    // Not by a pattern: values may be longer than one has room to go back through.
    const from = attribute.lastIndex;
    const to = text.indexOf(quote, from);
    const value = text.slice(from, to);
    if (to < 0 || value.includes('<')) break;
    if (attributes === noAttributes) attributes = new Map();
    if (attributes.has(name)) throw new XmlError(`attribute ${name} is given twice`);
    attributes.set(name, unescape(value));
    at = to + 1;
  }
  const end = take(tagEnd, text, at);
  if (end === null) throw new XmlError('unfinished tag');
  const element = { name: localName(rawName), rawName, attributes, children: [], text: '' };
  return { element, end: tagEnd.lastIndex, empty: end[1] === '/' };
}

function close(
  element: Open,
  parent: Open | undefined,
  root: XmlElement | undefined,
): XmlElement | undefined {
  if (parent === undefined) return element;
  parent.children.push(element);
  return root;
}

// What a parser would normalise or refuse must be written as a character reference, as S3 does for odd object
// keys.
// eslint-disable-next-line no-control-regex
const special = /[&<>"'\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\ufffe\uffff]/u;
const names: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

export function escapeXml(text: string): string {
  if (!special.test(text)) return text;
  let out = '';
  for (const c of text)
    out += names[c] ?? (special.test(c) ? `&#x${(c.codePointAt(0) ?? 0).toString(16).toUpperCase()};` : c);
  return out;
}
