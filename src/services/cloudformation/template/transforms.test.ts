// Transforms, what depends on what, and what a template says about itself.

import { describe, expect, it } from 'vitest';
import { dependenciesOf } from './dependencies.ts';
import { Evaluation } from './evaluation.ts';
import { resolveParameters } from './parameters.ts';
import { readTemplate, templateOf } from './read.ts';
import { requiredCapabilities, summaryOf } from './summary.ts';
import type { Template, Value } from './template.ts';
import { expandTransforms } from './transforms.ts';
import type { TransformAround } from './transforms.ts';

const PSEUDO = {
  account: '123456789012',
  region: 'us-east-1',
  partition: 'aws',
  urlSuffix: 'amazonaws.com',
  stackName: 'shop',
  stackId: 'arn',
  notificationArns: [],
};

function expand(
  yaml: string,
  given: Readonly<Record<string, string>> = {},
  more: Partial<TransformAround> = {},
): Template {
  const template = readTemplate(yaml);
  const list = Object.entries(given).map(([key, value]) => ({ key, value }));
  const parameters = resolveParameters(template, list, {}, { ssm: () => undefined, exists: () => true });
  const never = (): never => {
    throw new Error('not asked for');
  };
  return expandTransforms(template, { pseudo: PSEUDO, parameters, fetch: never, macro: never, ...more });
}

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
}

