// Words of commands that are looked at on their own: what stands in front, what is printed, what fits a pattern.

import { fitsWildcards, wild } from '#cloud/wildcards.ts';

/** Commands in front of others that change nothing about what those mean, with those of their options that take a value. */
const PREFIXES: Readonly<Record<string, string>> = {
  sudo: 'ugpCht',
  nohup: '',
  setsid: '',
  time: 'fo',
  command: '',
  exec: 'a',
  env: 'uC',
  nice: 'n',
  timeout: 'sk',
  builtin: '',
};

/** A command, and what stands in front of it. */
export interface Prefixed {
  readonly words: readonly string[];
  /** `timeout` ends it after so long. */
  readonly limitMs?: number;
  /** It stays when the shell goes on or ends: `nohup`, `setsid`. */
  readonly detached?: true;
}

/** A command without what only stands in front of it, such as `sudo -u web`. */
export function unprefixed(words: readonly string[]): Prefixed {
  const name = baseName(words[0] ?? '');
  const valued = PREFIXES[name];
  if (valued === undefined || words.length === 1) return { words };
  let at = 1;
  for (; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const option = /^-[A-Za-z]$/.test(word);
    if (option && valued.includes(word.slice(1))) at += 1;
    else if (!word.startsWith('-') && !/^\w+=/.test(word)) break;
  }
  const limitMs = name === 'timeout' ? durationMs(words[at] ?? '') : undefined;
  if (limitMs !== undefined) at += 1;
  const inner = at < words.length ? unprefixed(words.slice(at)) : { words: [] };
  return {
    ...inner,
    // A limit of 0 is none.
    ...(limitMs === undefined || limitMs === 0
      ? {}
      : { limitMs: Math.min(limitMs, inner.limitMs ?? limitMs) }),
    ...(name === 'nohup' || name === 'setsid' ? { detached: true } : {}),
  };
}

/** Milliseconds of `sleep` and `timeout`: a number with a unit, or seconds. */
export function durationMs(text: string): number | undefined {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)([smhd]?)$/.exec(text) ?? [];
  const seconds = { s: 1, m: 60, h: 3600, d: 86_400 }[unit || 's'] ?? 1;
  return digits === undefined ? undefined : Math.round(Number(digits) * seconds * 1000);
}

/** The script that a command is to run: `bash -c '…'`, `su - user -c '…'`, `eval …`. */
export function scriptIn(words: readonly string[]): string | undefined {
  const name = baseName(words[0] ?? '');
  if (name === 'eval') return words.slice(1).join(' ');
  if (!['bash', 'sh', 'su', 'runuser'].includes(name)) return undefined;
  const at = words.findIndex((word) => /^-[a-z]*c$/.test(word));
  return at < 0 ? undefined : words[at + 1];
}

/** The last part of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The event of a trap. */
export function eventOf(name: string): string {
  return name === '0' ? 'EXIT' : name.replace(/^SIG/, '').toUpperCase();
}

/** What `set` says of the options that matter. */
export function shellOptions(words: readonly string[]): { errexit?: boolean; pipefail?: boolean } {
  const found: { errexit?: boolean; pipefail?: boolean } = {};
  words.forEach((word, index) => {
    const on = word.startsWith('-');
    if (!on && !word.startsWith('+')) return;
    if (word.includes('e')) found.errexit = on;
    if (!word.includes('o')) return;
    const named = words[index + 1];
    if (named === 'errexit' || named === 'pipefail') found[named] = on;
  });
  return found;
}

/** What `echo` prints. */
export function echoed(words: readonly string[]): string {
  const at = words.findIndex((word) => !/^-[neE]+$/.test(word));
  const options = words.slice(0, at < 0 ? words.length : at).join('');
  const text = at < 0 ? '' : words.slice(at).join(' ');
  return (options.includes('e') ? unescaped(text) : text) + (options.includes('n') ? '' : '\n');
}

export function unescaped(text: string): string {
  return text.replaceAll('\\n', '\n').replaceAll('\\t', '\t');
}

/** What `seq` prints: at most `most` numbers. */
export function counted(words: readonly string[], most: number): string | undefined {
  const numbers = words.map(Number);
  const [only = 0, second, third] = numbers;
  const from = second === undefined ? 1 : only;
  const step = third === undefined ? 1 : (second ?? 1);
  const to = third ?? second ?? only;
  if (words.length === 0 || numbers.some((one) => !Number.isInteger(one)) || step === 0) return undefined;
  const count = Math.min(Math.max(Math.floor((to - from) / step) + 1, 0), most);
  return Array.from({ length: count }, (_, index) => `${from + index * step}\n`).join('');
}

/** Whether a value fits a pattern of `case`. */
export function matches(value: string, pattern: string): boolean {
  return fitsWildcards(wild(pattern), value);
}
