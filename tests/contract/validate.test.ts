// The wording of validation errors. Sources: the AWS answers quoted in docs.aws.amazon.com and AWS re:Post,
// such as docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html, repost.aws "1
// validation error detected: Value 'x' at 'y' failed to satisfy constraint", and
// docs.aws.amazon.com/ec2/latest/devguide/errors-overview.html.
import { describe, expect, it } from 'vitest';
import { loadContract } from '../../src/contract/load.ts';
import { validate, validationFault, validationMessage } from '../../src/contract/validate.ts';
import { exchange, formRequest, jsonRequest, wire } from './exchange.ts';

function message(id: string, name: string, input: Record<string, unknown>): string | undefined {
  const contract = loadContract(id);
  const operation = contract.operation(name);
  if (operation === undefined) throw new Error(name);
  const violations = validate(contract, operation, input);
  return violations.length === 0 ? undefined : validationMessage(violations);
}

describe('validation', () => {
  it('finds nothing wrong with a good input', () => {
    expect(
      message('kinesis', 'PutRecord', { StreamName: 's', Data: new Uint8Array(1), PartitionKey: 'k' }),
    ).toBeUndefined();
  });

  it('names a member that is missing', () => {
    expect(message('kinesis', 'PutRecord', { StreamName: 's', Data: new Uint8Array(1) })).toBe(
      "1 validation error detected: Value null at 'partitionKey' failed to satisfy constraint: Member must not be null",
    );
  });

  it('counts the errors and lists them with semicolons', () => {
    expect(message('kinesis', 'CreateStream', { StreamName: 'a b', ShardCount: 0 })).toBe(
      "2 validation errors detected: Value 'a b' at 'streamName' failed to satisfy constraint: " +
        "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+; Value '0' at 'shardCount' " +
        'failed to satisfy constraint: Member must have value greater than or equal to 1',
    );
  });

  it('says how long a text may be', () => {
    expect(message('codedeploy', 'CreateApplication', { applicationName: 'x'.repeat(101) })).toBe(
      `1 validation error detected: Value '${'x'.repeat(101)}' at 'applicationName' failed to satisfy constraint: ` +
        'Member must have length less than or equal to 100',
    );
    expect(message('codedeploy', 'CreateApplication', { applicationName: '' })).toBe(
      "1 validation error detected: Value '' at 'applicationName' failed to satisfy constraint: " +
        'Member must have length greater than or equal to 1',
    );
  });

  it('lists the values of an enumeration', () => {
    expect(
      message('codedeploy', 'CreateApplication', { applicationName: 'a', computePlatform: 'Mainframe' }),
    ).toBe(
      "1 validation error detected: Value 'Mainframe' at 'computePlatform' failed to satisfy constraint: " +
        'Member must satisfy enum value set: [Server, Lambda, ECS, Kubernetes]'.replace(
          '[Server, Lambda, ECS, Kubernetes]',
          `[${loadContract('codedeploy').shape('ComputePlatform').enumeration?.join(', ')}]`,
        ),
    );
  });

  it('gives members of list items their number', () => {
    const input = { AutoScalingGroupName: 'g', Tags: [{ Key: 'ok' }, { Key: '' }] };
    expect(message('autoscaling', 'CreateOrUpdateTags', input)).toBe(
      "1 validation error detected: Value '' at 'tags.2.member.key' failed to satisfy constraint: " +
        'Member must have length greater than or equal to 1',
    );
  });

  it('reports a list of scalars once, with all that is asked of its items', () => {
    const item = loadContract('dynamodb').shape('AttributeNameList').item.shape;
    expect(item.max).toBe(65_535);
    expect(message('kinesis', 'RemoveTagsFromStream', { StreamName: 's', TagKeys: ['ok', ''] })).toContain(
      "Value '[ok, ]' at 'tagKeys' failed to satisfy constraint: Member must satisfy constraint: [Member must have " +
        'length less than or equal to 128, Member must have length greater than or equal to 1',
    );
  });

  it('reports the keys of a map once', () => {
    expect(message('kinesis', 'AddTagsToStream', { StreamName: 's', Tags: { '': 'v' } })).toContain(
      "Value '{=v}' at 'tags' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length",
    );
  });

  it('does not show a sensitive value', () => {
    expect(message('iam', 'CreateLoginProfile', { UserName: 'u', Password: '' })).toMatch(
      /^2 validation errors detected: Value at 'password' failed to satisfy/u,
    );
  });

  it('tests no pattern on a text that is longer than allowed', () => {
    const text = message('kinesis', 'CreateStream', { StreamName: '!'.repeat(200) });
    expect(text).toContain('length less than or equal to 128');
    expect(text).not.toContain('regular expression');
  });

  it('lists no more than ten errors', () => {
    const input = { Tags: Array.from({ length: 40 }, () => ({ Key: '' })) };
    const text = message('autoscaling', 'CreateOrUpdateTags', input) ?? '';
    expect(text).toMatch(/^40 validation errors detected: /u);
    expect(text.split('; ')).toHaveLength(10);
  });

  it('is structured for services that have words of their own', () => {
    const contract = loadContract('codedeploy');
    const operation = contract.operation('CreateDeployment');
    if (operation === undefined) throw new Error('no operation');
    const [violation] = validate(contract, operation, {});
    expect(violation).toMatchObject({
      path: 'applicationName',
      members: ['applicationName'],
      constraint: 'required',
      value: null,
    });
  });

  it('answers as each kind of service does', () => {
    const json = exchange(jsonRequest('DynamoDB_20120810.DescribeTable', {}));
    expect(json.response?.status).toBe(400);
    expect(json.text).toContain('com.amazon.coral.validate#ValidationException');
    const query = exchange(
      formRequest('autoscaling.us-east-1.amazonaws.com', 'Action=CreateAutoScalingGroup&Version=2011-01-01'),
    );
    expect(query.text).toContain(
      '<Code>ValidationError</Code><Message>3 validation errors detected: Value null',
    );
    const ec2 = exchange(
      formRequest('ec2.us-east-1.amazonaws.com', 'Action=CreateKeyPair&Version=2016-11-15'),
    );
    expect(ec2.text).toContain(
      '<Code>MissingParameter</Code><Message>The request must contain the parameter KeyName</Message>',
    );
    const sqs = exchange(jsonRequest('AmazonSQS.CreateQueue', {}));
    expect(JSON.parse(sqs.text ?? '')).toMatchObject({
      message: 'The request must contain the parameter QueueName.',
    });
    expect(sqs.response?.headers['x-amzn-query-error']).toBe('MissingParameter;Sender');
    const s3 = exchange(
      wire({
        method: 'PUT',
        path: '/b',
        query: 'tagging',
        host: 's3.amazonaws.com',
        body: '<Tagging></Tagging>',
      }),
    );
    expect(s3.text).toContain('<Code>MalformedXML</Code>');
  });

  it('has a default fault for every service', () => {
    for (const id of ['s3', 'ec2', 'sqs', 'route53', 'lambda']) {
      expect(validationFault(loadContract(id), []).message).toBeTypeOf('string');
    }
  });
});
