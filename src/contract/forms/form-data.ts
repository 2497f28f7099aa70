// Reads a form that a browser sends with a file: `multipart/form-data` (RFC 7578), up to the file.

import { textOf } from '../protocols/bytes.ts';

export interface FormFile {
  /** As the browser names it, perhaps with its path; absent where it does not. */
  readonly filename?: string;
  readonly bytes: Uint8Array;
}

export interface FormData {
  /** By lower-case name, in the order of the form, as it spells them. */
  readonly fields: ReadonlyMap<string, { readonly name: string; readonly value: string }>;
  readonly file?: FormFile;
}

const CR = 13;
const HYPHENS = new Uint8Array([45, 45]);

/** Where `part` begins in `whole`, at `from` or later; -1 where it does not. */
function find(whole: Uint8Array, part: Uint8Array, from: number): number {
  const [first = 0] = part;
  for (let at = whole.indexOf(first, from); at >= 0; at = whole.indexOf(first, at + 1))
    if (part.every((byte, offset) => whole[at + offset] === byte)) return at;
  return -1;
}

function boundaryOf(contentType: string): string | undefined {
  const [, quoted, bare] = /;\s*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType) ?? [];
  return quoted ?? bare;
}

const parameter = (disposition: string, name: string): string | undefined =>
  new RegExp(`(?:^|;)\\s*${name}="((?:[^"\\\\]|\\\\.)*)"`, 'i')
    .exec(disposition)?.[1]
    ?.replaceAll('\\"', '"');

const encoder = new TextEncoder();
const BLANK_LINE = encoder.encode('\r\n\r\n');

/** Undefined where the body is not such a form. What comes after the file is passed over. */
export function readFormData(contentType: string, body: Uint8Array): FormData | undefined {
  const boundary = boundaryOf(contentType);
  if (boundary === undefined) return undefined;
  const opening = encoder.encode(`--${boundary}`);
  const delimiter = encoder.encode(`\r\n--${boundary}`);
  const fields = new Map<string, { name: string; value: string }>();
  let at = find(body, opening, 0);
  if (at < 0) return undefined;
  at += opening.length;
  for (;;) {
    if (find(body.subarray(at, at + 2), HYPHENS, 0) === 0) return { fields };
    if (body[at] !== CR) return undefined;
    const head = find(body, BLANK_LINE, at);
    const end = head < 0 ? -1 : find(body, delimiter, head + 2);
    if (end < 0) return undefined;
    const headers = textOf(body.subarray(at, head)) ?? '';
    const disposition = /^content-disposition:\s*form-data\s*;(.*)$/im.exec(headers)?.[1] ?? '';
    const name = parameter(disposition, 'name');
    if (name === undefined) return undefined;
    const bytes = body.subarray(Math.min(head + BLANK_LINE.length, end), end);
    if (name.toLowerCase() === 'file') {
      const filename = parameter(disposition, 'filename');
      return { fields, file: { bytes, ...(filename === undefined ? {} : { filename }) } };
    }
    const value = textOf(bytes);
    if (value === undefined) return undefined;
    fields.set(name.toLowerCase(), { name, value });
    at = end + delimiter.length;
  }
}
