// The list of services: the only file that imports them all.

import type { Service } from '#cloud/service.ts';
import { service as acm } from './acm/acm.ts';
import { service as autoscaling } from './autoscaling/autoscaling.ts';
import { service as cloudformation } from './cloudformation/cloudformation.ts';
import { commandService as codedeployCommands, service as codedeploy } from './codedeploy/codedeploy.ts';
import { service as dynamodb } from './dynamodb/dynamodb.ts';
import { service as ec2 } from './ec2/ec2.ts';
import { service as ecr } from './ecr/ecr.ts';
import { service as ecs } from './ecs/ecs.ts';
import { service as elasticloadbalancingClassic } from './elasticloadbalancing-classic/elasticloadbalancing-classic.ts';
import { service as elasticloadbalancing } from './elasticloadbalancing/elasticloadbalancing.ts';
import { service as events } from './events/events.ts';
import { service as iam } from './iam/iam.ts';
import { service as kms } from './kms/kms.ts';
import { service as lambda } from './lambda/lambda.ts';
import { service as logs } from './logs/logs.ts';
import { service as monitoring } from './monitoring/monitoring.ts';
import { service as route53 } from './route53/route53.ts';
import { service as s3 } from './s3/s3.ts';
import { service as secretsmanager } from './secretsmanager/secretsmanager.ts';
import { service as sns } from './sns/sns.ts';
import { service as sqs } from './sqs/sqs.ts';
import { service as ssm } from './ssm/ssm.ts';
import { service as sts } from './sts/sts.ts';

export const services: readonly Service[] = [
  acm,
  autoscaling,
  cloudformation,
  codedeploy,
  codedeployCommands,
  dynamodb,
  ec2,
  ecr,
  ecs,
  elasticloadbalancing,
  elasticloadbalancingClassic,
  events,
  iam,
  kms,
  lambda,
  logs,
  monitoring,
  route53,
  s3,
  secretsmanager,
  sns,
  sqs,
  ssm,
  sts,
];
