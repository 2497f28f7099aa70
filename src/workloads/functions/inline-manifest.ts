// What code that stands in a template says of itself: the package that CloudFormation makes of it has no room for a second file.

import { MANIFEST_PATH } from '../manifest.ts';

/** Files that CloudFormation packs such code as, and how comments begin there. */
export const INLINE: Readonly<Record<string, string>> = { 'index.js': '//', 'index.py': '#' };

/**
 * The manifest in comment lines from a line `// sandtable.yml` on; nothing where there is none. All other lines are empty in it,
 * so that mistakes are found at the right line.
 */
export function manifestInComments(source: string, mark: string): string | undefined {
  const lines = source.split('\n').map((line) => line.trimEnd());
  const begin = lines.indexOf(`${mark} ${MANIFEST_PATH}`);
  if (begin < 0) return undefined;
  const after = lines.findIndex((line, at) => at > begin && !line.startsWith(mark));
  const end = after < 0 ? lines.length : after;
  return lines
    .slice(0, end)
    .map((line, at) => (at > begin ? line.slice(mark.length).replace(/^ /, '') : ''))
    .join('\n');
}
