// The evaluation logic against the examples of the IAM User Guide: pages "Policy evaluation for requests
// within a single account" (policy-eval-basics), "How AWS enforcement code logic evaluates requests"
// (policy-eval-denyallow), "Cross-account policy evaluation logic", "Permissions boundaries for IAM
// entities", "NotPrincipal", "Troubleshoot access denied error messages".

import { describe, expect, it } from 'vitest';
import { denialMessage } from '../../src/cloud/iam/denial.ts';
import { evaluate, type Decision, type Evaluation } from '../../src/cloud/iam/evaluate.ts';
import { contextOf } from '../../src/cloud/iam/match.ts';
import { parsePolicy, type Policy, type PolicyKind } from '../../src/cloud/iam/policy.ts';
import type { PolicyPrincipal } from '../../src/cloud/iam/principals.ts';
import { rootOf, type Principal } from '../../src/cloud/principal.ts';

type Parts = Record<string, unknown>;

function policy(statements: Parts | Parts[], kind: PolicyKind = 'identity'): Policy {
  return parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement: statements }), kind);
}

function allow(Action: string | string[], Resource: string | string[] = '*', more: Parts = {}): Parts {
  return { Effect: 'Allow', Action, Resource, ...more };
}

function deny(Action: string | string[], Resource: string | string[] = '*', more: Parts = {}): Parts {
  return { ...allow(Action, Resource, more), Effect: 'Deny' };
}

function bucketPolicy(...statements: Parts[]): Policy {
  return policy(statements, 'resource');
}

const ACCOUNT = '111111111111';
const user = (name: string, account = ACCOUNT): PolicyPrincipal => ({
  type: 'user',
  account,
  arn: `arn:aws:iam::${account}:user/${name}`,
});
const session: PolicyPrincipal = {
  type: 'role',
  account: ACCOUNT,
  arn: `arn:aws:sts::${ACCOUNT}:assumed-role/Admin/ana`,
  roleArn: `arn:aws:iam::${ACCOUNT}:role/Admin`,
  roleId: 'AROAEXAMPLE1234567890',
};
const bucket = 'arn:aws:s3:::amzn-s3-demo-bucket';

function decide(parts: Partial<Evaluation>): Decision {
  return evaluate({
    principal: user('carlossalazar'),
    action: 's3:GetObject',
    resource: `${bucket}/key`,
    context: contextOf({}),
    accountOfResource: ACCOUNT,
    identityPolicies: [],
    ...parts,
  });
}

function outcome(parts: Partial<Evaluation>): string {
  const { allowed, by, explicit } = decide(parts);
  return `${allowed ? 'allowed by' : explicit ? 'denied explicitly by' : 'not allowed by'} ${by}`;
}

describe('within one account', () => {
  const carlos = policy([
    {
      ...allow(['s3:GetBucketPublicAccessBlock', 's3:ListBucket'], 'arn:aws:s3:::*'),
      Sid: 'AllowS3ListRead',
    },
    { ...allow('s3:*', ['arn:aws:s3:::carlossalazar/*', 'arn:aws:s3:::carlossalazar']), Sid: 'AllowS3Self' },
    { ...deny('s3:*', 'arn:aws:s3:::*log*'), Sid: 'DenyS3Logs' },
  ]);

  it.each([
    ['s3:ListBucket', 'arn:aws:s3:::any', 'allowed by identity-based policy'],
    ['s3:PutObject', 'arn:aws:s3:::carlossalazar/k', 'allowed by identity-based policy'],
    ['s3:PutObject', 'arn:aws:s3:::any/k', 'not allowed by identity-based policy'],
    ['s3:GetObject', 'arn:aws:s3:::carlossalazar-logs/k', 'denied explicitly by identity-based policy'],
  ])('Carlos may %s on %s: %s', (action, resource, expected) => {
    const resourcePolicy = bucketPolicy({ ...allow('s3:*'), Principal: { AWS: ACCOUNT } });
    expect(outcome({ action, resource, identityPolicies: [carlos], resourcePolicy })).toBe(expected);
  });

  it('the root user needs no policy, but explicit denies and service control policies bind it', () => {
    const principal = rootOf(ACCOUNT);
    expect(outcome({ principal })).toBe('allowed by root user');
    expect(outcome({ principal, scps: [[policy(allow('ec2:*'), 'scp')]] })).toBe(
      'not allowed by service control policy',
    );
    const resourcePolicy = bucketPolicy({ ...deny('s3:*'), Principal: '*' });
    expect(outcome({ principal, resourcePolicy })).toBe('denied explicitly by resource-based policy');
  });

  it('a service control policy must allow at every level, and grants nothing', () => {
    const full = policy(allow('*'), 'scp');
    const onlyS3 = policy(allow('s3:*'), 'scp');
    const identityPolicies = [policy(allow('*'))];
    expect(outcome({ identityPolicies, scps: [[full], [onlyS3]] })).toBe('allowed by identity-based policy');
    expect(outcome({ scps: [[full]] })).toBe('not allowed by identity-based policy');
    expect(outcome({ action: 'ec2:RunInstances', identityPolicies, scps: [[full], [onlyS3]] })).toBe(
      'not allowed by service control policy',
    );
    expect(outcome({ identityPolicies, scps: [[full], []] })).toBe('not allowed by service control policy');
    expect(outcome({ identityPolicies, rcps: [[policy(deny('s3:*'), 'scp')]] })).toBe(
      'denied explicitly by resource control policy',
    );
  });
});

