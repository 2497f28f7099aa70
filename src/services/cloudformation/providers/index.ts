// The list of providers: the only file that imports them all.

import { autoScaling } from './autoscaling/auto-scaling.ts';
import { metadata as cdkMetadata } from './cdk/metadata.ts';
import { certificate } from './certificatemanager/certificate.ts';
import { customResource } from './cloudformation/custom-resource.ts';
import { macro } from './cloudformation/macro.ts';
import { stack } from './cloudformation/stack.ts';
import { waitConditions } from './cloudformation/wait-condition.ts';
import { cloudWatchProviders } from './cloudwatch/cloudwatch.ts';
import { codeDeployProviders } from './codedeploy/codedeploy.ts';
import { dynamoDbProviders } from './dynamodb/dynamodb.ts';
import { instances } from './ec2/instances.ts';
import { networks } from './ec2/network.ts';
import { ecrProviders } from './ecr/ecr.ts';
import { ecsProviders } from './ecs/ecs.ts';
import { classicLoadBalancer } from './elasticloadbalancing/load-balancer.ts';
import { listeners } from './elasticloadbalancingv2/listener.ts';
import { loadBalancer } from './elasticloadbalancingv2/load-balancer.ts';
import { targetGroup } from './elasticloadbalancingv2/target-group.ts';
import { eventsProviders } from './events/events.ts';
import { iamProviders } from './iam/iam.ts';
import { kmsProviders } from './kms/kms.ts';
import { lambdaProviders } from './lambda/lambda.ts';
import { logsProviders } from './logs/logs.ts';
import type { Provider } from './provider.ts';
import { route53Providers } from './route53/route53.ts';
import { s3Providers } from './s3/s3.ts';
import { secretsManagerProviders } from './secretsmanager/secrets-manager.ts';
import { snsProviders } from './sns/sns.ts';
import { sqsProviders } from './sqs/sqs.ts';
import { ssmProviders } from './ssm/ssm.ts';

const providers: readonly Provider[] = [
  ...autoScaling,
  cdkMetadata,
  certificate,
  customResource,
  macro,
  stack,
  ...waitConditions,
  ...cloudWatchProviders,
  ...codeDeployProviders,
  ...dynamoDbProviders,
  ...instances,
  ...networks,
  ...ecrProviders,
  ...ecsProviders,
  classicLoadBalancer,
  ...listeners,
  loadBalancer,
  targetGroup,
  ...eventsProviders,
  ...iamProviders,
  ...kmsProviders,
  ...lambdaProviders,
  ...logsProviders,
  ...route53Providers,
  ...s3Providers,
  ...secretsManagerProviders,
  ...snsProviders,
  ...sqsProviders,
  ...ssmProviders,
];

const byType = new Map(providers.map((provider) => [provider.type as string, provider]));

export function providerOf(type: string): Provider | undefined {
  return byType.get(type);
}

/** Types that are modelled, in order. */
export function providedTypes(): readonly Provider[] {
  return [...byType.values()].toSorted((left, right) => (left.type < right.type ? -1 : 1));
}
