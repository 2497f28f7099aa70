// Moto's own tests (github.com/getmoto/moto, `tests/`) in server mode, where they reset the endpoint between tests. Needs
// pytest, pytest-timeout, boto3 and what the tests import (freezegun, requests-mock, …) on Python's path; moto itself is taken
// from the checkout. `premises/` puts right what their set-up presumes and AWS does not give. Some tests expect URLs of moto's
// own port: run it with `--port 5000`.

import { join } from 'node:path';
import { pytest } from './suite.ts';
import type { Suite } from './suite.ts';

/** Roles that tests look for before they make them, by service; see ./moto_ground.py. */
const ROLES: Readonly<Record<string, string>> = {
  codedeploy: '/CodeDeployDemoRole',
  lambda: '/my-path/my-role',
  logs: '/test-role',
  s3: '/my-path/my-role',
  secretsmanager: '/my-path/my-role',
  sqs: '/my-path/my-role',
};

export const moto: Suite = {
  name: 'moto',
  title: "moto's tests in server mode",
  note:
    'The set-up of many of these tests is one that AWS would refuse: images that only moto has, security groups of another VPC, roles, keys and ' +
    'gateways that are never made, empty actions, buckets of before April 2023. `tools/conformance/premises/` and `moto_ground.py` give their ' +
    'calls what AWS asks for, and wait for what AWS does in time. How many of the passed tests had their calls changed so, the table says.',
  account: '123456789012',
  caller: 'root',
  functions: 'process',
  parts: {
    acm: ['test_acm'],
    autoscaling: ['test_autoscaling'],
    cloudformation: ['test_cloudformation'],
    codedeploy: ['test_codedeploy'],
    dynamodb: ['test_dynamodb'],
    ec2: ['test_ec2'],
    ecr: ['test_ecr'],
    ecs: ['test_ecs'],
    elasticloadbalancing: ['test_elbv2'],
    'elasticloadbalancing-classic': ['test_elb'],
    events: ['test_events'],
    iam: ['test_iam'],
    kms: ['test_kms'],
    lambda: ['test_awslambda', 'test_awslambda_simple'],
    logs: ['test_logs'],
    monitoring: ['test_cloudwatch'],
    route53: ['test_route53'],
    s3: ['test_s3', 'test_s3bucket_path'],
    secretsmanager: ['test_secretsmanager'],
    sns: ['test_sns'],
    sqs: ['test_sqs'],
    ssm: ['test_ssm'],
    sts: ['test_sts'],
  },
  run({ checkout, url, credentials, reports }, service, parts) {
    const report = join(reports, `${service}.xml`);
    const tests = parts.map((part) => join('tests', part));
    const path = [checkout, import.meta.dirname, process.env['PYTHONPATH'] ?? ''].filter(Boolean).join(':');
    return {
      command: pytest(report, '-p', 'moto_ground', '-p', 'premises', ...tests),
      cwd: checkout,
      env: {
        PYTHONPATH: path,
        TEST_SERVER_MODE: 'true',
        TEST_SERVER_MODE_ENDPOINT: url,
        GROUND_ROLES: ROLES[service] ?? '',
        ...credentials,
        AWS_DEFAULT_REGION: 'us-east-1',
      },
      report,
    };
  },
};
