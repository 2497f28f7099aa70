// JSON that clients send, in bodies and inside texts.

/** Brackets within brackets that are followed: what walks a document goes one call deeper with each, and a stack ends. */
const DEEPEST = 500;

/** `JSON.parse`; what is nested deeper than anything means to be is no JSON either. Throws `SyntaxError`. */
export function jsonIn(text: string): unknown {
  if (isDeep(text)) throw new SyntaxError(`The document is nested deeper than ${DEEPEST} levels.`);
  return JSON.parse(text) as unknown;
}

function isDeep(text: string): boolean {
  if (text.length <= 2 * DEEPEST) return false;
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x22) quoted = !quoted;
    else if (quoted) at += code === 0x5c ? 1 : 0;
    else if (code === 0x5b || code === 0x7b) {
      depth += 1;
      if (depth > DEEPEST) return true;
    } else if (code === 0x5d || code === 0x7d) depth -= 1;
  }
  return false;
}
