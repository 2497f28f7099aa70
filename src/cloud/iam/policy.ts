// A policy document, checked and compiled: everything about it that does not depend on a request is worked
// out once.

import { Fault } from '#contract/fault.ts';
import { compileCondition, isNegated, parseOperator, type ConditionTest } from './conditions.ts';
import {
  compileActions,
  compileResolves,
  compileResources,
  type ActionMatcher,
  type Context,
  type ResourceMatcher,
} from './match.ts';
import {
  compileNotPrincipal,
  compilePrincipal,
  Grade,
  type NamedPrincipal,
  type PolicyPrincipal,
} from './principals.ts';
import { listOf, namedPrincipals, validatePolicy, type PolicyKind, type RawStatement } from './validate.ts';

export type { PolicyKind } from './validate.ts';

export interface Statement {
  readonly sid: string | undefined;
  readonly effect: 'Allow' | 'Deny';
  readonly matchesAction: ActionMatcher;
  readonly matchesResource: ResourceMatcher;
  /** Always `itself` where the policy kind has no principals. */
  readonly grade: (principal: PolicyPrincipal, hasBoundary: boolean) => Grade;
  readonly conditions: readonly ConditionTest[];
  /** Who is named, so that a service can refuse principals that do not exist. */
  readonly principals: readonly NamedPrincipal[];
}

export interface Policy {
  readonly kind: PolicyKind;
  readonly id: string | undefined;
  readonly statements: readonly Statement[];
}

const REMEMBERED = 2000;
const remembered = new Map<PolicyKind, Map<string, Policy>>();

/** By text alone inside, because the hash of a string is computed once, and policies can be long. */
function memoryOf(kind: PolicyKind): Map<string, Policy> {
  const known = remembered.get(kind) ?? new Map<string, Policy>();
  remembered.set(kind, known);
  return known;
}

/**
 * Throws `Fault(shape)` with AWS's sentence when the document is not one. The compiled form is remembered by
 * kind and text: services keep the text in their rows and call this on every request.
 */
export function parsePolicy(
  text: string,
  kind: PolicyKind,
  shape = 'MalformedPolicyDocumentException',
): Policy {
  const memory = memoryOf(kind);
  const known = memory.get(text);
  if (known !== undefined) return known;
  const raw = validatePolicy(text, kind);
  if (typeof raw === 'string') throw new Fault(shape, raw);
  const variables = raw.Version === '2012-10-17';
  const policy: Policy = {
    kind,
    id: raw.Id,
    statements: raw.statements.map((statement) => compileStatement(statement, variables)),
  };
  if (memory.size >= REMEMBERED) memory.clear();
  memory.set(text, policy);
  return policy;
}

const everything: ResourceMatcher = () => true;

function compileStatement(raw: RawStatement, variables: boolean): Statement {
  return {
    sid: raw.Sid,
    effect: raw.Effect,
    matchesAction: actionsOf(raw),
    matchesResource: resourcesOf(raw, variables),
    grade: gradesOf(raw),
    conditions: [...conditionsOf(raw, variables), ...resolutionsOf(raw, variables)],
    principals: principalsOf(raw),
  };
}

function actionsOf({ Action: action, NotAction: notAction }: RawStatement): ActionMatcher {
  const matches = compileActions(listOf(action ?? notAction));
  return notAction === undefined ? matches : (service, name) => !matches(service, name);
}

function resourcesOf(
  { Resource: resource, NotResource: notResource }: RawStatement,
  variables: boolean,
): ResourceMatcher {
  if (resource === undefined && notResource === undefined) return everything;
  const matches = compileResources(listOf(resource ?? notResource), variables);
  return notResource === undefined ? matches : (arn, context) => !matches(arn, context);
}

function principalsOf({
  Principal: principal,
  NotPrincipal: notPrincipal,
}: RawStatement): readonly NamedPrincipal[] {
  const element = principal ?? notPrincipal;
  return element === undefined ? [] : namedPrincipals(element);
}

function gradesOf(raw: RawStatement): Statement['grade'] {
  const named = principalsOf(raw);
  if (raw.NotPrincipal !== undefined) {
    const exempts = compileNotPrincipal(named);
    return (principal, hasBoundary) => (exempts(principal, hasBoundary) ? Grade.none : Grade.itself);
  }
  return raw.Principal === undefined ? () => Grade.itself : compilePrincipal(named);
}

function conditionsOf(
  { Condition: condition = {} }: RawStatement,
  variables: boolean,
): readonly ConditionTest[] {
  return Object.entries(condition)
    .filter(([operator]) => parseOperator(operator) !== undefined)
    .flatMap(([operator, keys]) =>
      Object.entries(keys).map(([key, values]) =>
        compileCondition(operator, key, [values].flat().map(String), variables),
      ),
    );
}

/**
 * "If AWS cannot resolve a variable this might cause the entire statement to be invalid": nothing is allowed because it differs
 * from a text that nobody knows
 * (docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html).
 */
function resolutionsOf(raw: RawStatement, variables: boolean): readonly ConditionTest[] {
  if (!variables || raw.Effect === 'Deny') return [];
  const { Condition: condition = {}, NotResource: notResource } = raw;
  const tests: ConditionTest[] =
    notResource === undefined ? [] : [compileResolves(listOf(notResource), true)];
  for (const [operator, keys] of Object.entries(condition)) {
    if (!isNegated(operator)) continue;
    for (const [key, values] of Object.entries(keys)) {
      const resolves = compileResolves([values].flat().map(String), true);
      const name = key.toLowerCase();
      const optional = operator.endsWith('IfExists');
      tests.push((context) => (optional && context.get(name) === undefined) || resolves(context));
    }
  }
  return tests;
}

export function conditionsHold(statement: Statement, context: Context): boolean {
  for (const holds of statement.conditions) if (!holds(context)) return false;
  return true;
}
