// Templates as CloudFormation takes and refuses them before it knows parameters. Where a comment says "recorded", the
// sentence was answered by CloudFormation and recorded by LocalStack (tests/aws/services/cloudformation/*.snapshot.json).

import { describe, expect, it } from 'vitest';
import { readTemplate } from './read.ts';
import type { Template } from './template.ts';

const TOPIC = { Type: 'AWS::SNS::Topic' };

function read(document: unknown): Template {
  return readTemplate(JSON.stringify(document));
}

function refusal(template: unknown): string {
  const text = typeof template === 'string' ? template : JSON.stringify(template);
  try {
    readTemplate(text);
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
}

function property(text: string): unknown {
  return readTemplate(`Resources:\n  A:\n    Type: T::T::T\n    Properties:\n      P: ${text}\n`).resources[
    'A'
  ]?.properties['P'];
}

function inProperty(value: unknown, more: object = {}): string {
  return refusal({ ...more, Resources: { A: { ...TOPIC, Properties: { P: value } } } });
}

describe('The text of a template', () => {
  it('is JSON or YAML, and says the same in either', () => {
    const json = read({
      Resources: { A: { ...TOPIC, Properties: { DisplayName: { Ref: 'AWS::Region' } } } },
    });
    const yaml = readTemplate(
      'Resources:\n  A:\n    Type: AWS::SNS::Topic\n    Properties:\n      DisplayName: !Ref AWS::Region\n',
    );
    expect(yaml).toEqual(json);
  });

  // Recorded (api/test_templates.py::test_validate_invalid_json_template_should_fail).
  it('is refused with line and column where the JSON is wrong', () => {
    expect(refusal('{"this is invalid JSON"="bobbins"}')).toBe(
      'Template format error: JSON not well-formed. (line 1, column 25)',
    );
  });

  // Recorded without the place (api/test_templates.py::test_create_stack_invalid_yaml_template_should_fail).
  it('is refused with line and column where the YAML is wrong', () => {
    const text = 'Resources:\n  B:\n    Properties:\n        A: test\n      V:\n        Status: Enabled\n';
    expect(refusal(text)).toMatch(/^Template format error: YAML not well-formed\. \(line \d+, column \d+\)$/);
    expect(refusal('Resources:\n  A: !Nope x\n')).toContain('YAML not well-formed. (line 2, column ');
  });

  // Recorded (resources/test_ec2.py: a body that is a URL).
  it('is refused when it is no map', () => {
    expect(refusal('https://example.com/template.yaml')).toBe(
      'Template format error: unsupported structure.',
    );
    expect(refusal('- a\n- b\n')).toBe('Template format error: unsupported structure.');
  });

  // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
  it('has no aliases, so that no document can grow beyond its text', () => {
    expect(refusal('Resources:\n  A: &a {Type: AWS::SNS::Topic}\n  B: *a\n')).toBe(
      'Template error: YAML aliases are not allowed in CloudFormation templates',
    );
  });

  it('is refused when it is nested deeper than any template', () => {
    const deep = `{"Resources":{"A":{"Type":"T","Properties":${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}}}}`;
    expect(refusal(deep)).toBe('Template format error: unsupported structure.');
    expect(refusal(`Resources: ${'['.repeat(5000)}${']'.repeat(5000)}`)).toMatch(/^Template format error: /);
  });

  // github.com/aws-cloudformation/cfn-language-discussion/issues/96
  it('keeps the last of equal keys', () => {
    expect(property('{Q: 1, Q: 2}')).toEqual({ Q: 2 });
    expect(
      readTemplate('{"Resources":{"A":{"Type":"X::Y::Z"},"A":{"Type":"T::T::T"}}}').resources['A']?.type,
    ).toBe('T::T::T');
  });

  // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
  it('is at most 1 MB', () => {
    expect(refusal({ Resources: { A: TOPIC }, Metadata: { a: 'x'.repeat(1_000_000) } })).toBe(
      'Template may not exceed 1000000 bytes in size.',
    );
  });
});

describe('Scalars without quotes', () => {
  it('stay text where a number would lose what was written', () => {
    expect(property('1.10')).toBe('1.10');
    expect(property('012345678901')).toBe('012345678901');
    expect(property('12345678901234567890')).toBe('12345678901234567890');
    expect(property('2010-09-09')).toBe('2010-09-09');
    expect(property('0x1F')).toBe('0x1F');
    expect(property('1.5')).toBe(1.5);
    expect(property('-3')).toBe(-3);
  });

  // github.com/aws/aws-cdk/issues/875: `ON` reached Cognito as `true`.
  it('are booleans for yes, no, on and off too, and for no single letter', () => {
    expect(property('yes')).toBe(true);
    expect(property('ON')).toBe(true);
    expect(property('Off')).toBe(false);
    expect(property('N')).toBe('N');
    expect(property('"yes"')).toBe('yes');
  });
});

describe('Short forms', () => {
  it('become long ones, nested too', () => {
    const text = '!Join [",", [!Ref "AWS::Region", !Select [0, !GetAZs ""], !Sub "${AWS::StackName}-x"]]';
    expect(property(text)).toEqual({
      'Fn::Join': [
        ',',
        [
          { Ref: 'AWS::Region' },
          { 'Fn::Select': [0, { 'Fn::GetAZs': '' }] },
          { 'Fn::Sub': '${AWS::StackName}-x' },
        ],
      ],
    });
    expect(property('!GetAZs')).toEqual({ 'Fn::GetAZs': '' });
    expect(property('!Sub ["${a}", {a: 1}]')).toEqual({ 'Fn::Sub': ['${a}', { a: 1 }] });
  });

  it('split the argument of GetAtt at its first dot', () => {
    const template = (value: string): string =>
      `Resources:\n  N: {Type: AWS::CloudFormation::Stack}\n  A:\n    Type: T::T::T\n    Properties:\n      P: ${value}\n`;
    const wanted = { 'Fn::GetAtt': ['N', 'Outputs.Url'] };
    expect(readTemplate(template('!GetAtt N.Outputs.Url')).resources['A']?.properties['P']).toEqual(wanted);
    expect(readTemplate(template('!GetAtt [N, Outputs.Url]')).resources['A']?.properties['P']).toEqual(
      wanted,
    );
  });
});

describe('The sections of a template', () => {
  // Recorded (api/test_validations.py, api/test_changesets.py, test_template_engine.py, engine/test_mappings.py).
  it('are refused with the sentences that CloudFormation answers', () => {
    const cases: [unknown, string][] = [
      [{}, 'Template format error: At least one Resources member must be defined.'],
      [
        { Resources: { A: { Properties: {} } } },
        'Template format error: [/Resources/A] Every Resources object must contain a Type member.',
      ],
      [{ Resources: { A: { ...TOPIC, Invalid: 10 } } }, "Invalid template resource property 'Invalid'"],
      [{ Resources: { A: 'x' } }, 'Template format error: Any Resources member must be an object.'],
      [
        { Resources: { 'my-bad-resource-id': TOPIC } },
        'Template format error: Resource name my-bad-resource-id is non alphanumeric.',
      ],
      [
        { Resources: { A: TOPIC }, Parameters: { 'AWS::NoValue': { Type: 'String' } } },
        'Template format error: Parameter name AWS::NoValue is non alphanumeric.',
      ],
      [
        { Resources: { A: TOPIC }, Outputs: { MyOutput: { Value: null } } },
        "[/Outputs/MyOutput/Value] 'null' values are not allowed in templates",
      ],
      [
        { Resources: { A: TOPIC }, Outputs: { MyOutput: {} } },
        'Template format error: Every Outputs member must contain a Value object',
      ],
      [
        { Resources: { A: TOPIC }, Mappings: { M: { A: { B: { Ref: 'X' } } } } },
        'Template format error: Every Mappings attribute must be a String or a List.',
      ],
      [
        { Resources: { A: TOPIC }, Mappings: { M: { A: 'suffix-a' } } },
        'Template format error: Every Mappings member A must be a map',
      ],
    ];
    for (const [template, sentence] of cases) expect(refusal(template)).toBe(sentence);
  });

  // https://repost.aws/knowledge-center/cloudformation-template-validation
  it('are those that CloudFormation knows', () => {
    expect(refusal({ Resources: { A: TOPIC }, Globals: {}, Foo: {} })).toBe(
      'Invalid template property or properties [Globals, Foo]',
    );
    expect(refusal({ Resources: { A: TOPIC }, Parameters: { P: { Type: 'String', Defalt: 'x' } } })).toBe(
      "Invalid template parameter property 'Defalt'",
    );
    expect(refusal({ Resources: { A: TOPIC }, Parameters: { P: { Type: 'Strin' } } })).toBe(
      'Template format error: Unrecognized parameter type: Strin',
    );
  });

  // github.com/aws-cloudformation/cfn-lint/issues/1295
  it('list allowed values as lists', () => {
    expect(
      refusal({ Resources: { A: TOPIC }, Parameters: { P: { Type: 'String', AllowedValues: 'a b' } } }),
    ).toBe('Template format error: Every AllowedValues member must be a list.');
  });

  // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
  it('have at most 500 resources and 200 outputs', () => {
    const many = (count: number, value: unknown): object =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`R${at}`, value]));
    expect(refusal({ Resources: many(500, TOPIC) })).toBe('accepted');
    expect(refusal({ Resources: many(501, TOPIC) })).toBe(
      'Template format error: Number of resources, 501, is greater than maximum allowed, 500',
    );
    expect(refusal({ Resources: { A: TOPIC }, Outputs: many(201, { Value: 'x' }) })).toBe(
      'Template format error: Outputs count 201 is greater than max allowed 200',
    );
  });

  // Recorded (engine/test_references.py, engine/test_conditions.py, test_change_set_conditions.py).
  it('refer to what the template has', () => {
    expect(inProperty({ Ref: 'InvalidRef' })).toBe(
      'Template format error: Unresolved resource dependencies [InvalidRef] in the Resources block of the template',
    );
    expect(refusal({ Resources: { A: { ...TOPIC, DependsOn: 'NonExistingResource' } } })).toBe(
      'Template format error: Unresolved resource dependencies [NonExistingResource] in the Resources block of the template',
    );
    expect(inProperty({ 'Fn::If': ['MissingCondition', 'a', 'b'] })).toBe(
      'Template error: unresolved condition dependency MissingCondition in Fn::If',
    );
    expect(inProperty({ 'Fn::GetAtt': ['Nope', 'Arn'] })).toBe(
      'Template error: instance of Fn::GetAtt references undefined resource Nope',
    );
    expect(inProperty({ 'Fn::Sub': '${Nope.Arn}' })).toBe(
      'Template error: instance of Fn::Sub references invalid resource attribute Nope.Arn',
    );
  });

  it('read quietly where a Condition is a word of a policy and no function', () => {
    expect(
      inProperty({ Statement: [{ Condition: { StringEquals: { 'aws:x': 'y' } } }], Condition: 'Any' }),
    ).toBe('accepted');
  });

  // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html; the sentence is the one in
  // github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/921.
  it('have rules of rule functions only', () => {
    const rules = { R: { Assertions: [{ Assert: { 'Fn::Equals': [{ 'Fn::Sub': 'a' }, 'b'] } }] } };
    expect(refusal({ Resources: { A: TOPIC }, Rules: rules })).toBe(
      'Template format error: Following functions are not supported in the Rules block of the template: [Fn::Sub]',
    );
  });
});

