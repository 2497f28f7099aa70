// What a suite finds in its account: an administrator whose keys it uses, as on AWS, and the roles that it names but never makes.

import {
  AttachRolePolicyCommand,
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  IAMClient,
} from '@aws-sdk/client-iam';
import type { Credentials } from './suite.ts';

const ADMINISTRATOR = 'arn:aws:iam::aws:policy/AdministratorAccess';

export async function administrator(url: string, account: string): Promise<Credentials> {
  const iam = root(url, account);
  const UserName = 'conformance';
  await iam.send(new CreateUserCommand({ UserName }));
  await iam.send(new AttachUserPolicyCommand({ UserName, PolicyArn: ADMINISTRATOR }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  return {
    AWS_ACCESS_KEY_ID: AccessKey?.AccessKeyId ?? '',
    AWS_SECRET_ACCESS_KEY: AccessKey?.SecretAccessKey ?? '',
  };
}

/** Roles that the account and Lambda may assume, and that may do anything. */
export async function roles(url: string, account: string, names: readonly string[]): Promise<void> {
  const iam = root(url, account);
  const trust = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${account}:root`, Service: 'lambda.amazonaws.com' },
        Action: 'sts:AssumeRole',
      },
    ],
  };
  for (const RoleName of names) {
    await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: JSON.stringify(trust) }));
    await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn: ADMINISTRATOR }));
  }
}

function root(endpoint: string, account: string): IAMClient {
  const credentials = { accessKeyId: account, secretAccessKey: 'root' };
  return new IAMClient({ endpoint, region: 'us-east-1', credentials });
}
