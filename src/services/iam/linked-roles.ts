// Service-linked roles: which services have one, and how it comes into being.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html

import { GLOBAL } from '#cloud/ctx.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { notModelled } from '#cloud/refuse.ts';
import { AWS_POLICY } from './documents.ts';
import { uniqueId } from './ids.ts';
import { keyOf, roles } from './tables.ts';
import type { Role } from './tables.ts';

interface LinkedRole {
  readonly name: string;
  /** AWS managed policy, which nobody else can attach. */
  readonly policy: string;
  /** Of the role that the service makes for itself; whoever asks IAM for it describes it as they like. */
  readonly description: string;
  /** Several of them, told apart by a suffix. */
  readonly suffixes: boolean;
}

const LINKED_ROLES: Readonly<Record<string, LinkedRole>> = {
  // https://docs.aws.amazon.com/autoscaling/ec2/userguide/autoscaling-service-linked-role.html
  'autoscaling.amazonaws.com': {
    name: 'AWSServiceRoleForAutoScaling',
    policy: 'AutoScalingServiceRolePolicy',
    description:
      'Default Service-Linked Role enables access to AWS Services and Resources used or managed by Auto Scaling',
    suffixes: true,
  },
  // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using-service-linked-roles-for-clusters.html
  'ecs.amazonaws.com': {
    name: 'AWSServiceRoleForECS',
    policy: 'AmazonECSServiceRolePolicy',
    description: 'Role to enable Amazon ECS to manage your cluster.',
    suffixes: false,
  },
  // https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-service-linked-roles.html
  'elasticloadbalancing.amazonaws.com': {
    name: 'AWSServiceRoleForElasticLoadBalancing',
    policy: 'AWSElasticLoadBalancingServiceRolePolicy',
    description: 'Allows ELB to call AWS services on your behalf.',
    suffixes: false,
  },
};

/** How the role of a service looks; refuses services whose role is not modelled. */
export function linkedRole(service: string): LinkedRole {
  const found = Object.hasOwn(LINKED_ROLES, service) ? LINKED_ROLES[service] : undefined;
  if (!found) throw notModelled('iam', 'CreateServiceLinkedRole', `AWSServiceName ${service}`);
  return found;
}

export function createLinkedRole(ctx: Ctx, service: string, name: string, description?: string): Role {
  const { policy } = linkedRole(service);
  const path = `/aws-service-role/${service}/`;
  const role: Role = {
    name,
    id: uniqueId(ctx, 'AROA'),
    path,
    arn: `arn:aws:iam::${ctx.account}:role${path}${name}`,
    createdAt: ctx.now,
    inline: {},
    attached: [`${AWS_POLICY}aws-service-role/${policy}`],
    trust: JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
    }),
    ...(description === undefined ? {} : { description }),
    maxSessionSeconds: 3600,
    tags: {},
    linkedTo: service,
  };
  ctx.put(roles, role);
  return role;
}

/** The role's ARN. A service makes its role when it is first needed. */
export function serviceLinkedRole(ctx: Ctx, service: string): string {
  const here = ctx.in({ region: GLOBAL });
  const { name, description } = linkedRole(service);
  return (here.get(roles, keyOf(name)) ?? createLinkedRole(here, service, name, description)).arn;
}
