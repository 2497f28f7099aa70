// What single services and features ask of policies: keys, roles, buckets, confused deputies, organizations.

import type { Page, Statement } from './row.ts';
import { allow, deny, GUIDE, HOME, KEY, lets, OTHER, roleArn, rootArn, TARGET, userArn } from './row.ts';

const encrypt = { action: 'kms:Encrypt', on: KEY } as const;
const uses = allow('kms:Encrypt');
const keys: Page = {
  page: 'https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html',
  situations: [
    {
      that: 'a key policy for the account lets identity policies decide',
      identity: [uses],
      resource: [lets({ AWS: rootArn(HOME) }, allow('kms:*'))],
      rows: [
        ['allow', encrypt],
        ['allow', { ...encrypt, who: 'Admin' }],
        ['allow', { ...encrypt, who: 'root' }],
        ['deny', { ...encrypt, action: 'kms:Decrypt' }],
        ['deny', { ...encrypt, who: 'eve' }],
      ],
    },
    {
      that: 'it gives no permission by itself',
      resource: [lets({ AWS: rootArn(HOME) }, allow('kms:*'))],
      rows: [
        ['deny', encrypt],
        ['deny', { ...encrypt, who: 'Admin' }],
        ['allow', { ...encrypt, who: 'root' }],
      ],
    },
    {
      that: 'a key policy that leaves the account out makes identity policies worthless, the root user too',
      identity: [allow('*')],
      resource: [lets({ AWS: userArn('bob') }, allow('kms:*'))],
      rows: [
        ['deny', encrypt],
        ['deny', { ...encrypt, who: 'root' }],
        ['deny', { ...encrypt, who: 'Admin' }],
        ['allow', { ...encrypt, who: 'bob' }],
      ],
    },
    {
      that: 'a key policy that names a principal suffices',
      resource: [lets({ AWS: [userArn('ana'), roleArn('Admin')] }, allow('kms:Encrypt'))],
      rows: [
        ['allow', encrypt],
        ['allow', { ...encrypt, who: 'Admin' }],
        ['deny', { ...encrypt, action: 'kms:Decrypt' }],
        ['deny', { ...encrypt, who: 'bob' }],
      ],
    },
    {
      that: 'another account needs both',
      identity: [uses],
      resource: [
        lets({ AWS: rootArn(HOME) }, allow('kms:*')),
        lets({ AWS: rootArn(OTHER) }, allow('kms:Encrypt')),
      ],
      rows: [
        ['allow', { ...encrypt, who: 'eve' }],
        ['allow', { ...encrypt, who: 'Visitor' }],
        ['deny', { ...encrypt, who: 'eve', action: 'kms:Decrypt' }],
      ],
    },
    {
      that: 'a deny of the key policy wins',
      identity: [allow('*')],
      resource: [
        lets({ AWS: rootArn(HOME) }, allow('kms:*')),
        lets({ AWS: userArn('ana') }, deny('kms:Encrypt')),
      ],
      rows: [
        ['explicit deny', encrypt],
        ['allow', { ...encrypt, who: 'bob' }],
      ],
    },
  ],
};

const assume = { action: 'sts:AssumeRole', on: TARGET } as const;
const mayAssume = allow('sts:AssumeRole');
const trusts = (principal: unknown, Condition?: Statement['Condition']): Statement => ({
  ...lets(principal, allow('sts:AssumeRole')),
  ...(Condition === undefined ? {} : { Condition }),
});

const trust: Page = {
  page: `${GUIDE}id_roles_create_for-user.html`,
  situations: [
    {
      that: 'a role that trusts a user needs no policy of the user',
      resource: [trusts({ AWS: userArn('ana') })],
      rows: [
        ['allow', assume],
        ['deny', { ...assume, who: 'bob' }],
        ['deny', { ...assume, who: 'Admin' }],
      ],
    },
    {
      that: 'a role that trusts the account needs one',
      resource: [trusts({ AWS: HOME })],
      rows: [
        ['deny', assume],
        ['deny', { ...assume, who: 'Admin' }],
      ],
    },
    {
      that: 'the same with one',
      identity: [mayAssume],
      resource: [trusts({ AWS: HOME })],
      rows: [
        ['allow', assume],
        ['allow', { ...assume, who: 'Admin' }],
        ['deny', { ...assume, who: 'eve' }],
      ],
    },
    {
      that: 'a policy does not help with a role that does not trust',
      identity: [allow('*')],
      resource: [trusts({ Service: 'ec2.amazonaws.com' })],
      rows: [
        ['deny', assume],
        ['deny', { ...assume, who: 'Admin' }],
        ['deny', { ...assume, who: 'eve' }],
        ['allow', { ...assume, who: 'ec2' }],
        ['deny', { ...assume, who: 'sns' }],
      ],
    },
    {
      that: 'a role that trusts another account: that account must let its user',
      identity: [mayAssume],
      resource: [trusts({ AWS: OTHER })],
      rows: [
        ['allow', { ...assume, who: 'eve' }],
        ['deny', assume],
      ],
    },
    {
      that: 'a role that trusts a user of another account does not suffice',
      resource: [trusts({ AWS: userArn('eve', OTHER) })],
      rows: [['deny', { ...assume, who: 'eve' }]],
    },
    {
      that: 'a deny on either side wins',
      identity: [deny('sts:AssumeRole', TARGET)],
      resource: [trusts({ AWS: userArn('ana') })],
      rows: [['explicit deny', assume]],
    },
  ],
};

