// The cloud that a simulation disturbs: a network, a load balancer, an Auto Scaling group, CodeDeploy, queues and a topic.

import { DEFAULT_ACCOUNT, DEFAULT_REGION } from '#cloud/authenticate.ts';
import type { Input } from '#cloud/contracts.ts';
import { deployments, hasEnded } from '#services/codedeploy/rows.ts';
import { startLoad } from '#traffic/load-control.ts';
import { packBundle } from '#workloads/bundle.ts';
import { agents } from '#workloads/codedeploy-agent/agent-rows.ts';
import type { Stage } from './stage.ts';
import type { Swarm } from './swarm.ts';

export const GROUP = 'web';
export const APPLICATION = 'web';
export const DEPLOYMENT_GROUP = 'production';
export const BUCKET = 'simulated-releases';
export const ALARM = 'trouble';
export const QUEUES = ['work', 'work.fifo', 'dead', 'notices'] as const;
export const TOPIC: string = `arn:aws:sns:${DEFAULT_REGION}:${DEFAULT_ACCOUNT}:news`;
export const HOOK_ROLE: string = `arn:aws:iam::${DEFAULT_ACCOUNT}:role/hooks`;
const SERVICE_ROLE = `arn:aws:iam::${DEFAULT_ACCOUNT}:role/codedeploy`;

export const queueUrl = (name: string): string =>
  `https://sqs.${DEFAULT_REGION}.amazonaws.com/${DEFAULT_ACCOUNT}/${name}`;
export const queueArn = (name: string): string => `arn:aws:sqs:${DEFAULT_REGION}:${DEFAULT_ACCOUNT}:${name}`;

const INSTALL_AGENT = `#!/bin/bash
wget https://aws-codedeploy-us-east-1.s3.us-east-1.amazonaws.com/latest/install
chmod +x ./install
./install auto
`;

/** Where nobody deploys, user data starts what answers. */
const SERVE = `#!/bin/bash
# sandtable.yml:
#   version: first
#   application:
#     port: 8080
#     drain: true
systemctl enable --now web
`;

/** Kinds of revisions: some succeed, some fail in a script, some come up and then do not answer, one is no archive. */
export const REVISIONS = ['good', 'errs', 'slow', 'fails', 'unhealthy', 'hangs', 'stuck', 'damaged'] as const;
export type Revision = (typeof REVISIONS)[number];

const BEHAVIOUR: Readonly<
  Record<Exclude<Revision, 'damaged'>, readonly [application: string, start: string]>
> = {
  good: ['', 'seconds: 100ms, starts: true'],
  errs: ['  errors: [{ status: 500, share: 5% }]', 'seconds: 100ms, starts: true'],
  slow: ['  start: 20s', 'seconds: 90s, starts: true'],
  fails: ['', 'seconds: 1s, exit: 1'],
  unhealthy: ['  health: { path: /health, status: 500 }', 'seconds: 100ms, starts: true'],
  hangs: ['  hangsAfter: 120s', 'seconds: 100ms, starts: true'],
  stuck: ['', 'hangs: true'],
};

function bundle(revision: Revision): Uint8Array {
  if (revision === 'damaged') return new TextEncoder().encode('This is no archive.');
  const [application, start] = BEHAVIOUR[revision];
  return packBundle({
    'appspec.yml': `version: 0.0
os: linux
files:
  - source: app
    destination: /srv/web
file_exists_behavior: OVERWRITE
hooks:
  ApplicationStop:
    - location: stop.sh
      timeout: 30
  ApplicationStart:
    - location: start.sh
      timeout: 300
  ValidateService:
    - location: validate.sh
      timeout: 60
`,
    'sandtable.yml': `version: ${revision}
application:
  port: 8080
  drain: true
${application}
hooks:
  stop.sh: { seconds: 200ms, stops: true }
  start.sh: { ${start} }
  validate.sh: { seconds: 200ms, healthyWithin: 30s }
`,
    'app/release.txt': revision,
    'stop.sh': '#!/bin/sh\n',
    'start.sh': '#!/bin/sh\n',
    'validate.sh': '#!/bin/sh\n',
  });
}

/** Puts a revision into the bucket. */
export function upload(stage: Stage, revision: Revision): boolean {
  const bytes = bundle(revision);
  const blob = stage.world.blobs.put(bytes);
  const Body = { blob, sizeBytes: bytes.length };
  return stage.call('s3', 'PutObject', { Bucket: BUCKET, Key: `${revision}.zip`, Body }).ok;
}

export function location(
  revision: Revision,
): NonNullable<Input<'codedeploy', 'CreateDeployment'>['revision']> {
  return {
    revisionType: 'S3',
    s3Location: { bucket: BUCKET, key: `${revision}.zip`, bundleType: 'zip' },
  };
}

