// Text, base64 and percent-encoding as pure functions. Base64 is our own so that every engine reads and
// refuses the same strings: Uint8Array.fromBase64 is missing from Node 20 and 22, and is laxer than AWS about
// length and white space.

const encoder = new TextEncoder();
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const latin1 = new TextDecoder('latin1');

export const noBytes: Uint8Array = new Uint8Array(0);

export function utf8(text: string): Uint8Array {
  return text === '' ? noBytes : encoder.encode(text);
}

/** How many bytes a text has, without making them. */
export function utf8Length(text: string): number {
  let length = text.length;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    length += unit < 0x800 ? 1 : 2;
    // Four bytes for a pair of surrogates, which are two units; three for one that stands alone.
    if (unit < 0xd800 || unit > 0xdbff) continue;
    const next = text.charCodeAt(at + 1);
    if (next < 0xdc00 || next > 0xdfff || Number.isNaN(next)) continue;
    at += 1;
  }
  return length;
}

/** The text, or undefined when the bytes are not UTF-8. */
export function textOf(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return '';
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}

const alphabet = encoder.encode('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
const digits = new Int8Array(256).fill(-1);
for (const [value, code] of alphabet.entries()) digits[code] = value;
const pad = 0x3d;
const SHORT = 256;

export function base64(bytes: Uint8Array): string {
  const out = new Uint8Array(Math.ceil(bytes.length / 3) * 4);
  let to = 0;
  for (let from = 0; from < bytes.length; from += 3) {
    const left = bytes.length - from;
    const three = ((bytes[from] ?? 0) << 16) | ((bytes[from + 1] ?? 0) << 8) | (bytes[from + 2] ?? 0);
    out[to] = alphabet[three >> 18] ?? 0;
    out[to + 1] = alphabet[(three >> 12) & 63] ?? 0;
    out[to + 2] = left > 1 ? (alphabet[(three >> 6) & 63] ?? 0) : pad;
    out[to + 3] = left > 2 ? (alphabet[three & 63] ?? 0) : pad;
    to += 4;
  }
  // A decoder's call costs more than the few letters of a digest.
  return out.length <= SHORT ? String.fromCharCode(...out) : latin1.decode(out);
}

/** The bytes, or undefined when the text is not padded base64. */
export function fromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  const codes = encoder.encode(text);
  if (codes.length !== text.length) return undefined;
  let padding = 0;
  if (codes.at(-1) === pad) padding = codes.at(-2) === pad ? 2 : 1;
  const out = new Uint8Array((codes.length / 4) * 3 - padding);
  let to = 0;
  for (let from = 0; from < codes.length; from += 4) {
    const last = from + 4 === codes.length;
    const a = digits[codes[from] ?? 0] ?? -1;
    const b = digits[codes[from + 1] ?? 0] ?? -1;
    const c = last && padding === 2 ? 0 : (digits[codes[from + 2] ?? 0] ?? -1);
    const d = last && padding > 0 ? 0 : (digits[codes[from + 3] ?? 0] ?? -1);
    if ((a | b | c | d) < 0) return undefined;
    const three = (a << 18) | (b << 12) | (c << 6) | d;
    out[to] = three >> 16;
    if (to + 1 < out.length) out[to + 1] = (three >> 8) & 255;
    if (to + 2 < out.length) out[to + 2] = three & 255;
    to += 3;
  }
  return out;
}

/** Percent-decoded, with `+` as a space in query strings; undefined when it is malformed. */
export function percentDecoded(text: string, plusIsSpace: boolean): string | undefined {
  const spaced = plusIsSpace && text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return undefined;
  }
}

/** Sets a key as data, whatever its name: `__proto__` is a legal tag key and must not become a prototype. */
export function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    target[key] = value;
  }
}
