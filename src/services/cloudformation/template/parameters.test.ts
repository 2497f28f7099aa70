// Values of parameters: types, constraints, what was there before.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html

import { describe, expect, it } from 'vitest';
import { resolveParameters } from './parameters.ts';
import type { GivenParameter, ParameterLookUp } from './parameters.ts';
import { readTemplate } from './read.ts';
import type { ParameterValue } from './template.ts';

const LOOK_UP: ParameterLookUp = {
  ssm: (name, version) => {
    if (name === '/ami') return { value: `ami-${version ?? 'latest'}`, type: 'String' };
    if (name === '/list') return { value: 'a,b', type: 'StringList' };
    if (name === '/secret') return { value: 'x', type: 'SecureString' };
    return undefined;
  },
  exists: (_, value) => value.endsWith('-1'),
};

function resolve(
  declarations: object,
  given: readonly GivenParameter[],
  previous: Readonly<Record<string, string>> = {},
): Record<string, ParameterValue> {
  const template = readTemplate(
    JSON.stringify({ Parameters: declarations, Resources: { A: { Type: 'AWS::SNS::Topic' } } }),
  );
  return resolveParameters(template, given, previous, LOOK_UP);
}

function refusal(declaration: object, value: string): string {
  try {
    resolve({ P: declaration }, [{ key: 'P', value }]);
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
}

function refusalOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
}

describe('Parameters', () => {
  // The first is recorded by LocalStack (test_template_engine.py, deploy-error).
  it('must have values, and be declared', () => {
    const declared = { Input: { Type: 'String' }, Other: { Type: 'String', Default: 'x' } };
    expect(refusalOf(() => resolve(declared, []))).toBe('Parameters: [Input] must have values');
    expect(refusalOf(() => resolve(declared, [{ key: 'Nope', value: 'x' }]))).toBe(
      'Parameters: [Nope] do not exist in the template',
    );
  });

  it('keep the value of before where they are told to', () => {
    const declared = { P: { Type: 'String', Default: 'x' } };
    const kept = [{ key: 'P', usePreviousValue: true }];
    expect(resolve(declared, kept, { P: 'before' })['P']?.value).toBe('before');
    expect(refusalOf(() => resolve(declared, kept))).toBe(
      'Invalid input for parameter key P. Cannot specify usePreviousValue as true for a parameter key not in the previous template',
    );
  });

  // `must be a number.` is recorded by LocalStack (test_change_set_parameters.py::test_invalid_parameter_type); the others
  // are quoted in issues (bonusbits/cloudformation_templates#6, ministackorg/ministack#1648).
  it('are held to every constraint', () => {
    const cases: [object, string, string][] = [
      [{ Type: 'Number' }, 'x', "Parameter 'P' must be a number."],
      [{ Type: 'List<Number>' }, '1,x', "Parameter 'P' must be a number."],
      [{ Type: 'Number', MinValue: 1 }, '0', "Parameter 'P' must be a number not less than 1"],
      [{ Type: 'Number', MaxValue: '10' }, '11', "Parameter 'P' must be a number not greater than 10"],
      [{ Type: 'String', MinLength: 3 }, 'ab', "Parameter 'P' must contain at least 3 characters"],
      [{ Type: 'String', MaxLength: 3 }, 'abcd', "Parameter 'P' must contain at most 3 characters"],
      [{ Type: 'String', AllowedValues: ['a', 'b'] }, 'c', "Parameter 'P' must be one of AllowedValues"],
      [{ Type: 'String', AllowedPattern: '[a-z]+' }, 'ab1', "Parameter 'P' must match pattern [a-z]+"],
      [
        { Type: 'CommaDelimitedList', AllowedValues: ['a', 'b'] },
        'a, c',
        "Parameter 'P' must be one of AllowedValues",
      ],
      [
        { Type: 'String', AllowedValues: ['a'], ConstraintDescription: 'must be a.' },
        'b',
        'Parameter P failed to satisfy constraint: must be a.',
      ],
    ];
    for (const [declaration, value, sentence] of cases) expect(refusal(declaration, value)).toBe(sentence);
    expect(refusal({ Type: 'Number', MinValue: 1, AllowedValues: [1, 2] }, '2')).toBe('accepted');
  });

  it('have defaults that satisfy the constraints, or the template is refused', () => {
    expect(refusal({ Type: 'String', Default: 'x', AllowedValues: ['a'] }, 'a')).toBe(
      "Parameter 'P' must be one of AllowedValues",
    );
  });

  it('give text for numbers, as written, and lists of trimmed text', () => {
    const values = resolve(
      {
        N: { Type: 'Number' },
        L: { Type: 'CommaDelimitedList' },
        M: { Type: 'List<Number>', Default: '1, 2' },
      },
      [
        { key: 'N', value: '1.10' },
        { key: 'L', value: 'a, b ,c' },
      ],
    );
    expect(values['N']?.value).toBe('1.10');
    expect(values['L']?.value).toEqual(['a', 'b', 'c']);
    expect(values['M']?.value).toEqual(['1', '2']);
  });

  it('say whether they may be shown', () => {
    const values = resolve(
      { P: { Type: 'String', NoEcho: 'TRUE', Default: 'x' }, Q: { Type: 'String', Default: 'y' } },
      [],
    );
    expect([values['P']?.noEcho, values['Q']?.noEcho]).toEqual([true, false]);
  });
});

// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-supplied-parameter-types.html
describe('Types that AWS supplies', () => {
  it('name things that exist', () => {
    expect(refusal({ Type: 'AWS::EC2::VPC::Id' }, 'vpc-1')).toBe('accepted');
    expect(refusal({ Type: 'AWS::EC2::VPC::Id' }, 'vpc-2')).toBe(
      'Parameter validation failed: parameter value vpc-2 for parameter name P does not exist',
    );
    expect(refusal({ Type: 'List<AWS::EC2::Subnet::Id>' }, 'subnet-1,subnet-2')).toBe(
      'Parameter validation failed: parameter value subnet-2 for parameter name P does not exist',
    );
  });

  it('resolve names of Systems Manager parameters, at a version too, and keep the name', () => {
    const type = 'AWS::SSM::Parameter::Value<String>';
    const values = resolve(
      { P: { Type: type }, L: { Type: 'AWS::SSM::Parameter::Value<List<String>>', Default: '/list' } },
      [{ key: 'P', value: '/ami:3' }],
    );
    expect(values['P']).toEqual({
      key: 'P',
      type,
      text: '/ami:3',
      resolved: 'ami-3',
      value: 'ami-3',
      noEcho: false,
    });
    expect(values['L']?.value).toEqual(['a', 'b']);
    expect(
      resolve({ P: { Type: 'AWS::SSM::Parameter::Name' } }, [{ key: 'P', value: '/ami' }])['P']?.value,
    ).toBe('/ami');
  });

  it('refuse Systems Manager parameters that are not there, or secret', () => {
    expect(refusal({ Type: 'AWS::SSM::Parameter::Value<String>' }, '/nope')).toBe(
      'Parameter P should either have input value or default value',
    );
    expect(refusal({ Type: 'AWS::SSM::Parameter::Value<String>' }, '/secret')).toBe(
      'Parameters [/secret] referenced by template have types not supported by CloudFormation.',
    );
  });
});
