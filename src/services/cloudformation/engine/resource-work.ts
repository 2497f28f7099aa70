// Work on one resource: what its provider is handed, and the checks before that.

import { Fault } from '#contract/fault.ts';
import { loadResourceType, resourceTypeNames } from '#contract/load.ts';
import type { ResourceType } from '#contract/resource-types.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Principal } from '#cloud/principal.ts';
import { recordResource } from '../events.ts';
import { providerOf } from '../providers/index.ts';
import { ResourceFailure, Work } from '../providers/provider.ts';
import type { Provider } from '../providers/provider.ts';
import { problemText, readProperties } from '../registry/properties.ts';
import type { Problem } from '../registry/properties.ts';
import type { Policies, Resource, Stack } from '../rows.ts';
import { checkSecureReferences, resolveDynamicReferences } from '../template/dynamic-references.ts';
import { fatesOf } from '../template/sections.ts';
import { isFields } from '../template/template.ts';
import type { Fields, ResourceDeclaration, Value } from '../template/template.ts';
import { dynamicReference } from './dynamic-references.ts';
import { asStack } from './principal.ts';

export const CUSTOM_RESOURCE = 'AWS::CloudFormation::CustomResource';

/** Custom resources may have a type name of their own; they are all handled alike. */
export function registeredName(type: string): string {
  return type.startsWith('Custom::') ? CUSTOM_RESOURCE : type;
}

export function isModelled(type: string): boolean {
  const name = registeredName(type);
  return providerOf(name) !== undefined && loadResourceType(name) !== undefined;
}

/** Whether AWS has the type at all. */
export function isPublished(type: string): boolean {
  return type.startsWith('Custom::') || resourceTypeNames().has(type);
}

/** Throws `ResourceFailure` for a type that is not modelled. */
export function providerFor(type: string): Provider {
  const provider = providerOf(registeredName(type));
  if (!provider)
    throw new ResourceFailure(`Sandtable does not model the resource type ${type}.`, 'NotImplemented');
  return provider;
}

export function typeFor(type: string): ResourceType {
  const found = loadResourceType(registeredName(type));
  if (!found)
    throw new ResourceFailure(`Sandtable does not model the resource type ${type}.`, 'NotImplemented');
  return found;
}

/** Properties in their declared types, checked. Throws `ResourceFailure`. */
export function checkedProperties(logicalId: string, typeName: string, given: Fields): Fields {
  const type = typeFor(typeName);
  checkSecureReferences(typeName, given);
  if (type.name === CUSTOM_RESOURCE) return given;
  const problems: Problem[] = [];
  const read = readProperties(type, given, problems);
  if (problems.length > 0) throw new ResourceFailure(problemText(logicalId, problems), 'InvalidRequest');
  const refused = providerFor(typeName).refused?.find((path) => gives(read, path.split('.')));
  if (refused !== undefined) {
    const what = `Sandtable does not model the property ${refused} of ${typeName}.`;
    throw new ResourceFailure(what, 'NotImplemented');
  }
  return read;
}

/** Whether properties give a value at a dotted path; lists are looked through. */
function gives(value: Value | undefined, path: readonly string[]): boolean {
  if (value === undefined) return false;
  if (Array.isArray(value)) return value.some((item) => gives(item as Value, path));
  const [name, ...rest] = path;
  if (name === undefined) return true;
  return isFields(value) && Object.hasOwn(value, name) && gives(value[name], rest);
}

/** Policies as a template declares them. Functions in creation and update policies are evaluated. */
export function policiesOf(
  declared: ResourceDeclaration,
  evaluate: (value: Value) => Value | undefined,
): Policies {
  const { creationPolicy, updatePolicy } = declared;
  const [creation, update] = [creationPolicy, updatePolicy].map((policy) => policy && evaluate(policy));
  return {
    ...(fatesOf(declared, evaluate) as Pick<Policies, 'deletion' | 'replace'>),
    ...(isFields(creation) && { creation }),
    ...(isFields(update) && { update }),
  };
}

/** The reason in a failure's event. What is neither a fault nor a failure is our own bug. */
export function reasonOf(error: unknown): string {
  if (error instanceof ResourceFailure || error instanceof Fault) return error.message;
  throw error;
}

const DYNAMIC = '{{resolve:';

/**
 * Properties with their dynamic references resolved, in the declared types. Rows and events keep the references, so that no
 * secret is told, and a secret that changes changes nothing by itself.
 */
function withSecrets(ctx: Ctx, as: Principal, { logicalId, type }: Subject, properties: Fields): Fields {
  if (!JSON.stringify(properties).includes(DYNAMIC)) return properties;
  const resolved = resolveDynamicReferences(properties, (service, text) =>
    dynamicReference(ctx, as, service, text),
  );
  return checkedProperties(logicalId, type, resolved as Fields);
}

interface Subject {
  readonly logicalId: string;
  readonly type: string;
  readonly physicalId?: string | undefined;
  readonly properties: Fields;
  readonly previous?: Fields | undefined;
  readonly policies: Policies;
  readonly token: string;
  readonly startedAt: number;
  readonly reverting: boolean;
  readonly memory: Fields;
  readonly status: Resource['status'];
}

export function workOn(ctx: Ctx, stack: Stack, subject: Subject): Work {
  const { definition, id, name, onFailure, parent } = stack;
  const { type, status, logicalId, physicalId } = subject;
  const as = (): Principal => asStack(ctx, stack);
  return new Work({
    ctx,
    stack: {
      id,
      name,
      tags: definition.tags,
      notificationArns: definition.notificationArns,
      disableRollback: onFailure === 'DO_NOTHING',
      rootId: parent?.rootId ?? id,
    },
    ...subject,
    properties: () => withSecrets(ctx, as(), subject, subject.properties),
    previous: subject.previous,
    typeName: type,
    as,
    tell: (reason) => recordResource(ctx, stack, { logicalId, type, physicalId }, status, reason),
  });
}
