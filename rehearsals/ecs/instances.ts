// Container instances as parts of templates.

import type { Network } from '../deploy/foundations.ts';
import type { Resources } from '../deploy/web-stack.ts';

export const ECS_OPTIMISED =
  '{{resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id}}';

const FOR_EC2 = 'arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role';

/** A role that a service may assume. */
export function role(service: string, ManagedPolicyArns: readonly string[]): object {
  return {
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
      },
      ManagedPolicyArns,
    },
  };
}

/** `Profile` with the role that container instances need. */
export function instanceProfile(): Resources {
  return {
    InstanceRole: role('ec2.amazonaws.com', [FOR_EC2]),
    Profile: { Type: 'AWS::IAM::InstanceProfile', Properties: { Roles: [{ Ref: 'InstanceRole' }] } },
  };
}

/** An instance whose user data names the cluster `shop`. */
export function instance({ subnetIds }: Network, image: string, profile?: string): object {
  return {
    Type: 'AWS::EC2::Instance',
    DependsOn: 'Cluster',
    Properties: {
      ImageId: image,
      InstanceType: 't3.medium',
      SubnetId: subnetIds[0],
      ...(profile === undefined ? {} : { IamInstanceProfile: { Ref: profile } }),
      UserData: { 'Fn::Base64': '#!/bin/bash\necho ECS_CLUSTER=shop >> /etc/ecs/ecs.config\n' },
    },
  };
}
