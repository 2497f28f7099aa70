// House rules that no linter knows, each with its reason. Prints every breach with its place and what to do instead.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';

const root = join(import.meta.dirname, '..');

/** Longest source file, in lines: past this a noun is waiting to become a file of its own. */
const LONGEST_FILE = 420;
const LONGEST_LINE = 132;
/** Files in one folder of a service, its tests among them: past this its nouns want rooms of their own. */
const MOST_FILES = 36;
/** A comment that is nothing but the address of a page. */
const ADDRESS = /^\s*(?:\/\/|\*)\s+https?:\/\/\S+$/;

interface Breach {
  readonly place: string;
  readonly message: string;
}

function files(folder: string, keep: (name: string) => boolean): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('node_modules') && keep(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

const isSource = (name: string): boolean => name.endsWith('.ts');
const sources = ['src', 'tests', 'tools', 'bench', 'rehearsals'].flatMap((folder) => files(folder, isSource));
const prose = ['docs', 'src', 'examples', 'rehearsals'].flatMap((folder) =>
  files(folder, (name) => name.endsWith('.md')),
);

function* namesBreaches(path: string): Generator<Breach> {
  // A drawer called utils collects what nobody wanted to name.
  if (/(^|\/)(utils?|helpers?|common|misc|handlers|models)(\/|\.ts$)/.test(path)) {
    yield { place: path, message: 'Name the file after the noun it is about.' };
  }
}

function* textBreaches(path: string, text: string): Generator<Breach> {
  const lines = text.split('\n');
  if (lines.length > LONGEST_FILE && !/\.test\.|\/test-/.test(path)) {
    yield { place: path, message: `${lines.length} lines: split by noun (at most ${LONGEST_FILE}).` };
  }
  if (!path.includes('.test.') && !/^(\/\/|#!)/.test(text)) {
    yield { place: path, message: 'Begin with a comment that says what the file is for.' };
  }
  for (const [at, line] of lines.entries()) {
    const place = `${path}:${at + 1}`;
    // The formatter sees to code; what it cannot break are AWS's own sentences, and addresses.
    if (/^\s*(\/\/|\/?\*)/.test(line) && !ADDRESS.test(line) && line.length > LONGEST_LINE)
      yield { place, message: `${line.length} characters: at most ${LONGEST_LINE}.` };
    if (/\b(class|interface|function|const) \w*(Manager|Helper|Util|Impl)\b/.test(line)) {
      yield { place, message: 'Manager, Helper, Util and Impl name nothing: use the noun.' };
    }
    if (line.startsWith('export * '))
      yield { place, message: 'Export by name: a reader should find where a thing comes from.' };
    if (/\b(it|describe|test)\.(only|skip)\(/.test(line))
      yield { place, message: 'No focused or silently skipped tests; use skipIf with a reason.' };
  }
}

/** A path of somebody's own computer is of no use to anybody else. */
function* wordsBreaches(path: string, text: string): Generator<Breach> {
  const found = /(?<![\w.~])\/(?:Users|work)\/[\w.-]+/.exec(text);
  if (found) yield { place: path, message: `Mentions ${found[0]}, which other computers do not have.` };
}

function* serviceBreaches(): Generator<Breach> {
  for (const entry of readdirSync(join(root, 'src/services'), { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const folder = join('src/services', entry.name);
    const names = readdirSync(join(root, folder));
    if (!names.includes('README.md'))
      yield { place: folder, message: 'Say in README.md what is modelled, simplified and refused.' };
    if (files(folder, (name) => name.endsWith('.test.ts')).length === 0)
      yield { place: folder, message: 'A service has tests in its folder.' };
    if (names.filter(isSource).length > MOST_FILES)
      yield { place: folder, message: `More than ${MOST_FILES} files: give each noun a folder of its own.` };
    if (!names.includes(`${basename(folder)}.ts`))
      yield { place: folder, message: `The service is exported by ${basename(folder)}.ts.` };
  }
}

const breaches: Breach[] = [...serviceBreaches()];
for (const path of [...sources, ...prose]) {
  const text = readFileSync(join(root, path), 'utf8');
  breaches.push(...namesBreaches(path), ...wordsBreaches(path, text));
  if (isSource(path)) breaches.push(...textBreaches(path, text));
}
for (const { place, message } of breaches) console.error(`${place}: ${message}`);
if (breaches.length > 0) process.exitCode = 1;
