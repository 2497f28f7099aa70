// Snapshots by name, each a file of one folder.

import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UserError } from '#cloud/user-error.ts';
import type { Source } from '../worlds.ts';
import type { About } from './database.ts';
import { readHeader, readSnapshot, writeSnapshot } from './snapshot-file.ts';
import type { Savable, SnapshotHeader } from './snapshot-file.ts';

/** Under the folder in which a command is run. */
const USUAL_FOLDER = '.sandtable/snapshots';

const ENDING = '.snapshot';
const NAME = /^[A-Za-z0-9][\w.-]{0,63}$/;

export interface Listed {
  readonly name: string;
  readonly sizeBytes: number;
  /** Nothing where the file cannot be read. */
  readonly header?: SnapshotHeader;
  readonly problem?: string;
}

export class SnapshotFolder {
  readonly path: string;

  constructor(path: string = USUAL_FOLDER) {
    this.path = resolve(path);
  }

  /** Throws `UserError` where there is one of that name. */
  async save(
    name: string,
    world: Savable,
    by: { release: string; about: About },
  ): Promise<{ file: string; sizeBytes: number }> {
    const file = this.#fileOf(name);
    if (existsSync(file))
      throw new UserError('snapshot-exists', `There is a snapshot ${name} already: ${file}.`, {
        hint: `Choose another name, or remove it first: sandtable snapshot delete ${name}`,
      });
    mkdirSync(this.path, { recursive: true, mode: 0o700 });
    return { file, sizeBytes: await writeSnapshot(file, world, by) };
  }

  /** Throws `UserError`. */
  read(name: string): Source {
    return readSnapshot(this.#found(name));
  }

  /** Throws `UserError` where there is none. */
  delete(name: string): void {
    rmSync(this.#found(name));
  }

  /** In the order of their names. */
  list(): Listed[] {
    if (!existsSync(this.path)) return [];
    const names = readdirSync(this.path).filter((file) => file.endsWith(ENDING));
    return names.toSorted().map((file) => this.#listed(file.slice(0, -ENDING.length)));
  }

  #listed(name: string): Listed {
    const path = join(this.path, name + ENDING);
    const { size: sizeBytes } = statSync(path);
    try {
      return { name, sizeBytes, header: readHeader(path) };
    } catch (error) {
      return { name, sizeBytes, problem: (error as Error).message };
    }
  }

  #found(name: string): string {
    const file = this.#fileOf(name);
    if (existsSync(file)) return file;
    throw new UserError('no-snapshot', `There is no snapshot ${name} in ${this.path}.`, {
      hint: 'See: sandtable snapshot list',
    });
  }

  #fileOf(name: string): string {
    if (NAME.test(name)) return join(this.path, name + ENDING);
    throw new UserError('bad-snapshot-name', `A snapshot cannot be named ${JSON.stringify(name)}.`, {
      hint: 'Use up to 64 letters, digits, ., - and _, beginning with a letter or digit.',
    });
  }
}
