// User metadata in headers, which hold ASCII alone: other characters come and go as encoded words of RFC 2047. Which of the two
// encodings S3 chooses, and what it leaves bare, is recorded by LocalStack's tests (test_user_metadata_rfc2047_encoded).
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html

import { base64, fromBase64, textOf, utf8 } from '#contract/protocols/bytes.ts';

const WORD = /=\?utf-8\?([qb])\?([^?]*)\?=/giu;

/** Bytes that arrived as characters of ISO 8859-1 are the text that they spell, if they spell any. */
function textOfHeader(value: string): string {
  if (!/[\x80-\xff]/.test(value) || /[^\0-\xff]/.test(value)) return value;
  return textOf(Uint8Array.from(value, (char) => char.charCodeAt(0))) ?? value;
}

function quoted(text: string): string | undefined {
  const bytes: number[] = [];
  for (const [, code, char = ''] of text.matchAll(/=([0-9a-f]{2})|([\s\S])/giu))
    bytes.push(...(code === undefined ? utf8(char === '_' ? ' ' : char) : [Number.parseInt(code, 16)]));
  return textOf(Uint8Array.from(bytes));
}

/** What a header says, with its encoded words decoded; what cannot be decoded stays. */
export function decodedWords(value: string): string {
  return textOfHeader(value).replaceAll(WORD, (word, encoding: string, text: string) => {
    const bytes = encoding.toLowerCase() === 'b' ? fromBase64(text) : undefined;
    const decoded = encoding.toLowerCase() === 'b' ? bytes && textOf(bytes) : quoted(text);
    return decoded ?? word;
  });
}

const isBare = (char: string): boolean => /^[\t\n\r\x20-\x7e]$/.test(char);

/** Text for a header: as it is where it is ASCII; otherwise quoted where most of it is, and in base64 where most is not. */
export function encodedWords(text: string): string {
  const units = text.split('');
  const bare = units.filter(isBare).length;
  if (bare === units.length) return text;
  if (bare <= units.length - bare) return `=?UTF-8?B?${base64(utf8(text))}?=`;
  let word = '';
  for (const byte of utf8(text)) {
    const char = String.fromCharCode(byte);
    if (byte === 0x20) word += '_';
    else if (/^[\x21-\x7e]$/.test(char) && !'=_?'.includes(char)) word += char;
    else word += `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return `=?UTF-8?Q?${word}?=`;
}
