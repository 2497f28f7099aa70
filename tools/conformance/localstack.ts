// LocalStack's tests that were validated against AWS (github.com/localstack/localstack, `tests/aws/services/`): the recorded
// snapshots are AWS's own answers. Needs pytest, pytest-timeout, boto3, localstack-core with its Python dependencies and
// localstack-snapshot on Python's path. Some tests write down names and a port of LocalStack's: see ./localstack_ground.py.

import { join } from 'node:path';
import { pytest } from './suite.ts';
import type { Suite } from './suite.ts';

export const localstack: Suite = {
  name: 'localstack',
  title: "LocalStack's tests that were validated against AWS",
  note:
    'Functions run as processes of this computer: what their code sees of it, paths and variables above all, is what most of the failing tests of ' +
    'Lambda compare. Some files need packages that were not to be had (aws-cdk-lib for Python) and count as one failure each.',
  account: '000000000000',
  caller: 'administrator',
  functions: 'process',
  parts: Object.fromEntries(
    [
      ['acm', 'acm'],
      ['cloudformation', 'cloudformation'],
      ['dynamodb', 'dynamodb'],
      ['ec2', 'ec2'],
      ['events', 'events'],
      ['iam', 'iam'],
      ['kms', 'kms'],
      ['lambda', 'lambda_'],
      ['logs', 'logs'],
      ['monitoring', 'cloudwatch'],
      ['route53', 'route53'],
      ['s3', 's3'],
      ['secretsmanager', 'secretsmanager'],
      ['sns', 'sns'],
      ['sqs', 'sqs'],
      ['ssm', 'ssm'],
      ['sts', 'sts'],
    ].map(([service, part]) => [service, [part as string]]),
  ),
  run({ checkout, url, credentials, reports }, service, parts) {
    const report = join(reports, `${service}.xml`);
    const tests = parts.map((part) => join('tests', 'aws', 'services', part));
    const path = [join(checkout, 'localstack-core'), import.meta.dirname, process.env['PYTHONPATH'] ?? '']
      .filter(Boolean)
      .join(':');
    return {
      command: pytest(
        report,
        '-p',
        'localstack_ground',
        '-p',
        'recorded_before',
        '--continue-on-collection-errors',
        '-m',
        'aws_validated',
        ...tests,
      ),
      cwd: checkout,
      env: {
        PYTHONPATH: path,
        TEST_SKIP_LOCALSTACK_START: '1',
        TEST_AWS_ENDPOINT_URL: url,
        TEST_AWS_ACCESS_KEY_ID: credentials.AWS_ACCESS_KEY_ID,
        TEST_AWS_SECRET_ACCESS_KEY: credentials.AWS_SECRET_ACCESS_KEY,
        AWS_DEFAULT_REGION: 'us-east-1',
      },
      report,
    };
  },
};
