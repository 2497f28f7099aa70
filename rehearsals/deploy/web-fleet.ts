// The fleet that the deployment rehearsals share: an Auto Scaling group of six in two zones behind an Application Load
// Balancer, running version 1 of the example application, deployed by CodeDeploy.

import {
  AutoScalingClient,
  CreateAutoScalingGroupCommand,
  DescribeAutoScalingGroupsCommand,
} from '@aws-sdk/client-auto-scaling';
import { CloudWatchClient, PutMetricAlarmCommand } from '@aws-sdk/client-cloudwatch';
import {
  CodeDeployClient,
  CreateApplicationCommand,
  CreateDeploymentCommand,
  CreateDeploymentGroupCommand,
  GetDeploymentCommand,
  UpdateDeploymentGroupCommand,
} from '@aws-sdk/client-codedeploy';
import type {
  CreateDeploymentCommandInput,
  DeploymentInfo,
  UpdateDeploymentGroupCommandInput,
} from '@aws-sdk/client-codedeploy';
import {
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import {
  CreateBucketCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import type { Scene } from 'sandtable';
import {
  createLaunchTemplate,
  createLoadBalancer,
  createRoles,
  INSTALL_AGENT,
  SERVE_V1,
} from './foundations.ts';
import type { Balancer, Roles } from './foundations.ts';

export const APPLICATION = 'web';
export const GROUP = 'web';
export const DEPLOYMENT_GROUP = 'production';
export const ALARM = 'web-5xx';
export const BUCKET = 'web-releases';
export const MINUTE = 60_000;

/** What prepared rehearsals hand to their scripts. */
export interface WebFleet extends Balancer, Roles {
  readonly launchTemplateId: string;
  readonly size: number;
}

export interface WebFleetOptions {
  /** Instances. */
  readonly size?: number;
  /** The least that the group may have; as many as it begins with unless given. */
  readonly minSize?: number;
  /** Seconds; AWS's default is 300. */
  readonly deregistrationDelaySeconds?: number;
  /** What instances run when they first boot; by default AWS's documented installation of the CodeDeploy agent. */
  readonly userData?: string;
  readonly instanceProfile?: boolean;
  /** Deploy version 1 before the rehearsal begins. */
  readonly deployFirst?: boolean;
  /** Without CodeDeploy, the instances run what their user data starts. */
  readonly codedeploy?: boolean;
  readonly healthCheckType?: 'EC2' | 'ELB';
}

/** The revisions of the example application, by the name of their folder under examples/web. */
export type Version = 'v1' | 'v2' | 'v2-bad';

export async function prepareWebFleet(scene: Scene, options: WebFleetOptions = {}): Promise<WebFleet> {
  const { size = 6, codedeploy = true, deployFirst = codedeploy } = options;
  const { userData = codedeploy ? INSTALL_AGENT : SERVE_V1, instanceProfile = true } = options;
  const roles = await createRoles(scene);
  const balancer = await createLoadBalancer(scene, options.deregistrationDelaySeconds);
  const launchTemplateId = await createLaunchTemplate(scene, balancer.webGroupId, {
    userData,
    instanceProfile,
  });
  const fleet = { ...balancer, ...roles, launchTemplateId, size };
  await createAutoScalingGroup(scene, fleet, options);
  await inService(scene, size);
  if (codedeploy) {
    await uploadRevisions(scene);
    await createDeploymentGroup(scene, roles.serviceRoleArn, balancer.targetGroupName);
  }
  if (deployFirst) {
    const { deploymentId } = await deploy(scene, 'v1', {
      deploymentConfigName: 'CodeDeployDefault.AllAtOnce',
    });
    const { status } = await finished(scene, deploymentId);
    if (status !== 'Succeeded') throw new Error(`Version 1 could not be deployed: ${status}.`);
  }
  if (deployFirst || !codedeploy) await healthy(scene, balancer.targetGroupArn, size);
  await createAlarm(scene, balancer.loadBalancerArn);
  return fleet;
}

/** Creates a deployment of a revision and returns its id. */
export async function deploy(
  scene: Scene,
  version: string,
  options: Partial<CreateDeploymentCommandInput> = {},
): Promise<{ deploymentId: string }> {
  const { deploymentId = '' } = await scene.aws.client(CodeDeployClient).send(
    new CreateDeploymentCommand({
      applicationName: APPLICATION,
      deploymentGroupName: DEPLOYMENT_GROUP,
      revision: {
        revisionType: 'S3',
        s3Location: { bucket: BUCKET, key: `${version}.zip`, bundleType: 'zip' },
      },
      ...options,
    }),
  );
  return { deploymentId };
}

/** Uploads a revision: a folder of the example application, with some of its files changed. */
export async function upload(
  scene: Scene,
  name: string,
  folder: Version,
  instead: Readonly<Record<string, string>> = {},
): Promise<void> {
  const Body = await scene.revision(`examples/web/${folder}`, instead);
  await scene.aws.client(S3Client).send(new PutObjectCommand({ Bucket: BUCKET, Key: `${name}.zip`, Body }));
}

/** Starts traffic to the fleet, and lets it run on. Returns its id. */
export function serve(scene: Scene, { host }: WebFleet, ratePerSecond: number = 60): string {
  return scene.traffic.start({ host, port: 80, path: '/', ratePerSecond, resolution: 'binned' });
}

/** Changes the deployment group, as a user would before choosing another strategy. */
export async function updateDeploymentGroup(
  scene: Scene,
  change: Partial<UpdateDeploymentGroupCommandInput>,
): Promise<void> {
  await scene.aws.client(CodeDeployClient).send(
    new UpdateDeploymentGroupCommand({
      applicationName: APPLICATION,
      currentDeploymentGroupName: DEPLOYMENT_GROUP,
      ...change,
    }),
  );
}

/** Waits until a deployment has ended, looking every so often, and returns how. */
export async function finished(
  scene: Scene,
  deploymentId: string,
  every: number = MINUTE / 4,
): Promise<DeploymentInfo> {
  const codedeploy = scene.aws.client(CodeDeployClient);
  return scene.clock.until(
    async () => {
      const { deploymentInfo } = await codedeploy.send(new GetDeploymentCommand({ deploymentId }));
      return deploymentInfo?.completeTime === undefined ? undefined : deploymentInfo;
    },
    { within: 12 * 60 * MINUTE, every, what: `The end of deployment ${deploymentId}` },
  );
}

/** Waits until `count` instances of the group are in service. */
export async function inService(scene: Scene, count: number, name: string = GROUP): Promise<string[]> {
  const autoscaling = scene.aws.client(AutoScalingClient);
  return scene.clock.until(
    async () => {
      const { AutoScalingGroups: [group] = [] } = await autoscaling.send(
        new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [name] }),
      );
      const ids = (group?.Instances ?? [])
        .filter((one) => one.LifecycleState === 'InService')
        .map((one) => one.InstanceId ?? '');
      return ids.length >= count ? ids : undefined;
    },
    { within: 30 * MINUTE, what: `${count} instances in service` },
  );
}

