// What an update would do, without doing it: the changes of a change set.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets.html

import type { Ctx } from '#cloud/ctx.ts';
import { sameValue } from '../registry/properties.ts';
import { resources } from '../rows.ts';
import type { Definition, PropertyChange, Resource, ResourceChange, Stack } from '../rows.ts';
import { dependenciesOf } from '../template/dependencies.ts';
import { KNOWN_AFTER_APPLY } from '../template/evaluation.ts';
import { referencesOf } from '../template/references.ts';
import { isFields } from '../template/template.ts';
import type { Fields, Template, Value } from '../template/template.ts';
import { changesOf, replacesBy, takesTags } from './apply.ts';
import { attributeOf, Plan } from './plan.ts';
import type { Standing } from './plan.ts';
import { checkedProperties, policiesOf, providerFor, typeFor, workOn } from './resource-work.ts';

interface Looking {
  readonly ctx: Ctx;
  readonly stack: Stack;
  readonly definition: Definition;
  /** Logical ids whose physical id, or attributes, only the execution will tell. */
  readonly unknown: Set<string>;
  /** Properties that change, by logical id. */
  readonly changing: Map<string, ReadonlySet<string>>;
  readonly plan: Plan;
}

/** Resources that are there already and become the stack's. */
export interface ImportChoice {
  /** Physical ids by logical id. */
  readonly imports?: Readonly<Record<string, string>> | undefined;
  /** What is there under the name that the template gives is imported too. */
  readonly importExisting?: boolean | undefined;
}

/** Throws `ResourceFailure` or `Fault` where the template cannot be what it says. */
export function changesFor(
  ctx: Ctx,
  stack: Stack,
  definition: Definition,
  { imports = {}, importExisting = false }: ImportChoice = {},
): ResourceChange[] {
  const unknown = new Set<string>();
  const rows = rowsOf(ctx, stack);
  const changing = new Map<string, ReadonlySet<string>>();
  const standing = (logicalId: string): Standing | undefined => {
    const row = rows.get(logicalId);
    if (!row || unknown.has(logicalId)) return { ref: KNOWN_AFTER_APPLY, attribute: () => KNOWN_AFTER_APPLY };
    return {
      ref: row.attributes['Ref'] ?? row.physicalId ?? '',
      attribute: (name) => (changing.get(logicalId)?.has(name) ? KNOWN_AFTER_APPLY : attributeOf(row, name)),
    };
  };
  const missing = new Set<string>();
  const plan = new Plan(ctx, stack, definition, standing, (name) => {
    missing.add(name);
    return KNOWN_AFTER_APPLY;
  });
  const looking: Looking = { ctx, stack, definition, unknown, changing, plan };
  const order = inOrder(dependenciesOf(plan.template, plan.evaluation));
  const found = order.flatMap((logicalId) => {
    const row = rows.get(logicalId);
    missing.clear();
    const change = row
      ? modifying(looking, row)
      : adding(looking, logicalId, imports[logicalId], importExisting);
    const [unknownExport] = missing;
    if (!change || unknownExport === undefined) return change ?? [];
    return { ...change, unresolved: `No export named ${unknownExport}` };
  });
  const kept = new Set(order);
  const removed = [...rows.values()].filter(({ logicalId }) => !kept.has(logicalId)).map(removing);
  return [...found, ...removed].toSorted((left, right) => (left.logicalId < right.logicalId ? -1 : 1));
}

function rowsOf(ctx: Ctx, stack: Stack): Map<string, Resource> {
  const rows = ctx.scan(resources, { prefix: `${stack.id} ` });
  return new Map(
    rows
      .filter(({ gone, physicalId }) => !gone && physicalId !== undefined)
      .map((row) => [row.logicalId, row]),
  );
}

/** Each after what it needs. */
function inOrder(dependsOn: ReadonlyMap<string, readonly string[]>): string[] {
  const placed = new Set<string>();
  const place = (logicalId: string): void => {
    if (placed.has(logicalId)) return;
    for (const needed of dependsOn.get(logicalId) ?? []) place(needed);
    placed.add(logicalId);
  };
  for (const logicalId of dependsOn.keys()) place(logicalId);
  return [...placed];
}

function adding(
  looking: Looking,
  logicalId: string,
  given: string | undefined,
  importExisting: boolean,
): ResourceChange {
  const { plan, unknown } = looking;
  const declared = plan.template.resources[logicalId];
  if (!declared) throw new Error(`The template has no resource ${logicalId}.`);
  providerFor(declared.type);
  const properties = plan.properties(logicalId);
  const physicalId =
    given ?? (importExisting ? existing(looking, logicalId, declared.type, properties) : undefined);
  unknown.add(logicalId);
  return {
    action: physicalId === undefined ? 'Add' : 'Import',
    logicalId,
    ...(physicalId !== undefined && { physicalId }),
    type: declared.type,
    details: [],
    after: contextOf(properties),
  };
}

