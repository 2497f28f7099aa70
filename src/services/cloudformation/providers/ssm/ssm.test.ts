// AWS::SSM through CloudFormation.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_SSM.html

import {
  DescribeDocumentCommand,
  DescribeParametersCommand,
  GetDocumentCommand,
  GetParameterCommand,
  ListDocumentsCommand,
  ListTagsForResourceCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { describe, expect, it } from 'vitest';
import { ProviderStand } from '../test-stand.ts';

const ref = (Ref: string): object => ({ Ref });
const att = (logicalId: string, name: string): object => ({ 'Fn::GetAtt': [logicalId, name] });

function newStand(): ProviderStand & { ssm: SSMClient } {
  const stand = new ProviderStand();
  return Object.assign(stand, { ssm: stand.table.client(SSMClient) });
}

describe('AWS::SSM::Parameter', () => {
  const parts = (properties: object): { Resources: object; Outputs: object } => ({
    Resources: { Parameter: { Type: 'AWS::SSM::Parameter', Properties: { Type: 'String', ...properties } } },
    Outputs: {
      Ref: { Value: ref('Parameter') },
      Type: { Value: att('Parameter', 'Type') },
      Value: { Value: att('Parameter', 'Value') },
    },
  });

  // Recorded by LocalStack: tests/aws/services/cloudformation/resource_providers/ssm/test_parameter.snapshot.json
  it('gets a name that begins with CFN, and tells its type and value', async () => {
    const stand = newStand();
    expect(await stand.create(parts({ Value: 'abc123' }))).toBe('CREATE_COMPLETE');
    const { Ref, Type, Value } = await stand.outputs();
    expect(Ref).toMatch(/^CFN-Parameter-[A-Za-z0-9]{12}$/);
    expect([Type, Value]).toEqual(['String', 'abc123']);
  });

  it('gets a new version when it changes, and loses what the template no longer says', async () => {
    const stand = newStand();
    const Name = '/shop/limit';
    await stand.create(
      parts({ Name, Value: '1', Description: 'Most', AllowedPattern: '\\d', Tags: { a: '1' } }),
    );
    expect(await stand.update(parts({ Name, Value: 'many', Tags: { b: '2' } }))).toBe('UPDATE_COMPLETE');
    const { Parameter } = await stand.ssm.send(new GetParameterCommand({ Name }));
    expect(Parameter).toMatchObject({ Value: 'many', Version: 2 });
    const { Parameters = [] } = await stand.ssm.send(new DescribeParametersCommand({}));
    expect([Parameters[0]?.Description ?? '', Parameters[0]?.AllowedPattern ?? '']).toEqual(['', '']);
    const { TagList = [] } = await stand.ssm.send(
      new ListTagsForResourceCommand({ ResourceType: 'Parameter', ResourceId: Name }),
    );
    const own = TagList.filter(({ Key = '' }) => !Key.startsWith('aws:'));
    expect(own).toEqual([{ Key: 'b', Value: '2' }]);
    expect(TagList.map(({ Key }) => Key)).toContain('aws:cloudformation:stack-name');
    expect(await stand.delete()).toBe('DELETE_COMPLETE');
    const left = await stand.ssm.send(new DescribeParametersCommand({}));
    expect(left.Parameters).toEqual([]);
  });

  it('cannot be a SecureString', async () => {
    const stand = newStand();
    expect(await stand.create(parts({ Type: 'SecureString', Value: 'x' }))).toBe('ROLLBACK_COMPLETE');
    expect((await stand.failures())[0]).toContain('#/Type: SecureString is not a valid enum value');
  });

  it('keeps its old value when an update is taken back', async () => {
    const stand = newStand();
    await stand.create(parts({ Name: 'limit', Value: '1' }));
    const { Resources } = parts({ Name: 'limit', Value: '2' });
    const Bad = {
      Type: 'AWS::SSM::Parameter',
      DependsOn: 'Parameter',
      Properties: { Type: 'String', Value: 'x', AllowedPattern: '\\d' },
    };
    expect(await stand.update({ Resources: { ...Resources, Bad } })).toBe('UPDATE_ROLLBACK_COMPLETE');
    const { Parameter } = await stand.ssm.send(new GetParameterCommand({ Name: 'limit' }));
    expect(Parameter).toMatchObject({ Value: '1', Version: 3 });
  });
});

describe('AWS::SSM::Document', () => {
  const content = (command: string): object => ({
    schemaVersion: '2.2',
    description: 'Says something',
    mainSteps: [{ action: 'aws:runShellScript', name: 'say', inputs: { runCommand: [command] } }],
  });
  const parts = (command: string, properties: object = {}): { Resources: object } => ({
    Resources: {
      Document: {
        Type: 'AWS::SSM::Document',
        Properties: { DocumentType: 'Command', Content: content(command), ...properties },
      },
    },
  });

  it('is replaced by a change of its content', async () => {
    const stand = newStand();
    expect(await stand.create(parts('echo one'))).toBe('CREATE_COMPLETE');
    const { Document: first } = await stand.physicalIds();
    expect(first).toMatch(/^shop-Document-/);
    expect(await stand.update(parts('echo two'))).toBe('UPDATE_COMPLETE');
    const { Document: second = '' } = await stand.physicalIds();
    expect(second).not.toBe(first);
    const { DocumentIdentifiers = [] } = await stand.ssm.send(new ListDocumentsCommand({}));
    expect(DocumentIdentifiers.map(({ Name }) => Name)).toEqual([second]);
    expect(await stand.delete()).toBe('DELETE_COMPLETE');
  });

  // https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ssm-document.html
  it('gets a new default version where UpdateMethod says so, and the old one back after a failure', async () => {
    const stand = newStand();
    const kept = { Name: 'say', UpdateMethod: 'NewVersion' };
    await stand.create(parts('echo one', kept));
    expect(await stand.update(parts('echo two', kept))).toBe('UPDATE_COMPLETE');
    const { Document } = await stand.ssm.send(new DescribeDocumentCommand({ Name: 'say' }));
    expect(Document).toMatchObject({ DefaultVersion: '2', LatestVersion: '2', Status: 'Active' });
    const Bad = {
      Type: 'AWS::SSM::Parameter',
      DependsOn: 'Document',
      Properties: { Type: 'Bad', Value: 'x' },
    };
    const { Resources } = parts('echo three', kept);
    expect(await stand.update({ Resources: { ...Resources, Bad } })).toBe('UPDATE_ROLLBACK_COMPLETE');
    const { Content } = await stand.ssm.send(new GetDocumentCommand({ Name: 'say' }));
    expect(JSON.parse(Content ?? '')).toEqual(content('echo two'));
  });
});
