// A sorted map that copies in constant time. Nodes belong to an owner; a map changes its own nodes in place and copies
// any other's first. `fork` gives both sides a new owner, so that from then on each writes fresh nodes and shares the
// rest: chains of forks cost nothing to read, because there are no layers to look through.

/** Entries per node. Larger nodes make reads shallower and the first write after a fork dearer. */
const CAPACITY = 32;

/** Identity of the map that may change a node in place. */
type Owner = object;

/** A leaf holds keys and values; a branch holds children, and as keys the smallest key below each child. */
interface Node<K> {
  owner: Owner;
  leaf: boolean;
  keys: K[];
  /** Values of a leaf, or child nodes of a branch. */
  items: unknown[];
}

/** Order of keys: negative, zero or positive. */
export type Compare<K> = (left: K, right: K) => number;

export const byText: Compare<string> = (left, right) => (left < right ? -1 : left === right ? 0 : 1);

/** A sorted map with constant-time `fork`; all other operations are logarithmic in its size. */
export class BTree<K, V> {
  #owner: Owner = {};
  #root: Node<K>;
  #size = 0;
  readonly #compare: Compare<K>;

  constructor(compare: Compare<K>) {
    this.#compare = compare;
    this.#root = { owner: this.#owner, leaf: true, keys: [], items: [] };
  }

  get size(): number {
    return this.#size;
  }

  /** An independent copy. Neither side sees what the other writes afterwards. */
  fork(): BTree<K, V> {
    const copy = new BTree<K, V>(this.#compare);
    copy.#root = this.#root;
    copy.#size = this.#size;
    this.#owner = {};
    return copy;
  }

  get(key: K): V | undefined {
    let node = this.#root;
    while (!node.leaf) node = node.items[this.#childAt(node, key)] as Node<K>;
    const at = this.#search(node, key);
    return at >= 0 ? (node.items[at] as V) : undefined;
  }

  /** Writes `value` and returns what stood there before. */
  set(key: K, value: V): V | undefined {
    const root = (this.#root = this.#own(this.#root));
    const before = this.#insert(root, key, value);
    if (root.keys.length > CAPACITY) {
      const right = this.#split(root);
      this.#root = {
        owner: this.#owner,
        leaf: false,
        keys: [root.keys[0] as K, right.keys[0] as K],
        items: [root, right],
      };
    }
    return before;
  }

  /** Removes `key` and returns what stood there. */
  delete(key: K): V | undefined {
    const root = (this.#root = this.#own(this.#root));
    const before = this.#remove(root, key);
    while (!this.#root.leaf && this.#root.items.length <= 1) {
      this.#root = (this.#root.items[0] as Node<K> | undefined) ?? this.#emptyLeaf();
    }
    return before;
  }

  /** The smallest entry. */
  first(): [K, V] | undefined {
    let node = this.#root;
    while (!node.leaf) node = node.items[0] as Node<K>;
    return node.keys.length > 0 ? [node.keys[0] as K, node.items[0] as V] : undefined;
  }

  /** Visits entries whose keys are neither before `from` nor from `to` on, in order, until `visit` returns false. */
  scan(from: K | undefined, visit: (value: V, key: K) => boolean | void, to?: K): void {
    this.#scan(this.#root, from, to, visit);
  }

  /** Visits entries whose keys are before `to`, the last one first, until `visit` returns false. */
  scanBack(to: K | undefined, visit: (value: V, key: K) => boolean | void): void {
    this.#scanBack(this.#root, to, visit);
  }

  #emptyLeaf(): Node<K> {
    return { owner: this.#owner, leaf: true, keys: [], items: [] };
  }

  #own(node: Node<K>): Node<K> {
    if (node.owner === this.#owner) return node;
    return { owner: this.#owner, leaf: node.leaf, keys: node.keys.slice(), items: node.items.slice() };
  }

  /** Index of `key` in a leaf, or the complement of where it belongs. */
  #search(node: Node<K>, key: K): number {
    const { keys } = node;
    let low = 0;
    let high = keys.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const order = this.#compare(keys[middle] as K, key);
      if (order === 0) return middle;
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return ~low;
  }

  /** Index of the child whose range holds `key`. */
  #childAt(node: Node<K>, key: K): number {
    const at = this.#search(node, key);
    return at >= 0 ? at : Math.max(0, ~at - 1);
  }

  #insert(node: Node<K>, key: K, value: V): V | undefined {
    if (node.leaf) {
      const at = this.#search(node, key);
      if (at >= 0) {
        const before = node.items[at] as V;
        node.items[at] = value;
        return before;
      }
      node.keys.splice(~at, 0, key);
      node.items.splice(~at, 0, value);
      this.#size += 1;
      return undefined;
    }
    const at = this.#childAt(node, key);
    const child = this.#own(node.items[at] as Node<K>);
    node.items[at] = child;
    const before = this.#insert(child, key, value);
    node.keys[at] = child.keys[0] as K;
    if (child.keys.length > CAPACITY) {
      const right = this.#split(child);
      node.keys.splice(at + 1, 0, right.keys[0] as K);
      node.items.splice(at + 1, 0, right);
    }
    return before;
  }

  /** Moves the upper half of an owned node into a new one. */
  #split(node: Node<K>): Node<K> {
    const half = node.keys.length >> 1;
    return {
      owner: this.#owner,
      leaf: node.leaf,
      keys: node.keys.splice(half),
      items: node.items.splice(half),
    };
  }

