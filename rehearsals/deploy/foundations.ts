// What the web fleet stands on: roles, a load balancer, and how instances are launched.

import {
  AuthorizeSecurityGroupIngressCommand,
  CreateLaunchTemplateCommand,
  CreateSecurityGroupCommand,
  DescribeImagesCommand,
  DescribeSubnetsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateTargetGroupCommand,
  ElasticLoadBalancingV2Client,
  ModifyTargetGroupAttributesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import {
  AddRoleToInstanceProfileCommand,
  AttachRolePolicyCommand,
  CreateInstanceProfileCommand,
  CreateRoleCommand,
  IAMClient,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import type { Scene } from 'sandtable';

export interface Roles {
  readonly serviceRoleArn: string;
  readonly instanceProfileArn: string;
}

export interface Balancer {
  readonly host: string;
  readonly targetGroupArn: string;
  readonly targetGroupName: string;
  readonly loadBalancerArn: string;
  readonly subnetIds: readonly string[];
  /** The instances' security group. */
  readonly webGroupId: string;
}

/** Two subnets of the default VPC, in different zones. */
export interface Network {
  readonly vpcId: string;
  readonly subnetIds: readonly string[];
}

export interface Launch {
  readonly userData: string;
  readonly instanceProfile: boolean;
}

/** https://docs.aws.amazon.com/codedeploy/latest/userguide/codedeploy-agent-operations-install-linux.html */
export const INSTALL_AGENT = `#!/bin/bash
dnf install -y ruby wget
cd /home/ec2-user
wget https://aws-codedeploy-us-east-1.s3.us-east-1.amazonaws.com/latest/install
chmod +x ./install
./install auto
`;

/** Version 1 of the example application on instances that nobody deploys to. */
export const SERVE_V1 = `#!/bin/bash
# sandtable.yml:
#   version: v1
#   application:
#     port: 8080
#     start: 1100ms
#     stop: 100ms
#     drain: true
#     latency: { min: 6ms, p50: 12ms, p90: 30ms, p99: 120ms, max: 400ms }
#     health: { path: /health, status: 200 }
systemctl enable --now web
`;

/** The role of the instances, in its profile, and CodeDeploy's. */
export async function createRoles(scene: Scene): Promise<Roles> {
  const iam = scene.aws.client(IAMClient);
  const trust = (service: string): string =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
    });
  await iam.send(
    new CreateRoleCommand({ RoleName: 'web', AssumeRolePolicyDocument: trust('ec2.amazonaws.com') }),
  );
  await iam.send(
    new AttachRolePolicyCommand({
      RoleName: 'web',
      PolicyArn: 'arn:aws:iam::aws:policy/service-role/AmazonEC2RoleforAWSCodeDeploy',
    }),
  );
  const { InstanceProfile } = await iam.send(
    new CreateInstanceProfileCommand({ InstanceProfileName: 'web' }),
  );
  await iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName: 'web', RoleName: 'web' }));
  const { Role } = await iam.send(
    new CreateRoleCommand({
      RoleName: 'codedeploy',
      AssumeRolePolicyDocument: trust('codedeploy.amazonaws.com'),
    }),
  );
  await iam.send(
    new AttachRolePolicyCommand({
      RoleName: 'codedeploy',
      PolicyArn: 'arn:aws:iam::aws:policy/service-role/AWSCodeDeployRole',
    }),
  );
  // Groups made from launch templates need more than the managed policy:
  // https://docs.aws.amazon.com/codedeploy/latest/userguide/getting-started-create-service-role.html
  await iam.send(
    new PutRolePolicyCommand({
      RoleName: 'codedeploy',
      PolicyName: 'launch-templates',
      PolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          { Effect: 'Allow', Action: ['iam:PassRole', 'ec2:CreateTags', 'ec2:RunInstances'], Resource: '*' },
        ],
      }),
    }),
  );
  return { serviceRoleArn: Role?.Arn ?? '', instanceProfileArn: InstanceProfile?.Arn ?? '' };
}

