// What IAM accepts and refuses as a policy document, and in which words. The refusals were recorded from AWS
// by users and by getmoto/moto (tests/test_iam/test_iam_policies.py); trust policies: answers of CreateRole
// in issues of terraform-provider-aws.

import { describe, expect, it } from 'vitest';
import { parsePolicy, type PolicyKind } from '../../src/cloud/iam/policy.ts';

type Parts = Record<string, unknown>;

/** A policy that is fine except for what a case changes; an undefined part is left out. */
function document(statement: Parts | Parts[] | undefined, top: Parts = {}): string {
  const whole = (parts: Parts): Parts => ({
    Effect: 'Allow',
    Action: 's3:ListBucket',
    Resource: 'arn:aws:s3:::example_bucket',
    ...parts,
  });
  const Statement = Array.isArray(statement) ? statement.map(whole) : statement && whole(statement);
  return JSON.stringify({ Version: '2012-10-17', Statement, ...top });
}

function refusal(text: string, kind: PolicyKind): string | undefined {
  try {
    parsePolicy(text, kind);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const none = undefined;
const SYNTAX = 'Syntax errors in policy.';
const LEGACY = 'The policy failed legacy parsing';
const VERSION = 'Policy document must be version 2012-10-17 or greater.';
const ACTIONS = 'Policy statement must contain actions.';
const RESOURCES = 'Policy statement must contain resources.';
const VENDOR = 'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.';
const COLON = 'Actions/Condition can contain only one colon.';

describe('a managed policy', () => {
  it.each<[string, string]>([
    ['This is not a json document', SYNTAX],
    ['[]', SYNTAX],
    [document({}, { Version: none }), VERSION],
    [document({}, { Version: '2008-10-17' }), VERSION],
    [document({}, { Version: '2013-10-17' }), SYNTAX],
    [document(none), SYNTAX],
    [document([]), SYNTAX],
    [document({}, { Statement: ['afd'] }), SYNTAX],
    [document({}, { 'Extra field': 'value' }), SYNTAX],
    [document({ 'Extra field': 'value' }), SYNTAX],
    [document({}, { Id: ['a'] }), SYNTAX],
    [document({ Sid: {} }), SYNTAX],
    [document({ Effect: 'invalid' }), SYNTAX],
    [document({ Effect: none }), SYNTAX],
    [document({ Effect: 'denY' }), LEGACY],
    [document({ Effect: 'denY' }, { Version: none }), VERSION],
    [document({ Action: 'invalid' }), VENDOR],
    [document({ Action: none, NotAction: '' }), VENDOR],
    [document({ Action: 'a a:ListBucket' }), 'Vendor a a is not valid'],
    [document({ Action: 's3:List:Bucket' }), COLON],
    [document([{ Action: 's3s:ListBucket' }, { Action: 's:3s:ListBucket' }]), COLON],
    [document({ Action: [[]] }), SYNTAX],
    [document({ Action: {} }), SYNTAX],
    [document({ Action: [], NotAction: 's3:ListBucket' }), SYNTAX],
    [document({ Action: none }), ACTIONS],
    [document({ Action: [] }), ACTIONS],
    [document({ Action: none, Resource: none }), ACTIONS],
    [document({ Resource: none }), RESOURCES],
    [document({ Resource: [] }), RESOURCES],
    [document({ Resource: none, Action: 'invalid' }), VENDOR],
    [document({ Resource: { a: 'arn:aws:s3:::b' } }), SYNTAX],
    [document({ Resource: ['a', {}] }), SYNTAX],
    [document({ NotResource: '*' }), SYNTAX],
    [document({ Resource: 'invalid resource' }), 'Resource invalid resource must be in ARN format or "*".'],
    [document({ Resource: '' }), 'Resource  must be in ARN format or "*".'],
    [document({ Resource: ['adf'] }), 'Resource adf must be in ARN format or "*".'],
    [document({ Action: 's:3:List', Resource: 'sdf' }), 'Resource sdf must be in ARN format or "*".'],
    [
      document({ Resource: 'a:bsdfdsafsad' }),
      'Partition "bsdfdsafsad" is not valid for resource "arn:bsdfdsafsad:*:*:*:*".',
    ],
    [document({ Resource: 'a:b:cadfsdf' }), 'Partition "b" is not valid for resource "arn:b:cadfsdf:*:*:*".'],
    [
      document({ Resource: 'a:b:c:d:e:f:g:h' }),
      'Partition "b" is not valid for resource "arn:b:c:d:e:f:g:h".',
    ],
    [
      document({ Resource: 'aws:s3:::example_bucket' }),
      'Partition "s3" is not valid for resource "arn:s3:::example_bucket:*".',
    ],
    [
      document({ Resource: ['arn:error:s3:::example_bucket', 'arn:error:s3::example_bucket'] }),
      'Partition "error" is not valid for resource "arn:error:s3:::example_bucket".',
    ],
    [
      document({ Resource: 'arn:aws:iam:::example_bucket' }),
      'IAM resource path must either be "*" or start with user/, federated-user/, role/, group/, ' +
        'instance-profile/, ' +
        'mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, ' +
        'access-report/.',
    ],
    [
      document({ Resource: 'arn:aws:iam:us-east-1::example_bucket' }),
      'IAM resource arn:aws:iam:us-east-1::example_bucket cannot contain region information.',
    ],
    [
      document({ Resource: 'arn:aws:s3:us-east-1::example_bucket' }),
      'Resource arn:aws:s3:us-east-1::example_bucket can not contain region information.',
    ],
    [document({ Resource: 'arn:aws:s3::example_bucket' }), LEGACY],
    [document({ Action: none, Resource: 'arn:aws:s3::example_bucket' }), LEGACY],
    [document({ Resource: none, NotResource: 'arn:aws:s3::example_bucket' }), LEGACY],
    [document({ Resource: 'arn:aws::::example_bucket' }), LEGACY],
    [document({ Resource: 'arn:aws::fdsasf' }), LEGACY],
    [
      document({ Resource: 'arn:aws' }),
      'Resource vendor must be fully qualified and cannot contain regexes.',
    ],
    [document({ Condition: [] }), SYNTAX],
    [document({ Condition: 'a' }), SYNTAX],
    [document({ Condition: { a: 'b' } }), SYNTAX],
    [document({ Condition: { DateGreaterThan: [] } }), SYNTAX],
    [document({ Condition: { DateGreaterThan: { a: {} } } }), SYNTAX],
    [document({ Condition: { x: { a: '1' } } }), SYNTAX],
    [document({ Condition: { 'ForAnyValue::StringEqualsIfExists': { a: 'asf' } } }), SYNTAX],
    [document({ Condition: { DateGreaterThan: { a: 'sdfdsf' } } }), LEGACY],
    [document({ Condition: { DateLessThanEquals: { a: '234-13' } } }), LEGACY],
    [document({ Condition: { DateLessThanEquals: { a: '2016-12-13t2:00:00.593194+1' } } }), LEGACY],
    [document({ Condition: { DateLessThanEquals: { a: '2016-12-13t2:00:00.1999999999+10:59' } } }), LEGACY],
    [document({ Condition: { DateLessThan: { a: '9223372036854775808' } } }), LEGACY],
    [document([{ Sid: 'sdf' }, { Sid: 'sdf' }]), 'Statement IDs (SID) in a single policy must be unique.'],
    [document({ Principal: '*' }), 'Policy document should not specify a principal.'],
  ])('%s is refused: %s', (text, message) => {
    expect(refusal(text, 'managed')).toBe(message);
  });

  it.each([
    document({ Resource: ['arn:aws:s3:::example_bucket', '*'] }),
    document({ Action: 'iam: asdf safdsf af ' }),
    document({ Action: '*' }),
    document({ Resource: 'arn:aws:fdsasf' }),
    document({ Resource: 'arn:aws:invalid-service:us-east-1::example_bucket' }),
    document({ Resource: 'arn:aws:iam:::user/example_bucket' }),
    document({ Condition: {} }),
    document({ Condition: { a: {} } }),
    document({ Condition: { DateGreaterThan: { a: [] } } }),
    document({
      Condition: { NumericLessThan: { 's3:max-keys': 10 }, Bool: { 'aws:SecureTransport': true } },
    }),
    document({ Condition: { DateGreaterThan: { 'aws:CurrentTime': '2017-07-01T00:00:00Z' } } }),
    document({ Condition: { DateLessThanEquals: { a: '-292275054' } } }),
    document({ Condition: { DateLessThanEquals: { a: '2016-12-13t2:00:00.593194+10:03' } } }),
    document({ Condition: { DateLessThan: { a: '9223372036854775807' } } }),
    document([{ Sid: '' }, { Sid: '' }]),
  ])('%s is accepted', (text) => {
    expect(refusal(text, 'managed')).toBeUndefined();
  });
});

describe('a policy of another kind', () => {
  it('may be of the older version', () => {
    for (const kind of ['identity', 'scp'] as const) {
      expect(refusal(document({}, { Version: '2008-10-17' }), kind)).toBeUndefined();
    }
  });

  const trusting = (parts: Parts): string =>
    document({
      Action: 'sts:AssumeRole',
      Resource: none,
      Principal: { Service: 'ec2.amazonaws.com' },
      ...parts,
    });

  it.each<[string, string | undefined]>([
    [trusting({}), undefined],
    [trusting({ Principal: { AWS: ['123456789012', 'arn:aws:iam::123456789012:role/a/b'] } }), undefined],
    [trusting({ Principal: { AWS: 'AROAEXAMPLE1234567890' } }), undefined],
    [trusting({ Action: ['sts:AssumeRole', 'sts:TagSession'] }), undefined],
    ['{', 'This policy contains invalid Json'],
    [trusting({ Principal: none }), 'Missing required field Principal'],
    [trusting({ Principal: '*' }), 'Invalid principal in policy: "STAR":"*"'],
    [
      trusting({ Principal: { AWS: 'arn:aws:iam::12345678910:role/R' } }),
      'Invalid principal in policy: "AWS":"arn:aws:iam::12345678910:role/R"',
    ],
    [trusting({ Principal: { Service: 'ec2' } }), 'Invalid principal in policy: "SERVICE":"ec2"'],
    [
      trusting({ Principal: { Federated: 'x' } }),
      'Federated principals must be valid domain names or SAML metadata ARNs',
    ],
    [
      trusting({ Principal: {} }),
      'Invalid principal in policy: com.amazon.balsa.error.InvalidPolicyException: The passed in ' +
        'policy has a ' +
        'statement with no principals!',
    ],
    [trusting({ Resource: '*' }), 'Has prohibited field Resource'],
    [trusting({ Action: 's3:GetObject' }), 'AssumeRole policy may only specify STS AssumeRole actions.'],
  ])('says whom a role trusts: %s', (text, message) => {
    expect(refusal(text, 'trust')).toBe(message);
  });

  it('belongs to a resource, and then names principals', () => {
    expect(refusal(document({}), 'resource')).toBe('Missing required field Principal');
    expect(refusal(document({ Principal: '*' }), 'resource')).toBeUndefined();
    expect(refusal(document({ NotPrincipal: { AWS: '123456789012' } }), 'resource')).toBe(
      'Allow with NotPrincipal is not allowed.',
    );
  });

  // AWS's own sample template s3-bucket-and-policy-for-caa-v1 has two statements with one Sid; IAM's rule is IAM's alone:
  // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html
  it('may have one Sid for several statements where it belongs to a bucket', () => {
    const twice = document([
      { Sid: 'same', Principal: '*' },
      { Sid: 'same', Principal: '*' },
    ]);
    expect(refusal(twice, 'bucket')).toBeUndefined();
    expect(refusal(twice, 'resource')).toBe('Statement IDs (SID) in a single policy must be unique.');
  });

  it('is thrown as the error that the caller names', () => {
    expect(() => parsePolicy('{', 'resource', 'MalformedPolicy')).toThrow(
      expect.objectContaining({ shape: 'MalformedPolicy', message: SYNTAX }),
    );
  });

  it('is compiled once per text', () => {
    expect(parsePolicy(document({}), 'identity')).toBe(parsePolicy(document({}), 'identity'));
  });
});
