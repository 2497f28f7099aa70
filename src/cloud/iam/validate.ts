// What IAM refuses in a policy document, in its order and its words. Sources: answers that users of AWS
// reported, and the error table that getmoto/moto recorded (tests/test_iam/test_iam_policies.py). Names of
// services and principals that do not exist are not looked at here: the caller knows them.

import { jsonIn } from '#contract/json-text.ts';
import { parseOperator } from './conditions.ts';
import type { NamedPrincipal, PrincipalType } from './principals.ts';

/**
 * `managed` and `identity` are attached to users, groups and roles; only the first must have the newest
 * version. `trust` says who may assume a role, `resource` belongs to a topic, queue, key or function, `bucket` to
 * a bucket or a repository of images, whose statements may share a Sid; `scp` to an organization.
 */
export type PolicyKind = 'managed' | 'identity' | 'trust' | 'resource' | 'bucket' | 'scp';

export interface RawStatement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal?: unknown;
  readonly NotPrincipal?: unknown;
  readonly Action?: string | readonly string[];
  readonly NotAction?: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly NotResource?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, RawValues>>>>;
}

type RawValues = RawValue | readonly RawValue[];
type RawValue = string | number | boolean;

export interface RawPolicy {
  readonly Version?: string;
  readonly Id?: string;
  readonly statements: readonly RawStatement[];
}

const VERSIONS = new Set(['2008-10-17', '2012-10-17']);
const TOP_ELEMENTS = new Set(['Version', 'Id', 'Statement']);
const ELEMENTS = new Set([
  'Sid',
  'Effect',
  'Principal',
  'NotPrincipal',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
]);
const PRINCIPAL_TYPES = new Set<string>(['AWS', 'Service', 'Federated', 'CanonicalUser']);
const PARTITIONS = new Set([
  'aws',
  'aws-cn',
  'aws-us-gov',
  'aws-iso',
  'aws-iso-b',
  'aws-iso-e',
  'aws-iso-f',
  'aws-eusc',
]);
const IAM_PATHS = [
  'user/',
  'federated-user/',
  'role/',
  'group/',
  'instance-profile/',
  'mfa/',
  'server-certificate/',
  'policy/',
  'sms-mfa/',
  'saml-provider/',
  'oidc-provider/',
  'report/',
  'access-report/',
];
const TRUST_ACTIONS = new Set([
  'sts:assumerole',
  'sts:assumerolewithsaml',
  'sts:assumerolewithwebidentity',
  'sts:setcontext',
  'sts:setsourceidentity',
  'sts:tagsession',
]);

const SYNTAX = 'Syntax errors in policy.';
const LEGACY = 'The policy failed legacy parsing';

