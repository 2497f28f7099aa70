// What a row of the table of permissions is: policies, who asks for what, and what AWS's documentation says comes of it.

import { evaluate } from '#cloud/iam/evaluate.ts';
import type { Decision } from '#cloud/iam/evaluate.ts';
import { contextOf } from '#cloud/iam/match.ts';
import type { ContextValue } from '#cloud/iam/match.ts';
import { parsePolicy } from '#cloud/iam/policy.ts';
import type { Policy, PolicyKind } from '#cloud/iam/policy.ts';
import type { PolicyPrincipal } from '#cloud/iam/principals.ts';

export const HOME: string = '111111111111';
export const OTHER: string = '222222222222';
export const GUIDE: string = 'https://docs.aws.amazon.com/IAM/latest/UserGuide/';

/** Buckets of the accounts: their ARNs do not say whose they are. */
export const BUCKET: string = 'arn:aws:s3:::pictures';
export const OBJECT: string = `${BUCKET}/k`;
export const THEIRS: string = 'arn:aws:s3:::theirs';
export const QUEUE: string = `arn:aws:sqs:us-east-1:${HOME}:jobs`;
export const TOPIC: string = `arn:aws:sns:us-east-1:${HOME}:news`;
export const TABLE: string = `arn:aws:dynamodb:us-east-1:${HOME}:table/orders`;
/** Real keys have other ids: the front door puts them in. */
export const KEY: string = `arn:aws:kms:us-east-1:${HOME}:key/11111111-2222-3333-4444-555555555555`;
export const TARGET: string = `arn:aws:iam::${HOME}:role/Target`;

export const userArn = (name: string, account: string = HOME): string =>
  `arn:aws:iam::${account}:user/${name}`;
export const roleArn = (name: string, account: string = HOME): string =>
  `arn:aws:iam::${account}:role/${name}`;
export const sessionArn = (name: string, account: string = HOME): string =>
  `arn:aws:sts::${account}:assumed-role/${name}/tour`;
export const rootArn = (account: string): string => `arn:aws:iam::${account}:root`;

export type Condition = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
export type Statement = Readonly<Record<string, unknown>>;
type Names = string | readonly string[];

export const allow = (Action: Names, Resource: Names = '*', condition?: Condition): Statement => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...(condition && { Condition: condition }),
});
export const deny = (Action: Names, Resource: Names = '*', condition?: Condition): Statement => ({
  ...allow(Action, Resource, condition),
  Effect: 'Deny',
});
/** A statement of a resource's policy. */
export const lets = (Principal: unknown, statement: Statement): Statement => ({ ...statement, Principal });
export const except = (NotPrincipal: unknown, statement: Statement): Statement => ({
  ...statement,
  NotPrincipal,
});

const user = (name: string, account: string = HOME): PolicyPrincipal => ({
  type: 'user',
  account,
  arn: userArn(name, account),
});
const session = (name: string, account: string = HOME): PolicyPrincipal => ({
  type: 'role',
  account,
  arn: sessionArn(name, account),
  roleArn: roleArn(name, account),
});
const service = (name: string): PolicyPrincipal => ({ type: 'service', service: `${name}.amazonaws.com` });

/** Everyone who asks. `ana` and `eve` have the tag `team`: red. */
export const PEOPLE = {
  ana: user('ana'),
  bob: user('bob'),
  root: { type: 'root', account: HOME, arn: rootArn(HOME) },
  Admin: session('Admin'),
  Deploy: session('Deploy'),
  eve: user('eve', OTHER),
  'root of the other account': { type: 'root', account: OTHER, arn: rootArn(OTHER) },
  Visitor: session('Visitor', OTHER),
  anyone: { type: 'anonymous' },
  federated: {
    type: 'federated-user',
    account: HOME,
    arn: `arn:aws:sts::${HOME}:federated-user/guest`,
    userArn: userArn('ana'),
  },
  github: {
    type: 'federated',
    provider: `arn:aws:iam::${HOME}:oidc-provider/token.actions.githubusercontent.com`,
  },
  sns: service('sns'),
  s3: service('s3'),
  events: service('events'),
  ec2: service('ec2'),
} as const satisfies Record<string, PolicyPrincipal>;
export type Who = keyof typeof PEOPLE;

export interface Policies {
  readonly identity?: readonly Statement[];
  readonly boundary?: readonly Statement[];
  readonly session?: readonly Statement[];
  readonly resource?: readonly Statement[];
  /** One list of statements for each level of the organization. */
  readonly scps?: readonly (readonly Statement[])[];
  readonly rcps?: readonly (readonly Statement[])[];
  readonly endpoint?: readonly Statement[];
  /** Of the documents; `2012-10-17` unless given. */
  readonly version?: '2008-10-17';
}

