// Matching of the strings in a policy: wildcards, policy variables, actions and ARNs. Everything that does
// not depend on the request is worked out when the policy is parsed.

import { fitsWildcards, MANY, ONE, WILD, wild } from '../wildcards.ts';

/** The request context: condition keys in lower case. A Map will do; a lazy lookup is cheaper. */
export interface Context {
  readonly get: (key: string) => ContextValue | undefined;
}

/** Several values only for keys that IAM lists as multivalued. */
export type ContextValue = string | readonly string[];

export const emptyContext: Context = { get: () => undefined };

/** Makes a context from keys in any case: IAM does not tell them apart, tag keys inside them included. */
export function contextOf(values: Readonly<Record<string, ContextValue | undefined>>): Context {
  const context = new Map<string, ContextValue>();
  for (const [key, value] of Object.entries(values)) {
    if (value !== undefined) context.set(key.toLowerCase(), value);
  }
  return context;
}

// ---- Policy variables ----

/** A string of a policy in which variables may stand. */
export type Template = string | readonly (string | Variable)[];

interface Variable {
  /** Lower case. */
  readonly key: string;
  readonly fallback: string | undefined;
}

export interface TemplateOptions {
  /** Only policies of version 2012-10-17 have variables. */
  readonly variables: boolean;
  /** Whether `*` and `?` are wildcards here. */
  readonly wildcards: boolean;
}

function withWildcards(text: string, { wildcards }: TemplateOptions): string {
  return wildcards ? wild(text) : text;
}

const REFERENCE = /\$\{([^}]*)\}/g;

/** docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html */
export function compileTemplate(text: string, options: TemplateOptions): Template {
  if (!options.variables || !text.includes('${')) return withWildcards(text, options);
  const parts: (string | Variable)[] = [];
  let last = 0;
  for (const match of text.matchAll(REFERENCE)) {
    parts.push(withWildcards(text.slice(last, match.index), options));
    const [reference, body = ''] = match;
    const [, key = '', fallback] = /^([^,]*?)\s*(?:,\s*'([^']*)'\s*)?$/.exec(body) ?? [undefined, body];
    parts.push(/^[*?$]$/.test(key) ? key : { key: key.trim().toLowerCase(), fallback });
    last = match.index + reference.length;
  }
  parts.push(withWildcards(text.slice(last), options));
  return parts.every((part) => typeof part === 'string') ? parts.join('') : parts;
}

/** Undefined when a variable has no value: then whatever holds it matches nothing. */
export function expandTemplate(template: Template, context: Context): string | undefined {
  if (typeof template === 'string') return template;
  let text = '';
  for (const part of template) {
    const value = typeof part === 'string' ? part : variableValue(part, context);
    if (value === undefined) return undefined;
    text += value;
  }
  return text;
}

/** Multivalued keys cannot be used as variables, and what clients send is text, never a wildcard. */
function variableValue({ key, fallback }: Variable, context: Context): string | undefined {
  const value = context.get(key);
  if (value === undefined) return fallback;
  const single = typeof value === 'string' ? value : value.length === 1 ? value[0] : undefined;
  return single === undefined || WILD.test(single) ? undefined : single;
}

/** Whether every variable in these texts has a value in a request. */
export function compileResolves(texts: readonly string[], variables: boolean): (context: Context) => boolean {
  const parts = texts.flatMap((text) => compileTemplate(text, { variables, wildcards: false }));
  const needed = parts.filter((part) => typeof part !== 'string');
  return (context) => needed.every((variable) => variableValue(variable, context) !== undefined);
}

// ---- Actions ----

interface ServiceActions {
  all: boolean;
  readonly exact: Set<string>;
  readonly prefixes: string[];
  readonly globs: string[];
}

/** Answers for one action, split at its colon and in lower case. */
export type ActionMatcher = (service: string, name: string) => boolean;

/**
 * Groups patterns by service: the longest managed policies have a thousand patterns, of which a request can
 * match a few. Action names are not case-sensitive
 * (docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html).
 */
export function compileActions(patterns: readonly string[]): ActionMatcher {
  const services = new Map<string, ServiceActions>();
  const anyService: string[] = [];
  for (const pattern of patterns) {
    const text = pattern.toLowerCase();
    if (text === '*' || text === '*:*') return () => true;
    const colon = text.indexOf(':');
    const service = text.slice(0, colon);
    if (colon < 0 || /[*?]/.test(service)) {
      anyService.push(withWildcards(text, { variables: false, wildcards: true }));
      continue;
    }
    let group = services.get(service);
    if (group === undefined) {
      group = { all: false, exact: new Set(), prefixes: [], globs: [] };
      services.set(service, group);
    }
    addAction(group, text.slice(colon + 1));
  }
  return (service, name) => {
    const group = services.get(service);
    if (group !== undefined && inGroup(group, name)) return true;
    return anyService.some((glob) => fitsWildcards(glob, `${service}:${name}`));
  };
}

