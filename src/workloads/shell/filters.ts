// What comes out of a pipe: commands that make one text of another.

import { UNKNOWN } from './expansion.ts';
import { valueAt } from './json-path.ts';

export interface Filtered {
  readonly status: number;
  /** Nothing where it cannot be known. */
  readonly text?: string;
}

const FILTERS = new Set([
  'awk',
  'cut',
  'egrep',
  'fgrep',
  'grep',
  'head',
  'jq',
  'sed',
  'sort',
  'tail',
  'tr',
  'uniq',
  'xargs',
]);

/** What a filter makes of a text and with which status it ends; nothing where a command is no filter. */
export function filtered(words: readonly string[], input: string | undefined): Filtered | undefined {
  const [name = '', ...rest] = words;
  if (!FILTERS.has(name)) return undefined;
  if (name.endsWith('grep')) return grep(rest, input);
  if (input === undefined) return { status: 0 };
  if (input === '') return { status: 0, text: '' };
  if (name === 'tr' && rest[0] === '-d' && rest.length === 2)
    return {
      status: 0,
      text: input
        .split('')
        .filter((char) => !rest[1]?.includes(char))
        .join(''),
    };
  return { status: 0, ...(name === 'jq' ? jq(rest, input) : {}) };
}

/** Fixed texts only; a pattern that means more than itself is taken to be there, unless there is nothing. */
function grep(words: readonly string[], input: string | undefined): Filtered {
  const options = words.filter((word) => word.startsWith('-')).join('');
  const [pattern = '', ...files] = words.filter((word) => !word.startsWith('-'));
  const inverted = /^-[a-zA-Z]*v/.test(options);
  if (input === '') return { status: 1, text: '' };
  if (input === undefined || files.length > 0 || inverted || /[[\]^$*\\.+?|(){}]/.test(pattern))
    return { status: 0 };
  const fold = (text: string): string => (options.includes('i') ? text.toLowerCase() : text);
  const lines = input.split('\n').filter((line) => fold(line).includes(fold(pattern)));
  if (lines.length > 0) return { status: 0, text: options.includes('q') ? '' : `${lines.join('\n')}\n` };
  return input.includes(UNKNOWN) || input.includes('\\') ? { status: 0 } : { status: 1, text: '' };
}

function jq(words: readonly string[], input: string): { text?: string } {
  const [path = '', ...more] = words.filter((word) => !word.startsWith('-'));
  const raw = words.some((word) => word === '--raw-output' || /^-[a-z]*r/.test(word));
  if (more.length > 0 || !path.startsWith('.')) return {};
  const found = valueAt(input, path.replace(/^\.(?=\[|$)|^\./, ''));
  if (!found) return {};
  return { text: `${raw && typeof found.value === 'string' ? found.value : JSON.stringify(found.value)}\n` };
}
