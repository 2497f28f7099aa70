// A web fleet and what CodeDeploy needs to release to it, as one CloudFormation stack.

import type { Scene } from 'sandtable';
import { create, outputsOf } from '../cfn/stacks.ts';
import type { TemplateParts } from '../cfn/stacks.ts';
import { defaultNetwork, INSTALL_AGENT } from './foundations.ts';
import type { Network } from './foundations.ts';
import {
  APPLICATION,
  BUCKET,
  deploy,
  DEPLOYMENT_GROUP,
  finished,
  GROUP,
  healthy,
  upload,
} from './web-fleet.ts';
import { attribute, ref, webStack } from './web-stack.ts';
import type { Resources } from './web-stack.ts';

/** A fleet that runs version 1. */
export interface Released {
  readonly network: Network;
  readonly host: string;
  readonly targetGroupArn: string;
  readonly serviceRoleArn: string;
}

function trusted(service: string): object {
  const Principal = { Service: service };
  return { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal, Action: 'sts:AssumeRole' }] };
}

const managed = (name: string): string => `arn:aws:iam::aws:policy/service-role/${name}`;

/** What the instances may do, and what CodeDeploy may. */
const ROLES: Resources = {
  ServerRole: {
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: trusted('ec2.amazonaws.com'),
      ManagedPolicyArns: [managed('AmazonEC2RoleforAWSCodeDeploy')],
    },
  },
  Profile: { Type: 'AWS::IAM::InstanceProfile', Properties: { Roles: [ref('ServerRole')] } },
  ReleaseRole: {
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: trusted('codedeploy.amazonaws.com'),
      ManagedPolicyArns: [managed('AWSCodeDeployRole')],
    },
  },
};

const RELEASES: Resources = {
  Revisions: { Type: 'AWS::S3::Bucket', Properties: { BucketName: BUCKET } },
  Application: {
    Type: 'AWS::CodeDeploy::Application',
    Properties: { ApplicationName: APPLICATION, ComputePlatform: 'Server' },
  },
  Production: {
    Type: 'AWS::CodeDeploy::DeploymentGroup',
    Properties: {
      ApplicationName: ref('Application'),
      DeploymentGroupName: DEPLOYMENT_GROUP,
      ServiceRoleArn: attribute('ReleaseRole', 'Arn'),
      AutoScalingGroups: [ref('Servers')],
      DeploymentStyle: { DeploymentType: 'IN_PLACE', DeploymentOption: 'WITH_TRAFFIC_CONTROL' },
      LoadBalancerInfo: { TargetGroupInfoList: [{ Name: attribute('Targets', 'TargetGroupName') }] },
    },
  },
};

/** The fleet, whose Auto Scaling group goes by this type of health checks. */
export function codeDeployStack(
  network: Network,
  size: number,
  healthCheckType: 'EC2' | 'ELB',
): TemplateParts {
  const web = webStack(network, {
    userData: INSTALL_AGENT,
    machine: { IamInstanceProfile: { Arn: attribute('Profile', 'Arn') } },
    size,
    group: {
      AutoScalingGroupName: GROUP,
      HealthCheckType: healthCheckType,
      // Nothing listens before the first deployment.
      HealthCheckGracePeriod: 600,
    },
  });
  return {
    Resources: { ...web.Resources, ...ROLES, ...RELEASES },
    Outputs: { ...web.Outputs, ReleaseRole: { Value: attribute('ReleaseRole', 'Arn') } },
  };
}

/** A fleet that stands and has got version 1. */
export async function prepareReleased(scene: Scene, size: number): Promise<Released> {
  const network = await defaultNetwork(scene);
  await create(scene, 'web', codeDeployStack(network, size, 'EC2'));
  const { Host = '', Targets = '', ReleaseRole = '' } = await outputsOf(scene, 'web');
  await upload(scene, 'v1', 'v1');
  const { deploymentId } = await deploy(scene, 'v1', { deploymentConfigName: 'CodeDeployDefault.AllAtOnce' });
  const { status } = await finished(scene, deploymentId);
  if (status !== 'Succeeded') throw new Error(`Version 1 could not be deployed: ${status}.`);
  await healthy(scene, Targets, size);
  return { network, host: Host, targetGroupArn: Targets, serviceRoleArn: ReleaseRole };
}
