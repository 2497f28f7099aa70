// A service's contract: the facts AWS publishes about its API, under their own names. Shapes and members are
// resolved the first time they are asked for: EC2 has 4,000 shapes and a request meets ten of them.
import type {
  ContractHeader,
  ContractJson,
  Kind,
  OperationJson,
  Protocol,
  RefFacts,
  RefJson,
  ShapeJson,
} from './contract-json.ts';

export type { ContractHeader, ContractJson, Kind, Protocol } from './contract-json.ts';

/** A decoded input or an output to encode: members by name. */
export type Structure = Readonly<Record<string, unknown>>;

/**
 * A member of a structure, or the item, key or value of a collection: a shape with the names it has on each
 * wire.
 */
export interface Member {
  readonly name: string;
  readonly shape: Shape;
  readonly required: boolean;
  readonly jsonName: string;
  readonly xmlName: string;
  /** In query strings: as in XML, except in EC2's protocol, which has its own capital letters. */
  readonly queryName: string;
  readonly location: string | undefined;
  readonly locationName: string;
  readonly flattened: boolean;
  readonly xmlAttribute: boolean;
  readonly xmlNamespace: string | readonly [string, string] | undefined;
  readonly timestampFormat: string | undefined;
  readonly streaming: boolean;
  readonly idempotencyToken: boolean;
  readonly jsonValue: boolean;
}

export interface ErrorFacts {
  readonly code: string;
  readonly status: number;
  readonly server: boolean;
}

export class Shape {
  readonly name: string;
  readonly kind: Kind;
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly sensitive: boolean;
  readonly union: boolean;
  readonly eventStream: boolean;
  readonly streaming: boolean;
  readonly timestampFormat: string | undefined;
  readonly xmlName: string | undefined;
  readonly xmlNamespace: string | readonly [string, string] | undefined;
  /** The pattern as published, for messages; absent when the generator left it out. */
  readonly patternSource: string | undefined;
  readonly enumeration: readonly string[] | undefined;
  readonly #json: ShapeJson;
  readonly #contract: Contract;
  #members: readonly Member[] | undefined;
  #byName: Map<string, Member> | undefined;
  #byJsonName: Map<string, Member> | undefined;
  #byXmlName: Map<string, Member> | undefined;
  #values: ReadonlySet<string> | undefined;
  #pattern: RegExp | undefined;
  #constrained: boolean | undefined;
  #item: Member | undefined;
  #key: Member | undefined;

  constructor(contract: Contract, name: string, json: ShapeJson) {
    this.name = name;
    this.kind = json.t;
    this.min = json.min;
    this.max = json.max;
    this.sensitive = json.sn === 1;
    this.union = json.u === 1;
    this.eventStream = json.es === 1;
    this.streaming = json.st === 1;
    this.timestampFormat = json.ts;
    this.xmlName = json.n;
    this.xmlNamespace = json.ns;
    this.patternSource = json.pj ?? json.p;
    this.enumeration = json.e;
    this.#json = json;
    this.#contract = contract;
  }