describe('a permissions boundary', () => {
  const boundary = policy(allow(['s3:*', 'cloudwatch:*', 'ec2:*']));

  it('limits what identity policies grant, and grants nothing', () => {
    const identityPolicies = [policy(allow('iam:CreateUser'))];
    const principal = user('ShirleyRodriguez');
    expect(outcome({ principal, action: 'iam:CreateUser', identityPolicies, boundary })).toBe(
      'not allowed by permissions boundary',
    );
    expect(outcome({ principal, boundary })).toBe('not allowed by identity-based policy');
  });

  it.each<[string, PolicyPrincipal, unknown, string]>([
    ['a user', user('MaryMajor'), { AWS: `arn:aws:iam::${ACCOUNT}:user/MaryMajor` }, 'allowed'],
    ['a role', session, { AWS: `arn:aws:iam::${ACCOUNT}:role/Admin` }, 'not allowed by permissions boundary'],
    ['a session', session, { AWS: `arn:aws:sts::${ACCOUNT}:assumed-role/Admin/ana` }, 'allowed'],
    ['a role by its id', session, { AWS: 'AROAEXAMPLE1234567890' }, 'not allowed by permissions boundary'],
    ['everyone, to a role', session, '*', 'not allowed by permissions boundary'],
    ['everyone, to a user', user('MaryMajor'), '*', 'allowed'],
    ['an account', user('MaryMajor'), { AWS: ACCOUNT }, 'not allowed by identity-based policy'],
  ])('and a resource policy that names %s', (_, principal, Principal, expected) => {
    const resourcePolicy = bucketPolicy({ ...allow('s3:GetObject'), Principal });
    const narrow = policy(allow('ec2:*'));
    const result = outcome({ principal, resourcePolicy, boundary: narrow, sessionPolicies: [narrow] });
    expect(result).toBe(expected === 'allowed' ? 'allowed by resource-based policy' : expected);
  });

  it('makes NotPrincipal deny whoever has one', () => {
    const principal = user('Bob');
    const exempt = { AWS: [ACCOUNT, `arn:aws:iam::${ACCOUNT}:user/Bob`] };
    const resourcePolicy = bucketPolicy({ ...deny('s3:*'), NotPrincipal: exempt });
    const identityPolicies = [policy(allow('*'))];
    expect(outcome({ principal, resourcePolicy, identityPolicies })).toBe('allowed by identity-based policy');
    expect(outcome({ principal, resourcePolicy, identityPolicies, boundary })).toBe(
      'denied explicitly by resource-based policy',
    );
  });
});

