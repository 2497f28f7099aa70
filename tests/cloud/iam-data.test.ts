// The distilled facts: every AWS managed policy compiles, and actions know their resources and condition
// keys.

import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { evaluate } from '../../src/cloud/iam/evaluate.ts';
import { loadManagedPolicies, loadServiceActions } from '../../src/cloud/iam/load.ts';
import { contextOf } from '../../src/cloud/iam/match.ts';
import { parsePolicy } from '../../src/cloud/iam/policy.ts';
import { accountOfPrincipal } from '../../src/cloud/iam/principals.ts';

const managed = loadManagedPolicies();
const principal = { type: 'user', account: '123456789012', arn: 'arn:aws:iam::123456789012:user/u' } as const;

function allows(name: string, action: string, resource = '*', keys: Record<string, string> = {}): boolean {
  const document = managed.get(name)?.document ?? '';
  const accountOfResource = accountOfPrincipal(principal) ?? '';
  const identityPolicies = [parsePolicy(document, 'managed')];
  const context = contextOf(keys);
  return evaluate({ principal, action, resource, context, accountOfResource, identityPolicies }).allowed;
}

describe('AWS managed policies', () => {
  it.each([...managed])('%s is a policy', (name, policy) => {
    expect(policy.arn).toBe(`arn:aws:iam::aws:policy${policy.path}${name}`);
    expect(policy.versionId).toMatch(/^v\d+$/);
    expect(parsePolicy(policy.document, 'managed').statements.length).toBeGreaterThan(0);
  });

  it('allow what they are for', () => {
    expect(allows('AdministratorAccess', 'iam:CreateUser')).toBe(true);
    expect(allows('PowerUserAccess', 'ec2:RunInstances')).toBe(true);
    expect(allows('PowerUserAccess', 'iam:CreateUser')).toBe(false);
    expect(allows('ReadOnlyAccess', 's3:GetObject', 'arn:aws:s3:::b/k')).toBe(true);
    expect(allows('ReadOnlyAccess', 's3:PutObject', 'arn:aws:s3:::b/k')).toBe(false);
    expect(allows('AWSCodeDeployRole', 'autoscaling:CompleteLifecycleAction')).toBe(true);
    expect(allows('AWSCodeDeployRole', 'ec2:RunInstances')).toBe(false);
    expect(allows('AmazonEC2RoleforAWSCodeDeploy', 's3:GetObject', 'arn:aws:s3:::bucket/app.zip')).toBe(true);
    expect(allows('AmazonEC2RoleforAWSCodeDeploy', 's3:PutObject', 'arn:aws:s3:::bucket/app.zip')).toBe(
      false,
    );
    expect(allows('AWSDenyAll', 'sts:GetCallerIdentity')).toBe(false);
  });

  it('allow a service-linked role only for the service that their condition names', () => {
    const creates = (service: string): boolean =>
      allows('AutoScalingFullAccess', 'iam:CreateServiceLinkedRole', '*', { 'iam:AWSServiceName': service });
    expect(creates('autoscaling.amazonaws.com')).toBe(true);
    expect(creates('ec2.amazonaws.com')).toBe(false);
  });
});

describe('the facts about actions', () => {
  const folder = new URL('../../contracts/iam-actions/', import.meta.url);
  const prefixes = readdirSync(folder).map((file) => file.replace('.json', ''));

  it.each(prefixes)('of %s can be read', (prefix) => {
    const service = loadServiceActions(prefix);
    expect(service?.source).toMatch(/^@cloud-copilot\/iam-data \d/);
    for (const name of service?.actionNames ?? []) {
      const facts = service?.action(name.toUpperCase());
      expect(facts?.action).toBe(`${prefix}:${name}`);
      expect(facts?.conditionKeys).not.toContain('');
    }
  });

  it('name resources, condition keys and access levels', () => {
    const put = loadServiceActions('s3')?.action('PutObject');
    expect(put?.accessLevels).toEqual(['Write']);
    expect(put?.conditionKeys).toContain('s3:x-amz-acl');
    const object = put?.resources.find(({ type }) => type.name === 'object');
    expect(object).toMatchObject({
      required: false,
      type: { arn: 'arn:${Partition}:s3:::${BucketName}/${ObjectName}' },
    });
    expect(loadServiceActions('codedeploy')?.action('ListDeploymentConfigs')?.resources).toEqual([]);
    const run = loadServiceActions('ec2')?.action('RunInstances');
    expect(run?.resources.filter(({ required }) => required).map(({ type }) => type.name)).toContain(
      'instance',
    );
    expect(loadServiceActions('iam')?.conditionKeyTypes.get('iam:PassedToService')).toBe('String');
  });

  it('are absent for other services', () => {
    expect(loadServiceActions('quantum')).toBeUndefined();
    expect(loadServiceActions('../index')).toBeUndefined();
  });
});