describe('Conditions', () => {
  const conditions = (value: object): string => refusal({ Conditions: value, Resources: { A: TOPIC } });

  // The first is recorded (engine/test_conditions.py::TestValidateConditions).
  it('are boolean functions of parameters and of one another', () => {
    expect(conditions({ C: { 'Fn::Equals': ['a'] } })).toBe(
      'Template error: every Fn::Equals object requires a list of 2 string parameters.',
    );
    expect(conditions({ C: { 'Fn::And': [{ 'Fn::Equals': ['a', 'a'] }] } })).toBe(
      'Template error: every Fn::And object requires a list of at least 2 and at most 10 boolean parameters.',
    );
    expect(conditions({ C: 'yes' })).toBe(
      'Template format error: Conditions can only be boolean operations on parameters and other conditions',
    );
    expect(conditions({ C: { 'Fn::Equals': [{ Ref: 'A' }, 'x'] } })).toBe(
      'Template format error: Unresolved dependencies [A]. Cannot reference resources in the Conditions block of the template',
    );
  });

  it('may not go round in a circle', () => {
    expect(
      conditions({ A1: { 'Fn::Not': [{ Condition: 'B1' }] }, B1: { 'Fn::Not': [{ Condition: 'A1' }] } }),
    ).toBe('Template error: Found circular condition dependency: [A1, B1]');
  });
});

