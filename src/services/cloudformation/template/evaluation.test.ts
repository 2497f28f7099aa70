// Functions, conditions and rules as CloudFormation evaluates them for one stack. Where a comment says "recorded", the
// answer was CloudFormation's, recorded by LocalStack (tests/aws/services/cloudformation/*.snapshot.json).

import { describe, expect, it } from 'vitest';
import { checkSecureReferences } from './dynamic-references.ts';
import { Evaluation, KNOWN_AFTER_APPLY } from './evaluation.ts';
import type { Around } from './evaluation.ts';
import { resolveParameters } from './parameters.ts';
import { readTemplate } from './read.ts';
import type { Value } from './template.ts';

const AROUND: Omit<Around, 'parameters'> = {
  account: '123456789012',
  region: 'us-east-1',
  partition: 'aws',
  urlSuffix: 'amazonaws.com',
  stackName: 'shop',
  stackId: 'arn:aws:cloudformation:us-east-1:123456789012:stack/shop/1',
  notificationArns: ['arn:aws:sns:us-east-1:123456789012:n'],
  resource: (logicalId) => ({
    ref: `ref-${logicalId}`,
    attribute: (name) =>
      name === 'Nope' ? undefined : name === 'List' ? ['a', 'b'] : `${logicalId}.${name}`,
  }),
  importValue: (name) => `imported-${name}`,
  zones: (region) => (region === 'us-east-1' ? ['us-east-1a', 'us-east-1b'] : []),
  dynamicReference: (service, text) => `<${service} ${text}>`,
};

function evaluationOf(
  yaml: string,
  given: Readonly<Record<string, string>> = {},
  around: Partial<Around> = {},
): Evaluation {
  const template = readTemplate(yaml);
  const list = Object.entries(given).map(([key, value]) => ({ key, value }));
  const parameters = resolveParameters(template, list, {}, { ssm: () => undefined, exists: () => true });
  return new Evaluation(template, { ...AROUND, parameters, ...around });
}

const HEAD = `
Parameters:
  Env: {Type: String, Default: dev}
  Size: {Type: Number, Default: 3}
  Subnets: {Type: CommaDelimitedList, Default: "s-1, s-2 ,s-3"}
Mappings:
  M:
    us-east-1: {Ami: ami-1, Zones: [a, b]}
Conditions:
  IsProd: !Equals [!Ref Env, prod]
  IsDev: !Not [!Condition IsProd]
  Both: !And [!Condition IsProd, !Condition IsDev]
  Either: !Or [!Condition IsProd, !Condition IsDev]
  Here: !Equals [!FindInMap [M, !Ref AWS::Region, Ami], ami-1]
Resources:
  Q: {Type: AWS::SQS::Queue}
  Prod: {Type: AWS::SQS::Queue, Condition: IsProd}
  A:
    Type: T::T::T
    Properties:
      P: `;