/** Builds the cloud of a seed. What it is made of has fixed names, so that nothing needs to be remembered outside the world. */
export function build(stage: Stage, swarm: Swarm): void {
  roles(stage);
  messaging(stage);
  const subnets = stage.make('ec2', 'DescribeSubnets', {}).Subnets ?? [];
  const chosen = subnets
    .toSorted((a, b) => ((a.AvailabilityZone ?? '') < (b.AvailabilityZone ?? '') ? -1 : 1))
    .slice(0, Math.max(swarm.zones, 2));
  const subnetIds = chosen.map(({ SubnetId = '' }) => SubnetId);
  const targetGroupArn = swarm.balanced
    ? balancer(stage, swarm, subnetIds, chosen[0]?.VpcId ?? '')
    : undefined;
  fleet(stage, swarm, subnetIds.slice(0, swarm.zones), targetGroupArn);
  alarm(stage);
  stage.make('s3', 'CreateBucket', { Bucket: BUCKET });
  stage.make('s3', 'PutBucketVersioning', {
    Bucket: BUCKET,
    VersioningConfiguration: { Status: 'Enabled' },
  });
  for (const revision of REVISIONS) upload(stage, revision);
  if (swarm.codedeploy) codedeploy(stage, swarm);
  if (swarm.codedeploy && swarm.deployed) firstDeployment(stage, swarm.size);
}

/** So that there is something to roll back to, and to bring to new instances. */
function firstDeployment(stage: Stage, size: number): void {
  stage.until(() => stage.look((ctx) => ctx.list(agents)).length >= size, 30 * 60_000);
  stage.make('codedeploy', 'CreateDeployment', {
    applicationName: APPLICATION,
    deploymentGroupName: DEPLOYMENT_GROUP,
    revision: location('good'),
    deploymentConfigName: 'CodeDeployDefault.AllAtOnce',
  });
  stage.until(() => stage.look((ctx) => ctx.list(deployments)).every(hasEnded), 60 * 60_000);
}

/** What IAM denies when it is taken away: CodeDeploy's rights, for one. */
export const ROLE_POLICIES: readonly (readonly [role: string, policy: string])[] = [
  ['web', 'arn:aws:iam::aws:policy/service-role/AmazonEC2RoleforAWSCodeDeploy'],
  ['codedeploy', 'arn:aws:iam::aws:policy/service-role/AWSCodeDeployRole'],
];

function roles(stage: Stage): void {
  const trust = (Service: string): string =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { Service }, Action: 'sts:AssumeRole' }],
    });
  for (const [RoleName, service] of [
    ['web', 'ec2'],
    ['codedeploy', 'codedeploy'],
    ['hooks', 'autoscaling'],
  ] as const) {
    stage.make('iam', 'CreateRole', {
      RoleName,
      AssumeRolePolicyDocument: trust(`${service}.amazonaws.com`),
    });
  }
  for (const [RoleName, PolicyArn] of ROLE_POLICIES)
    stage.make('iam', 'AttachRolePolicy', { RoleName, PolicyArn });
  const Statement = [
    { Effect: 'Allow', Action: ['iam:PassRole', 'ec2:CreateTags', 'ec2:RunInstances'], Resource: '*' },
  ];
  stage.make('iam', 'PutRolePolicy', {
    RoleName: 'codedeploy',
    PolicyName: 'launch-templates',
    PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement }),
  });
  const tell = [
    { Effect: 'Allow', Action: ['sqs:SendMessage', 'sqs:GetQueueUrl', 'sns:Publish'], Resource: '*' },
  ];
  stage.make('iam', 'PutRolePolicy', {
    RoleName: 'hooks',
    PolicyName: 'tell',
    PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: tell }),
  });
  stage.make('iam', 'CreateInstanceProfile', { InstanceProfileName: 'web' });
  stage.make('iam', 'AddRoleToInstanceProfile', { InstanceProfileName: 'web', RoleName: 'web' });
}

function messaging(stage: Stage): void {
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: 'sns.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: '*',
      },
    ],
  });
  stage.make('sqs', 'CreateQueue', { QueueName: 'dead' });
  stage.make('sqs', 'CreateQueue', { QueueName: 'notices', Attributes: { Policy } });
  const redrive = JSON.stringify({ deadLetterTargetArn: queueArn('dead'), maxReceiveCount: 3 });
  stage.make('sqs', 'CreateQueue', { QueueName: 'work', Attributes: { RedrivePolicy: redrive, Policy } });
  stage.make('sqs', 'CreateQueue', { QueueName: 'work.fifo', Attributes: { FifoQueue: 'true' } });
  stage.make('sns', 'CreateTopic', { Name: 'news' });
  stage.make('sns', 'Subscribe', { TopicArn: TOPIC, Protocol: 'sqs', Endpoint: queueArn('notices') });
}

