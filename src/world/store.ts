// Rows and timers of one world: copy-on-write trees, and the list of changes since a transition began, which is both what
// the journal records and what a rollback undoes.

import { BTree, byText } from './btree.ts';
import type { Memo, Row, Table } from './define.ts';
import type { Change } from './journal.ts';
import { TIMERS } from './timers.ts';
import type { Timer } from './timers.ts';

export { TIMERS } from './timers.ts';
export type { Timer } from './timers.ts';

const byDue = (left: Timer, right: Timer): number => left.due - right.due || left.seq - right.seq;

/** The rows of a table in one scope. */
interface Shelf {
  readonly rows: BTree<string, Row>;
  /** The same rows as far as they have been looked at since the last fork, for a look-up without comparisons. */
  readonly seen: Map<string, Row>;
  /** For each index a tree from `value NUL key` to the key. */
  readonly indexes: readonly BTree<string, string>[];
}

interface TableState {
  readonly table: Table;
  readonly indexNames: readonly string[];
  readonly indexKeys: readonly ((row: Row) => string | undefined)[];
  readonly shelves: Map<string, Shelf>;
  readonly memos: Map<Memo, unknown>;
}

const SEPARATOR = '\u0000';
/** Comes right after the separator. */
const AFTER_SEPARATOR = '\u0001';

export class Store {
  readonly #tables: Map<string, TableState>;
  #timers: BTree<Timer, Timer>;
  #foreground = 0;
  #changes: Change[] = [];

  constructor(tables: readonly Table[]) {
    this.#tables = new Map();
    for (const table of tables) {
      if (this.#tables.has(table.name)) throw new Error(`Two tables are named ${table.name}.`);
      this.#tables.set(table.name, newState(table));
    }
    this.#timers = new BTree(byDue);
  }

  /** Constant time in the number of rows and timers; only legal between transitions. */
  fork(): Store {
    const copy = new Store([]);
    for (const [name, state] of this.#tables) {
      const shelves = new Map<string, Shelf>();
      for (const [scope, { rows, indexes }] of state.shelves) {
        shelves.set(scope, {
          rows: rows.fork(),
          seen: new Map(),
          indexes: indexes.map((tree) => tree.fork()),
        });
      }
      copy.#tables.set(name, { ...state, shelves, memos: new Map() });
    }
    copy.#timers = this.#timers.fork();
    copy.#foreground = this.#foreground;
    return copy;
  }

  /** Foreground timers that are pending. */
  get foreground(): number {
    return this.#foreground;
  }

  get timerCount(): number {
    return this.#timers.size;
  }

  get tables(): readonly Table[] {
    return [...this.#tables.values()].map((state) => state.table);
  }

  size(table: Table): number {
    let size = 0;
    for (const { rows } of this.#state(table).shelves.values()) size += rows.size;
    return size;
  }

  get(table: Table, scope: string, key: string): Row | undefined {
    const shelf = this.#state(table).shelves.get(scope);
    return shelf && rowOn(shelf, key);
  }

  put(table: Table, scope: string, row: Row): void {
    const state = this.#state(table);
    this.#write(state, scope, state.table.key(row), freeze(row));
  }

  delete(table: Table, scope: string, key: string): void {
    this.#write(this.#state(table), scope, key, undefined);
  }

  /** Rows of a scope in key order, from `from` on, until `visit` returns false. */
  scan(table: Table, scope: string, from: string, visit: (row: Row, key: string) => boolean | void): void {
    this.#state(table).shelves.get(scope)?.rows.scan(from, visit);
  }

  /** Rows of a scope before `to`, the last one first, until `visit` returns false. */
  scanBack(table: Table, scope: string, to: string, visit: (row: Row, key: string) => boolean | void): void {
    this.#state(table).shelves.get(scope)?.rows.scanBack(to, visit);
  }

  /** Rows of a scope that an index files under `value`, in key order. */
  scanIndex(table: Table, scope: string, index: string, value: string, visit: (row: Row) => void): void {
    const state = this.#state(table);
    const at = state.indexNames.indexOf(index);
    if (at < 0) throw new Error(`Table ${table.name} has no index ${index}.`);
    const shelf = state.shelves.get(scope);
    shelf?.indexes[at]?.scan(
      value + SEPARATOR,
      (key) => visit(rowOn(shelf, key) as Row),
      value + AFTER_SEPARATOR,
    );
  }

  /** All rows of all scopes, for whoever looks at a whole table: saving, invariants, the console. */
  scanAll(table: Table, visit: (row: Row, scope: string, key: string) => void): void {
    const shelves = [...this.#state(table).shelves].toSorted(([left], [right]) => byText(left, right));
    for (const [scope, { rows }] of shelves) rows.scan(undefined, (row, key) => visit(row, scope, key));
  }

  /** What is kept of a table's rows; see `Memo`. */
  memo<V, R extends Row>(memo: Memo<V, R>): V {
    const { memos } = this.#state(memo.table);
    let kept = memos.get(memo);
    if (kept === undefined) memos.set(memo, (kept = memo.empty()));
    return kept as V;
  }

  firstTimer(): Timer | undefined {
    return this.#timers.first()?.[1];
  }

  scanTimers(visit: (timer: Timer) => boolean | void): void {
    this.#timers.scan(undefined, visit);
  }

  addTimer(timer: Timer): void {
    this.#applyTimer(timer, true);
    this.#changes.push({ table: TIMERS, key: String(timer.seq), before: undefined, after: timer });
  }

  removeTimer(timer: Timer): void {
    this.#applyTimer(timer, false);
    this.#changes.push({ table: TIMERS, key: String(timer.seq), before: timer, after: undefined });
  }

  /** A place to roll back to. */
  mark(): number {
    return this.#changes.length;
  }

  rollback(mark: number): void {
    while (this.#changes.length > mark) {
      const { table, key, before, after } = this.#changes.pop() as Change;
      if (table === TIMERS) this.#applyTimer((before ?? after) as Timer, before !== undefined);
      else {
        const bar = key.indexOf('|');
        const state = this.#tables.get(table) as TableState;
        this.#apply(state, key.slice(0, bar), key.slice(bar + 1), after, before);
      }
    }
  }

  /** Hands over the changes since the last commit. */
  commit(): readonly Change[] {
    const changes = this.#changes;
    this.#changes = [];
    return changes;
  }

  #state(table: Table): TableState {
    const state = this.#tables.get(table.name);
    if (!state) throw new Error(`Table ${table.name} is not part of this world.`);
    return state;
  }

  #write(state: TableState, scope: string, key: string, after: Row | undefined): void {
    const before = swap(state, scope, key, after);
    if (before === after) return;
    refile(state, scope, key, before, after);
    this.#changes.push({ table: state.table.name, key: `${scope}|${key}`, before, after });
  }

  #apply(
    state: TableState,
    scope: string,
    key: string,
    before: Row | undefined,
    after: Row | undefined,
  ): void {
    swap(state, scope, key, after);
    refile(state, scope, key, before, after);
  }

  #applyTimer(timer: Timer, present: boolean): void {
    if (present) this.#timers.set(timer, timer);
    else this.#timers.delete(timer);
    if (!timer.background) this.#foreground += present ? 1 : -1;
  }
}