/** Thrown inside, caught at the border of this file. */
class Refusal {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

function require(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Refusal(message);
}

export function listOf(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The document, or the sentence with which AWS refuses it. */
export function validatePolicy(text: string, kind: PolicyKind): RawPolicy | string {
  try {
    const policy = checkSyntax(parseJson(text, kind));
    checkVersion(policy, kind);
    for (const statement of policy.statements) checkPrincipals(statement, kind);
    checkLegacy(policy);
    const badArn = ofResource(kind) ? undefined : checkArns(policy);
    if (kind !== 'bucket') checkSids(policy);
    for (const statement of policy.statements) checkHasActions(statement);
    if (badArn !== undefined) return badArn;
    for (const statement of policy.statements) checkActionNames(statement);
    for (const statement of policy.statements) checkForKind(statement, kind);
    return policy;
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    throw error;
  }
}

function ofResource(kind: PolicyKind): boolean {
  return kind === 'resource' || kind === 'bucket';
}

function parseJson(text: string, kind: PolicyKind): unknown {
  try {
    return jsonIn(text);
  } catch {
    if (kind === 'trust') throw new Refusal('This policy contains invalid Json');
    throw new Refusal(SYNTAX);
  }
}

function checkSyntax(document: unknown): RawPolicy {
  require(isRecord(document), SYNTAX);
  const { Version: version, Id: id, Statement: statement } = document;
  require(Object.keys(document).every((element) => TOP_ELEMENTS.has(element)), SYNTAX);
  require(version === undefined || (typeof version === 'string' && VERSIONS.has(version)), SYNTAX);
  require(id === undefined || typeof id === 'string', SYNTAX);
  const statements: unknown[] = Array.isArray(statement) ? statement : [statement];
  require(statements.length > 0, SYNTAX);
  for (const one of statements) checkStatementSyntax(one);
  return {
    ...(version !== undefined && { Version: version }),
    ...(id !== undefined && { Id: id }),
    statements: statements as RawStatement[],
  };
}

function checkStatementSyntax(statement: unknown): void {
  require(isRecord(statement), SYNTAX);
  require(Object.keys(statement).every((element) => ELEMENTS.has(element)), SYNTAX);
  for (const pair of ['Action', 'Resource', 'Principal']) {
    require(statement[pair] === undefined || statement[`Not${pair}`] === undefined, SYNTAX);
  }
  const { Effect: effect, Sid: sid, Condition: condition } = statement;
  require(typeof effect === 'string' && /^(?:allow|deny)$/i.test(effect), SYNTAX);
  require(sid === undefined || typeof sid === 'string', SYNTAX);
  for (const element of ['Action', 'NotAction', 'Resource', 'NotResource']) {
    const value = statement[element];
    const strings = Array.isArray(value) && value.every((one) => typeof one === 'string');
    require(value === undefined || typeof value === 'string' || strings, SYNTAX);
  }
  if (condition !== undefined) checkConditionSyntax(condition);
}

function checkConditionSyntax(condition: unknown): void {
  require(isRecord(condition), SYNTAX);
  for (const [operator, keys] of Object.entries(condition)) {
    require(isRecord(keys), SYNTAX);
    // An unknown operator over no keys is harmless, and IAM lets it pass.
    require(parseOperator(operator) !== undefined || Object.keys(keys).length === 0, SYNTAX);
    for (const values of Object.values(keys)) {
      const list: unknown[] = Array.isArray(values) ? values : [values];
      require(list.every((value) => ['string', 'number', 'boolean'].includes(typeof value)), SYNTAX);
    }
  }
}

function checkVersion({ Version: version }: RawPolicy, kind: PolicyKind): void {
  require(kind !== 'managed' ||
    version === '2012-10-17', 'Policy document must be version 2012-10-17 or greater.');
}

// ---- Principals ----

/** `"AWS":"arn:…"`, as IAM quotes a principal that it refuses. */
export function invalidPrincipal({ type, value }: NamedPrincipal): string {
  const label = type === 'Service' ? 'SERVICE' : type;
  return `Invalid principal in policy: "${label}":"${value}"`;
}

function checkPrincipals(statement: RawStatement, kind: PolicyKind): void {
  const { Principal: principal, NotPrincipal: notPrincipal, Effect: effect } = statement;
  const named = principal ?? notPrincipal;
  if (kind === 'managed' || kind === 'identity' || kind === 'scp') {
    require(named === undefined, 'Policy document should not specify a principal.');
    return;
  }
  require(named !== undefined, 'Missing required field Principal');
  if (kind === 'trust') {
    require(notPrincipal === undefined, 'Has prohibited field NotPrincipal');
    require(principal !== '*', 'Invalid principal in policy: "STAR":"*"');
  }
  require(notPrincipal === undefined || effect !== 'Allow', 'Allow with NotPrincipal is not allowed.');
  const list = namedPrincipals(named);
  require(list.length >
    0, 'Invalid principal in policy: com.amazon.balsa.error.InvalidPolicyException: The passed in ' +
    'policy has a statement ' +
    'with no principals!');
  for (const one of list) require(isWellFormed(one), principalRefusal(one));
}

function principalRefusal(named: NamedPrincipal): string {
  return named.type === 'Federated'
    ? 'Federated principals must be valid domain names or SAML metadata ARNs'
    : invalidPrincipal(named);
}

/** The element as a list. `"*"` is the same as `{"AWS": "*"}`, except to the checks above. */
export function namedPrincipals(element: unknown): readonly NamedPrincipal[] {
  if (element === '*') return [{ type: 'AWS', value: '*' }];
  require(isRecord(element), SYNTAX);
  return Object.entries(element).flatMap(([type, values]) => {
    require(PRINCIPAL_TYPES.has(type), `Invalid principal in policy: "${type}":"${String(values)}"`);
    const list: unknown[] = Array.isArray(values) ? values : [values];
    return list.map((value) => {
      require(typeof value === 'string', SYNTAX);
      return { type: type as PrincipalType, value };
    });
  });
}

function isWellFormed({ type, value }: NamedPrincipal): boolean {
  if (type === 'CanonicalUser') return value !== '';
  if (type === 'Service') return value === '*' || /^[a-z0-9][a-z0-9.-]*\.[a-z]+$/i.test(value);
  if (type === 'Federated') return value === '*' || /^arn:|^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i.test(value);
  if (value === '*' || /^\d{12}$/.test(value)) return true;
  // What is left of a user or role that was deleted.
  if (/^A(?:IDA|ROA)[A-Z0-9]{12,}$/.test(value)) return true;
  const [, name = ''] = /^arn:[a-z-]+:(?:iam|sts)::(?:\d{12}|aws|cloudfront):(.+)$/.exec(value) ?? [];
  return name === 'root' || /^(?:user|role|assumed-role|federated-user)\/[^*]+$/.test(name);
}

// ---- Sids, actions ----

function checkSids({ statements }: RawPolicy): void {
  const sids = statements.map(({ Sid: sid }) => sid).filter((sid) => sid !== undefined && sid !== '');
  require(new Set(sids).size === sids.length, 'Statement IDs (SID) in a single policy must be unique.');
}

function checkHasActions({ Action: action, NotAction: notAction }: RawStatement): void {
  require(listOf(action ?? notAction).length > 0, 'Policy statement must contain actions.');
}

function checkActionNames({ Action: action, NotAction: notAction }: RawStatement): void {
  for (const name of listOf(action ?? notAction)) {
    const [vendor = '', ...rest] = name.split(':');
    if (name === '*') continue;
    require(rest.length > 0, 'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.');
    require(rest.length === 1, 'Actions/Condition can contain only one colon.');
    require(vendor === '*' || !/[^a-zA-Z0-9\-.]/.test(vendor), `Vendor ${vendor} is not valid`);
  }
}

function checkForKind(statement: RawStatement, kind: PolicyKind): void {
  const { Action: action, NotAction: notAction, Resource: resource, NotResource: notResource } = statement;
  if (kind === 'trust') {
    const sts =
      notAction === undefined && listOf(action).every((name) => TRUST_ACTIONS.has(name.toLowerCase()));
    require(sts, 'AssumeRole policy may only specify STS AssumeRole actions.');
    require(resource === undefined && notResource === undefined, 'Has prohibited field Resource');
    return;
  }
  // Lambda, ECR and a few others write resource policies without a Resource.
  if (ofResource(kind)) return;
  require(listOf(resource ?? notResource).length > 0, 'Policy statement must contain resources.');
}

// ---- What the oldest parser still checks ----

function checkLegacy({ statements }: RawPolicy): void {
  for (const { Effect: effect, Condition: condition = {} } of statements) {
    require(effect === 'Allow' || effect === 'Deny', LEGACY);
    for (const [operator, keys] of Object.entries(condition)) {
      if (!/^(?:\w+:)?Date/.test(operator)) continue;
      const values = Object.values(keys).flat();
      require(values.every((value) => isLegacyDate(String(value))), LEGACY);
    }
  }
}

/** Wider than what `parseInstant` can read: any part may be cut off, and years may have nine digits. */
function isLegacyDate(text: string): boolean {
  const lower = text.toLowerCase();
  if (!lower.includes('t') && !lower.includes('-')) {
    return /^\d+$/.test(lower) && BigInt(lower) <= 9_223_372_036_854_775_807n;
  }
  const [date = '', time = '', ...more] = lower.split('t');
  return more.length === 0 && isLegacyDay(date) && isLegacyTime(time);
}

function within(text: string | undefined, low: number, high: number): boolean {
  return text === undefined || (/^\d+$/.test(text) && Number(text) >= low && Number(text) <= high);
}

function isLegacyDay(date: string): boolean {
  const negative = date.startsWith('-');
  const [year, month, day, ...more] = date.slice(negative ? 1 : 0).split('-');
  if (more.length > 0 || year === undefined) return false;
  return within(year, 0, negative ? 292_275_054 : 292_278_993) && within(month, 1, 12) && within(day, 1, 31);
}

function isLegacyTime(time: string): boolean {
  if (time === '') return true;
  const match = /^(\d+)(?::(\d+)(?::(\d+)(?:\.(\d+))?(?:z|[+-](\d\d)(?::(\d\d))?)?)?)?$/.exec(time);
  if (match === null) return false;
  const [, hour, minute, second, fraction, zoneHour, zoneMinute] = match;
  const clock = within(hour, 0, 23) && within(minute, 0, 59) && within(second, 0, 59);
  return clock && within(fraction, 0, 999_999_999) && within(zoneHour, 0, 23) && within(zoneMinute, 0, 59);
}

// ---- ARNs of resources ----

/**
 * Refuses what the oldest parser cannot read; the first ARN that it reads and IAM refuses is reported later.
 */
function checkArns({ statements }: RawPolicy): string | undefined {
  let refusal: string | undefined;
  for (const { Resource: resource, NotResource: notResource } of statements) {
    const arns = listOf(resource ?? notResource);
    for (const arn of arns) refusal ??= arnRefusal(arn);
    if (refusal === undefined) require(arns.every(passesLegacy), LEGACY);
  }
  return refusal;
}

function passesLegacy(arn: string): boolean {
  if (arn === '*') return true;
  const parts = arn.split(':');
  return (parts.length > 5 || !arn.includes('::')) && parts[2] !== '';
}

function arnRefusal(arn: string): string | undefined {
  if (arn === '*') return undefined;
  const [, ...rest] = arn.split(':');
  const [partition, service = '', region = '', account = '', ...resource] = rest;
  if (partition === undefined) return `Resource ${arn} must be in ARN format or "*".`;
  if (partition !== '*' && !PARTITIONS.has(partition)) return partitionRefusal(rest);
  if (rest.length < 2) return 'Resource vendor must be fully qualified and cannot contain regexes.';
  const path = resource.join(':');
  if (service === 'iam' && region !== '') return `IAM resource ${arn} cannot contain region information.`;
  if (service === 's3' && region !== '' && account !== undefined && !path.startsWith('accesspoint/')) {
    return `Resource ${arn} can not contain region information.`;
  }
  // An ARN with too few parts is left to the oldest parser.
  if (service !== 'iam' || resource.length === 0 || path.startsWith('*')) return undefined;
  if (IAM_PATHS.some((start) => path.startsWith(start))) return undefined;
  return `IAM resource path must either be "*" or start with ${IAM_PATHS.join(', ')}.`;
}

function partitionRefusal([partition = '', ...rest]: readonly string[]): string {
  const [service = '', region = '*', account = '*', ...resource] = rest;
  const shown = service === '' && rest.length < 2 ? '*' : service;
  const path = resource.length > 0 ? resource.join(':') : '*';
  return (
    `Partition "${partition}" is not valid for resource ` +
    `"arn:${partition}:${shown}:${region}:${account}:${path}".`
  );
}