  /** Nodes are dropped when empty and never merged: tables that shrink are rare, and queues empty whole leaves. */
  #remove(node: Node<K>, key: K): V | undefined {
    if (node.leaf) {
      const at = this.#search(node, key);
      if (at < 0) return undefined;
      const before = node.items[at] as V;
      node.keys.splice(at, 1);
      node.items.splice(at, 1);
      this.#size -= 1;
      return before;
    }
    const at = this.#childAt(node, key);
    const child = this.#own(node.items[at] as Node<K>);
    node.items[at] = child;
    const before = this.#remove(child, key);
    if (child.keys.length === 0) {
      node.keys.splice(at, 1);
      node.items.splice(at, 1);
    } else {
      node.keys[at] = child.keys[0] as K;
    }
    return before;
  }

  #scan(
    node: Node<K>,
    from: K | undefined,
    to: K | undefined,
    visit: (value: V, key: K) => boolean | void,
  ): boolean {
    const { keys, items } = node;
    if (node.leaf) {
      const end = this.#end(node, to);
      for (let at = from === undefined ? 0 : this.#begin(node, from); at < end; at += 1) {
        if (visit(items[at] as V, keys[at] as K) === false) return false;
      }
      return end === keys.length;
    }
    const first = from === undefined ? 0 : this.#childAt(node, from);
    for (let at = first; at < items.length; at += 1) {
      if (!this.#scan(items[at] as Node<K>, at === first ? from : undefined, to, visit)) return false;
    }
    return true;
  }

  #scanBack(node: Node<K>, to: K | undefined, visit: (value: V, key: K) => boolean | void): boolean {
    const { keys, items } = node;
    if (node.leaf) {
      for (let at = this.#end(node, to) - 1; at >= 0; at -= 1) {
        if (visit(items[at] as V, keys[at] as K) === false) return false;
      }
      return true;
    }
    const last = to === undefined ? items.length - 1 : this.#childAt(node, to);
    for (let at = last; at >= 0; at -= 1) {
      if (!this.#scanBack(items[at] as Node<K>, at === last ? to : undefined, visit)) return false;
    }
    return true;
  }

  #begin(leaf: Node<K>, from: K): number {
    const at = this.#search(leaf, from);
    return at < 0 ? ~at : at;
  }

  /** How many entries of a leaf are before `to`: one comparison for a leaf that ends before it. */
  #end(leaf: Node<K>, to: K | undefined): number {
    const { keys } = leaf;
    if (to === undefined || keys.length === 0) return keys.length;
    return this.#compare(keys.at(-1) as K, to) < 0 ? keys.length : this.#begin(leaf, to);
  }
}
