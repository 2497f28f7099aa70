// Reads a small YAML document member by member and says, with file and line, what is wrong with it and what
// to do.

import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { YAMLMap } from 'yaml';
import { UserError } from '#cloud/user-error.ts';

/** Wrong use of the manifest: where, what was wrong, and in `hint` what to do. */
export class ManifestError extends UserError {
  readonly file: string;
  readonly line: number;

  constructor(file: string, line: number, problem: string, hint: string) {
    super('invalid-manifest', `${file}:${line}: ${problem}`, { hint });
    this.file = file;
    this.line = line;
  }

  /** All of it in one line. */
  get text(): string {
    return `${this.message}; ${this.hint}.`;
  }
}

export class Reader {
  readonly #file: string;
  readonly #lines = new LineCounter();
  readonly #firstLine: number;
  /** The document's root node. */
  readonly top: unknown;

  constructor(text: string, file: string, firstLine: number) {
    this.#file = file;
    this.#firstLine = firstLine;
    const document = parseDocument(text, { lineCounter: this.#lines });
    const [problem] = document.errors;
    if (problem) {
      const line = problem.linePos?.[0].line ?? 1;
      const what = problem.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? '';
      throw new ManifestError(file, line + firstLine - 1, what, 'write the manifest as YAML 1.2');
    }
    this.top = document.contents;
  }

  /** The node as a map that has only these members; nothing where the node is absent or empty. */
  map(node: unknown, members: readonly string[]): Place | undefined {
    if (node === null || node === undefined || (isScalar(node) && node.value === null)) return undefined;
    if (!isMap(node))
      throw this.fail(
        node,
        `${this.show(node)} is no map`,
        `give members such as ${members.slice(0, 3).join(', ')}`,
      );
    return new Place(this, node).only(members);
  }

  absolutePath(node: unknown): string {
    const value = isScalar(node) ? node.value : undefined;
    if (typeof value === 'string' && value.startsWith('/')) return value;
    throw this.fail(node, `${this.show(node)} is no absolute path`, 'begin it with /');
  }

  fail(node: unknown, problem: string, hint: string): ManifestError {
    const offset = (node as { range?: readonly number[] } | undefined)?.range?.[0] ?? 0;
    return new ManifestError(
      this.#file,
      this.#lines.linePos(offset).line + this.#firstLine - 1,
      problem,
      hint,
    );
  }

  show(node: unknown): string {
    return isScalar(node) ? JSON.stringify(node.value) : isSeq(node) ? 'A list' : 'A map';
  }
}

/** A map in the document. */
export class Place {
  readonly reader: Reader;
  readonly #node: YAMLMap;

  constructor(reader: Reader, node: YAMLMap) {
    this.reader = reader;
    this.#node = node;
  }

  /** This map, if it has only these members. */
  only(members: readonly string[]): Place {
    for (const { key } of this.#node.items) {
      const name = isScalar(key) ? String(key.value) : '';
      if (members.includes(name)) continue;
      throw this.reader.fail(
        key,
        `There is no member ${JSON.stringify(name)} here`,
        `the members are ${members.join(', ')}`,
      );
    }
    return this;
  }

  fail(problem: string, hint: string): ManifestError {
    return this.reader.fail(this.#node, problem, hint);
  }

  map(member: string, members: readonly string[]): Place | undefined {
    return this.reader.map(this.#at(member), members);
  }

  /**
   * Members of a map under free names, in the order in which they stand; an empty one counts as a map without
   * members.
   */
  entries(member: string): [string, Place][] {
    const node = this.#at(member);
    if (node === undefined) return [];
    if (!isMap(node)) throw this.reader.fail(node, `${member} is no map`, 'write one member for each name');
    return node.items.map(({ key, value }) => {
      if (!isMap(value))
        throw this.reader.fail(key, `${this.reader.show(key)} has no members`, 'write `{ seconds: 2 }`');
      return [isScalar(key) ? String(key.value) : '', new Place(this.reader, value)];
    });
  }

  /** Any value, as JSON has it. */
  json(member: string): unknown {
    const node = this.#node.get(member, true) as { toJSON(): unknown } | undefined;
    return node?.toJSON();
  }

  isMap(member: string): boolean {
    return isMap(this.#at(member));
  }

  list(member: string): readonly unknown[] {
    const node = this.#at(member);
    if (node === undefined) return [];
    if (!isSeq(node)) throw this.reader.fail(node, `${member} is no list`, 'put it in [ ]');
    return node.items;
  }

  /** Whether the member is just this word. */
  says(member: string, word: string): boolean {
    const node = this.#at(member);
    return isScalar(node) && node.value === word;
  }

  text(member: string): string | undefined {
    const node = this.#at(member);
    if (node === undefined) return undefined;
    const value = isScalar(node) ? node.value : undefined;
    if (typeof value === 'string') return value;
    if (typeof value === 'number') return (node as { source?: string }).source ?? `${value}`;
    throw this.reader.fail(node, `${member} is no text`, 'put it in quotes');
  }

  choice<V extends string>(member: string, values: readonly V[]): V | undefined {
    const value = this.text(member);
    if (value === undefined || values.includes(value as V)) return value as V | undefined;
    throw this.#wrong(
      member,
      `is none of ${values.join(', ')}`,
      `write ${values.join(' or ')}, or leave it out`,
    );
  }

  flag(member: string): boolean | undefined {
    const node = this.#at(member);
    if (node === undefined) return undefined;
    if (isScalar(node) && typeof node.value === 'boolean') return node.value;
    throw this.#wrong(member, 'is neither true nor false', 'write true or false');
  }

  integer(member: string, least: number, most: number): number | undefined {
    const node = this.#at(member);
    if (node === undefined) return undefined;
    const value = isScalar(node) ? node.value : undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    throw this.#wrong(member, `is no whole number from ${least} to ${most}`, 'correct it');
  }

  /** A path of a URL. */
  path(member: string): string | undefined {
    const value = this.text(member);
    if (value === undefined || value.startsWith('/')) return value;
    throw this.#wrong(member, 'is no path', 'begin it with /');
  }

  /** A number of seconds, or a time with its unit; milliseconds. */
  seconds(member: string): number | undefined {
    const node = this.#at(member);
    const plain =
      isScalar(node) && typeof node.value === 'number' && node.value >= 0 ? node.value : undefined;
    return plain === undefined ? this.milliseconds(member) : Math.round(plain * 1000);
  }

  milliseconds(member: string): number | undefined {
    const micros = this.microseconds(member);
    return micros === undefined ? undefined : Math.round(micros / 1000);
  }

  /** A time with its unit: `800us`, `12ms`, `1.5s`, `2m`. */
  microseconds(member: string): number | undefined {
    const node = this.#at(member);
    if (node === undefined) return undefined;
    const [, digits, unit] =
      /^(\d+(?:\.\d+)?)(us|ms|s|m)$/.exec(isScalar(node) ? String(node.value) : '') ?? [];
    const factor = { us: 1, ms: 1000, s: 1_000_000, m: 60_000_000 }[unit ?? ''];
    if (factor === undefined)
      throw this.#wrong(member, 'is no time', 'give it a unit, such as 800us, 12ms, 1.5s or 2m');
    return Math.round(Number(digits) * factor);
  }

  /** A percentage; parts per million. */
  share(member: string): number | undefined {
    const node = this.#at(member);
    if (node === undefined) return undefined;
    const [, digits] = /^(\d+(?:\.\d+)?)%$/.exec(isScalar(node) ? String(node.value) : '') ?? [];
    const perMillion = Math.round(Number(digits) * 10_000);
    if (perMillion >= 0 && perMillion <= 1_000_000) return perMillion;
    throw this.#wrong(member, 'is no share', 'write a percentage from 0% to 100%');
  }

  #at(member: string): unknown {
    const node = this.#node.get(member, true) as unknown;
    return node === null || (isScalar(node) && node.value === null) ? undefined : node;
  }

  #wrong(member: string, problem: string, hint: string): ManifestError {
    const node = this.#at(member);
    return this.reader.fail(node, `${member} ${this.reader.show(node)} ${problem}`, hint);
  }
}
