// How an update changes an item. Everything that is read is read from the item as it was, and positions in lists mean what
// they meant then.

import { invalid } from '../faults.ts';
import { sum } from '../values/number.ts';
import { itemOf, typeOf } from '../values/value.ts';
import type { Item, Value } from '../values/value.ts';
import { at } from './path.ts';
import type { Path } from './path.ts';
import type { Term, Update } from './update.ts';

/** A new value at a path; nothing: what is there goes. */
interface Change {
  readonly path: Path;
  readonly to: Value | undefined;
}

function incorrectType(): Error {
  return invalid('An operand in the update expression has an incorrect data type');
}

export function applied(update: Update, item: Item): Item {
  const changes: Change[] = [
    ...update.set.map(({ path, term }) => ({ path, to: valueOf(term, item) })),
    ...update.add.map(({ path, value }) => ({ path, to: added(at(item, path), value) })),
    ...update.delete.map(({ path, value }) => ({ path, to: taken(at(item, path), value) })),
    ...update.remove.map(({ path }) => ({ path, to: undefined })),
  ];
  return changedMembers(item, changes, 0);
}

function valueOf(term: Term, item: Item): Value {
  switch (term.kind) {
    case 'value':
      return term.value;
    case 'path': {
      const value = at(item, term.path);
      if (value) return value;
      throw invalid('The provided expression refers to an attribute that does not exist in the item');
    }
    case 'if_not_exists':
      return at(item, term.path) ?? valueOf(term.otherwise, item);
    case 'list_append': {
      const [left, right] = [valueOf(term.left, item), valueOf(term.right, item)];
      if (!('L' in left) || !('L' in right)) throw incorrectType();
      return { L: [...left.L, ...right.L] };
    }
    default: {
      const [left, right] = [valueOf(term.left, item), valueOf(term.right, item)];
      if (!('N' in left) || !('N' in right)) throw incorrectType();
      return { N: sum(left.N, right.N, term.kind === '+' ? 1 : -1) };
    }
  }
}

function added(before: Value | undefined, value: Value): Value {
  if (!before) return value;
  if (typeOf(before) !== typeOf(value)) throw incorrectType();
  if ('N' in before && 'N' in value) return { N: sum(before.N, value.N) };
  if ('SS' in before && 'SS' in value) return { SS: [...new Set([...before.SS, ...value.SS])] };
  if ('NS' in before && 'NS' in value) return { NS: [...new Set([...before.NS, ...value.NS])] };
  if ('BS' in before && 'BS' in value) return { BS: [...new Set([...before.BS, ...value.BS])] };
  throw incorrectType();
}

/** A set without some members. An empty one goes. */
function taken(before: Value | undefined, value: Value): Value | undefined {
  if (!before) return undefined;
  if (typeOf(before) !== typeOf(value)) throw incorrectType();
  const without = (members: readonly string[], gone: readonly string[]): string[] =>
    members.filter((member) => !gone.includes(member));
  const left =
    'SS' in before && 'SS' in value
      ? { SS: without(before.SS, value.SS) }
      : 'NS' in before && 'NS' in value
        ? { NS: without(before.NS, value.NS) }
        : { BS: without('BS' in before ? before.BS : [], 'BS' in value ? value.BS : []) };
  const [members] = Object.values(left);
  return members?.length === 0 ? undefined : left;
}

/** `depth`: how much of the changes' paths leads to `value`. */
function changed(value: Value | undefined, changes: readonly Change[], depth: number): Value | undefined {
  const [first] = changes;
  // Paths that go on beyond one another have been refused: a change that ends here is the only one.
  if (first?.path.length === depth) return first.to;
  const inMap = typeof first?.path[depth] === 'string';
  if (inMap && value && 'M' in value) return { M: changedMembers(value.M, changes, depth) };
  if (!inMap && value && 'L' in value) return { L: changedElements(value.L, changes, depth) };
  throw invalid('The document path provided in the update expression is invalid for update');
}

function byPiece(changes: readonly Change[], depth: number): Map<string | number, Change[]> {
  const groups = new Map<string | number, Change[]>();
  for (const change of changes) {
    const piece = change.path[depth] as string | number;
    const group = groups.get(piece);
    if (group) group.push(change);
    else groups.set(piece, [change]);
  }
  return groups;
}

function changedMembers(members: Item, changes: readonly Change[], depth: number): Item {
  const after = new Map(Object.entries(members));
  for (const [name, group] of byPiece(changes, depth)) {
    const value = changed(after.get(name as string), group, depth + 1);
    if (value) after.set(name as string, value);
    else after.delete(name as string);
  }
  return itemOf(after);
}

/** Elements beyond the end are appended, in the order of their positions. */
function changedElements(elements: readonly Value[], changes: readonly Change[], depth: number): Value[] {
  const groups = [...byPiece(changes, depth)].toSorted(([left], [right]) => Number(left) - Number(right));
  const after: (Value | undefined)[] = [...elements];
  for (const [position, group] of groups) {
    const index = Math.min(Number(position), after.length);
    after[index] = changed(elements[Number(position)], group, depth + 1);
  }
  return after.filter((element) => element !== undefined);
}