export interface Request {
  /** `ana` unless given. */
  readonly who?: Who;
  /** `s3:GetObject` unless given. */
  readonly action?: string;
  /** An object of the bucket unless given. */
  readonly on?: string;
  /** Keys of the request's context, over those that the principal brings. */
  readonly given?: Readonly<Record<string, ContextValue>>;
}

export type Expected = 'allow' | 'deny' | 'explicit deny';
export type Row = readonly [expected: Expected, request?: Request];

/** Some policies, and what may be done under them. */
export interface Situation extends Policies {
  readonly that: string;
  readonly rows: readonly Row[];
}

/** What one page of the documentation says. */
export interface Page {
  readonly page: string;
  readonly situations: readonly Situation[];
}

function compiled(statements: readonly Statement[], kind: PolicyKind, version?: string): Policy {
  return parsePolicy(documentOf(statements, kind, version), kind);
}

/** The text of a policy. Trust policies name no resource. */
export function documentOf(statements: readonly Statement[], kind: PolicyKind, version?: string): string {
  const without = kind === 'trust' ? { Resource: undefined } : {};
  const Statement = statements.map((statement) => ({ ...statement, ...without }));
  return JSON.stringify({ Version: version ?? '2012-10-17', Statement });
}

export function kindOf(resource: string): PolicyKind {
  if (resource.startsWith('arn:aws:s3:')) return 'bucket';
  return resource.includes(':role/') ? 'trust' : 'resource';
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable */
function broughtBy(principal: PolicyPrincipal): Record<string, ContextValue> {
  switch (principal.type) {
    case 'anonymous':
      return { 'aws:PrincipalType': 'Anonymous', 'aws:userid': 'anonymous' };
    case 'service':
      return { 'aws:PrincipalIsAWSService': 'true', 'aws:PrincipalServiceName': principal.service };
    case 'federated':
      return { 'aws:FederatedProvider': principal.provider };
    default:
      return {
        'aws:PrincipalAccount': principal.account,
        'aws:PrincipalIsAWSService': 'false',
        'aws:SecureTransport': 'true',
        'aws:ViaAWSService': 'false',
        ...ofMember(principal),
      };
  }
}

type Member = Extract<PolicyPrincipal, { account: string }>;

function ofMember(principal: Member): Record<string, ContextValue> {
  const { arn } = principal;
  if (principal.type === 'root') return { 'aws:PrincipalArn': arn, 'aws:PrincipalType': 'Account' };
  if (principal.type === 'user') {
    const name = arn.slice(arn.lastIndexOf('/') + 1);
    const tags = name === 'bob' ? {} : { 'aws:PrincipalTag/team': 'red' };
    return { 'aws:PrincipalArn': arn, 'aws:PrincipalType': 'User', 'aws:username': name, ...tags };
  }
  const temporary = { 'aws:MultiFactorAuthPresent': 'false', 'aws:TokenIssueTime': '2026-01-05T00:00:00Z' };
  const issuer = principal.type === 'role' ? principal.roleArn : arn;
  const type = principal.type === 'role' ? 'AssumedRole' : 'FederatedUser';
  return { 'aws:PrincipalArn': issuer, 'aws:PrincipalType': type, ...temporary };
}

function ownerOf(resource: string, caller: PolicyPrincipal): string {
  if (resource.startsWith(THEIRS)) return OTHER;
  const named = resource.split(':')[4] ?? '';
  if (named !== '') return named;
  return resource === '*' && 'account' in caller ? caller.account : HOME;
}

/** What the evaluator says to a row. */
export function decide(policies: Policies, request: Request = {}): Decision {
  const { who = 'ana', action = 's3:GetObject', on = OBJECT, given = {} } = request;
  const { version } = policies;
  const principal: PolicyPrincipal = PEOPLE[who];
  const kind = kindOf(on);
  const levels = (all: Policies['scps']): readonly (readonly Policy[])[] | undefined =>
    all?.map((level) => level.map((statement) => compiled([statement], 'scp')));
  return evaluate({
    principal,
    action,
    resource: on,
    context: contextOf({ ...broughtBy(principal), ...given }),
    accountOfResource: ownerOf(on, principal),
    identityPolicies: (policies.identity ?? []).map((one) => compiled([one], 'identity', version)),
    boundary: policies.boundary && compiled(policies.boundary, 'identity', version),
    sessionPolicies: policies.session && [compiled(policies.session, 'identity', version)],
    scps: levels(policies.scps),
    rcps: policies.rcps?.map((level) =>
      level.map((statement) => compiled([{ Principal: '*', ...statement }], 'resource')),
    ),
    endpointPolicy: policies.endpoint && compiled(policies.endpoint, 'resource'),
    resourcePolicy: policies.resource && compiled(policies.resource, kind, version),
    resourcePolicyAlone: policies.resource !== undefined && (kind === 'trust' || on === KEY),
  });
}

export function answerOf({ allowed, explicit }: Decision): Expected {
  return allowed ? 'allow' : explicit ? 'explicit deny' : 'deny';
}