function newState(table: Table): TableState {
  const indexNames = Object.keys(table.indexes);
  const indexKeys = indexNames.map((name) => table.indexes[name] as (row: Row) => string | undefined);
  return { table, indexNames, indexKeys, shelves: new Map(), memos: new Map() };
}

function shelfOf({ shelves, indexKeys }: TableState, scope: string): Shelf {
  let shelf = shelves.get(scope);
  if (!shelf) {
    const indexes = indexKeys.map(() => new BTree<string, string>(byText));
    shelves.set(scope, (shelf = { rows: new BTree(byText), seen: new Map(), indexes }));
  }
  return shelf;
}

function rowOn({ rows, seen }: Shelf, key: string): Row | undefined {
  const known = seen.get(key);
  if (known) return known;
  const row = rows.get(key);
  if (row) seen.set(key, row);
  return row;
}

/** Writes or removes a row, and returns what stood there before. */
function swap(state: TableState, scope: string, key: string, after: Row | undefined): Row | undefined {
  const { rows, seen } = shelfOf(state, scope);
  if (after === undefined) {
    seen.delete(key);
    return rows.delete(key);
  }
  seen.set(key, after);
  return rows.set(key, after);
}

function refile(
  state: TableState,
  scope: string,
  key: string,
  before: Row | undefined,
  after: Row | undefined,
): void {
  for (const [memo, kept] of state.memos) memo.changed(kept, scope, before, after);
  if (state.indexKeys.length === 0) return;
  const { indexes } = shelfOf(state, scope);
  state.indexKeys.forEach((indexKey, at) => {
    const old = before && indexKey(before);
    const fresh = after && indexKey(after);
    if (old === fresh) return;
    const tree = indexes[at] as BTree<string, string>;
    if (old !== undefined) tree.delete(old + SEPARATOR + key);
    if (fresh !== undefined) tree.set(fresh + SEPARATOR + key, key);
  });
}

/** Freezes a row all the way down, so that sharing it between forks is safe. */
function freeze<R extends Row>(row: R): R {
  if (Object.isFrozen(row)) return row;
  if (Array.isArray(row)) {
    for (const value of row) if (typeof value === 'object' && value !== null) freeze(value);
  } else {
    for (const key in row) {
      const value = row[key];
      if (typeof value === 'object' && value !== null) freeze(value);
    }
  }
  return Object.freeze(row);
}