/** The name that the template gives, where that identifies the resource and something of that name is there. */
function existing(
  { ctx, stack }: Looking,
  logicalId: string,
  type: string,
  properties: Fields,
): string | undefined {
  const [identifier, ...others] = typeFor(type).identifier;
  const name = identifier === undefined ? undefined : properties[identifier];
  const provider = providerFor(type);
  if (others.length > 0 || typeof name !== 'string' || name.includes(KNOWN_AFTER_APPLY) || !provider.read)
    return undefined;
  const policies = { deletion: 'Delete', replace: 'Delete' } as const;
  const subject = {
    logicalId,
    type,
    physicalId: name,
    properties,
    policies,
    status: 'IMPORT_IN_PROGRESS',
  } as const;
  const rest = { token: '', startedAt: ctx.now, reverting: false, memory: {} };
  return provider.read(workOn(ctx, stack, { ...subject, ...rest })) ? name : undefined;
}

function contextOf(properties: Fields): string {
  return JSON.stringify({ Properties: properties });
}

function removing({ logicalId, physicalId, type, policies, properties }: Resource): ResourceChange {
  const policyAction = policies.deletion === 'RetainExceptOnCreate' ? 'Retain' : policies.deletion;
  return {
    action: 'Remove',
    policyAction,
    logicalId,
    ...(physicalId !== undefined && { physicalId }),
    type,
    details: [],
    before: contextOf(properties),
  };
}

function modifying(looking: Looking, row: Resource): ResourceChange | undefined {
  const { ctx, stack, definition, plan, unknown } = looking;
  const { logicalId, type } = row;
  const declared = plan.template.resources[logicalId];
  const provider = providerFor(type);
  const target = checkedOrRaw(logicalId, type, plan.properties(logicalId));
  const differing = changesOf(type, row.properties, target);
  looking.changing.set(logicalId, new Set(differing.map(({ path }) => path[0] ?? '')));
  const details = differing.map(({ path, replaces }) => {
    const given = declared?.properties[path[0] ?? ''];
    return detail(plan.template, path, replaces, valueAt(row.properties, path), valueAt(target, path), given);
  });
  const retagged = !sameValue(stack.definition.tags, definition.tags) && takesTags(type);
  const others = declared ? otherDetails(plan, row, declared.metadata) : [];
  if (details.length + others.length === 0 && !retagged && !provider.alwaysUpdates) return undefined;
  if (retagged)
    others.push({
      attribute: 'Tags',
      recreation: 'Never',
      evaluation: 'Static',
      source: 'DirectModification',
    });
  const policies = declared && policiesOf(declared, (value) => plan.evaluation.value(value));
  const known = { ...row, ...(policies && { policies }) };
  const replaces = replacesBy(ctx, stack, provider, known, target, differing);
  const maybe =
    !replaces &&
    details.some(({ recreation, after }) => recreation === 'Always' && after === KNOWN_AFTER_APPLY);
  if (replaces) unknown.add(logicalId);
  return {
    action: 'Modify',
    ...(replaces && policies && { policyAction: `ReplaceAnd${policies.replace}` as const }),
    logicalId,
    ...(row.physicalId !== undefined && { physicalId: row.physicalId }),
    type,
    replacement: maybe ? 'Conditional' : replaces ? 'True' : 'False',
    details: [...details, ...others],
    before: contextOf(row.properties),
    after: contextOf(target),
  };
}

/** Values that only the execution will tell may not fit their types yet. */
function checkedOrRaw(logicalId: string, type: string, given: Fields): Fields {
  if (JSON.stringify(given).includes(KNOWN_AFTER_APPLY)) {
    try {
      return checkedProperties(logicalId, type, given);
    } catch {
      return given;
    }
  }
  return checkedProperties(logicalId, type, given);
}

function otherDetails(plan: Plan, row: Resource, metadata: Value | undefined): PropertyChange[] {
  const after = metadata === undefined ? undefined : plan.evaluation.value(metadata);
  if (sameValue(row.metadata, after)) return [];
  return [{ attribute: 'Metadata', recreation: 'Never', evaluation: 'Static', source: 'DirectModification' }];
}

function valueAt(fields: Fields, path: readonly string[]): Value | undefined {
  let value: Value | undefined = fields;
  for (const name of path) value = isFields(value) ? value[name] : undefined;
  return value;
}

const RECREATION = { no: 'Never', maybe: 'Conditionally', yes: 'Always' } as const;

function detail(
  template: Template,
  path: readonly string[],
  replaces: keyof typeof RECREATION,
  before: Value | undefined,
  after: Value | undefined,
  given: Value | undefined,
): PropertyChange {
  const { source, cause } = causeOf(template, given);
  const later = JSON.stringify(after ?? null).includes(KNOWN_AFTER_APPLY);
  return {
    attribute: 'Properties',
    name: path[0] ?? '',
    path: `/Properties/${path.join('/')}`,
    recreation: RECREATION[replaces],
    ...(before !== undefined && { before: textOf(before) }),
    ...(after !== undefined && { after: textOf(after) }),
    evaluation: later ? 'Dynamic' : 'Static',
    source,
    ...(cause !== undefined && { cause }),
  };
}

function textOf(value: Value): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Where a changed value comes from, by the first reference in what the template gives. */
function causeOf(
  template: Template,
  given: Value | undefined,
): { source: NonNullable<PropertyChange['source']>; cause?: string } {
  const [first] = given === undefined ? [] : referencesOf(given);
  if (!first) return { source: 'DirectModification' };
  if (first.attribute !== undefined)
    return { source: 'ResourceAttribute', cause: `${first.name}.${first.attribute}` };
  const source = Object.hasOwn(template.parameters, first.name) ? 'ParameterReference' : 'ResourceReference';
  return { source, cause: first.name };
}