describe('a session policy', () => {
  const identityPolicies = [policy(allow(['s3:*', 'ec2:*']))];

  it('narrows a role session to what both allow', () => {
    const sessionPolicies = [policy(allow('s3:GetObject'))];
    const parts = { principal: session, identityPolicies, sessionPolicies };
    expect(outcome(parts)).toBe('allowed by identity-based policy');
    expect(outcome({ ...parts, action: 's3:PutObject' })).toBe('not allowed by session policy');
    expect(outcome({ ...parts, sessionPolicies: [] })).toBe('allowed by identity-based policy');
  });

  it('narrows a federated user even where a bucket names the user who federated', () => {
    const principal: PolicyPrincipal = {
      type: 'federated-user',
      account: ACCOUNT,
      arn: `arn:aws:sts::${ACCOUNT}:federated-user/Bob`,
      userArn: `arn:aws:iam::${ACCOUNT}:user/Ana`,
    };
    const sessionPolicies = [policy(allow('ec2:*'))];
    const naming = (AWS: string): string =>
      outcome({
        principal,
        sessionPolicies,
        resourcePolicy: bucketPolicy({ ...allow('s3:*'), Principal: { AWS } }),
      });
    expect(naming(principal.userArn)).toBe('not allowed by session policy');
    expect(naming(principal.arn)).toBe('allowed by resource-based policy');
  });
});