function property(
  yaml: string,
  given: Readonly<Record<string, string>> = {},
  around: Partial<Around> = {},
): unknown {
  const evaluation = evaluationOf(`${HEAD}${yaml}\n`, given, around);
  const resource = evaluation.resources().find(({ logicalId }) => logicalId === 'A');
  return evaluation.value(resource?.properties['P'] as Value);
}

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
describe('Functions', () => {
  it('come to what their pages say', () => {
    const cases: [string, unknown][] = [
      ['!Base64 "AWS CloudFormation"', 'QVdTIENsb3VkRm9ybWF0aW9u'],
      ['!Base64 {"Fn::Sub": "é${Env}"}', 'w6lkZXY='],
      ['!Cidr ["192.168.0.0/24", 2, 5]', ['192.168.0.0/27', '192.168.0.32/27']],
      ['!Cidr ["10.0.7.9/16", "2", "8"]', ['10.0.0.0/24', '10.0.1.0/24']],
      ['!Cidr ["2600:1f18:abc:de00::/56", 2, 64]', ['2600:1f18:abc:de00::/64', '2600:1f18:abc:de01::/64']],
      ['!FindInMap [M, !Ref AWS::Region, Ami]', 'ami-1'],
      ['!Select [1, !FindInMap [M, !Ref AWS::Region, Zones]]', 'b'],
      ['!GetAtt Q.Arn', 'Q.Arn'],
      ['!GetAtt [Q, !Ref Env]', 'Q.dev'],
      ['!GetAZs ""', ['us-east-1a', 'us-east-1b']],
      ['!GetAZs {Ref: AWS::Region}', ['us-east-1a', 'us-east-1b']],
      ['!If [IsProd, big, !If [Either, small, none]]', 'small'],
      ['!ImportValue {"Fn::Sub": "${AWS::StackName}-vpc"}', 'imported-shop-vpc'],
      ['!Join ["|", !Ref Subnets]', 's-1|s-2|s-3'],
      ['!Join ["-", [a, 1, true, !Ref Size]]', 'a-1-true-3'],
      ['!Ref AWS::NotificationARNs', ['arn:aws:sns:us-east-1:123456789012:n']],
      ['!Select ["1", [apples, grapes]]', 'grapes'],
      ['!Split ["|", "a|b||c"]', ['a', 'b', '', 'c']],
      [
        '!Sub "${Env}/${Q}/${Q.Arn}/${AWS::AccountId}/${!Literal}/$${Env}"',
        'dev/ref-Q/Q.Arn/123456789012/${Literal}/$dev',
      ],
      ['!Sub ["${a} ${Env}", {a: !Select [0, !GetAtt Q.List]}]', 'a dev'],
    ];
    for (const [yaml, wanted] of cases) expect(property(yaml), yaml).toEqual(wanted);
  });

  // Recorded (test_template_engine.py::TestIntrinsicFunctions::test_join_no_value_construct).
  it('join nothing where there is no value', () => {
    expect(property('!Join [",", [Sample, !Ref AWS::NoValue]]')).toBe('Sample');
    expect(property('!Join [",", [!Ref AWS::NoValue]]')).toBe('');
    expect(property('!Join [",", [!If [IsProd, !Ref AWS::NoValue, !Ref AWS::NoValue]]]')).toBe('');
  });

  it('leave out properties and items that have no value', () => {
    expect(property('{a: !Ref AWS::NoValue, b: [1, !If [IsProd, 2, !Ref AWS::NoValue]]}')).toEqual({
      b: [1],
    });
    expect(property('!Ref AWS::NoValue')).toBeUndefined();
  });

  it('are refused for what they come to', () => {
    expect(refusal(() => property('!Select [2, !GetAtt Q.List]'))).toBe(
      'Template error: Fn::Select  cannot select nonexistent value at index 2',
    );
    expect(refusal(() => property('!Sub "${Subnets}"'))).toBe(
      'Template error: variable Subnets in Fn::Sub expression does not resolve to a string',
    );
    expect(refusal(() => property('!GetAtt Q.Nope'))).toBe(
      'Template error: resource Q does not support attribute type Nope in Fn::GetAtt',
    );
    // Recorded (engine/test_mappings.py::test_mapping_with_nonexisting_key).
    expect(refusal(() => property('!FindInMap [M, !Ref Env, Ami]'))).toBe(
      'Template error: Unable to get mapping for M::dev::Ami',
    );
  });

  it('stay unknown in a change set when what they are of is', () => {
    const resource = (): ReturnType<Around['resource']> => ({
      ref: KNOWN_AFTER_APPLY,
      attribute: () => KNOWN_AFTER_APPLY,
    });
    for (const yaml of [
      '!Select [3, !Split [":", !GetAtt Q.Arn]]',
      '!Join ["-", !GetAtt Q.List]',
      '!Base64 {Ref: Q}',
    ])
      expect(property(yaml, {}, { resource })).toBe(KNOWN_AFTER_APPLY);
    expect(property('!Sub "q-${Q}"', {}, { resource })).toBe(`q-${KNOWN_AFTER_APPLY}`);
  });
});

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-conditions.html
describe('Conditions', () => {
  it('decide which resources there are, and follow parameters, mappings and one another', () => {
    const held = (given: Record<string, string>): string[] => {
      const evaluation = evaluationOf(`${HEAD}x\n`, given);
      return ['IsProd', 'IsDev', 'Both', 'Either', 'Here'].filter((name) => evaluation.holds(name));
    };
    expect(held({})).toEqual(['IsDev', 'Either', 'Here']);
    expect(held({ Env: 'prod' })).toEqual(['IsProd', 'Either', 'Here']);
    const ids = evaluationOf(`${HEAD}x\n`)
      .resources()
      .map(({ logicalId }) => logicalId);
    expect(ids).toEqual(['Q', 'A']);
  });

  it('leave the branch that is not taken unevaluated', () => {
    expect(property('!If [IsProd, !Select [9, !GetAtt Q.List], ok]')).toBe('ok');
  });

  it('compare scalars by their text', () => {
    const yaml =
      'Conditions:\n  C: !Equals [true, "true"]\n  D: !Equals [1, "1"]\nResources:\n  A: {Type: T::T::T}\n';
    expect([evaluationOf(yaml).holds('C'), evaluationOf(yaml).holds('D')]).toEqual([true, true]);
  });
});

