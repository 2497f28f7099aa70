// Parts of templates for networks, for tests of their providers.

import { DescribeStackResourceDriftsCommand, DetectStackDriftCommand } from '@aws-sdk/client-cloudformation';
import { expect } from 'vitest';
import type { ProviderStand, TemplateParts } from '../test-stand.ts';

export const ref = (Ref: string): object => ({ Ref });
export const att = (...path: string[]): object => ({ 'Fn::GetAtt': path });
export const output = (Value: object): object => ({ Value });
export const tag = (Value: string): object[] => [{ Key: 'Name', Value }];

export const resource = (type: string, Properties: object = {}, more: object = {}): object => ({
  Type: `AWS::EC2::${type}`,
  Properties,
  ...more,
});

export const vpc = (more: object = {}): object => resource('VPC', { CidrBlock: '10.0.0.0/16', ...more });

export const subnet = (CidrBlock: string, more: object = {}): object =>
  resource('Subnet', {
    VpcId: ref('Vpc'),
    CidrBlock,
    AvailabilityZone: { 'Fn::Select': [0, { 'Fn::GetAZs': '' }] },
    ...more,
  });

/** Physical ids of a stack that comes about without a failure. */
export async function created(
  stand: ProviderStand,
  template: TemplateParts,
): Promise<Record<string, string>> {
  const status = await stand.create(template);
  expect([status, ...(await stand.failures())]).toEqual(['CREATE_COMPLETE']);
  return stand.physicalIds();
}

export async function updated(
  stand: ProviderStand,
  template: TemplateParts,
): Promise<Record<string, string>> {
  const status = await stand.update(template);
  expect([status, ...(await stand.failures())]).toEqual(['UPDATE_COMPLETE']);
  return stand.physicalIds();
}

/** What drift detection finds, by logical id. */
export async function drifts(stand: ProviderStand): Promise<Record<string, string | undefined>> {
  await stand.cloudformation.send(new DetectStackDriftCommand({ StackName: 'shop' }));
  stand.table.advance(600_000);
  const { StackResourceDrifts = [] } = await stand.cloudformation.send(
    new DescribeStackResourceDriftsCommand({ StackName: 'shop' }),
  );
  return Object.fromEntries(
    StackResourceDrifts.map((one) => [one.LogicalResourceId ?? '', one.StackResourceDriftStatus]),
  );
}