/** Waits until `count` targets are healthy. */
export async function healthy(scene: Scene, targetGroupArn: string, count: number): Promise<void> {
  const balancing = scene.aws.client(ElasticLoadBalancingV2Client);
  await scene.clock.until(
    async () => {
      const { TargetHealthDescriptions = [] } = await balancing.send(
        new DescribeTargetHealthCommand({ TargetGroupArn: targetGroupArn }),
      );
      return TargetHealthDescriptions.filter((one) => one.TargetHealth?.State === 'healthy').length >= count;
    },
    { within: 30 * MINUTE, what: `${count} healthy targets` },
  );
}

async function uploadRevisions(scene: Scene): Promise<void> {
  const s3 = scene.aws.client(S3Client);
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
  await s3.send(
    new PutBucketVersioningCommand({ Bucket: BUCKET, VersioningConfiguration: { Status: 'Enabled' } }),
  );
  for (const version of ['v1', 'v2', 'v2-bad'] as const) await upload(scene, version, version);
}

async function createAutoScalingGroup(
  scene: Scene,
  { launchTemplateId, subnetIds, targetGroupArn, size }: WebFleet,
  { minSize = size, healthCheckType = 'EC2', codedeploy = true }: WebFleetOptions,
): Promise<void> {
  await scene.aws.client(AutoScalingClient).send(
    new CreateAutoScalingGroupCommand({
      AutoScalingGroupName: GROUP,
      MinSize: minSize,
      MaxSize: size * 2,
      DesiredCapacity: size,
      LaunchTemplate: { LaunchTemplateId: launchTemplateId, Version: '$Latest' },
      VPCZoneIdentifier: subnetIds.join(','),
      TargetGroupARNs: [targetGroupArn],
      HealthCheckType: healthCheckType,
      // Nothing listens before the first deployment: no instance is to be replaced for that.
      HealthCheckGracePeriod: healthCheckType === 'ELB' ? (codedeploy ? 600 : 120) : 0,
    }),
  );
}

async function createDeploymentGroup(
  scene: Scene,
  serviceRoleArn: string,
  targetGroupName: string,
): Promise<void> {
  const codedeploy = scene.aws.client(CodeDeployClient);
  await codedeploy.send(
    new CreateApplicationCommand({ applicationName: APPLICATION, computePlatform: 'Server' }),
  );
  await codedeploy.send(
    new CreateDeploymentGroupCommand({
      applicationName: APPLICATION,
      deploymentGroupName: DEPLOYMENT_GROUP,
      serviceRoleArn,
      autoScalingGroups: [GROUP],
      deploymentStyle: { deploymentType: 'IN_PLACE', deploymentOption: 'WITH_TRAFFIC_CONTROL' },
      loadBalancerInfo: { targetGroupInfoList: [{ name: targetGroupName }] },
    }),
  );
}

/** More than 50 server errors of the application in each of two consecutive minutes. */
async function createAlarm(scene: Scene, loadBalancerArn: string): Promise<void> {
  await scene.aws.client(CloudWatchClient).send(
    new PutMetricAlarmCommand({
      AlarmName: ALARM,
      Namespace: 'AWS/ApplicationELB',
      MetricName: 'HTTPCode_Target_5XX_Count',
      Dimensions: [{ Name: 'LoadBalancer', Value: loadBalancerArn.split('loadbalancer/')[1] ?? '' }],
      Statistic: 'Sum',
      Period: 60,
      EvaluationPeriods: 2,
      Threshold: 50,
      ComparisonOperator: 'GreaterThanThreshold',
      TreatMissingData: 'notBreaching',
    }),
  );
}
