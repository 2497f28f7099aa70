// The types of parameters.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-supplied-parameter-types.html

/** Types whose values have to exist in the account and region. */
const EXISTING = new Set([
  'AWS::EC2::AvailabilityZone::Name',
  'AWS::EC2::Image::Id',
  'AWS::EC2::Instance::Id',
  'AWS::EC2::KeyPair::KeyName',
  'AWS::EC2::SecurityGroup::GroupName',
  'AWS::EC2::SecurityGroup::Id',
  'AWS::EC2::Subnet::Id',
  'AWS::EC2::Volume::Id',
  'AWS::EC2::VPC::Id',
  'AWS::Route53::HostedZone::Id',
]);
const SSM_NAME = 'AWS::SSM::Parameter::Name';
const SSM_VALUE = /^AWS::SSM::Parameter::Value<(.+)>$/;
const LIST = /^List<(.+)>$/;

export interface ParameterType {
  /** What one value is: `String`, `Number`, or a type of things that exist. */
  readonly base: string;
  readonly isList: boolean;
  /** How the value relates to Systems Manager's Parameter Store. */
  readonly ssm?: 'name' | 'value';
  /** Whether values have to exist in the account. */
  readonly exists: boolean;
}

export function parameterType(type: string): ParameterType {
  if (type === SSM_NAME) return { base: 'String', isList: false, ssm: 'name', exists: false };
  const held = SSM_VALUE.exec(type)?.[1];
  if (held !== undefined) return { ...plain(held), ssm: 'value' };
  return plain(type);
}

function plain(type: string): ParameterType {
  if (type === 'CommaDelimitedList') return { base: 'String', isList: true, exists: false };
  const base = LIST.exec(type)?.[1] ?? type;
  return { base, isList: base !== type, exists: EXISTING.has(base) };
}

export function isParameterType(type: string): boolean {
  const { base, exists, ssm } = parameterType(type);
  return exists || base === 'String' || (base === 'Number' && ssm === undefined);
}