describe('Outputs', () => {
  // Recorded (engine/test_conditions.py::test_output_reference_to_skipped_resource), without the usual beginning.
  it('may not be of a resource whose condition is false', () => {
    const yaml = `
Conditions: {Never: !Equals [a, b]}
Resources:
  MyTopic: {Type: AWS::SNS::Topic, Condition: Never}
  Other: {Type: AWS::SNS::Topic}
Outputs:
  O: {Value: !Ref MyTopic}
`;
    const evaluation = evaluationOf(yaml, {}, { resource: () => undefined });
    expect(refusal(() => evaluation.output(evaluation.outputs()[0]?.value as Value))).toBe(
      'Unresolved resource dependencies [MyTopic] in the Outputs block of the template',
    );
  });

  it('are exported under names that may be computed, of plain characters', () => {
    const yaml =
      'Resources:\n  A: {Type: T::T::T}\nOutputs:\n  O: {Value: x, Export: {Name: !Sub "${Name}-x"}}\n';
    const named = (Name: string): string | undefined => {
      const evaluation = evaluationOf(`Parameters: {Name: {Type: String}}\n${yaml}`, { Name });
      return evaluation.exportName(evaluation.outputs()[0] as never);
    };
    expect(named('vpc')).toBe('vpc-x');
    expect(refusal(() => named('a b'))).toMatch(/^Template format error: Output O is malformed\. /);
  });

  it('are text, whatever their values were', () => {
    const evaluation = evaluationOf('Resources:\n  A: {Type: T::T::T}\n');
    expect(evaluation.output(5)).toBe('5');
    expect(refusal(() => evaluation.output({ 'Fn::GetAtt': ['A', 'List'] }))).toBe(
      'Template format error: The Value field of every Outputs member must evaluate to a String and not a List.',
    );
  });
});

// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
describe('Dynamic references', () => {
  it('are resolved anywhere within properties, after functions', () => {
    const yaml = `
Resources:
  S: {Type: AWS::SecretsManager::Secret}
  A:
    Type: T::T::T
    Properties:
      Url: "{{resolve:ssm:/db/host:2}}:{{resolve:ssm:/db/port}}"
      Password: !Sub "{{resolve:secretsmanager:\${S}:SecretString:password}}"
`;
    const evaluation = evaluationOf(yaml);
    expect(evaluation.properties(evaluation.resources()[1] as never)).toEqual({
      Url: '<ssm /db/host:2>:<ssm /db/port>',
      Password: '<secretsmanager ref-S:SecretString:password>',
    });
  });

  // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-ssm-secure-strings.html
  it('keep secure strings to the properties that may hold them', () => {
    const secure = '{{resolve:ssm-secure:db:1}}';
    expect(refusal(() => checkSecureReferences('AWS::RDS::DBInstance', { MasterUserPassword: secure }))).toBe(
      'accepted',
    );
    expect(refusal(() => checkSecureReferences('AWS::SNS::Topic', { DisplayName: secure }))).toBe(
      'SSM Secure reference is not supported in: [AWS::SNS::Topic/Properties/DisplayName]',
    );
  });
});

// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html
describe('Rules', () => {
  const RULES = `
Parameters:
  Env: {Type: String}
  Size: {Type: String}
  Subnets: {Type: 'List<AWS::EC2::Subnet::Id>', Default: 'subnet-1,subnet-2'}
Rules:
  BigInProd:
    RuleCondition: !Equals [!Ref Env, prod]
    Assertions:
      - Assert: !Contains [[m1.large, m1.huge], !Ref Size]
        AssertDescription: production is large
  OneVpc:
    Assertions:
      - Assert: !EachMemberEquals [!ValueOf [Subnets, VpcId], vpc-1]
      - Assert: !EachMemberIn [!Ref Subnets, !RefAll AWS::EC2::Subnet::Id]
Resources:
  A: {Type: T::T::T}
`;
  const things =
    (vpc: string): Around['things'] =>
    () => [
      { id: 'subnet-1', attributes: { VpcId: 'vpc-1' } },
      { id: 'subnet-2', attributes: { VpcId: vpc } },
    ];
  const outcome = (Env: string, Size: string, vpc = 'vpc-1'): string =>
    refusal(() =>
      evaluationOf(RULES, { Env, Size }, { things: things(vpc) } as Partial<Around>).assertRules(),
    );

  it('hold where their condition does', () => {
    expect(outcome('dev', 't2.micro')).toBe('accepted');
    expect(outcome('prod', 'm1.huge')).toBe('accepted');
    expect(outcome('prod', 't2.micro')).toContain('production is large');
  });

  it('ask for attributes of what parameters name', () => {
    expect(outcome('dev', 'm1.huge', 'vpc-2')).toContain('Rule OneVpc failed');
  });
});
