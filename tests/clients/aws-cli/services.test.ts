// Both versions of the AWS CLI, where they are installed: each service touched once, waiters, pages, `s3` and exit codes.
// Version 1 comes from pip; version 2 from AWS, or an older one that speaks the query protocol to SQS from Debian.

import { spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientEndpoint, run } from '../endpoint.ts';
import type { ClientEndpoint, Ended } from '../endpoint.ts';

interface Cli {
  readonly path: string;
  readonly version: string;
}

const paths = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'aws'));
/** The first `aws` on the path of each version. */
const installed: readonly Cli[] = paths
  .flatMap((path) => {
    const said = spawnSync(path, ['--version'], { encoding: 'utf8' });
    // Old ones tell it on the other stream.
    const version = /aws-cli\/(\d+\.\d+\.\d+)/.exec(`${said.stdout}${said.stderr}`)?.[1];
    return version === undefined ? [] : [{ path, version }];
  })
  .filter(({ version }, at, all) => all.findIndex((one) => one.version === version) === at);
const PATIENCE_MS = 120_000;
const SERVICE_ERROR = { 1: 255, 2: 254 };

/** One command for each service, by its own protocol, and what stands in its output. */
const TOUCHES: readonly (readonly [command: string, output: RegExp])[] = [
  ['autoscaling describe-auto-scaling-groups', /"AutoScalingGroups": \[/],
  ['cloudformation list-stacks', /"StackSummaries": \[/],
  ['cloudwatch describe-alarms', /"MetricAlarms": \[/],
  ['deploy list-deployment-configs', /CodeDeployDefault\.AllAtOnce/],
  ['dynamodb list-tables', /"TableNames": \[/],
  ['ec2 describe-vpcs --filters Name=is-default,Values=true', /"CidrBlock": "172\.31\.0\.0\/16"/],
  ['ecr describe-repositories', /"repositories": \[/],
  ['elb describe-load-balancers', /"LoadBalancerDescriptions": \[/],
  ['elbv2 describe-load-balancers', /"LoadBalancers": \[/],
  ['events list-event-buses', /"Name": "default"/],
  ['iam list-users', /"Users": \[/],
  ['kms list-keys', /"Keys": \[/],
  ['lambda list-functions', /"Functions": \[/],
  ['logs describe-log-groups', /"logGroups": \[/],
  ['route53 list-hosted-zones', /"HostedZones": \[/],
  ['s3api list-buckets', /"Buckets": \[/],
  ['secretsmanager list-secrets', /"SecretList": \[/],
  ['sns list-topics', /"Topics": \[/],
  ['sqs create-queue --queue-name touched', /\/000000000000\/touched"/],
  ['ssm describe-parameters', /"Parameters": \[/],
  ['sts get-caller-identity', /"arn:aws:iam::000000000000:root"/],
];

it('version 1 and version 2 of the AWS CLI are those that are tried where they are installed', ({ skip }) => {
  const majors = new Set(installed.map(({ version }) => version[0]));
  for (const major of ['1', '2'])
    skip(!majors.has(major), `version ${major} of the AWS CLI is not installed`);
});

describe.each(installed)('version $version of the AWS CLI', ({ path, version }) => {
  const major = version.startsWith('1') ? 1 : 2;
  let endpoint: ClientEndpoint;
  let folder: string;

  /** Words of a command, split at spaces but where they come as a list. */
  function command(...words: (string | readonly string[])[]): Promise<Ended> {
    const args = words.flatMap((word) => (typeof word === 'string' ? word.split(' ') : word));
    // Versions before 2.13 know no AWS_ENDPOINT_URL.
    return run(path, ['--endpoint-url', endpoint.url, ...args], {
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_DEFAULT_OUTPUT: 'json',
      AWS_PAGER: '',
      AWS_CONFIG_FILE: join(endpoint.bundles, 'config'),
    });
  }
  async function aws(...words: (string | readonly string[])[]): Promise<string> {
    const { code, out, err } = await command(...words);
    if (code !== 0) throw new Error(`aws ${words.flat().join(' ')}: exit ${code}: ${err}`);
    return out.trim();
  }
  const json = async <T>(...words: (string | readonly string[])[]): Promise<T> =>
    JSON.parse(await aws(...words)) as T;

  beforeAll(async () => {
    endpoint = await clientEndpoint({ clock: 60, timings: 'instant' });
    folder = join(endpoint.bundles, 'site');
    await mkdir(join(folder, 'notes'), { recursive: true });
    await writeFile(join(folder, 'index.html'), '<h1>Shop</h1>');
    await writeFile(join(folder, 'notes', 'a+b c.txt'), 'plus and space');
  });
  afterAll(async () => {
    await endpoint.done();
    expect(endpoint.crashes).toEqual([]);
  });

  it('touches every service', { timeout: PATIENCE_MS }, async () => {
    // Four at a time: each starts a Python of its own.
    const left = [...TOUCHES];
    const seen: [string, boolean | string][] = [];
    const worker = async (): Promise<void> => {
      for (let next = left.pop(); next; next = left.pop()) {
        const { out, err } = await command(next[0]);
        seen.push([next[0], next[1].test(out) || `${out}${err}`]);
      }
    };
    await Promise.all([worker(), worker(), worker(), worker()]);
    expect(Object.fromEntries(seen)).toEqual(Object.fromEntries(TOUCHES.map(([name]) => [name, true])));
  });

  it('makes, syncs, copies, lists, presigns and removes with `s3`', { timeout: PATIENCE_MS }, async () => {
    expect(await aws('s3 mb s3://site')).toBe('make_bucket: site');
    const synced = await aws('s3 sync --no-progress', [folder], 's3://site/public');
    expect(synced.split('\n')).toHaveLength(2);
    // Nothing differs the second time: sizes and times are compared.
    expect(await aws('s3 sync --no-progress', [folder], 's3://site/public')).toBe('');
    const listed = await aws('s3 ls --recursive --summarize s3://site');
    expect(listed).toMatch(/13 public\/index\.html/);
    expect(listed).toMatch(/14 public\/notes\/a\+b c\.txt/);
    expect(listed).toMatch(/Total Objects: 2/);
    expect(await aws('s3 ls s3://site/public/')).toMatch(/PRE notes\//);
    await aws('s3 mv --no-progress s3://site/public/index.html s3://site/index.html');
    expect(await aws('s3 cp s3://site/index.html -')).toBe('<h1>Shop</h1>');
    const answer = await fetch(await aws('s3 presign', ['s3://site/public/notes/a+b c.txt']));
    expect(await answer.text()).toBe('plus and space');
    const back = join(endpoint.bundles, `back-${major}`);
    await aws('s3 cp --no-progress --recursive s3://site', [back]);
    expect((await readdir(back, { recursive: true })).toSorted()).toEqual([
      'index.html',
      'public',
      'public/notes',
      'public/notes/a+b c.txt',
    ]);
    expect(await readFile(join(back, 'public/notes/a+b c.txt'), 'utf8')).toBe('plus and space');
    const full = await command('s3 rb s3://site');
    expect([full.code, full.err]).toEqual([1, expect.stringContaining('BucketNotEmpty') as string]);
    await aws('s3 rm --recursive s3://site/public');
    await aws('s3 rb --force s3://site');
    const { code, err } = await command('s3 ls s3://site');
    expect(err).toContain('NoSuchBucket');
    expect(code).toBe(SERVICE_ERROR[major]);
  });

  it('goes through pages and chooses with --query', { timeout: PATIENCE_MS }, async () => {
    const names = ['/shop/a', '/shop/b', '/shop/c'];
    for (const name of names) await aws(`ssm put-parameter --name ${name} --type String --value v`);
    const by = '--path /shop --query Parameters[].Name --output text';
    expect(await aws(`ssm get-parameters-by-path --page-size 1 ${by}`)).toMatch(/a.*\n?.*b.*\n?.*c/);
    const first = await json<{ NextToken: string; Parameters: unknown[] }>(
      'ssm get-parameters-by-path --path /shop --max-items 2',
    );
    expect(first.Parameters).toHaveLength(2);
    const rest = await aws(
      'ssm get-parameters-by-path --path /shop --query Parameters[].Name --output text --starting-token',
      [first.NextToken],
    );
    expect(rest.split('\n')[0]).toBe('/shop/c');
    expect(await aws('ssm describe-parameters --output table')).toMatch(/\| +DescribeParameters +\|/);
  });

  it('waits', { timeout: PATIENCE_MS }, async () => {
    const template = JSON.stringify({ Resources: { Inbox: { Type: 'AWS::SQS::Queue' } } });
    await aws('cloudformation create-stack --stack-name inbox --template-body', [template]);
    await aws('cloudformation wait stack-create-complete --stack-name inbox');
    await aws('dynamodb create-table --table-name orders --billing-mode PAY_PER_REQUEST', [
      '--attribute-definitions',
      'AttributeName=id,AttributeType=S',
      '--key-schema',
      'AttributeName=id,KeyType=HASH',
    ]);
    await aws('dynamodb wait table-exists --table-name orders');
    await aws('dynamodb put-item --table-name orders --item', ['{"id":{"S":"1"},"total":{"N":"12.50"}}']);
    const got = await json<{ Item: unknown }>('dynamodb get-item --table-name orders --key', [
      '{"id":{"S":"1"}}',
    ]);
    expect(got.Item).toEqual({ id: { S: '1' }, total: { N: '12.5' } });
  });

  it('invokes a function with a file for its answer', { timeout: PATIENCE_MS }, async () => {
    const trust = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
      ],
    });
    const role = await aws(
      'iam create-role --role-name function --query Role.Arn --output text --assume-role-policy-document',
      [trust],
    );
    const zip = join(endpoint.bundles, 'function.zip');
    await writeFile(
      zip,
      zipSync({ 'index.mjs': Buffer.from('export const handler = async () => ({ ok: true });\n') }),
    );
    await aws(
      `lambda create-function --function-name hello --runtime nodejs22.x --handler index.handler --role ${role} --zip-file`,
      [`fileb://${zip}`],
    );
    await aws('lambda wait function-active-v2 --function-name hello');
    const answer = join(endpoint.bundles, 'answer.json');
    expect(await aws('lambda invoke --function-name hello --query StatusCode --output text', [answer])).toBe(
      '200',
    );
    expect(JSON.parse(await readFile(answer, 'utf8'))).toBeDefined();
  });

  it('sends and receives over SQS and SNS', { timeout: PATIENCE_MS }, async () => {
    const queue = await aws('sqs create-queue --queue-name inbox --query QueueUrl --output text');
    const arn = await aws(
      `sqs get-queue-attributes --queue-url ${queue} --attribute-names QueueArn --query Attributes.QueueArn --output text`,
    );
    const topic = await aws('sns create-topic --name news --query TopicArn --output text');
    const allow = {
      Effect: 'Allow',
      Principal: { Service: 'sns.amazonaws.com' },
      Action: 'sqs:SendMessage',
      Resource: arn,
    };
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [allow] });
    await aws(`sqs set-queue-attributes --queue-url ${queue} --attributes`, [JSON.stringify({ Policy })]);
    await aws(
      `sns subscribe --topic-arn ${topic} --protocol sqs --notification-endpoint ${arn} --attributes RawMessageDelivery=true`,
    );
    await aws(`sns publish --topic-arn ${topic} --message`, ['good & "new"']);
    const received = await aws(
      `sqs receive-message --queue-url ${queue} --wait-time-seconds 10 --query Messages[0].Body --output text`,
    );
    expect(received).toBe('good & "new"');
  });

  // https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-returncodes.html
  it('ends with the exit codes of AWS CLI', { timeout: PATIENCE_MS }, async () => {
    const [service, usage, refused] = await Promise.all([
      command('iam get-user --user-name nobody'),
      command('iam get-user --nonsense'),
      command('ssm send-command --document-name nothing'),
    ]);
    expect(service.code).toBe(SERVICE_ERROR[major]);
    expect(service.err).toContain(
      'An error occurred (NoSuchEntity) when calling the GetUser operation: The user with name nobody cannot be found.',
    );
    // Version 1 has had 2 and 255 for it.
    expect(major === 1 ? [2, 255] : [252]).toContain(usage.code);
    expect(refused.code).toBe(SERVICE_ERROR[major]);
    expect(refused.err).toContain('(NotImplemented)');
  });
});
