// Object keys as text that sorts by Unicode code point. Tables sort by UTF-16 units, which puts the characters beyond the
// first plane before U+E000; S3 lists keys in UTF-8 order.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html

/** Ends a key within a longer row key: sorts before everything that a key can hold. */
export const END = '\u0000';

/** Sorts after everything that a key can hold. */
export const LAST = '\uFFFF';

// eslint-disable-next-line no-control-regex
const SPECIAL = /[\u0000\u0001\uD800-\uFFFF]/;

/** A prefix of a key gives a prefix of its order. */
export function keyOrder(key: string): string {
  if (!SPECIAL.test(key)) return key;
  let text = '';
  for (const character of key) {
    const code = character.codePointAt(0) as number;
    if (code === 0) text += '\u0001\u0001';
    else if (code === 1) text += '\u0001\u0002';
    else if (code > 0xffff) text += `\uE001${character}`;
    else text += code >= 0xe000 ? `\uE000${character}` : character;
  }
  return text;
}