describe('across accounts', () => {
  const accountOfResource = '222222222222';
  const identityPolicies = [policy(allow('s3:GetObject', `${bucket}/*`))];
  const open = bucketPolicy({ ...allow('s3:*'), Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` } });

  it('both sides must allow', () => {
    const both = { accountOfResource, identityPolicies, resourcePolicy: open };
    expect(outcome(both)).toBe('allowed by identity-based policy');
    expect(outcome({ ...both, identityPolicies: [] })).toBe('not allowed by identity-based policy');
    expect(outcome({ ...both, resourcePolicy: undefined })).toBe('not allowed by resource-based policy');
    expect(outcome({ ...both, boundary: policy(allow('ec2:*')) })).toBe(
      'not allowed by permissions boundary',
    );
  });

  it("the other account's root user is allowed what the resource policy allows", () => {
    const principal = rootOf(ACCOUNT);
    expect(outcome({ principal, accountOfResource, resourcePolicy: open })).toBe('allowed by root user');
    expect(outcome({ principal, accountOfResource })).toBe('not allowed by resource-based policy');
  });

  it('a bucket may name an account by its canonical id', () => {
    const resourcePolicy = bucketPolicy({ ...allow('s3:*'), Principal: { CanonicalUser: 'c0ffee' } });
    const principal: PolicyPrincipal = {
      type: 'user',
      account: ACCOUNT,
      arn: `arn:aws:iam::${ACCOUNT}:user/a`,
      canonicalId: 'c0ffee',
    };
    expect(outcome({ principal, accountOfResource, identityPolicies, resourcePolicy })).toBe(
      'allowed by identity-based policy',
    );
  });
});

describe('those who have no account of their own', () => {
  it('AWS services do what the resource policy lets them, as with a topic that feeds a queue', () => {
    const principal: Principal = { type: 'service', service: 'sns.amazonaws.com', account: ACCOUNT };
    const topic = `arn:aws:sns:us-east-1:${ACCOUNT}:topic`;
    const statement = {
      ...allow('sqs:SendMessage'),
      Principal: { Service: 'sns.amazonaws.com' },
      Condition: { ArnEquals: { 'aws:SourceArn': topic } },
    };
    const parts = {
      principal,
      action: 'sqs:SendMessage',
      resource: `arn:aws:sqs:us-east-1:${ACCOUNT}:q`,
      resourcePolicy: policy(statement, 'resource'),
    };
    const from = (arn: string): string => outcome({ ...parts, context: contextOf({ 'aws:SourceArn': arn }) });
    expect(from(topic)).toBe('allowed by resource-based policy');
    expect(from(`${topic}-2`)).toBe('not allowed by resource-based policy');
  });

  it('anonymous callers need a policy for everyone', () => {
    const principal: Principal = { type: 'anonymous' };
    expect(outcome({ principal })).toBe('not allowed by resource-based policy');
    const resourcePolicy = bucketPolicy({ ...allow('s3:GetObject'), Principal: '*' });
    expect(outcome({ principal, resourcePolicy })).toBe('allowed by resource-based policy');
  });

  it('users of an identity provider assume the roles that trust it', () => {
    const provider = `arn:aws:iam::${ACCOUNT}:oidc-provider/token.actions.githubusercontent.com`;
    const trust = policy(
      {
        Effect: 'Allow',
        Action: 'sts:AssumeRoleWithWebIdentity',
        Principal: { Federated: provider },
        Condition: { StringLike: { 'token.actions.githubusercontent.com:sub': 'repo:octo/*' } },
      },
      'trust',
    );
    const assume = (sub: string): string =>
      outcome({
        principal: { type: 'federated', provider },
        action: 'sts:AssumeRoleWithWebIdentity',
        resource: `arn:aws:iam::${ACCOUNT}:role/R`,
        resourcePolicy: trust,
        context: contextOf({ 'token.actions.githubusercontent.com:sub': sub }),
      });
    expect(assume('repo:octo/app')).toBe('allowed by role trust policy');
    expect(assume('repo:other/app')).toBe('not allowed by role trust policy');
  });
});

describe('a resource whose policy must agree', () => {
  const keyPolicy = (Principal: unknown): Policy => policy({ ...allow('kms:*'), Principal }, 'resource');
  const identityPolicies = [policy(allow('kms:Decrypt'))];
  const kms = {
    action: 'kms:Decrypt',
    resource: `arn:aws:kms:us-east-1:${ACCOUNT}:key/1`,
    resourcePolicyAlone: true,
  };

  it('is a KMS key: its policy may name the account, and then identity policies decide', () => {
    const delegated = { ...kms, resourcePolicy: keyPolicy({ AWS: `arn:aws:iam::${ACCOUNT}:root` }) };
    expect(outcome({ ...delegated, identityPolicies })).toBe('allowed by identity-based policy');
    expect(outcome(delegated)).toBe('not allowed by identity-based policy');
    const other = { ...kms, resourcePolicy: keyPolicy({ AWS: `arn:aws:iam::${ACCOUNT}:user/other` }) };
    expect(outcome({ ...other, identityPolicies })).toBe('not allowed by resource-based policy');
    expect(outcome({ ...kms, principal: rootOf(ACCOUNT) })).toBe('not allowed by resource-based policy');
  });

  it('is a role: it may be assumed by those whom it trusts', () => {
    const role = `arn:aws:iam::${ACCOUNT}:role/R`;
    const trusting = (Principal: unknown): Policy =>
      policy({ Effect: 'Allow', Action: 'sts:AssumeRole', Principal }, 'trust');
    const assume = { action: 'sts:AssumeRole', resource: role, resourcePolicyAlone: true };
    const named = trusting({ AWS: `arn:aws:iam::${ACCOUNT}:user/carlossalazar` });
    expect(outcome({ ...assume, resourcePolicy: named })).toBe('allowed by role trust policy');
    const service = { type: 'service', service: 'ec2.amazonaws.com' } as const;
    const ec2 = trusting({ Service: 'ec2.amazonaws.com' });
    expect(outcome({ ...assume, principal: service, resourcePolicy: ec2 })).toBe(
      'allowed by role trust policy',
    );
    const anyone = [policy(allow('sts:AssumeRole'))];
    expect(outcome({ ...assume, resourcePolicy: ec2, identityPolicies: anyone })).toBe(
      'not allowed by role trust policy',
    );
  });
});

describe('NotPrincipal', () => {
  const Bob = 'arn:aws:iam::444455556666:user/Bob';
  const resourcePolicy = bucketPolicy({ ...deny('s3:*'), NotPrincipal: { AWS: ['444455556666', Bob] } });
  const parts = { accountOfResource: '444455556666', identityPolicies: [policy(allow('*'))], resourcePolicy };

  it('exempts a user who is listed together with the account, and no one else', () => {
    expect(outcome({ ...parts, principal: user('Bob', '444455556666') })).toContain('allowed by identity');
    expect(outcome({ ...parts, principal: user('Ana', '444455556666') })).toContain('denied explicitly');
    expect(outcome({ ...parts, principal: { type: 'service', service: 'sns.amazonaws.com' } })).toContain(
      'denied explicitly',
    );
  });

  it('exempts a session only where account, role and session are listed', () => {
    const listed = (AWS: string[]): string =>
      outcome({
        ...parts,
        principal: session,
        accountOfResource: ACCOUNT,
        resourcePolicy: bucketPolicy({ ...deny('s3:*'), NotPrincipal: { AWS } }),
      });
    const { arn, roleArn } = session as { arn: string; roleArn: string };
    expect(listed([ACCOUNT, roleArn, arn])).toContain('allowed by identity');
    expect(listed([ACCOUNT, roleArn])).toContain('denied explicitly');
    expect(listed([roleArn, arn])).toContain('denied explicitly');
  });
});

describe("AWS's sentence", () => {
  const principal = user('JohnDoe', '777788889999');
  const action = 'codecommit:ListRepositories';
  const own = { principal, action, resource: '*', accountOfResource: '777788889999' };
  const john = 'User: arn:aws:iam::777788889999:user/JohnDoe is not authorized to perform:';
  const everything = [policy(allow('*'))];

  it.each<[string, Partial<Evaluation>]>([
    [
      'because no service control policy allows the codecommit:ListRepositories action',
      { scps: [[policy(allow('s3:*'), 'scp')]] },
    ],
    ['with an explicit deny in a service control policy', { scps: [[policy(deny('*'), 'scp')]] }],
    [
      'because no VPC endpoint policy allows the codecommit:ListRepositories action',
      { endpointPolicy: bucketPolicy({ ...allow('s3:*'), Principal: '*' }) },
    ],
    [
      'with an explicit deny in a VPC endpoint policy',
      { endpointPolicy: bucketPolicy({ ...deny('*'), Principal: '*' }) },
    ],
    [
      'because no permissions boundary allows the codecommit:ListRepositories action',
      { identityPolicies: everything, boundary: policy(allow('s3:*')) },
    ],
    ['with an explicit deny in a permissions boundary', { boundary: policy(deny('*')) }],
    [
      'because no session policy allows the codecommit:ListRepositories action',
      { identityPolicies: everything, sessionPolicies: [policy(allow('s3:*'))] },
    ],
    ['with an explicit deny in a session policy', { sessionPolicies: [policy(deny('*'))] }],
    [
      'because no resource-based policy allows the codecommit:ListRepositories action',
      { identityPolicies: everything, accountOfResource: '111111111111' },
    ],
    [
      'with an explicit deny in a resource-based policy',
      { resourcePolicy: bucketPolicy({ ...deny('*'), Principal: '*' }) },
    ],
    ['because no identity-based policy allows the codecommit:ListRepositories action', {}],
    ['with an explicit deny in an identity-based policy', { identityPolicies: [policy(deny('*'))] }],
  ])('ends: %s', (reason, parts) => {
    const decision = decide({ ...own, ...parts });
    expect(denialMessage(principal, action, '*', decision)).toBe(`${john} ${action} ${reason}`);
  });

  it('names the resource, and the policy where the caller may know it', () => {
    const resource = 'arn:aws:iam::777788889999:role/*';
    const decision = decide({ ...own, action: 'iam:ListRoles', identityPolicies: [policy(deny('*'))] });
    const policyArn = 'arn:aws:iam::777788889999:policy/P';
    expect(denialMessage(principal, 'iam:ListRoles', resource, decision, { policyArn })).toBe(
      `${john} iam:ListRoles on resource: ${resource} with an explicit deny in an identity-based ` +
        `policy: ${policyArn}`,
    );
  });

  it('stops before the reason for a role that may not be assumed', () => {
    const role = 'arn:aws:iam::777788889999:role/R';
    const decision = decide({ ...own, action: 'sts:AssumeRole', resource: role, resourcePolicyAlone: true });
    expect(denialMessage(principal, 'sts:AssumeRole', role, decision, { withoutReason: true })).toBe(
      `${john} sts:AssumeRole on resource: ${role}`,
    );
  });
});