// Recorded by LocalStack (api/test_transformers.snapshot.json), unless another source is named.
describe('AWS::LanguageExtensions', () => {
  it('repeats resources over a list parameter', () => {
    const yaml = `
Transform: AWS::LanguageExtensions
Parameters:
  Names: {Type: CommaDelimitedList}
Resources:
  Fn::ForEach::Topics:
    - TopicName
    - !Ref Names
    - SnsTopic\${TopicName}:
        Type: AWS::SNS::Topic
        Properties:
          TopicName: !Join ['.', [!Ref TopicName, fifo]]
          FifoTopic: true
`;
    const { document, resources, expanded } = expand(yaml, { Names: 'one,two' });
    expect(expanded).toBe(true);
    expect(document['Resources']).toEqual({
      SnsTopicone: { Type: 'AWS::SNS::Topic', Properties: { TopicName: 'one.fifo', FifoTopic: true } },
      SnsTopictwo: { Type: 'AWS::SNS::Topic', Properties: { TopicName: 'two.fifo', FifoTopic: true } },
    });
    expect(Object.keys(resources)).toEqual(['SnsTopicone', 'SnsTopictwo']);
  });

  it('nests loops, and fills Fn::Sub', () => {
    const yaml = `
Transform: AWS::LanguageExtensions
Resources:
  Fn::ForEach::TopLevel:
    - Prefix
    - [Foo, Bar]
    - My\${Prefix}Parameter:
        Type: AWS::SSM::Parameter
        Properties: {Type: String, Value: !Sub "my value \${Prefix}"}
      Fn::ForEach::LowerLevel:
        - Suffix
        - [A, B]
        - My\${Prefix}Parameter\${Suffix}:
            Type: AWS::SSM::Parameter
            Properties: {Type: String, Value: !Sub "my value \${Suffix}"}
`;
    const { resources } = expand(yaml);
    expect(Object.keys(resources)).toEqual([
      'MyFooParameter',
      'MyFooParameterA',
      'MyFooParameterB',
      'MyBarParameter',
      'MyBarParameterA',
      'MyBarParameterB',
    ]);
    expect(resources['MyBarParameterB']?.properties['Value']).toBe('my value B');
  });

  it('counts lists and writes JSON', () => {
    const yaml = `
Transform: AWS::LanguageExtensions
Parameters:
  QueueList: {Type: CommaDelimitedList}
Resources:
  A: {Type: T::T::T, Properties: {Value: {Fn::Length: !Ref QueueList}}}
  B: {Type: T::T::T, Properties: {Value: {Fn::ToJsonString: [a, b]}}}
  C: {Type: T::T::T, DependsOn: [A], Properties: {Value: {Fn::ToJsonString: {arn: !GetAtt A.Arn}}}}
`;
    const { document, resources } = expand(yaml, { QueueList: 'a,b,c' });
    expect(resources['A']?.properties['Value']).toBe(3);
    expect(resources['B']?.properties['Value']).toBe('["a","b"]');
    expect(resources['C']?.properties['Value']).toEqual({
      'Fn::ToJsonString': { arn: { 'Fn::GetAtt': ['A', 'Arn'] } },
    });
    expect((document['Resources'] as Record<string, Record<string, Value>>)['C']?.['DependsOn']).toBe('A');
    expect(templateOf(document).resources).toEqual(resources);
  });

  // https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-aws-languageextensions.html
  it('computes policies, default values of maps, conditions, outputs and names of resources', () => {
    const yaml = `
Transform: AWS::LanguageExtensions
Parameters:
  Env: {Type: String}
Mappings:
  M: {prod: {Policy: Retain}}
Conditions:
  Fn::ForEach::Conditions:
    - Name
    - [One, Two]
    - Is\${Name}: !Equals [!Ref Env, !Ref Name]
Resources:
  Fn::ForEach::Buckets:
    - Address
    - ['10.0', '10.1']
    - Bucket&{Address}:
        Type: AWS::S3::Bucket
        DeletionPolicy: !FindInMap [M, !Ref Env, Policy, {DefaultValue: Delete}]
        Properties:
          Fn::ForEach::Inner:
            - Key
            - [A, B]
            - Prop\${Key}: !Ref Key
Outputs:
  Fn::ForEach::Arns:
    - Address
    - ['10.0', '10.1']
    - Arn&{Address}:
        Value: !GetAtt [!Sub "Bucket&{Address}", Arn]
`;
    const template = expand(yaml.replace('!Sub "Bucket&{Address}"', '"Bucket&{Address}"'), { Env: 'prod' });
    expect(Object.keys(template.conditions)).toEqual(['IsOne', 'IsTwo']);
    expect(template.resources['Bucket101']).toEqual({
      logicalId: 'Bucket101',
      type: 'AWS::S3::Bucket',
      properties: { PropA: 'A', PropB: 'B' },
      dependsOn: [],
      deletionPolicy: 'Retain',
    });
    expect(template.outputs['Arn100']?.value).toEqual({ 'Fn::GetAtt': ['Bucket100', 'Arn'] });
  });

  // The first three measured in github.com/ministackorg/ministack/pull/1739.
  it('fails with the sentences of the transform', () => {
    const loop = (text: string): string =>
      refusal(() => expand(`Transform: AWS::LanguageExtensions\nResources:\n  Fn::ForEach::L: ${text}\n`));
    const body = '{ "A${X}": {Type: T::T::T} }';
    expect(loop(`[X, text, ${body}]`)).toBe(
      'Transform AWS::LanguageExtensions failed with: Fn::ForEach layout is incorrect',
    );
    expect(loop(`[X, !Ref Nope, ${body}]`)).toBe(
      'Transform AWS::LanguageExtensions failed with: Could not find a collection or could not be resolved for Fn::ForEach',
    );
    expect(loop(`[X, [a-b], ${body}]`)).toBe(
      "Transform AWS::LanguageExtensions failed with: LogicalId 'Aa-b' should be alphanumeric",
    );
    expect(loop(`[X, [a, a], ${body}]`)).toBe(
      "Transform AWS::LanguageExtensions failed with: Duplicate key 'Aa' when merging keys to parent object in Fn::ForEach",
    );
  });

  it('has to be declared', () => {
    expect(
      refusal(() => readTemplate('Resources:\n  Fn::ForEach::L: [X, [a], {"A${X}": {Type: T::T::T}}]\n')),
    ).toBe('Template format error: [/Resources/Fn::ForEach::L] resource definition is malformed');
  });
});

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-aws-include.html
describe('Includes and macros', () => {
  // Both recorded by LocalStack (test_change_set_fn_transform.py).
  it('join what is included with the whole template, or with the members around it', () => {
    const fetch = (location: string): string =>
      location === 's3://b/outputs'
        ? 'Outputs: {O: {Value: {Ref: A}}}'
        : '{"B": {"Type": "AWS::SNS::Topic"}}';
    const yaml = `
Parameters: {Bucket: {Type: String, Default: b}}
Transform: {Name: AWS::Include, Parameters: {Location: !Sub "s3://\${Bucket}/outputs"}}
Resources:
  A: {Type: AWS::SNS::Topic}
  Fn::Transform: {Name: AWS::Include, Parameters: {Location: s3://b/topic}}
`;
    const template = expand(yaml, {}, { fetch });
    expect(Object.keys(template.resources)).toEqual(['A', 'B']);
    expect(Object.keys(template.outputs)).toEqual(['O']);
  });

  it('hand a macro its fragment, the innermost first', () => {
    const calls: unknown[] = [];
    const macro: TransformAround['macro'] = (name, parameters, fragment, isWhole) => {
      calls.push([name, parameters, isWhole]);
      return fragment;
    };
    const yaml = `
Transform: Whole
Resources:
  A:
    Type: T::T::T
    Properties:
      Inner: {Fn::Transform: {Name: Inner, Parameters: {Region: !Ref AWS::Region}}, X: 1}
      Fn::Transform: Outer
`;
    const template = expand(yaml, {}, { macro });
    expect(calls).toEqual([
      ['Inner', { Region: 'us-east-1' }, false],
      ['Outer', {}, false],
      ['Whole', {}, true],
    ]);
    expect(template.resources['A']?.properties).toEqual({ Inner: { X: 1 } });
  });

  // Recorded by LocalStack (test_template_engine.py::TestMacros::test_error_pass_macro_as_reference).
  it('are named by plain strings', () => {
    const yaml = 'Resources:\n  A: {Type: T::T::T}\n  Fn::Transform: {Name: {Ref: M}}\n';
    expect(refusal(() => readTemplate(yaml))).toBe('Key Name of transform definition must be a string.');
  });
});

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-dependson.html
describe('Dependencies', () => {
  const yaml = `
Conditions: {Never: !Equals [a, b]}
Resources:
  Vpc: {Type: AWS::EC2::VPC}
  Role: {Type: AWS::IAM::Role}
  Skipped: {Type: AWS::SNS::Topic, Condition: Never}
  Subnet:
    Type: AWS::EC2::Subnet
    DependsOn: Role
    Properties:
      VpcId: !Ref Vpc
      Name: !Sub ["\${Vpc.CidrBlock}-\${r}", {r: !GetAtt Role.Arn}]
      Topic: !If [Never, !Ref Skipped, !Ref AWS::NoValue]
`;

  function planned(text: string, evaluated = true): Map<string, readonly string[]> {
    const template = readTemplate(text);
    const evaluation = new Evaluation(template, {
      ...PSEUDO,
      parameters: {},
      resource: () => undefined,
      importValue: () => '',
      zones: () => [],
      dynamicReference: () => '',
    });
    return dependenciesOf(template, evaluated ? evaluation : undefined);
  }

  it('come from DependsOn, Ref, GetAtt and Sub, in the branch that is taken', () => {
    expect(Object.fromEntries(planned(yaml))).toEqual({ Vpc: [], Role: [], Subnet: ['Role', 'Vpc'] });
    expect(planned(yaml, false).get('Subnet')).toEqual(['Role', 'Vpc', 'Skipped']);
  });

  // Recorded by LocalStack (engine/test_conditions.py::test_dependent_ref).
  it('may not be on a resource whose condition is false', () => {
    expect(
      refusal(() => planned(yaml.replace('!If [Never, !Ref Skipped, !Ref AWS::NoValue]', '!Ref Skipped'))),
    ).toBe(
      'Template format error: Unresolved resource dependencies [Skipped] in the Resources block of the template',
    );
  });

  it('may not go round in a circle', () => {
    const circle = `
Resources:
  A: {Type: T::T::T, Properties: {P: !Ref B}}
  B: {Type: T::T::T, DependsOn: A}
  C: {Type: T::T::T}
`;
    expect(refusal(() => planned(circle))).toBe('Circular dependency between resources: [A, B]');
  });
});

// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetTemplateSummary.html
describe('A summary', () => {
  it('says which capabilities are needed, and for what', () => {
    const summary = summaryOf(
      readTemplate('Resources:\n  R: {Type: AWS::IAM::Role}\n  P: {Type: AWS::IAM::ManagedPolicy}\n'),
    );
    expect(summary.capabilities).toEqual(['CAPABILITY_IAM']);
    expect(summary.capabilitiesReason).toBe(
      'The following resource(s) require capabilities: [AWS::IAM::ManagedPolicy, AWS::IAM::Role]',
    );
  });

  it('asks for more where IAM resources have names, stacks are nested or transforms are declared', () => {
    const named = readTemplate('Resources:\n  R: {Type: AWS::IAM::Role, Properties: {RoleName: x}}\n');
    expect(summaryOf(named).capabilities).toEqual(['CAPABILITY_NAMED_IAM']);
    const nested = readTemplate('Resources:\n  N: {Type: AWS::CloudFormation::Stack}\n');
    expect(summaryOf(nested).capabilities).toEqual(['CAPABILITY_NAMED_IAM', 'CAPABILITY_AUTO_EXPAND']);
    expect(requiredCapabilities(nested)).toEqual([]);
    const macro = readTemplate('Transform: Mine\nResources:\n  N: {Type: T::T::T}\n');
    expect(requiredCapabilities(macro)).toEqual(['CAPABILITY_AUTO_EXPAND']);
    expect(summaryOf(macro).declaredTransforms).toEqual(['Mine']);
  });

  it('lists types with their logical ids, metadata and parameters', () => {
    const summary = summaryOf(
      readTemplate(`
Description: about
Metadata: {TopicName: x}
Parameters: {P: {Type: String, NoEcho: true, Default: d}}
Resources:
  A: {Type: AWS::SNS::Topic}
  Q: {Type: AWS::SQS::Queue}
  B: {Type: AWS::SNS::Topic}
`),
    );
    expect(summary).toMatchObject({
      version: '2010-09-09',
      description: 'about',
      metadata: '{"TopicName":"x"}',
      parameters: [{ name: 'P', default: 'd', noEcho: true, type: 'String' }],
      resourceTypes: ['AWS::SNS::Topic', 'AWS::SQS::Queue'],
      resourceIdentifiers: [
        { type: 'AWS::SNS::Topic', logicalIds: ['A', 'B'] },
        { type: 'AWS::SQS::Queue', logicalIds: ['Q'] },
      ],
    });
  });
});
