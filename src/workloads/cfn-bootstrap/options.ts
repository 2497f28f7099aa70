// Options of the helper scripts, read as Python's optparse reads them: also abbreviated, and with `=`.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/cfn-helper-scripts-reference.html

/** Long names of options that take a value, each with its letter; and of those that take none. */
interface Specification {
  readonly values: Readonly<Record<string, string>>;
  readonly flags: Readonly<Record<string, string>>;
}

const CREDENTIALS = {
  'credential-file': 'f',
  role: '',
  'access-key': '',
  'secret-key': '',
  url: 'u',
  'http-proxy': '',
  'https-proxy': '',
  region: '',
};

export const CFN_INIT: Specification = {
  values: { stack: 's', resource: 'r', configsets: 'c', ...CREDENTIALS },
  flags: { verbose: 'v', resume: '', 'no-strict-mode': '' },
};

export const CFN_SIGNAL: Specification = {
  values: {
    success: 's',
    'exit-code': 'e',
    reason: 'r',
    data: 'd',
    id: 'i',
    stack: '',
    resource: '',
    ...CREDENTIALS,
  },
  flags: { verbose: 'v' },
};

export interface Options {
  readonly values: Readonly<Record<string, string>>;
  /** What is no option. */
  readonly rest: readonly string[];
}

/** Nothing where an option is unknown or lacks its value: the script then ends with status 2. */
export function readOptions(words: readonly string[], given: Specification): Options | undefined {
  const values: Record<string, string> = {};
  const rest: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (!word.startsWith('-') || word === '-') {
      rest.push(word);
      continue;
    }
    const equals = word.startsWith('--') ? word.indexOf('=') : -1;
    const name = nameOf(equals < 0 ? word : word.slice(0, equals), given);
    if (name === undefined) return undefined;
    if (Object.hasOwn(given.flags, name)) continue;
    // A letter may have its value behind it: `-e0`.
    const inWord = equals >= 0 ? word.slice(equals + 1) : word.startsWith('--') ? '' : word.slice(2);
    if (inWord === '') at += 1;
    const value = inWord === '' ? words[at] : inWord;
    if (value === undefined) return undefined;
    values[name] = value;
  }
  return { values, rest };
}

function nameOf(word: string, { values, flags }: Specification): string | undefined {
  const all = { ...values, ...flags };
  if (!word.startsWith('--')) return Object.keys(all).find((name) => all[name] === word[1]);
  const name = word.slice(2);
  if (Object.hasOwn(all, name)) return name;
  const meant = Object.keys(all).filter((one) => one.startsWith(name));
  return meant.length === 1 ? meant[0] : undefined;
}