function balancer(stage: Stage, swarm: Swarm, subnetIds: readonly string[], VpcId: string): string {
  const group = stage.make('ec2', 'CreateSecurityGroup', {
    GroupName: 'web',
    Description: 'Balancer and instances',
    VpcId,
  });
  stage.make('ec2', 'AuthorizeSecurityGroupIngress', {
    GroupId: group.GroupId ?? '',
    IpPermissions: [{ IpProtocol: 'tcp', FromPort: 80, ToPort: 8080, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
  });
  const { LoadBalancers: [made] = [] } = stage.make('elasticloadbalancing', 'CreateLoadBalancer', {
    Name: 'web',
    Subnets: [...subnetIds],
    SecurityGroups: [group.GroupId ?? ''],
  });
  const { TargetGroups: [targets] = [] } = stage.make('elasticloadbalancing', 'CreateTargetGroup', {
    Name: 'web',
    Protocol: 'HTTP',
    Port: 8080,
    VpcId,
    HealthCheckPath: '/health',
    HealthCheckIntervalSeconds: 10,
  });
  const TargetGroupArn = targets?.TargetGroupArn ?? '';
  stage.make('elasticloadbalancing', 'ModifyTargetGroupAttributes', {
    TargetGroupArn,
    Attributes: [{ Key: 'deregistration_delay.timeout_seconds', Value: String(swarm.drainSeconds) }],
  });
  stage.make('elasticloadbalancing', 'CreateListener', {
    LoadBalancerArn: made?.LoadBalancerArn ?? '',
    Protocol: 'HTTP',
    Port: 80,
    DefaultActions: [{ Type: 'forward', TargetGroupArn }],
  });
  if (swarm.load !== 'none') {
    const { load: resolution, ratePerSecond } = swarm;
    const host = made?.DNSName ?? '';
    stage.act('load', (ctx) => startLoad(ctx, { host, port: 80, path: '/', ratePerSecond, resolution }));
  }
  return TargetGroupArn;
}

function fleet(stage: Stage, swarm: Swarm, subnetIds: readonly string[], targetGroupArn?: string): void {
  const { Images: [image] = [] } = stage.make('ec2', 'DescribeImages', {
    Owners: ['amazon'],
    Filters: [{ Name: 'name', Values: ['al2023-ami-2023*-x86_64'] }],
  });
  const { SecurityGroups = [] } = stage.make('ec2', 'DescribeSecurityGroups', {});
  const open = SecurityGroups.find(({ GroupName }) => GroupName === 'web');
  const { LaunchTemplate: made } = stage.make('ec2', 'CreateLaunchTemplate', {
    LaunchTemplateName: 'web',
    LaunchTemplateData: {
      ImageId: image?.ImageId ?? '',
      InstanceType: 'm6i.large',
      IamInstanceProfile: { Name: 'web' },
      UserData: Buffer.from(swarm.codedeploy ? INSTALL_AGENT : SERVE).toString('base64'),
      ...(open ? { SecurityGroupIds: [open.GroupId ?? ''] } : {}),
    },
  });
  stage.make('autoscaling', 'CreateAutoScalingGroup', {
    AutoScalingGroupName: GROUP,
    MinSize: swarm.minSize,
    MaxSize: swarm.maxSize,
    DesiredCapacity: swarm.size,
    LaunchTemplate: { LaunchTemplateId: made?.LaunchTemplateId ?? '', Version: '$Latest' },
    VPCZoneIdentifier: subnetIds.join(','),
    HealthCheckType: swarm.healthCheckType,
    HealthCheckGracePeriod: 600,
    ...(targetGroupArn === undefined ? {} : { TargetGroupARNs: [targetGroupArn] }),
  });
}

function alarm(stage: Stage): void {
  stage.make('monitoring', 'PutMetricAlarm', {
    AlarmName: ALARM,
    Namespace: 'Simulation',
    MetricName: 'Trouble',
    Statistic: 'Sum',
    Period: 60,
    EvaluationPeriods: 2,
    Threshold: 5,
    ComparisonOperator: 'GreaterThanThreshold',
    TreatMissingData: 'notBreaching',
    AlarmActions: [TOPIC],
    OKActions: [TOPIC],
  });
}

function codedeploy(stage: Stage, swarm: Swarm): void {
  stage.make('codedeploy', 'CreateApplication', { applicationName: APPLICATION, computePlatform: 'Server' });
  stage.make('codedeploy', 'CreateDeploymentGroup', {
    applicationName: APPLICATION,
    deploymentGroupName: DEPLOYMENT_GROUP,
    serviceRoleArn: SERVICE_ROLE,
    autoScalingGroups: [GROUP],
    deploymentStyle: {
      deploymentType: 'IN_PLACE',
      deploymentOption: swarm.trafficControl ? 'WITH_TRAFFIC_CONTROL' : 'WITHOUT_TRAFFIC_CONTROL',
    },
    terminationHookEnabled: swarm.terminationHook,
    ...(swarm.trafficControl ? { loadBalancerInfo: { targetGroupInfoList: [{ name: 'web' }] } } : {}),
    alarmConfiguration: { enabled: swarm.alarms, alarms: [{ name: ALARM }] },
    autoRollbackConfiguration: {
      enabled: swarm.rollback,
      events: ['DEPLOYMENT_FAILURE', 'DEPLOYMENT_STOP_ON_ALARM', 'DEPLOYMENT_STOP_ON_REQUEST'],
    },
    ...(swarm.triggers
      ? {
          triggerConfigurations: [
            {
              triggerName: 'news',
              triggerTargetArn: TOPIC,
              triggerEvents: ['DeploymentStart', 'DeploymentFailure', 'DeploymentSuccess', 'InstanceFailure'],
            },
          ],
        }
      : {}),
  });
}
