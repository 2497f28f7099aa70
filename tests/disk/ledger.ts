// What an endpoint has promised to writers, and whether it is still so.

/** The values that something may have: the last one that was acknowledged, or one that was asked for after it. */
export class Ledger {
  readonly #kept = new Map<string, { acknowledged: string | undefined; asked: Set<string | undefined> }>();
  acknowledged = 0;

  /** Writes through `send`, which rejects where no acknowledgement came. `undefined` is a removal. */
  async write(name: string, value: string | undefined, send: () => Promise<unknown>): Promise<boolean> {
    const entry = this.#kept.get(name) ?? { acknowledged: undefined, asked: new Set() };
    this.#kept.set(name, entry);
    entry.asked.add(value);
    try {
      await send();
    } catch {
      return false;
    }
    entry.acknowledged = value;
    entry.asked = new Set();
    this.acknowledged += 1;
    return true;
  }

  /** Names whose writes begin so. */
  names(prefix: string): string[] {
    return [...this.#kept.keys()].filter((name) => name.startsWith(prefix));
  }

  /** Whether a name has to be there: that was acknowledged, and nobody has asked for its removal since. */
  promised(name: string): boolean {
    const entry = this.#kept.get(name);
    return entry?.acknowledged !== undefined && !entry.asked.has(undefined);
  }

  /** Throws where a value is none that the name may have. From then on it has that one. */
  check(name: string, found: string | undefined): void {
    const entry = this.#kept.get(name);
    if (!entry) throw new Error(`${name} is ${found}, and nobody wrote it.`);
    if (found !== entry.acknowledged && !entry.asked.has(found))
      throw new Error(`${name} is ${found}, and ${entry.acknowledged} was acknowledged.`);
    entry.acknowledged = found;
    entry.asked = new Set();
  }

  forget(name: string): void {
    this.#kept.delete(name);
  }
}
