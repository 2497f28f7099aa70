// The agent's Install step: which files of a bundle go where, in the agent's order and with its own messages.
// Pure, so that a driver with a real disk and one without decide alike.
// https://github.com/aws/aws-codedeploy-agent, installer.rb and install_instruction.rb

import type { AppSpec, FileExistsBehavior } from './appspec.ts';
import type { BundleFile } from './bundle.ts';

/** Copy `source` (path in the bundle) to `destination` (absolute path on the machine). */
export interface Copy {
  readonly source: string;
  readonly destination: string;
}

/** An Install step that cannot be done; the message is the agent's. */
export class InstallError extends Error {
  override readonly name = 'InstallError';
}

/**
 * Whether a file stands at an absolute path of the machine, once the previous installation has been cleaned
 * up.
 */
export type Exists = (path: string) => boolean;

/** The copies that an AppSpec asks for. Nothing is copied where one of them is refused. */
export function copiesOf(
  bundle: readonly BundleFile[],
  archiveRoot: string,
  spec: AppSpec,
  fallback: FileExistsBehavior,
  exists: Exists,
): readonly Copy[] {
  const behavior = spec.fileExistsBehavior ?? fallback;
  const copies = new Map<string, string>();
  for (const { source, destination } of spec.files) {
    for (const copy of candidates(bundle, archiveRoot, source, destination)) {
      const path = absolute(copy.destination);
      if (exists(path)) {
        if (behavior === 'RETAIN') continue;
        if (behavior === 'DISALLOW') {
          throw new InstallError(
            `The deployment failed because a specified file already exists at this location: ${copy.destination}`,
          );
        }
      }
      const other = copies.get(path);
      if (other !== undefined) {
        throw new InstallError(
          `The deployment failed because the application specification file specifies two source files named ` +
            `${archiveRoot}/${copy.source} and ${archiveRoot}/${other} for the same destination (${path}). ` +
            'Remove one of the source file paths from the AppSpec file, and then try again.',
        );
      }
      copies.set(path, copy.source);
    }
  }
  return [...copies].map(([destination, source]) => ({ source, destination }));
}

/**
 * A source that is a directory is copied with what is in it, a file into the destination directory under its
 * own name.
 */
function candidates(
  bundle: readonly BundleFile[],
  archiveRoot: string,
  source: string,
  destination: string,
): Copy[] {
  const from = segmentsOf(source).join('/');
  const file = bundle.find(({ path }) => path === from);
  if (file)
    return [{ source: from, destination: `${destination}/${from.split('/').at(-1)}`.replace(/\/+/g, '/') }];
  const under = from === '' ? '' : `${from}/`;
  const inside = bundle.filter(({ path }) => path.startsWith(under));
  if (inside.length === 0)
    throw new InstallError(`No such file or directory @ rb_sysopen - ${archiveRoot}/${from}`);
  return inside.map(({ path }) => ({
    source: path,
    destination: `${destination}/${path.slice(under.length)}`.replace(/\/+/g, '/'),
  }));
}

/** Path segments without `.`, with `..` resolved. */
function segmentsOf(path: string): string[] {
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  return segments;
}

/** Ruby's `File.expand_path`; the agent's working directory is the file system's root. */
export function absolute(path: string): string {
  return `/${segmentsOf(path).join('/')}`;
}
