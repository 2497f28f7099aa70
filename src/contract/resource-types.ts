// CloudFormation's resource types as AWS publishes them: properties, what changing one means, attributes. How the files in
// contracts/resource-types/ are laid out, and what they say.

/** How the files are laid out. */
export interface ResourceTypesJson {
  /** Package and version that the facts come from. */
  readonly source: string;
  readonly types: Readonly<Record<string, ResourceTypeJson>>;
  /** Structures that properties refer to by number. */
  readonly structures: readonly Readonly<Record<string, string>>[];
}

export interface ResourceTypeJson {
  /** Properties, each as a type with marks behind it: `!` required, `*` replaces the resource, `?` may replace it. */
  readonly p: Readonly<Record<string, string>>;
  /** Attributes for `Fn::GetAtt`, each with its type. */
  readonly a?: Readonly<Record<string, string>>;
  /** Properties or attributes that identify the resource. */
  readonly id?: readonly string[];
  /** The property that takes tags. */
  readonly tags?: string;
}

export type PropertyKind =
  | { readonly kind: 'string' | 'integer' | 'number' | 'boolean' | 'json' | 'timestamp' | 'tag' | 'any' }
  | { readonly kind: 'list' | 'map'; readonly of: PropertyKind }
  | { readonly kind: 'structure'; readonly number: number }
  | { readonly kind: 'either'; readonly of: readonly PropertyKind[] };

export interface PropertyFacts {
  readonly type: PropertyKind;
  readonly required: boolean;
  /** What a change of it does to the resource: `no`, `yes`, or `maybe` where that depends. */
  readonly replaces: 'no' | 'yes' | 'maybe';
}

export interface ResourceType {
  readonly name: string;
  readonly properties: ReadonlyMap<string, PropertyFacts>;
  readonly attributes: readonly string[];
  readonly identifier: readonly string[];
  readonly tagProperty: string | undefined;
  /** Members of a structure that a property refers to. */
  readonly structure: (number: number) => ReadonlyMap<string, PropertyFacts>;
}

const KINDS: Readonly<Record<string, PropertyKind['kind']>> = {
  s: 'string',
  i: 'integer',
  n: 'number',
  b: 'boolean',
  j: 'json',
  d: 'timestamp',
  t: 'tag',
  a: 'any',
};

export function resourceTypesFrom(json: ResourceTypesJson): ReadonlyMap<string, ResourceType> {
  const structures: ReadonlyMap<string, PropertyFacts>[] = [];
  const structure = (number: number): ReadonlyMap<string, PropertyFacts> =>
    (structures[number] ??= propertiesFrom(json.structures[number] ?? {}));
  return new Map(
    Object.entries(json.types).map(([name, { p, a = {}, id = [], tags }]) => [
      name,
      {
        name,
        properties: propertiesFrom(p),
        attributes: Object.keys(a),
        identifier: id,
        tagProperty: tags,
        structure,
      },
    ]),
  );
}

function propertiesFrom(json: Readonly<Record<string, string>>): ReadonlyMap<string, PropertyFacts> {
  return new Map(
    Object.entries(json).map(([name, text]) => {
      const marks = /[!*?]*$/.exec(text)?.[0] ?? '';
      const replaces = marks.includes('*') ? 'yes' : marks.includes('?') ? 'maybe' : 'no';
      const type = kindFrom(text.slice(0, text.length - marks.length));
      return [name, { type, required: marks.includes('!'), replaces }];
    }),
  );
}

/** `s` a string, `[s]` a list of them, `{s}` a map of them, `@7` a structure, `s|@7` either. */
export function kindFrom(text: string): PropertyKind {
  const parts = alternatives(text);
  if (parts.length > 1) return { kind: 'either', of: parts.map(kindFrom) };
  if (text.startsWith('[')) return { kind: 'list', of: kindFrom(text.slice(1, -1)) };
  if (text.startsWith('{')) return { kind: 'map', of: kindFrom(text.slice(1, -1)) };
  if (text.startsWith('@')) return { kind: 'structure', number: Number(text.slice(1)) };
  return { kind: (KINDS[text] ?? 'any') as 'any' };
}

/** Splits at the bars outside brackets. */
function alternatives(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at] as string;
    if (letter === '[' || letter === '{') depth += 1;
    else if (letter === ']' || letter === '}') depth -= 1;
    else if (letter === '|' && depth === 0) {
      parts.push(text.slice(from, at));
      from = at + 1;
    }
  }
  return [...parts, text.slice(from)];
}
