// Words of commands that are looked at on their own: what stands in front, what is printed, what fits a pattern.

import { fitsWildcards, wild } from '#cloud/wildcards.ts';

/** Commands in front of others that change nothing about what those mean, with those of their options that take a value. */
const PREFIXES: Readonly<Record<string, string>> = {
  sudo: 'ugpCht',
  nohup: '',
  time: 'fo',
  command: '',
  exec: 'a',
  env: 'uC',
  nice: 'n',
  timeout: 'sk',
  builtin: '',
};

/** A command without what only stands in front of it, such as `sudo -u web`. */
export function withoutPrefix(words: readonly string[]): readonly string[] {
  const [name = ''] = words;
  const valued = PREFIXES[baseName(name)];
  if (valued === undefined || words.length === 1) return words;
  let at = 1;
  for (; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const option = /^-[A-Za-z]$/.test(word);
    if (option && valued.includes(word.slice(1))) at += 1;
    else if (!word.startsWith('-') && !/^\w+=/.test(word)) break;
  }
  if (baseName(name) === 'timeout' && /^[\d.]+[smhd]?$/.test(words[at] ?? '')) at += 1;
  return at < words.length ? withoutPrefix(words.slice(at)) : [];
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

/** Whether a value fits a pattern of `case`. */
export function matches(value: string, pattern: string): boolean {
  return fitsWildcards(wild(pattern), value);
}