const externalId: Page = {
  page: `${GUIDE}id_roles_common-scenarios_third-party.html`,
  situations: [
    {
      that: 'an external id must be the right one',
      identity: [mayAssume],
      resource: [trusts({ AWS: OTHER }, { StringEquals: { 'sts:ExternalId': '12345' } })],
      rows: [
        ['allow', { ...assume, who: 'eve', given: { 'sts:ExternalId': '12345' } }],
        ['deny', { ...assume, who: 'eve', given: { 'sts:ExternalId': '54321' } }],
        ['deny', { ...assume, who: 'eve' }],
      ],
    },
    {
      that: 'MFA is asked for',
      identity: [mayAssume],
      resource: [trusts({ AWS: HOME }, { Bool: { 'aws:MultiFactorAuthPresent': 'true' } })],
      rows: [
        ['deny', assume],
        ['deny', { ...assume, who: 'Admin' }],
        ['allow', { ...assume, given: { 'aws:MultiFactorAuthPresent': 'true' } }],
      ],
    },
    {
      that: 'whoever has not shown an MFA device is denied all but to set one up',
      identity: [
        allow('*'),
        {
          Effect: 'Deny',
          NotAction: ['iam:EnableMFADevice', 'sts:GetSessionToken'],
          Resource: '*',
          Condition: { BoolIfExists: { 'aws:MultiFactorAuthPresent': 'false' } },
        },
      ],
      rows: [
        ['explicit deny'],
        ['explicit deny', { who: 'Admin' }],
        ['allow', { action: 'sts:GetSessionToken', on: '*' }],
        ['allow', { given: { 'aws:MultiFactorAuthPresent': 'true' } }],
      ],
    },
    {
      that: 'without IfExists keys that last long are let by, and sessions are not',
      identity: [allow('*'), deny('*', '*', { Bool: { 'aws:MultiFactorAuthPresent': 'false' } })],
      rows: [['allow'], ['explicit deny', { who: 'Admin' }]],
    },
    {
      that: 'sessions from before an instant are revoked, and keys that last long are not',
      identity: [
        allow('*'),
        deny('*', '*', { DateLessThan: { 'aws:TokenIssueTime': '2026-01-06T00:00:00Z' } }),
      ],
      rows: [
        ['explicit deny', { who: 'Admin' }],
        ['allow'],
        ['allow', { who: 'Admin', given: { 'aws:TokenIssueTime': '2026-01-07T00:00:00Z' } }],
      ],
    },
    {
      that: 'a session name is the name of the user',
      resource: [
        trusts({ AWS: userArn('ana') }, { StringLike: { 'sts:RoleSessionName': '${aws:username}' } }),
      ],
      rows: [
        ['allow', { ...assume, given: { 'sts:RoleSessionName': 'ana' } }],
        ['deny', { ...assume, given: { 'sts:RoleSessionName': 'bob' } }],
      ],
    },
    {
      that: 'a source identity is asked for',
      resource: [trusts({ AWS: userArn('ana') }, { StringLike: { 'sts:SourceIdentity': 'ana-*' } })],
      rows: [
        ['allow', { ...assume, given: { 'sts:SourceIdentity': 'ana-1' } }],
        ['deny', assume],
      ],
    },
    {
      that: 'tags of a session are asked for',
      resource: [trusts({ AWS: userArn('ana') }, { StringEquals: { 'aws:RequestTag/project': ['a', 'b'] } })],
      rows: [
        ['allow', { ...assume, given: { 'aws:RequestTag/project': 'a' } }],
        ['deny', { ...assume, given: { 'aws:RequestTag/project': 'c' } }],
        ['deny', assume],
      ],
    },
  ],
};

const web = { who: 'github', action: 'sts:AssumeRoleWithWebIdentity', on: TARGET } as const;
const SUB = 'token.actions.githubusercontent.com:sub';
const federation: Page = {
  page: `${GUIDE}id_roles_create_for-idp_oidc.html`,
  situations: [
    {
      that: 'a role trusts an identity provider for some of its users',
      resource: [
        {
          Effect: 'Allow',
          Action: 'sts:AssumeRoleWithWebIdentity',
          Principal: { Federated: `arn:aws:iam::${HOME}:oidc-provider/token.actions.githubusercontent.com` },
          Condition: { StringLike: { [SUB]: 'repo:octo/*' } },
        },
      ],
      rows: [
        ['allow', { ...web, given: { [SUB]: 'repo:octo/app' } }],
        ['deny', { ...web, given: { [SUB]: 'repo:other/octo/' } }],
        ['deny', web],
        ['deny', { ...web, action: 'sts:AssumeRole', given: { [SUB]: 'repo:octo/app' } }],
        ['deny', { ...web, who: 'ana', given: { [SUB]: 'repo:octo/app' } }],
      ],
    },
    {
      that: 'a role that trusts another provider',
      resource: [
        {
          Effect: 'Allow',
          Action: 'sts:AssumeRoleWithWebIdentity',
          Principal: { Federated: 'accounts.google.com' },
        },
      ],
      rows: [['deny', web]],
    },
  ],
};

export const services: readonly Page[] = [keys, trust, externalId, federation];
