// Terraform with AWS's provider: a shop of fourteen modules is applied, a second plan finds nothing to change, and destroying it
// leaves nothing behind. It runs where `terraform` is installed and the provider lies in a filesystem mirror, so that nothing
// is downloaded.

import { cpSync, existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import {
  DescribeAddressesCommand,
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeVolumesCommand,
  DescribeVpcsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import {
  DescribeLoadBalancersCommand,
  DescribeTargetGroupsCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { IAMClient, ListRolesCommand, ListUsersCommand } from '@aws-sdk/client-iam';
import { LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { ListHostedZonesCommand, Route53Client } from '@aws-sdk/client-route-53';
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { ListTopicsCommand, SNSClient } from '@aws-sdk/client-sns';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answers, clientEndpoint, run } from '../endpoint.ts';
import type { ClientEndpoint, Ended } from '../endpoint.ts';

const PROVIDER = join('registry.terraform.io', 'hashicorp', 'aws', '5.100.0');
/** Where Terraform itself looks for mirrors, and where images of build computers have them. */
const mirror = [
  process.env['SANDTABLE_TERRAFORM_PLUGINS'] ?? '',
  join(homedir(), '.terraform.d', 'plugins'),
  '/usr/local/share/terraform/plugins',
  '/usr/share/terraform/plugins',
  '/opt/tf-plugins',
].find((folder) => folder !== '' && existsSync(join(folder, PROVIDER)));
const absent = mirror === undefined || !answers('terraform', '-version');
const why = absent ? ' (skipped: needs terraform, and its AWS provider 5.100.0 in a filesystem mirror)' : '';

/** The provider itself waits for up to a minute after some changes, on a clock of its own. */
const PATIENCE_MS = 300_000;

let endpoint: ClientEndpoint;
let folder: string;

async function terraform(...args: string[]): Promise<Ended & { readonly said: string }> {
  const ended = await run('terraform', [`-chdir=${folder}`, ...args], {
    AWS_ENDPOINT_URL: endpoint.url,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    TF_CLI_CONFIG_FILE: join(folder, 'terraform.rc'),
    TF_IN_AUTOMATION: '1',
    TF_VAR_package: join(folder, 'function.zip'),
  });
  return { ...ended, said: `${ended.out}${ended.err}` };
}

/** What is left in the account, beside what every account has. */
async function leftovers(): Promise<Record<string, unknown>> {
  const at = { endpoint: endpoint.url, region: 'us-east-1', credentials: ROOT };
  const ec2 = new EC2Client(at);
  const iam = new IAMClient(at);
  const elb = new ElasticLoadBalancingV2Client(at);
  const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({}));
  const instances = Reservations.flatMap(({ Instances = [] }) => Instances);
  const { Vpcs = [] } = await ec2.send(new DescribeVpcsCommand({}));
  const { Roles = [] } = await iam.send(new ListRolesCommand({}));
  return {
    instances: instances.filter(({ State }) => State?.Name !== 'terminated'),
    vpcs: Vpcs.filter(({ IsDefault }) => !IsDefault),
    volumes: (await ec2.send(new DescribeVolumesCommand({}))).Volumes,
    addresses: (await ec2.send(new DescribeAddressesCommand({}))).Addresses,
    interfaces: (await ec2.send(new DescribeNetworkInterfacesCommand({}))).NetworkInterfaces,
    loadBalancers: (await elb.send(new DescribeLoadBalancersCommand({}))).LoadBalancers,
    targetGroups: (await elb.send(new DescribeTargetGroupsCommand({}))).TargetGroups,
    // Service-linked roles stay, as in AWS.
    roles: Roles.filter(({ Path }) => !Path?.startsWith('/aws-service-role/')),
    users: (await iam.send(new ListUsersCommand({}))).Users,
    buckets: (await new S3Client(at).send(new ListBucketsCommand({}))).Buckets ?? [],
    queues: (await new SQSClient(at).send(new ListQueuesCommand({}))).QueueUrls ?? [],
    topics: (await new SNSClient(at).send(new ListTopicsCommand({}))).Topics,
    tables: (await new DynamoDBClient(at).send(new ListTablesCommand({}))).TableNames,
    functions: (await new LambdaClient(at).send(new ListFunctionsCommand({}))).Functions,
    logGroups: (await new CloudWatchLogsClient(at).send(new DescribeLogGroupsCommand({}))).logGroups,
    alarms: (await new CloudWatchClient(at).send(new DescribeAlarmsCommand({}))).MetricAlarms,
    zones: (await new Route53Client(at).send(new ListHostedZonesCommand({}))).HostedZones,
  };
}
const ROOT = { accessKeyId: 'test', secretAccessKey: 'test' };

describe.skipIf(absent)(`Terraform's AWS provider${why}`, () => {
  beforeAll(async () => {
    // What takes AWS minutes takes the provider's next look.
    endpoint = await clientEndpoint({ clock: 60, timings: 'instant' });
    folder = await mkdtemp(join(tmpdir(), 'sandtable-terraform-'));
    cpSync(import.meta.dirname, folder, { recursive: true });
    const mirrored = `provider_installation {\n  filesystem_mirror {\n    path = "${mirror}"\n  }\n}\n`;
    await writeFile(join(folder, 'terraform.rc'), `disable_checkpoint = true\n${mirrored}`);
    const code = 'export const handler = async () => ({ ok: true });\n';
    await writeFile(join(folder, 'function.zip'), zipSync({ 'index.mjs': Buffer.from(code) }));
    const { code: exit, said } = await terraform('init', '-no-color');
    if (exit !== 0) throw new Error(said);
  }, PATIENCE_MS);
  afterAll(async () => {
    await endpoint.done();
    await rm(folder, { recursive: true, force: true });
    expect(endpoint.crashes).toEqual([]);
  });

  it(
    'applies, then plans no changes, and destroys without a trace',
    async () => {
      const parallel = ['-no-color', '-parallelism=40'];
      const applied = await terraform('apply', ...parallel, '-auto-approve');
      expect(applied.said).toMatch(/Apply complete! Resources: 1\d\d added, 0 changed, 0 destroyed\./);
      expect(applied.said).not.toContain('Warning:');
      const planned = await terraform('plan', ...parallel, '-detailed-exitcode');
      expect(planned.said).toContain('No changes. Your infrastructure matches the configuration.');
      expect(planned.code).toBe(0);
      const destroyed = await terraform('destroy', ...parallel, '-auto-approve');
      expect(destroyed.said).toContain('Destroy complete!');
      expect(destroyed.said).not.toContain('Warning:');
      const left = await leftovers();
      expect(left).toEqual(Object.fromEntries(Object.keys(left).map((kind) => [kind, []])));
    },
    PATIENCE_MS,
  );
});
