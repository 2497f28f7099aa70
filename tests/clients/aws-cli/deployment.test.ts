import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  DescribeSubnetsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateTargetGroupCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import {
  AddRoleToInstanceProfileCommand,
  AttachRolePolicyCommand,
  AttachUserPolicyCommand,
  CreateInstanceProfileCommand,
  CreateRoleCommand,
  CreateUserCommand,
  IAMClient,
} from '@aws-sdk/client-iam';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '#runtime/package.ts';
import { answers, clientEndpoint, run } from '../endpoint.ts';
import type { ClientEndpoint, Ended } from '../endpoint.ts';

const absent = !answers('aws', '--version');

const USER_DATA = `#!/bin/bash
dnf install -y ruby wget
wget https://aws-codedeploy-us-east-1.s3.us-east-1.amazonaws.com/latest/install
chmod +x ./install
./install auto
`;
const LARGE = 20 * 1024 * 1024;
/** For computers that are busy: each command starts a Python of its own. */
const PATIENCE_MS = 120_000;

let endpoint: ClientEndpoint;
let prepared: Awaited<ReturnType<typeof prepare>>;
const ROOT = { accessKeyId: 'test', secretAccessKey: 'test' };
let keys = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };

/** One AWS CLI command, given as words: a text is split at spaces, lists are taken as they are. */
function command(...words: (string | readonly string[])[]): Promise<Ended> {
  const args = words.flatMap((word) => (typeof word === 'string' ? word.split(' ') : word));
  return run('aws', args, {
    ...keys,
    AWS_ENDPOINT_URL: endpoint.url,
    AWS_DEFAULT_OUTPUT: 'json',
    AWS_CONFIG_FILE: join(endpoint.bundles, 'config'),
  });
}

/** What a command that is to succeed prints: its output as text where `--query` and `--output text` ask for that. */
async function aws(...words: (string | readonly string[])[]): Promise<string> {
  const { code, out, err } = await command(...words);
  if (code !== 0) throw new Error(`aws ${words.flat().join(' ')}: exit ${code}: ${err}`);
  return out.trim();
}

async function advance(seconds: number): Promise<void> {
  const body = JSON.stringify({ advanceMs: seconds * 1000 });
  await fetch(`${endpoint.url}/_sandtable/clock`, { method: 'POST', body });
}

/** What the commands of the test rely on, made by the SDK: a CLI command takes half a second to start. */
async function prepare(): Promise<{ serviceRole: string; groupId: string; targetGroupArn: string }> {
  const configuration = { endpoint: endpoint.url, region: 'us-east-1', credentials: ROOT };
  const iam = new IAMClient(configuration);
  const ec2 = new EC2Client(configuration);
  const balancing = new ElasticLoadBalancingV2Client(configuration);
  await iam.send(new CreateUserCommand({ UserName: 'deployer' }));
  await iam.send(
    new AttachUserPolicyCommand({
      UserName: 'deployer',
      PolicyArn: 'arn:aws:iam::aws:policy/AdministratorAccess',
    }),
  );
  const role = async (RoleName: string, service: string, policy: string): Promise<string> => {
    const Statement = [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }];
    const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
    const { Role } = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
    const PolicyArn = `arn:aws:iam::aws:policy/service-role/${policy}`;
    await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
    return Role?.Arn ?? '';
  };
  await role('web', 'ec2.amazonaws.com', 'AmazonEC2RoleforAWSCodeDeploy');
  await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName: 'web' }));
  await iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName: 'web', RoleName: 'web' }));
  const serviceRole = await role('codedeploy', 'codedeploy.amazonaws.com', 'AWSCodeDeployRole');
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({}));
  const VpcId = Subnets[0]?.VpcId ?? '';
  const { GroupId: groupId = '' } = await ec2.send(
    new CreateSecurityGroupCommand({ GroupName: 'web', Description: 'Balancer and instances', VpcId }),
  );
  const open = { IpProtocol: 'tcp', FromPort: 0, ToPort: 65_535, IpRanges: [{ CidrIp: '0.0.0.0/0' }] };
  await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: groupId, IpPermissions: [open] }));
  const { LoadBalancers: [balancer] = [] } = await balancing.send(
    new CreateLoadBalancerCommand({
      Name: 'web',
      Subnets: Subnets.map(({ SubnetId = '' }) => SubnetId),
      SecurityGroups: [groupId],
    }),
  );
  const { TargetGroups: [group] = [] } = await balancing.send(
    new CreateTargetGroupCommand({
      Name: 'web',
      Protocol: 'HTTP',
      Port: 8080,
      VpcId,
      HealthCheckPath: '/health',
    }),
  );
  const targetGroupArn = group?.TargetGroupArn ?? '';
  await balancing.send(
    new CreateListenerCommand({
      LoadBalancerArn: balancer?.LoadBalancerArn ?? '',
      Protocol: 'HTTP',
      Port: 80,
      DefaultActions: [{ Type: 'forward', TargetGroupArn: targetGroupArn }],
    }),
  );
  return { serviceRole, groupId, targetGroupArn };
}

/** From here on every signature is checked. */
async function becomeUser(): Promise<void> {
  const { AccessKey } = JSON.parse(await aws('iam create-access-key --user-name deployer')) as {
    AccessKey: { AccessKeyId: string; SecretAccessKey: string };
  };
  keys = { AWS_ACCESS_KEY_ID: AccessKey.AccessKeyId, AWS_SECRET_ACCESS_KEY: AccessKey.SecretAccessKey };
}

