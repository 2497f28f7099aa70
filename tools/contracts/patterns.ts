// Turns the Java regular expressions of the published models into JavaScript ones. Reads a JSON array of
// patterns on standard input with the longest string each must face, writes a JSON object: pattern → { js }
// or { why } when it cannot be used, because it does not compile or because it backtracks for too long.
// Called by generate.py.
import { readFileSync } from 'node:fs';

const posix: Readonly<Record<string, string>> = {
  Alnum: 'a-zA-Z0-9',
  Alpha: 'a-zA-Z',
  ASCII: '\\x00-\\x7F',
  Blank: ' \\t',
  Cntrl: '\\x00-\\x1F\\x7F',
  Digit: '0-9',
  Graph: '\\x21-\\x7E',
  Lower: 'a-z',
  Print: '\\x20-\\x7E',
  Punct: '!-\\/:-@\\[-`{-~',
  Space: '\\s',
  Upper: 'A-Z',
  XDigit: '0-9a-fA-F',
};

/**
 * Java's own notations, one escape at a time; the `u` flag takes `\p{L}` as it is and refuses idle escapes.
 */
function convert(java: string): string {
  let js = '';
  let inClass = false;
  for (let at = 0; at < java.length; at += 1) {
    const c = java[at] ?? '';
    if (c === '\\') {
      const rest = java.slice(at);
      const property = /^\\([pP])\{(?:Is|In)?(\w+)\}/u.exec(rest);
      if (property !== null) {
        js += propertyClass(property[1] === 'P', property[2] ?? '', inClass);
        at += property[0].length - 1;
        continue;
      }
      const next = java[at + 1] ?? '';
      at += 1;
      js += escape(next, inClass);
      continue;
    }
    if (c === '[' && !inClass) inClass = true;
    else if (c === '[' && inClass) {
      js += '\\[';
      continue;
    } else if (c === ']' && inClass && !js.endsWith('[') && !js.endsWith('[^')) inClass = false;
    else if (c === ']' && !inClass) {
      js += '\\]';
      continue;
    } else if (
      (c === '{' && !inClass && !/^\{\d*,?\d*\}/u.test(java.slice(at))) ||
      (c === '}' && !inClass && !/\{\d*,?\d*$/u.test(js))
    ) {
      js += `\\${c}`;
      continue;
    }
    js += c;
  }
  return js.replaceAll('{,', '{0,').replaceAll('(?i)', '');
}

function propertyClass(negated: boolean, name: string, inClass: boolean): string {
  const ranges = posix[name];
  if (ranges === undefined) return `\\${negated ? 'P' : 'p'}{${name}}`;
  return inClass && !negated ? ranges : `[${negated ? '^' : ''}${ranges}]`;
}

function escape(next: string, inClass: boolean): string {
  if (next === 'A') return '^';
  if (next === 'Z' || next === 'z') return '$';
  if (next === 'h') return inClass ? ' \\t\\xA0' : '[ \\t\\xA0]';
  // With the `u` flag only syntax characters may be escaped, and `-` only within a class.
  if (/[\^$\\.*+?()[\]{}|/]/u.test(next) || (inClass && next === '-') || /[\dbBdDsSwWnrtfvcxu]/u.test(next))
    return `\\${next}`;
  return next;
}

/** Java's `matches` is anchored at both ends, whatever the pattern says. */
function compile(js: string, flags: string): RegExp {
  return new RegExp(`^(?:${js})$`, flags);
}

const limitMs = 100;
const seeds = [
  'a',
  '0',
  '-',
  '.',
  '/',
  ':',
  'a-',
  'a.',
  'a:',
  'a0',
  'a/',
  ' ',
  'a ',
  '_',
  'a_',
  'A',
  '\t',
  '\u00e9',
  'a,',
  'a=',
  '*',
  '{a}',
  '0.',
  '0,',
];
const heads = ['', 'a', 'arn:aws:', 'arn:aws:iam::123456789012:', 'arn:aws:s3:::', 'https://', 's3://', '/'];

/**
 * The worst time, in milliseconds, over strings that make a backtracking matcher work. The limit is far above
 * the noise of a busy machine and far below an exponential blow-up, so that two runs of the generator agree.
 */
function worst(pattern: RegExp, longest: number): number {
  let most = 0;
  for (const head of heads) {
    for (const seed of seeds) {
      for (const length of [16, 20, 24, 28, 200, 1000, longest].filter((l) => l <= longest)) {
        const text = `${head}${seed.repeat(length).slice(0, length)}\u0001!`;
        const from = performance.now();
        pattern.test(text);
        const took = performance.now() - from;
        if (took > most) most = took;
        if (took > limitMs) return took;
      }
    }
  }
  return most;
}

const answers: Record<string, { js: string; flags: string } | { why: string }> = {};
for (const [java, longest] of Object.entries(JSON.parse(readFileSync(0, 'utf8')) as Record<string, number>)) {
  const ignoreCase = java.startsWith('(?i)') ? 'i' : '';
  const js = convert(java);
  try {
    const took = worst(compile(js, `su${ignoreCase}`), longest);
    answers[java] = took > limitMs ? { why: 'backtracks for too long' } : { js, flags: ignoreCase };
  } catch (error) {
    answers[java] = { why: error instanceof Error ? error.message : String(error) };
  }
}
process.stdout.write(JSON.stringify(answers));
