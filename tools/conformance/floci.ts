// Floci's compatibility tests (github.com/floci-io/floci, `compatibility-tests/`), language by language: black boxes that are
// pointed at an endpoint. Needs what their README asks for: pytest (with pytest-timeout) and boto3, `npm install` in sdk-test-
// node, bats with bats-support and bats-assert; ./floci-go.ts says what the Go part needs. The Java part is not here: the registry
// of its packages was never in reach.

import { join } from 'node:path';
import { goRun } from './floci-go.ts';
import { pytest } from './suite.ts';
import type { Ground, Suite } from './suite.ts';

const env = ({ url, credentials }: Ground): Record<string, string> => ({
  FLOCI_ENDPOINT: url,
  AWS_ENDPOINT_URL: url,
  ...credentials,
  AWS_DEFAULT_REGION: 'us-east-1',
});

const common = {
  account: '000000000000',
  caller: 'administrator',
  roles: ['lambda-role', 'test-role', 'pytest-assumed-role', 'web-identity-role', 'my-role'],
  functions: 'process',
} as const;
const folder = (checkout: string, name: string): string => join(checkout, 'compatibility-tests', name);

const python: Suite = {
  ...common,
  name: 'floci-python',
  title: "Floci's compatibility tests with boto3",
  parts: {
    cloudformation: ['test_cloudformation_naming.py'],
    dynamodb: ['test_dynamodb.py'],
    ecr: ['test_ecr.py'],
    iam: ['test_iam.py'],
    kms: ['test_kms.py'],
    lambda: ['test_lambda.py', 'test_lambda_function_config.py'],
    monitoring: ['test_cloudwatch.py'],
    s3: ['test_s3.py', 'test_s3_cors.py', 'test_s3_notifications.py'],
    secretsmanager: ['test_secretsmanager.py'],
    sns: ['test_sns.py'],
    sqs: ['test_sqs.py'],
    ssm: ['test_ssm.py'],
    sts: ['test_sts.py'],
  },
  run(ground, service, parts) {
    const report = join(ground.reports, `${service}.xml`);
    const tests = parts.map((part) => join('tests', part));
    return {
      command: pytest(report, ...tests),
      cwd: folder(ground.checkout, 'sdk-test-python'),
      env: env(ground),
      report,
    };
  },
};

const node: Suite = {
  ...common,
  name: 'floci-node',
  title: "Floci's compatibility tests with the AWS SDK for JavaScript",
  parts: {
    cloudformation: ['cloudformation'],
    dynamodb: ['dynamodb.test', 'dynamodb-conformance'],
    ecr: ['ecr'],
    events: ['eventbridge'],
    iam: ['iam'],
    kms: ['kms.test', 'kms-features'],
    lambda: ['lambda.test', 'lambda-layers'],
    monitoring: ['cloudwatch'],
    s3: ['s3.test', 's3-cors', 's3-notifications'],
    secretsmanager: ['secretsmanager'],
    sns: ['sns'],
    sqs: ['sqs'],
    ssm: ['ssm'],
    sts: ['sts'],
  },
  run(ground, service, parts) {
    const report = join(ground.reports, `${service}.xml`);
    const files = parts.map((part) => `tests/${part}`);
    return {
      command: ['npx', 'vitest', 'run', '--reporter=junit', `--outputFile=${report}`, ...files],
      cwd: folder(ground.checkout, 'sdk-test-node'),
      env: env(ground),
      report,
    };
  },
};

const awscli: Suite = {
  ...common,
  name: 'floci-awscli',
  title: "Floci's compatibility tests with the AWS CLI",
  parts: {
    cloudformation: ['cloudformation'],
    dynamodb: ['dynamodb'],
    ec2: ['ec2'],
    ecr: ['ecr'],
    iam: ['iam'],
    kms: ['kms'],
    lambda: ['lambda'],
    s3: ['s3', 's3-notifications'],
    secretsmanager: ['secretsmanager'],
    sns: ['sns'],
    sqs: ['sqs'],
    ssm: ['ssm'],
    sts: ['sts'],
  },
  run(ground, _service, parts) {
    return {
      command: [
        'bats',
        '--print-output-on-failure',
        '--report-formatter',
        'junit',
        '-o',
        ground.reports,
        ...parts.map((part) => join('test', `${part}.bats`)),
      ],
      cwd: folder(ground.checkout, 'sdk-test-awscli'),
      env: { BATS_LIB_PATH: '/usr/lib/bats', ...env(ground) },
      report: join(ground.reports, 'report.xml'),
    };
  },
};

const go: Suite = {
  ...common,
  name: 'floci-go',
  title: "Floci's compatibility tests with the AWS SDK for Go",
  note:
    "They ran with the SDK's version 1.17 of Debian 12, not with the one that they are written for. The parts for Lambda and S3 do not " +
    'compile with it and are left out.',
  parts: {
    acm: ['acm'],
    dynamodb: ['dynamodb'],
    ecr: ['ecr'],
    iam: ['iam'],
    kms: ['kms'],
    monitoring: ['cloudwatch'],
    secretsmanager: ['secretsmanager'],
    sns: ['sns'],
    sqs: ['sqs'],
    ssm: ['ssm'],
    sts: ['sts'],
  },
  run: goRun,
};

export const floci: readonly Suite[] = [python, node, awscli, go];