describe.skipIf(absent)(`the AWS CLI${absent ? ' (skipped: aws is not installed)' : ''}`, () => {
  beforeAll(async () => {
    endpoint = await clientEndpoint();
    prepared = await prepare();
    await becomeUser();
    await aws('s3 mb s3://releases');
  });
  afterAll(async () => {
    await endpoint.done();
    expect(endpoint.crashes).toEqual([]);
  });

  it('deploys in place to an instance behind a load balancer', { timeout: PATIENCE_MS }, async () => {
    const source = join(packageRoot(), 'examples', 'web', 'v1');
    const { serviceRole, groupId, targetGroupArn } = prepared;
    const image = await aws('ec2 describe-images --owners amazon --query Images[0].ImageId --output text', [
      '--filters',
      'Name=name,Values=al2023-ami-2023*-x86_64',
    ]);
    const [instanceId] = await Promise.all([
      aws(
        `ec2 run-instances --image-id ${image} --instance-type m6i.large --security-group-ids ${groupId} --iam-instance-profile Name=web --tag-specifications ResourceType=instance,Tags=[{Key=app,Value=web}] --query Instances[0].InstanceId --output text --user-data`,
        [USER_DATA],
      ),
      aws('deploy create-application --application-name web --compute-platform Server'),
    ]);
    await advance(180);
    await Promise.all([
      aws(`elbv2 register-targets --target-group-arn ${targetGroupArn} --targets Id=${instanceId}`),
      // Packs the folder with the CLI's own zip, uploads it, and registers the revision.
      aws('deploy push --application-name web --s3-location s3://releases/v1.zip --source', [source]),
    ]);
    await aws(
      `deploy create-deployment-group --application-name web --deployment-group-name production --service-role-arn ${serviceRole} --ec2-tag-filters Key=app,Value=web,Type=KEY_AND_VALUE --deployment-style deploymentType=IN_PLACE,deploymentOption=WITH_TRAFFIC_CONTROL --load-balancer-info targetGroupInfoList=[{name=web}]`,
    );
    const deploymentId = await aws(
      'deploy create-deployment --application-name web --deployment-group-name production --s3-location bucket=releases,key=v1.zip,bundleType=zip --query deploymentId --output text',
    );
    await advance(900);
    const [, shown, health] = await Promise.all([
      aws(`deploy wait deployment-successful --deployment-id ${deploymentId}`),
      aws(`deploy get-deployment-target --deployment-id ${deploymentId} --target-id ${instanceId}`),
      aws(`elbv2 describe-target-health --target-group-arn ${targetGroupArn}`),
    ]);
    const { deploymentTarget } = JSON.parse(shown) as {
      deploymentTarget: {
        instanceTarget: { status: string; lifecycleEvents: { lifecycleEventName: string; status: string }[] };
      };
    };
    const { status, lifecycleEvents } = deploymentTarget.instanceTarget;
    expect(status).toBe('Succeeded');
    expect(lifecycleEvents.map((event) => `${event.lifecycleEventName} ${event.status}`)).toEqual([
      'BeforeBlockTraffic Succeeded',
      'BlockTraffic Succeeded',
      'AfterBlockTraffic Succeeded',
      'ApplicationStop Succeeded',
      'DownloadBundle Succeeded',
      'BeforeInstall Succeeded',
      'Install Succeeded',
      'AfterInstall Succeeded',
      'ApplicationStart Succeeded',
      'ValidateService Succeeded',
      'BeforeAllowTraffic Succeeded',
      'AllowTraffic Succeeded',
      'AfterAllowTraffic Succeeded',
    ]);
    expect(health).toContain('"State": "healthy"');
  });

  it('uploads 20 MB in parts and gets the same bytes back', { timeout: PATIENCE_MS }, async () => {
    const [from, to] = [join(endpoint.bundles, 'large'), join(endpoint.bundles, 'large-again')];
    const bytes = randomBytes(LARGE);
    await writeFile(from, bytes);
    await aws('s3 cp --no-progress', [from], 's3://releases/large');
    const head = JSON.parse(await aws('s3api head-object --bucket releases --key large')) as {
      ETag: string;
      ContentLength: number;
    };
    expect(head.ContentLength).toBe(LARGE);
    // An ETag of parts of 8 MiB: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
    expect(head.ETag).toMatch(/^"[0-9a-f]{32}-3"$/);
    await aws('s3 cp --no-progress s3://releases/large', [to]);
    expect(bytes.equals(await readFile(to))).toBe(true);
  });

  it('presigns a URL that plain HTTP can fetch', async () => {
    const file = join(packageRoot(), 'package.json');
    await aws('s3 cp --no-progress', [file], 's3://releases/notes/a+b.txt');
    const url = await aws('s3 presign s3://releases/notes/a+b.txt --expires-in 300');
    const answer = await fetch(url);
    expect(Buffer.from(await answer.arrayBuffer()).equals(await readFile(file))).toBe(true);
  });

  it('prints the errors of AWS', async () => {
    const [missing, refused] = await Promise.all([
      command('deploy get-deployment --deployment-id d-AAAAAAAAA'),
      command('s3 cp s3://releases/missing -'),
    ]);
    // 254 in version 2 of the CLI, 255 in version 1.
    expect([254, 255]).toContain(missing.code);
    expect(missing.err).toContain(
      'An error occurred (DeploymentDoesNotExistException) when calling the GetDeployment operation: ',
    );
    expect(refused.code).toBe(1);
    expect(refused.err).toContain('An error occurred (404) when calling the HeadObject operation: Not Found');
  });
});
