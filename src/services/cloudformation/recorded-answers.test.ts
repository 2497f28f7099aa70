// Answers that LocalStack's tests recorded of AWS (github.com/localstack/localstack, tests/aws/services/cloudformation/), by the
// names of those tests.

import {
  CreateChangeSetCommand,
  DeleteChangeSetCommand,
  DeleteStackCommand,
  DescribeChangeSetCommand,
  DescribeStackResourceCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
  GetTemplateCommand,
  GetTemplateSummaryCommand,
  ListChangeSetsCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import type {
  CloudFormationClient,
  CreateChangeSetCommandInput,
  GetTemplateSummaryCommandOutput,
  Stack,
} from '@aws-sdk/client-cloudformation';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { newTable } from '../../../tests/table.ts';
import { ProviderStand } from './providers/test-stand.ts';
import type { TemplateParts } from './providers/test-stand.ts';

const StackName = 'shop';
const ChangeSetName = 'change';

function value(Value: unknown): TemplateParts {
  return { Resources: { Value: { Type: 'AWS::SSM::Parameter', Properties: { Type: 'String', Value } } } };
}

class Desk {
  readonly stand = new ProviderStand(newTable());
  readonly client: CloudFormationClient = this.stand.cloudformation;

  async change(template: object, more: Partial<CreateChangeSetCommandInput> = {}): Promise<string> {
    const TemplateBody = JSON.stringify(template);
    const input = { StackName, ChangeSetName, TemplateBody, ChangeSetType: 'UPDATE' as const, ...more };
    const { Id = '' } = await this.client.send(new CreateChangeSetCommand(input));
    this.stand.table.advance(60_000);
    return Id;
  }

  async execute(id: string): Promise<string> {
    await this.client.send(new ExecuteChangeSetCommand({ ChangeSetName: id }));
    return this.stand.settle();
  }

  async stack(name: string = StackName): Promise<Stack | undefined> {
    const { Stacks = [] } = await this.client.send(new DescribeStacksCommand({ StackName: name }));
    return Stacks[0];
  }
}

const CREATE = { ChangeSetType: 'CREATE' } as const;

describe('a change set', () => {
  it('that was executed is described by its id, listed no more, and its name may be used again', async () => {
    const desk = new Desk();
    const first = await desk.change(value('one'), CREATE);
    expect(await desk.execute(first)).toBe('CREATE_COMPLETE');
    const listed = await desk.client.send(new ListChangeSetsCommand({ StackName }));
    expect(listed.Summaries).toEqual([]);
    const second = await desk.change(value('two'));
    expect(second).not.toBe(first);
    const [old, fresh] = await Promise.all(
      [{ ChangeSetName: first }, { ChangeSetName, StackName }].map((input) =>
        desk.client.send(new DescribeChangeSetCommand(input)),
      ),
    );
    expect(old).toMatchObject({ ExecutionStatus: 'EXECUTE_COMPLETE' });
    expect(fresh).toMatchObject({ ChangeSetId: second, ExecutionStatus: 'AVAILABLE' });
  });

  it('leaves out parameters, tags and triggers where there are none, and tells an empty list of capabilities', async () => {
    const desk = new Desk();
    const id = await desk.change(value('one'), CREATE);
    const found = await desk.client.send(new DescribeChangeSetCommand({ ChangeSetName: id }));
    expect(found).toMatchObject({ Capabilities: [], NotificationARNs: [], RollbackConfiguration: {} });
    expect(found.Parameters).toBeUndefined();
    expect(found.Tags).toBeUndefined();
    expect(found.RollbackConfiguration?.RollbackTriggers).toBeUndefined();
  });

  it('needs no leave for transforms, and fails where one does', async () => {
    const desk = new Desk();
    const Properties = {
      'Fn::Transform': { Name: 'AWS::Include', Parameters: { Location: 's3://doesnotexist/key.yml' } },
    };
    const id = await desk.change({ Resources: { A: { Type: 'AWS::SSM::Parameter', Properties } } }, CREATE);
    expect(await desk.client.send(new DescribeChangeSetCommand({ ChangeSetName: id }))).toMatchObject({
      Status: 'FAILED',
      ExecutionStatus: 'UNAVAILABLE',
      StatusReason: 'Transform AWS::Include failed with: S3 bucket [doesnotexist] does not exist.',
    });
  });

  it('is refused where a mapping has no such key', async () => {
    const desk = new Desk();
    const template = {
      Mappings: { Suffix: { A: { Text: 'a' } } },
      Parameters: { Key: { Type: 'String' } },
      ...value({ 'Fn::FindInMap': ['Suffix', { Ref: 'Key' }, 'Text'] }),
    };
    const Parameters = [{ ParameterKey: 'Key', ParameterValue: 'C' }];
    await expect(desk.change(template, { ...CREATE, Parameters })).rejects.toMatchObject({
      name: 'ValidationError',
      message: 'Template error: Unable to get mapping for Suffix::C::Text',
    });
  });

  it('tells that the value of an export that is not there is not known, and stands all the same', async () => {
    const desk = new Desk();
    const id = await desk.change(value({ 'Fn::ImportValue': 'nobodys' }), CREATE);
    const input = { ChangeSetName: id, IncludePropertyValues: true };
    const found = await desk.client.send(new DescribeChangeSetCommand(input));
    expect(found).toMatchObject({
      Status: 'CREATE_COMPLETE',
      StatusReason:
        '[WARN] --include-property-values option can return incomplete ChangeSet data because: ChangeSet creation ' +
        'failed for resource [Value] because: No export named nobodys',
    });
    expect(found.Changes?.[0]?.ResourceChange?.AfterContext).toContain('{{changeSet:KNOWN_AFTER_APPLY}}');
    expect(await desk.execute(id)).toBe('ROLLBACK_COMPLETE');
  });

  it('does not bring a deleted stack back by its id', async () => {
    const desk = new Desk();
    await desk.change(value('one'), CREATE);
    const { StackId = '' } = (await desk.stack()) ?? {};
    await desk.client.send(new DeleteStackCommand({ StackName }));
    await desk.stand.settle(StackId);
    await expect(desk.change(value('one'), { ...CREATE, StackName: StackId })).rejects.toMatchObject({
      message: `Stack [${StackId}] already exists and cannot be created again with the changeSet [change].`,
    });
  });

  it('that is not there answers 404; without a stack its name means nothing', async () => {
    const desk = new Desk();
    await desk.stand.create(value('one'));
    const unknown = desk.client.send(new DescribeChangeSetCommand({ StackName, ChangeSetName: 'none' }));
    await expect(unknown).rejects.toMatchObject({
      name: 'ChangeSetNotFoundException',
      message: 'ChangeSet [none] does not exist',
      $metadata: { httpStatusCode: 404 },
    });
    await expect(
      desk.client.send(new DeleteChangeSetCommand({ ChangeSetName: 'none' })),
    ).rejects.toMatchObject({
      message: 'StackName must be specified if ChangeSetName is not specified as an ARN.',
    });
  });
});

describe('DescribeStacks', () => {
  it('tells a stack from a change set when that was executed, until the stack is on its way out', async () => {
    const desk = new Desk();
    const id = await desk.change(value('one'), CREATE);
    await desk.execute(id);
    const stack = await desk.stack();
    expect(stack).toMatchObject({ ChangeSetId: id, Tags: [], EnableTerminationProtection: false });
    expect(stack?.LastUpdatedTime?.getTime()).toBeGreaterThan(stack?.CreationTime?.getTime() ?? 0);
    expect(stack?.LastOperations).toMatchObject([{ OperationType: 'CREATE_STACK' }]);
    for (const name of ['Parameters', 'Capabilities', 'Outputs'] as const)
      expect(stack?.[name]).toBeUndefined();
    await desk.stand.delete();
    const gone = await desk.stack(stack?.StackId);
    expect(gone?.DeletionTime).toBeDefined();
    expect(gone?.ChangeSetId).toBeUndefined();
    expect(gone?.EnableTerminationProtection).toBeUndefined();
    expect(gone?.LastOperations).toMatchObject([{ OperationType: 'DELETE_STACK' }]);
  });

  it('tells since when a stack is deleted whose creation is rolled back', async () => {
    const desk = new Desk();
    const id = await desk.change(value({ Ref: 'AWS::NoValue' }), CREATE);
    expect(await desk.execute(id)).toBe('ROLLBACK_COMPLETE');
    const stack = await desk.stack();
    expect(stack?.DeletionTime).toBeDefined();
    expect(stack?.ChangeSetId).toBeUndefined();
  });
});

describe('a template', () => {
  it('whose stack is under review has no summary, and others tell by what each type is imported', async () => {
    const desk = new Desk();
    await desk.change(value('one'), CREATE);
    const summary = new GetTemplateSummaryCommand({ StackName });
    await expect(desk.client.send(summary)).rejects.toMatchObject({
      message: 'GetTemplateSummary cannot be called on REVIEW_IN_PROGRESS stacks.',
    });
    const TemplateBody = JSON.stringify(value('one'));
    const found = await desk.client.send(new GetTemplateSummaryCommand({ TemplateBody }));
    expect(found.ResourceIdentifierSummaries).toEqual([
      { ResourceType: 'AWS::SSM::Parameter', LogicalResourceIds: ['Value'], ResourceIdentifiers: ['Name'] },
    ]);
    expect(found.Capabilities).toBeUndefined();
    expect(found.DeclaredTransforms).toBeUndefined();
  });

  it('is got by a stack, or a change set with its stack', async () => {
    const desk = new Desk();
    await expect(desk.client.send(new GetTemplateCommand({}))).rejects.toMatchObject({
      message: 'StackName is required if ChangeSetName is not specified.',
    });
    await expect(desk.client.send(new GetTemplateCommand({ ChangeSetName }))).rejects.toMatchObject({
      message: 'StackName is a required parameter.',
    });
  });

  it('may ask a resource for its properties, as for its attributes', async () => {
    const desk = new Desk();
    const template = (DisplayName: string): TemplateParts => ({
      Resources: {
        One: { Type: 'AWS::SNS::Topic', Properties: { DisplayName } },
        ...value({ 'Fn::GetAtt': ['One', 'DisplayName'] }).Resources,
      },
      Outputs: { Said: { Value: { 'Fn::GetAtt': ['Value', 'Value'] } } },
    });
    expect(await desk.stand.create(template('first'))).toBe('CREATE_COMPLETE');
    expect(await desk.stand.outputs()).toEqual({ Said: 'first' });
    const id = await desk.change(template('second'));
    const found = await desk.client.send(new DescribeChangeSetCommand({ ChangeSetName: id }));
    expect(found.Changes?.map(({ ResourceChange }) => ResourceChange?.LogicalResourceId)).toEqual([
      'One',
      'Value',
    ]);
    await desk.execute(id);
    expect(await desk.stand.outputs()).toEqual({ Said: 'second' });
  });

  it('that asks for an attribute that its type does not have is refused', async () => {
    const desk = new Desk();
    await expect(desk.stand.create(value({ 'Fn::GetAtt': ['Other', 'No'] }))).rejects.toThrow('Other');
    const Resources = {
      One: { Type: 'AWS::SNS::Topic' },
      ...value({ 'Fn::GetAtt': ['One', 'Colour'] }).Resources,
    };
    await expect(desk.stand.create({ Resources })).rejects.toMatchObject({
      message: 'Template error: resource One does not support attribute type Colour in Fn::GetAtt',
    });
  });

  it('leaves out what a parameter says is AWS::NoValue', async () => {
    const desk = new Desk();
    const Properties = { TopicName: { Ref: 'Name' } };
    const template = {
      Parameters: { Name: { Type: 'String', Default: 'AWS::NoValue' } },
      Resources: { One: { Type: 'AWS::SNS::Topic', Properties } },
    };
    expect(await desk.stand.create(template)).toBe('CREATE_COMPLETE');
    expect((await desk.stand.physicalIds())['One']).toContain(':shop-One-');
  });

  it('with a comma too many is YAML', async () => {
    const desk = new Desk();
    const TemplateBody = `{${JSON.stringify(value('one')).slice(1, -1)},}`;
    const found = await desk.client.send(new GetTemplateSummaryCommand({ TemplateBody }));
    expect(found.ResourceTypes).toEqual(['AWS::SSM::Parameter']);
    await expect(
      desk.client.send(new GetTemplateSummaryCommand({ TemplateBody: '{"Resources"="none"}' })),
    ).rejects.toMatchObject({
      message: 'Template format error: JSON not well-formed. (line 1, column 14)',
    });
  });

  it('may compute a DeletionPolicy without a transform', async () => {
    const desk = new Desk();
    const [resource] = Object.values(value('one').Resources) as object[];
    const template = {
      Parameters: { Type: { Type: 'String', Default: 'prod' } },
      Conditions: { Permanent: { 'Fn::Equals': [{ Ref: 'Type' }, 'prod'] } },
      Resources: { Value: { ...resource, DeletionPolicy: { 'Fn::If': ['Permanent', 'Retain', 'Delete'] } } },
    };
    expect(await desk.stand.create(template)).toBe('CREATE_COMPLETE');
    const { StackId } = (await desk.stack()) ?? {};
    expect(await desk.stand.delete()).toBe('DELETE_COMPLETE');
    expect((await desk.stand.events(StackId)).join()).toContain('Value DELETE_SKIPPED');
  });

  it('with transforms is always an update', async () => {
    const desk = new Desk();
    const template = { Transform: 'AWS::LanguageExtensions', ...value('one') };
    expect(await desk.stand.create(template)).toBe('CREATE_COMPLETE');
    expect(await desk.stand.update(template)).toBe('UPDATE_COMPLETE');
    const plain = new UpdateStackCommand({ StackName, TemplateBody: JSON.stringify(value('one')) });
    await expect(desk.client.send(plain)).rejects.toMatchObject({
      message: 'No updates are to be performed.',
    });
  });
});

// Not recorded of AWS: https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html
it('a template is read from the region of its bucket, unless its URL names another', async () => {
  const desk = new Desk();
  const west = desk.stand.table.client(S3Client, { region: 'eu-west-1' });
  const LocationConstraint = 'eu-west-1';
  await west.send(
    new CreateBucketCommand({ Bucket: 'plans', CreateBucketConfiguration: { LocationConstraint } }),
  );
  await west.send(new PutObjectCommand({ Bucket: 'plans', Key: 'a', Body: JSON.stringify(value('one')) }));
  const summary = (TemplateURL: string): Promise<GetTemplateSummaryCommandOutput> =>
    desk.client.send(new GetTemplateSummaryCommand({ TemplateURL }));
  for (const url of ['https://s3.amazonaws.com/plans/a', 'https://plans.s3.eu-west-1.amazonaws.com/a'])
    expect((await summary(url)).ResourceTypes).toEqual(['AWS::SSM::Parameter']);
  await expect(summary('https://plans.s3.us-west-2.amazonaws.com/a')).rejects.toThrow('S3 error: ');
  await expect(summary('s3://plans/a')).rejects.toThrow(
    'S3 error: Domain name specified in plans is not a valid S3 domain',
  );
});

it('a resource that a stack does not have is named with the stack as it was asked for', async () => {
  const desk = new Desk();
  await desk.stand.create(value('one'));
  const { StackId } = (await desk.stack()) ?? {};
  await expect(
    desk.client.send(new DescribeStackResourceCommand({ StackName: StackId, LogicalResourceId: 'None' })),
  ).rejects.toMatchObject({ message: `Resource None does not exist for stack ${StackId}` });
});
