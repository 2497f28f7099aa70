// Unpacking and installing bundles into the root folder of a machine.

import { existsSync, lstatSync } from 'node:fs';
import { chmod, copyFile, lstat, mkdir, rm, rmdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { compile, fits, literally } from '#cloud/expressions/automaton.ts';
import type { Letters, Part } from '#cloud/expressions/automaton.ts';
import { absolute, copiesOf, InstallError } from '../../install.ts';
import type { Copy } from '../../install.ts';
import { parseAppSpec } from '../../appspec.ts';
import type { AppSpec, AppSpecPermission } from '../../appspec.ts';
import type { BundleFile } from '../../bundle.ts';
import type { StepResult } from '../../codedeploy-agent/steps.ts';
import { problemOf } from '../../problem.ts';
import type { Install } from '../effects.ts';
import type { Machine } from './machine.ts';

/** Writes the files of a bundle into an empty folder of the machine. */
export async function unpack(
  machine: Machine,
  folder: string,
  files: readonly BundleFile[],
): Promise<StepResult> {
  const root = machine.path(folder);
  await rm(root, { recursive: true, force: true });
  await mkdir(root, { recursive: true });
  for (const { path, bytes, mode, link } of files) {
    const place = join(root, path);
    await mkdir(dirname(place), { recursive: true });
    if (link === undefined) await writeFile(place, bytes, { mode: mode & 0o777 });
    else await symlink(link, place);
  }
  return { kind: 'unpacked' };
}

/** The agent's Install event. What has been created before it breaks off is told too. */
export async function install(
  machine: Machine,
  { folder, appSpecPath, fileExistsBehavior, cleanup }: Install,
  files: readonly BundleFile[],
): Promise<StepResult> {
  await remove(machine, cleanup);
  const created: string[] = [];
  try {
    const spec = specIn(files, appSpecPath);
    const copies = copiesOf(files, folder, spec, fileExistsBehavior, (path) => isThere(machine.path(path)));
    for (const copy of copies) await copyInto(machine, folder, copy, created);
    for (const permission of spec.permissions) await permit(machine, permission, created);
    return { kind: 'installed', created };
  } catch (error) {
    return { kind: 'installed', created, problem: wording(error) };
  }
}

/** A link counts, wherever it leads. */
function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function specIn(files: readonly BundleFile[], path: string): AppSpec {
  for (const name of [path, 'appspec.yaml', 'appspec.yml']) {
    const file = files.find((one) => one.path === name);
    if (file) return parseAppSpec(new TextDecoder().decode(file.bytes));
  }
  throw new InstallError(`No AppSpec file at ${path}`);
}

/** A full disk or a missing permission fails the event, as on a machine. */
function wording(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === undefined ? problemOf(error) : message;
}

/** Files first; folders only as far as they are empty then. */
async function remove(machine: Machine, paths: readonly string[]): Promise<void> {
  for (const path of paths.toReversed()) {
    const place = machine.path(path);
    const found = await lstat(place).catch(() => undefined);
    if (found?.isDirectory()) await rmdir(place).catch(() => {});
    else if (found) await rm(place, { force: true });
  }
}

async function copyInto(
  machine: Machine,
  folder: string,
  { source, destination }: Copy,
  created: string[],
): Promise<void> {
  await makeFolder(machine, dirname(absolute(destination)), created);
  const [from, to] = [machine.path(`${folder}/${source}`), machine.path(destination)];
  await rm(to, { force: true });
  await copyFile(from, to);
  created.push(absolute(destination));
}

async function makeFolder(machine: Machine, path: string, created: string[]): Promise<void> {
  if (path === '/' || existsSync(machine.folder(path))) return;
  await makeFolder(machine, dirname(path), created);
  await mkdir(machine.path(path));
  created.push(path);
}

/** Modes only: bundles that name other owners are refused before anything of them runs. */
async function permit(
  machine: Machine,
  permission: AppSpecPermission,
  created: readonly string[],
): Promise<void> {
  const { mode, type } = permission;
  if (mode === undefined) return;
  const object = absolute(permission.object);
  for (const path of new Set([object, ...created])) {
    const found = await lstat(machine.path(path)).catch(() => undefined);
    const kind = found?.isDirectory() ? 'directory' : 'file';
    if (found && !found.isSymbolicLink() && type.includes(kind) && matches(permission, object, path))
      await chmod(machine.path(path), Number.parseInt(mode, 8));
  }
}

function matches({ pattern, except }: AppSpecPermission, object: string, path: string): boolean {
  if (path === object) return true;
  if (!path.startsWith(`${object === '/' ? '' : object}/`)) return false;
  const rest = path.slice(object === '/' ? 1 : object.length + 1);
  return glob(pattern, rest) && !except.some((one) => glob(one, rest));
}

const anything: Letters = () => true;
const notSlash: Letters = (code) => code !== 47;

/** The agent's patterns: `**` is everything below, `*` everything but slashes. */
function glob(pattern: string, path: string): boolean {
  const parts = pattern.split(/(\*\*|\*)/).map((piece): Part => {
    if (piece !== '*' && piece !== '**') return literally(piece);
    const part: Part = { kind: 'letter', letters: piece === '*' ? notSlash : anything };
    return { kind: 'repeat', part, least: 0, most: Infinity };
  });
  return fits(compile({ kind: 'sequence', parts }), path);
}