export async function defaultNetwork(scene: Scene): Promise<Network> {
  const { Subnets = [] } = await scene.aws
    .client(EC2Client)
    .send(new DescribeSubnetsCommand({ Filters: [{ Name: 'default-for-az', Values: ['true'] }] }));
  const two = Subnets.toSorted((a, b) =>
    (a.AvailabilityZone ?? '') < (b.AvailabilityZone ?? '') ? -1 : 1,
  ).slice(0, 2);
  return { vpcId: two[0]?.VpcId ?? '', subnetIds: two.map((subnet) => subnet.SubnetId ?? '') };
}

/** An internet-facing load balancer over two zones, with the target group and the security groups that it takes. */
export async function createLoadBalancer(scene: Scene, delaySeconds: number = 300): Promise<Balancer> {
  const ec2 = scene.aws.client(EC2Client);
  const balancing = scene.aws.client(ElasticLoadBalancingV2Client);
  const { vpcId: VpcId, subnetIds } = await defaultNetwork(scene);
  const { GroupId: balancerGroupId = '' } = await ec2.send(
    new CreateSecurityGroupCommand({ GroupName: 'balancer', Description: 'The load balancer', VpcId }),
  );
  const { GroupId: webGroupId = '' } = await ec2.send(
    new CreateSecurityGroupCommand({ GroupName: 'web', Description: 'The instances', VpcId }),
  );
  await ec2.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId: balancerGroupId,
      IpPermissions: [{ IpProtocol: 'tcp', FromPort: 80, ToPort: 80, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
    }),
  );
  await ec2.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId: webGroupId,
      IpPermissions: [
        { IpProtocol: 'tcp', FromPort: 8080, ToPort: 8080, UserIdGroupPairs: [{ GroupId: balancerGroupId }] },
      ],
    }),
  );
  const { LoadBalancers: [balancer] = [] } = await balancing.send(
    new CreateLoadBalancerCommand({
      Name: 'web',
      Subnets: [...subnetIds],
      SecurityGroups: [balancerGroupId],
    }),
  );
  const { TargetGroups: [group] = [] } = await balancing.send(
    new CreateTargetGroupCommand({
      Name: 'web',
      Protocol: 'HTTP',
      Port: 8080,
      VpcId,
      HealthCheckPath: '/health',
      HealthCheckIntervalSeconds: 10,
    }),
  );
  const targetGroupArn = group?.TargetGroupArn ?? '';
  await balancing.send(
    new ModifyTargetGroupAttributesCommand({
      TargetGroupArn: targetGroupArn,
      Attributes: [{ Key: 'deregistration_delay.timeout_seconds', Value: String(delaySeconds) }],
    }),
  );
  await balancing.send(
    new CreateListenerCommand({
      LoadBalancerArn: balancer?.LoadBalancerArn ?? '',
      Protocol: 'HTTP',
      Port: 80,
      DefaultActions: [{ Type: 'forward', TargetGroupArn: targetGroupArn }],
    }),
  );
  return {
    host: balancer?.DNSName ?? '',
    loadBalancerArn: balancer?.LoadBalancerArn ?? '',
    targetGroupArn,
    targetGroupName: 'web',
    subnetIds,
    webGroupId,
  };
}

/** How the instances of the fleet are launched. */
export async function createLaunchTemplate(
  scene: Scene,
  webGroupId: string,
  { userData, instanceProfile }: Launch,
): Promise<string> {
  const ec2 = scene.aws.client(EC2Client);
  const { Images = [] } = await ec2.send(
    new DescribeImagesCommand({
      Owners: ['amazon'],
      Filters: [{ Name: 'name', Values: ['al2023-ami-2023*-x86_64'] }],
    }),
  );
  const { LaunchTemplate } = await ec2.send(
    new CreateLaunchTemplateCommand({
      LaunchTemplateName: 'web',
      LaunchTemplateData: {
        ImageId: Images[0]?.ImageId ?? '',
        InstanceType: 'm6i.large',
        SecurityGroupIds: [webGroupId],
        UserData: Buffer.from(userData).toString('base64'),
        ...(instanceProfile ? { IamInstanceProfile: { Name: 'web' } } : {}),
      },
    }),
  );
  return LaunchTemplate?.LaunchTemplateId ?? '';
}