  get members(): readonly Member[] {
    if (this.#members === undefined) {
      const required = new Set(this.#json.r);
      this.#members = Object.entries(this.#json.m ?? {}).map(([name, ref]) =>
        resolve(this.#contract, name, ref, required.has(name)),
      );
    }
    return this.#members;
  }

  member(name: string): Member | undefined {
    this.#byName ??= new Map(this.members.map((member) => [member.name, member]));
    return this.#byName.get(name);
  }

  memberByJsonName(name: string): Member | undefined {
    this.#byJsonName ??= new Map(this.members.map((member) => [member.jsonName, member]));
    return this.#byJsonName.get(name);
  }

  memberByXmlName(name: string): Member | undefined {
    this.#byXmlName ??= new Map(this.members.map((member) => [member.xmlName, member]));
    return this.#byXmlName.get(name);
  }

  get required(): readonly string[] {
    return this.#json.r ?? [];
  }

  /** The item of a list or the value of a map. */
  get item(): Member {
    const ref = this.#json.l ?? this.#json.v;
    if (ref === undefined) throw new TypeError(`${this.name} is not a collection`);
    this.#item ??= resolve(this.#contract, this.kind === 'map' ? 'value' : 'member', ref, true);
    return this.#item;
  }

  get key(): Member {
    if (this.#json.k === undefined) throw new TypeError(`${this.name} is not a map`);
    this.#key ??= resolve(this.#contract, 'key', this.#json.k, true);
    return this.#key;
  }

  /** Whether this shape or anything in it asks anything of a value: most of EC2's do not. */
  get constrained(): boolean {
    this.#constrained ??= this.#reachesConstraint(new Set());
    return this.#constrained;
  }

  #reachesConstraint(seen: Set<Shape>): boolean {
    if (seen.has(this)) return false;
    seen.add(this);
    const { r, e, min, max, p } = this.#json;
    if ((r?.length ?? 0) > 0 || e !== undefined || min !== undefined || max !== undefined || p !== undefined)
      return true;
    const inside =
      this.kind === 'list' ? [this.item] : this.kind === 'map' ? [this.key, this.item] : this.members;
    return inside.some((member) => member.shape.#reachesConstraint(seen));
  }

  /** The member that is the whole HTTP body. */
  get payload(): Member | undefined {
    return this.#json.pl === undefined ? undefined : this.member(this.#json.pl);
  }

  get flattened(): boolean {
    return this.#json.f === 1;
  }

  get values(): ReadonlySet<string> | undefined {
    if (this.#json.e !== undefined) this.#values ??= new Set(this.#json.e);
    return this.#values;
  }

  /** Anchored at both ends, as Java's `matches` is. */
  get pattern(): RegExp | undefined {
    if (this.#json.p !== undefined)
      this.#pattern ??= new RegExp(`^(?:${this.#json.p})$`, `su${this.#json.pi ?? ''}`);
    return this.#pattern;
  }

  get error(): ErrorFacts | undefined {
    const facts = this.#json.x;
    if (facts === undefined) return undefined;
    const server = facts.f === 1;
    return { code: facts.c ?? this.name, status: facts.s ?? (server ? 500 : 400), server };
  }
}

function resolve(contract: Contract, name: string, ref: RefJson, required: boolean): Member {
  const facts: RefFacts = typeof ref === 'string' ? { s: ref } : ref;
  const shape = contract.shape(facts.s);
  const flattened = facts.f === 1 || shape.flattened;
  // A flattened list has no element of its own: its items carry the name, and the item's own name goes before
  // the list's.
  const itemName = flattened && shape.kind === 'list' ? contract.itemName(facts.s) : undefined;
  const xmlName = facts.x ?? itemName ?? facts.n ?? name;
  const ec2 = contract.header.protocols[0] === 'ec2';
  return {
    name,
    shape,
    required,
    jsonName: facts.n ?? name,
    xmlName,
    queryName: ec2 ? (facts.q ?? upperFirst(facts.n ?? name)) : xmlName,
    location: facts.in,
    locationName: facts.n ?? name,
    flattened,
    xmlAttribute: facts.a === 1,
    xmlNamespace: facts.ns ?? shape.xmlNamespace,
    timestampFormat: facts.ts ?? shape.timestampFormat,
    streaming: facts.st === 1 || shape.streaming,
    idempotencyToken: facts.tok === 1,
    jsonValue: facts.jv === 1,
  };
}

function upperFirst(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

export interface Operation {
  readonly name: string;
  readonly method: string;
  /** URI template of the REST protocols: `/{Bucket}/{Key+}?uploads`. */
  readonly uri: string;
  /** The HTTP status of success. */
  readonly status: number;
  readonly input: Shape | undefined;
  readonly output: Shape | undefined;
  readonly errors: readonly string[];
  readonly resultWrapper: string | undefined;
  /** Root element of the request body in XML, and its namespace. */
  readonly rootName: string | undefined;
  readonly hostPrefix: string | undefined;
  readonly checksumRequired: boolean;
  /** May be called without credentials. */
  readonly anonymous: boolean;
  /** The output's only member is the root element of the answer. */
  readonly unwrapped: boolean;
  readonly eventStream: boolean;
  readonly idempotencyTokens: readonly string[];
}

export class Contract {
  readonly header: ContractHeader;
  readonly id: string;
  /** Patterns that the model has and `validate` does not test, with the reason. */
  readonly skippedPatterns: Readonly<Record<string, string>>;
  readonly #json: ContractJson;
  readonly #shapes = new Map<string, Shape>();
  readonly #operations = new Map<string, Operation>();

  constructor(json: ContractJson) {
    const { operations: _operations, shapes: _shapes, skippedPatterns, source: _source, ...header } = json;
    this.header = header;
    this.id = json.id;
    this.skippedPatterns = skippedPatterns ?? {};
    this.#json = json;
  }

  get protocols(): readonly Protocol[] {
    return this.header.protocols;
  }

  get operationNames(): readonly string[] {
    return Object.keys(this.#json.operations);
  }

  /** The published facts, for tools that list or compare contracts. */
  get json(): ContractJson {
    return this.#json;
  }

  operation(name: string): Operation | undefined {
    const known = this.#operations.get(name);
    if (known !== undefined) return known;
    const json = Object.hasOwn(this.#json.operations, name) ? this.#json.operations[name] : undefined;
    if (json === undefined) return undefined;
    const operation = this.#resolveOperation(name, json);
    this.#operations.set(name, operation);
    return operation;
  }

  /** A shape that the contract is known to have. */
  shape(name: string): Shape {
    const known = this.#shapes.get(name);
    if (known !== undefined) return known;
    const json = Object.hasOwn(this.#json.shapes, name) ? this.#json.shapes[name] : undefined;
    if (json === undefined) throw new TypeError(`${this.id} has no shape ${name}`);
    const shape = new Shape(this, name, json);
    this.#shapes.set(name, shape);
    return shape;
  }

  /** The error shape that a fault names by its shape, or by the code that the wire shows for it. */
  errorShape(name: string): Shape | undefined {
    if (Object.hasOwn(this.#json.shapes, name) && this.#json.shapes[name]?.x !== undefined)
      return this.shape(name);
    return undefined;
  }

  /** The name that a list's items have on the wire when it is not `member`. */
  itemName(list: string): string | undefined {
    const ref = this.#json.shapes[list]?.l;
    return ref === undefined || typeof ref === 'string' ? undefined : ref.n;
  }

  #resolveOperation(name: string, json: OperationJson): Operation {
    const input = json.i === undefined ? undefined : this.shape(json.i);
    const output = json.o === undefined ? undefined : this.shape(json.o);
    const [method, uri, status = 200] = json.h ?? ['POST', '/'];
    const streams = (shape: Shape | undefined): boolean =>
      shape?.members.some((m) => m.shape.eventStream) ?? false;
    return {
      name,
      method,
      uri,
      status,
      input,
      output,
      errors: json.e ?? [],
      resultWrapper: json.w,
      rootName: json.n,
      hostPrefix: json.host,
      checksumRequired: json.ck === 1,
      anonymous: json.anon === 1,
      unwrapped: json.uw === 1,
      eventStream: streams(input) || streams(output),
      idempotencyTokens: input?.members.filter((m) => m.idempotencyToken).map((m) => m.name) ?? [],
    };
  }
}

export function contractFromJson(json: ContractJson): Contract {
  return new Contract(json);
}
