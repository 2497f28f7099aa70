// Rows and timers of one world: copy-on-write trees, and the list of changes since a transition began, which is both what
// the journal records and what a rollback undoes.

import { BTree, byText } from './btree.ts';
import type { Row, Table } from './define.ts';
import type { Change } from './journal.ts';

/** A durable call in the future. Timers fire in the order of (due, seq). */
export interface Timer {
  readonly due: number;
  readonly seq: number;
  readonly kind: string;
  readonly scope: string;
  readonly background: boolean;
  readonly payload: unknown;
}

/** Under which name timers stand in the journal. */
export const TIMERS = 'world/timers';

const byDue = (left: Timer, right: Timer): number => left.due - right.due || left.seq - right.seq;

interface TableState {
  readonly table: Table;
  readonly rows: BTree<string, Row>;
  /** Index name → a tree from `scope|value NUL key` to the row's place in `rows`. */
  readonly indexes: readonly (readonly [(row: Row) => string | undefined, BTree<string, string>])[];
  readonly indexNames: readonly string[];
}

const SEPARATOR = '\u0000';

export function scoped(scope: string, key: string): string {
  return `${scope}|${key}`;
}

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
      copy.#tables.set(name, {
        ...state,
        rows: state.rows.fork(),
        indexes: state.indexes.map(([key, tree]) => [key, tree.fork()] as const),
      });
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
    return this.#state(table).rows.size;
  }

  get(table: Table, scope: string, key: string): Row | undefined {
    return this.#state(table).rows.get(scoped(scope, key));
  }

  put(table: Table, scope: string, row: Row): void {
    const state = this.#state(table);
    this.#write(state, scoped(scope, state.table.key(row)), freeze(row));
  }

  delete(table: Table, scope: string, key: string): void {
    this.#write(this.#state(table), scoped(scope, key), undefined);
  }

  /** Rows of a scope in key order, from `from` on, until `visit` returns false. */
  scan(table: Table, scope: string, from: string, visit: (row: Row, key: string) => boolean | void): void {
    const prefix = scoped(scope, '');
    this.#state(table).rows.scan(prefix + from, (row, key) =>
      key.startsWith(prefix) ? visit(row, key.slice(prefix.length)) : false,
    );
  }

  /** Rows of a scope that an index files under `value`, in key order. */
  scanIndex(table: Table, scope: string, index: string, value: string, visit: (row: Row) => void): void {
    const state = this.#state(table);
    const entry = state.indexes[state.indexNames.indexOf(index)];
    if (!entry) throw new Error(`Table ${table.name} has no index ${index}.`);
    const prefix = scoped(scope, value) + SEPARATOR;
    entry[1].scan(prefix, (place, key) => {
      if (!key.startsWith(prefix)) return false;
      visit(state.rows.get(place) as Row);
      return true;
    });
  }

  /** All rows of all scopes, for whoever looks at a whole table: saving, invariants, the console. */
  scanAll(table: Table, visit: (row: Row, scope: string, key: string) => void): void {
    this.#state(table).rows.scan(undefined, (row, place) => {
      const bar = place.indexOf('|');
      visit(row, place.slice(0, bar), place.slice(bar + 1));
    });
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
      else this.#apply(this.#tables.get(table) as TableState, key, after, before);
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

  #write(state: TableState, place: string, after: Row | undefined): void {
    const before = after === undefined ? state.rows.delete(place) : state.rows.set(place, after);
    if (before === after) return;
    if (state.indexes.length > 0) refile(state, place, before, after);
    this.#changes.push({ table: state.table.name, key: place, before, after });
  }

  #apply(state: TableState, place: string, before: Row | undefined, after: Row | undefined): void {
    if (after === undefined) state.rows.delete(place);
    else state.rows.set(place, after);
    if (state.indexes.length > 0) refile(state, place, before, after);
  }

  #applyTimer(timer: Timer, present: boolean): void {
    if (present) this.#timers.set(timer, timer);
    else this.#timers.delete(timer);
    if (!timer.background) this.#foreground += present ? 1 : -1;
  }
}

function newState(table: Table): TableState {
  const indexNames = Object.keys(table.indexes);
  return {
    table,
    rows: new BTree(byText),
    indexNames,
    indexes: indexNames.map((name) => [
      table.indexes[name] as (row: Row) => string,
      new BTree<string, string>(byText),
    ]),
  };
}

function refile(state: TableState, place: string, before: Row | undefined, after: Row | undefined): void {
  const bar = place.indexOf('|');
  for (const [indexKey, tree] of state.indexes) {
    const old = before && indexKey(before);
    const fresh = after && indexKey(after);
    if (old === fresh) continue;
    if (old !== undefined) tree.delete(`${place.slice(0, bar)}|${old}${SEPARATOR}${place.slice(bar + 1)}`);
    if (fresh !== undefined)
      tree.set(`${place.slice(0, bar)}|${fresh}${SEPARATOR}${place.slice(bar + 1)}`, place);
  }
}

/** Freezes a row all the way down, so that sharing it between forks is safe. */
export function freeze<R extends Row>(row: R): R {
  if (Object.isFrozen(row)) return row;
  for (const key in row) {
    const value = row[key];
    if (typeof value === 'object' && value !== null) freeze(value);
  }
  return Object.freeze(row);
}