describe('Arguments of functions', () => {
  // Recorded (test_change_set_fn_select.py, _fn_split.py, _fn_get_attr.py, _fn_join.py); the rest as quoted in issues of
  // cloudtools/troposphere (#479), serverless-step-functions (#550) and AWS's own SAM and CDK repositories.
  it('are checked before anything else is known', () => {
    const pair =
      'Template error: Fn::Select requires a list argument with two elements: an integer index and a list';
    const cases: [unknown, string][] = [
      [{ 'Fn::Select': ['bad', ['test']] }, pair],
      [{ 'Fn::Select': [0, 2] }, pair],
      [{ 'Fn::Select': [100, ['test']] }, pair],
      [
        { 'Fn::Split': { Ref: 'AWS::Region' } },
        'Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split or a function that returns a string to be split.',
      ],
      [
        { 'Fn::Join': ['-', 'a'] },
        'Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined.',
      ],
      [
        { 'Fn::GetAtt': ['A'] },
        'Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute',
      ],
      [
        { 'Fn::FindInMap': ['M', { Ref: 'AWS::Region' }, { 'Fn::If': ['C', 'a', 'b'] }] },
        'Template error: every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return value',
      ],
      [
        { 'Fn::Sub': ['${a}'] },
        "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, and an optional second argument to specify a mapping of values to replace in the string",
      ],
      [
        { 'Fn::Sub': '${a-b}' },
        'Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, periods, and colons',
      ],
      [
        { 'Fn::ImportValue': { Ref: 'A' } },
        'Template error: the attribute in Fn::ImportValue must not depend on any resources, imported values, or Fn::GetAZs',
      ],
      [{ Ref: ['A'] }, 'Template format error: Every Ref object must have a single String value.'],
    ];
    for (const [value, sentence] of cases) expect(inProperty(value)).toBe(sentence);
  });

  it('name functions that there are', () => {
    expect(inProperty({ 'fn::GetAtt': ['A', 'Arn'] })).toMatch(
      /^Template error: Encountered unsupported function: fn::GetAtt Supported functions are: \[Fn::Base64, /,
    );
    expect(inProperty({ 'Fn::Length': ['a'] })).toContain('unsupported function: Fn::Length');
  });

  // Recorded (engine/test_mappings.py), there with the key from a parameter.
  it('name mappings and keys that there are', () => {
    const mappings = { Mappings: { M: { A: { Suffix: 'a' } } } };
    expect(inProperty({ 'Fn::FindInMap': ['M', 'C', 'Suffix'] }, mappings)).toBe(
      'Template error: Unable to get mapping for M::C::Suffix',
    );
    expect(inProperty({ 'Fn::FindInMap': ['Nope', 'C', 'Suffix'] }, mappings)).toBe(
      "Template error: Mapping named 'Nope' is not present in the 'Mappings' section of template.",
    );
  });
});

describe('Outputs', () => {
  const output = (value: object): string => refusal({ Resources: { A: TOPIC }, Outputs: { O: value } });

  it('are strings, exported under plain names', () => {
    expect(output({ Value: ['a'] })).toBe(
      'Template format error: The Value field of every Outputs member must evaluate to a String and not a List.',
    );
    expect(output({ Value: 'a', Export: { Name: 'a b' } })).toBe(
      'Template format error: Output O is malformed. The Name field of every Export member must be specified and consist only of alphanumeric characters, colons, or hyphens.',
    );
    expect(output({ Value: { Ref: 'Nope' } })).toBe(
      'Template format error: Unresolved resource dependencies [Nope] in the Outputs block of the template',
    );
  });
});
