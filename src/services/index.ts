// The list of services: the only file that imports them all.

import type { Service } from '#cloud/service.ts';
import { service as autoscaling } from './autoscaling/autoscaling.ts';
import { commandService as codedeployCommands, service as codedeploy } from './codedeploy/codedeploy.ts';
import { service as ec2 } from './ec2/ec2.ts';
import { service as elasticloadbalancing } from './elasticloadbalancing/elasticloadbalancing.ts';
import { service as iam } from './iam/iam.ts';
import { service as monitoring } from './monitoring/monitoring.ts';
import { service as s3 } from './s3/s3.ts';
import { service as sns } from './sns/sns.ts';
import { service as sqs } from './sqs/sqs.ts';
import { service as sts } from './sts/sts.ts';

export const services: readonly Service[] = [
  autoscaling,
  codedeploy,
  codedeployCommands,
  ec2,
  elasticloadbalancing,
  iam,
  monitoring,
  s3,
  sns,
  sqs,
  sts,
];
