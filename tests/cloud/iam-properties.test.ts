// What must hold for all policies and requests, whatever they are.

import { assert, constantFrom, array, boolean, option, property, record, type Arbitrary } from 'fast-check';
import { describe, it } from 'vitest';
import { evaluate, type Evaluation } from '../../src/cloud/iam/evaluate.ts';
import { contextOf } from '../../src/cloud/iam/match.ts';
import { parsePolicy, type Policy, type PolicyKind } from '../../src/cloud/iam/policy.ts';
import type { PolicyPrincipal } from '../../src/cloud/iam/principals.ts';
import { fitsWildcards } from '../../src/cloud/wildcards.ts';

interface Parts {
  Effect: string;
  Action: string[];
  Resource: string[];
  Condition: object;
}

const statement: Arbitrary<Parts> = record({
  Effect: constantFrom('Allow', 'Allow', 'Deny'),
  Action: array(constantFrom('*', 's3:*', 's3:Get*', 's3:GetObject', 'ec2:*'), {
    minLength: 1,
    maxLength: 2,
  }),
  Resource: array(constantFrom('*', 'arn:aws:s3:::a/*', 'arn:aws:s3:::*', 'arn:aws:s3:::${aws:username}/k'), {
    minLength: 1,
    maxLength: 2,
  }),
  Condition: constantFrom({}, { Bool: { 'aws:SecureTransport': 'true' } }, { StringNotLike: { k: 'a*' } }),
});
const statements = array(statement, { minLength: 1, maxLength: 3 });
const users: PolicyPrincipal = { type: 'user', account: '1', arn: 'arn:aws:iam::1:user/u' };
const sessions: PolicyPrincipal = {
  type: 'role',
  account: '1',
  arn: 'arn:aws:sts::1:assumed-role/R/s',
  roleArn: 'arn:aws:iam::1:role/R',
};

function compile(list: readonly object[], kind: PolicyKind = 'identity'): Policy {
  const all = kind === 'resource' ? list.map((one) => ({ ...one, Principal: '*' })) : list;
  return parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement: all }), kind);
}

const request = record({
  principal: constantFrom(users, sessions, { type: 'anonymous' } as const),
  action: constantFrom('s3:GetObject', 's3:PutObject', 'ec2:RunInstances'),
  resource: constantFrom('*', 'arn:aws:s3:::a/k', 'arn:aws:s3:::u/k'),
  accountOfResource: constantFrom('1', '2'),
  context: constantFrom(
    contextOf({ 'aws:username': 'u' }),
    contextOf({ 'aws:SecureTransport': 'true', k: 'ab' }),
  ),
  resourcePolicyAlone: boolean(),
});
const policies = record({
  identity: statements,
  boundary: option(statements, { nil: undefined }),
  session: option(statements, { nil: undefined }),
  resource: option(statements, { nil: undefined }),
  scp: option(statements, { nil: undefined }),
});
type Statements = typeof policies extends Arbitrary<infer T> ? T : never;

function evaluation(parts: Omit<Evaluation, 'identityPolicies'>, all: Statements): Evaluation {
  return {
    ...parts,
    identityPolicies: [compile(all.identity)],
    boundary: all.boundary && compile(all.boundary),
    sessionPolicies: all.session && [compile(all.session)],
    resourcePolicy: all.resource && compile(all.resource, 'resource'),
    scps: all.scp && [[compile(all.scp, 'scp')]],
  };
}

const places = ['identity', 'boundary', 'session', 'resource', 'scp'] as const;
const everything = { Effect: 'Allow', Action: ['*'], Resource: ['*'], Condition: {} };
const options = { numRuns: 1500 };

describe('for all policies', () => {
  it('a Deny that applies wins wherever it stands', () => {
    const held = property(request, policies, constantFrom(...places), (parts, all, place) => {
      // Service control policies bind the principals of accounts.
      if (place === 'scp' && parts.principal.type === 'anonymous') return true;
      const denying = [...(all[place] ?? []), { ...everything, Effect: 'Deny' }];
      const decision = evaluate(evaluation(parts, { ...all, [place]: denying }));
      return !decision.allowed && decision.explicit;
    });
    assert(held, options);
  });

  it('one more Allow statement never takes a permission away', () => {
    const held = property(
      request,
      policies,
      constantFrom(...places),
      statement,
      (parts, all, place, added) => {
        if (all[place] === undefined) return true;
        const before = evaluate(evaluation(parts, all)).allowed;
        const more = [...all[place], { ...added, Effect: 'Allow' }];
        return !before || evaluate(evaluation(parts, { ...all, [place]: more })).allowed;
      },
    );
    assert(held, options);
  });

  it('a boundary, a session policy or a service control policy never gives a permission', () => {
    const limits = constantFrom('boundary', 'session', 'scp') satisfies Arbitrary<keyof Statements>;
    const held = property(request, policies, limits, (parts, all, place) => {
      const without = evaluate(evaluation(parts, { ...all, [place]: undefined })).allowed;
      return without || !evaluate(evaluation(parts, all)).allowed;
    });
    assert(held, options);
  });

  it('without any Allow statement nothing is allowed', () => {
    const held = property(request, policies, (parts, all) => {
      const denies = (list: Parts[] | undefined): Parts[] | undefined =>
        list?.map((one) => ({ ...one, Effect: 'Deny' }));
      const silent = { ...all, identity: denies(all.identity) ?? [], resource: denies(all.resource) };
      return !evaluate(evaluation(parts, silent)).allowed;
    });
    assert(held, options);
  });

  it('the order of statements does not matter', () => {
    const held = property(request, policies, (parts, all) => {
      const reversed = { ...all, identity: all.identity.toReversed(), resource: all.resource?.toReversed() };
      const [a, b] = [all, reversed].map((one) => evaluate(evaluation(parts, one)));
      return a?.allowed === b?.allowed && a?.by === b?.by && a?.explicit === b?.explicit;
    });
    assert(held, options);
  });
});

describe('for all wildcards', () => {
  const letters = array(constantFrom('a', 'b', '\uE000', '\uE001'), { maxLength: 8 });

  it('a pattern matches what the regular expression of the same meaning matches', () => {
    const held = property(letters, array(constantFrom('a', 'b'), { maxLength: 10 }), (pattern, text) => {
      const source = pattern.join('').replaceAll('\uE000', '.*').replaceAll('\uE001', '.');
      return fitsWildcards(pattern.join(''), text.join('')) === new RegExp(`^${source}$`).test(text.join(''));
    });
    assert(held, { numRuns: 5000 });
  });
});