function addAction(group: ServiceActions, name: string): void {
  const wild = name.search(/[*?]/);
  if (wild < 0) group.exact.add(name);
  else if (name === '*') group.all = true;
  else if (wild === name.length - 1 && name.endsWith('*')) group.prefixes.push(name.slice(0, -1));
  else group.globs.push(withWildcards(name, { variables: false, wildcards: true }));
}

function inGroup({ all, exact, prefixes, globs }: ServiceActions, name: string): boolean {
  if (all || exact.has(name)) return true;
  for (const prefix of prefixes) if (name.startsWith(prefix)) return true;
  for (const glob of globs) if (fitsWildcards(glob, name)) return true;
  return false;
}

// ---- ARNs ----

/** The first five colons split an ARN; whatever follows is the resource, colons and all. */
function arnSegments(arn: string): string[] {
  const segments: string[] = [];
  let from = 0;
  for (let count = 0; count < 5; count += 1) {
    const colon = arn.indexOf(':', from);
    if (colon < 0) break;
    segments.push(arn.slice(from, colon));
    from = colon + 1;
  }
  segments.push(arn.slice(from));
  return segments;
}

/** Every segment for itself, as ARN condition operators compare. */
export function matchesArn(pattern: string, arn: string): boolean {
  if (pattern === arn) return true;
  const expected = arnSegments(pattern);
  const actual = arnSegments(arn);
  if (expected.length !== actual.length) return false;
  // Backwards, because ARNs of one account differ at the end.
  for (let at = expected.length - 1; at >= 0; at -= 1) {
    const segment = expected[at] ?? '';
    if (segment !== MANY && segment !== actual[at] && !fitsWildcards(segment, actual[at] ?? '')) return false;
  }
  return true;
}

/**
 * The Resource element: "If the * wildcard is the last character of a resource ARN segment, it can expand to
 * match beyond the colon boundaries"
 * (docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html).
 */
function matchesResource({ pattern, prefix, expands }: ResourceGlob, resource: string): boolean {
  if (!resource.startsWith(prefix)) return false;
  return matchesArn(pattern, resource) || (expands && matchesExpanded(pattern, resource));
}

interface ResourceGlob {
  readonly pattern: string;
  /** What comes before the first wildcard: rules out most patterns at once. */
  readonly prefix: string;
  /** Whether a star ends one of the first five segments. */
  readonly expands: boolean;
}

function resourceGlob(pattern: string): ResourceGlob {
  const first = pattern.search(WILD);
  const prefix = first < 0 ? pattern : pattern.slice(0, first);
  return { pattern, prefix, expands: lastStarOutsideResource(pattern) };
}

function lastStarOutsideResource(pattern: string): boolean {
  const segments = arnSegments(pattern);
  return segments.some((segment, at) => segment.endsWith(MANY) && at < 5);
}

/** All states of the pattern at once, because two kinds of star cannot both be resumed at the last one. */
function matchesExpanded(pattern: string, text: string): boolean {
  const resourceAt = pattern.length - (arnSegments(pattern)[5]?.length ?? 0);
  const free = Array.from(pattern, (char, at) => {
    if (char !== MANY) return false;
    return at >= resourceAt || at === pattern.length - 1 || pattern[at + 1] === ':';
  });
  let states = closure(new Set([0]), pattern);
  for (const char of text) {
    const next = new Set<number>();
    for (const at of states) {
      const expected = pattern[at];
      if (expected === MANY) {
        if (free[at] === true || char !== ':') next.add(at);
      } else if (expected === ONE ? char !== ':' || at >= resourceAt : expected === char) next.add(at + 1);
    }
    if (next.size === 0) return false;
    states = closure(next, pattern);
  }
  return states.has(pattern.length);
}

/** A star may also match nothing. */
function closure(states: Set<number>, pattern: string): Set<number> {
  for (const at of states) if (pattern[at] === MANY) states.add(at + 1);
  return states;
}

export type ResourceMatcher = (resource: string, context: Context) => boolean;

/**
 * Resource names are case-sensitive. A request for `*` (an action without resource-level permissions) needs
 * the pattern `*`.
 */
export function compileResources(patterns: readonly string[], variables: boolean): ResourceMatcher {
  const exact = new Set<string>();
  const globs: ResourceGlob[] = [];
  const templates: Template[] = [];
  for (const pattern of patterns) {
    const template = compileTemplate(pattern, { variables, wildcards: true });
    if (template === MANY) return () => true;
    if (typeof template !== 'string') templates.push(template);
    else if (WILD.test(template)) globs.push(resourceGlob(template));
    else exact.add(template);
  }
  return (resource, context) => {
    if (exact.has(resource)) return true;
    for (const glob of globs) if (matchesResource(glob, resource)) return true;
    for (const template of templates) {
      const pattern = expandTemplate(template, context);
      if (pattern !== undefined && matchesResource(resourceGlob(pattern), resource)) return true;
    }
    return false;
  };
}
