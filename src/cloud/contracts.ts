// The services that have a contract, and the types of their operations. Generated data; this file only names it.

import type { Acm } from '#generated/contracts/acm.ts';
import type { Autoscaling } from '#generated/contracts/autoscaling.ts';
import type { Cloudformation } from '#generated/contracts/cloudformation.ts';
import type { CodedeployCommands } from '#generated/contracts/codedeploy-commands.ts';
import type { Codedeploy } from '#generated/contracts/codedeploy.ts';
import type { Dynamodb } from '#generated/contracts/dynamodb.ts';
import type { Ec2 } from '#generated/contracts/ec2.ts';
import type { Ecr } from '#generated/contracts/ecr.ts';
import type { Ecs } from '#generated/contracts/ecs.ts';
import type { ElasticloadbalancingClassic } from '#generated/contracts/elasticloadbalancing-classic.ts';
import type { Elasticloadbalancing } from '#generated/contracts/elasticloadbalancing.ts';
import type { Events } from '#generated/contracts/events.ts';
import type { Iam } from '#generated/contracts/iam.ts';
import type { Kinesis } from '#generated/contracts/kinesis.ts';
import type { Kms } from '#generated/contracts/kms.ts';
import type { Lambda } from '#generated/contracts/lambda.ts';
import type { Logs } from '#generated/contracts/logs.ts';
import type { Monitoring } from '#generated/contracts/monitoring.ts';
import type { Route53 } from '#generated/contracts/route53.ts';
import type { S3 } from '#generated/contracts/s3.ts';
import type { Secretsmanager } from '#generated/contracts/secretsmanager.ts';
import type { Sns } from '#generated/contracts/sns.ts';
import type { Sqs } from '#generated/contracts/sqs.ts';
import type { Ssm } from '#generated/contracts/ssm.ts';
import type { Sts } from '#generated/contracts/sts.ts';

/** Contracts by the name under which AWS signs their requests. */
export interface Contracts {
  acm: Acm;
  autoscaling: Autoscaling;
  cloudformation: Cloudformation;
  'codedeploy-commands': CodedeployCommands;
  codedeploy: Codedeploy;
  dynamodb: Dynamodb;
  ec2: Ec2;
  ecr: Ecr;
  ecs: Ecs;
  'elasticloadbalancing-classic': ElasticloadbalancingClassic;
  elasticloadbalancing: Elasticloadbalancing;
  events: Events;
  iam: Iam;
  kinesis: Kinesis;
  kms: Kms;
  lambda: Lambda;
  logs: Logs;
  monitoring: Monitoring;
  route53: Route53;
  s3: S3;
  secretsmanager: Secretsmanager;
  sns: Sns;
  sqs: Sqs;
  ssm: Ssm;
  sts: Sts;
}

export type ServiceId = keyof Contracts;
export type OperationName<S extends ServiceId> = keyof Contracts[S] & string;
export type Input<S extends ServiceId, O extends OperationName<S>> = Contracts[S][O] extends {
  input: infer I;
}
  ? I
  : never;
export type Output<S extends ServiceId, O extends OperationName<S>> = Contracts[S][O] extends {
  output: infer Q;
}
  ? Q
  : never;
