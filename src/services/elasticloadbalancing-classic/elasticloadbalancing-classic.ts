// Elastic Load Balancing, the first generation: Classic Load Balancers, with listeners for HTTP and TCP, registered instances
// and their health.

import type { Reconciler, Row, TimerHandler } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { provide } from '#cloud/port.ts';
import { certificateUsers } from '#cloud/ports/certificates.ts';
import { probes } from '#cloud/ports/machines.ts';
import { routing } from '#cloud/ports/routing.ts';
import { defineService } from '#cloud/service.ts';
import type { Service } from '#cloud/service.ts';
import { attributeOperations } from './attributes.ts';
import { healthCheckOperations } from './health-check.ts';
import { checkAnswers, instanceHealth, instanceWatch, timedOut } from './health-checks.ts';
import { hostCounts } from './host-counts.ts';
import { instanceOperations } from './instances.ts';
import { limitOperations } from './limits.ts';
import { listenerCertificates, listenerOperations } from './listeners.ts';
import { becomesActive, loadBalancerOperations } from './load-balancers.ts';
import { placementOperations } from './placement.ts';
import { policyOperations } from './policies.ts';
import { classicRouting } from './routing.ts';
import { arnOf, checks, hostNames, loadBalancers, registrations } from './tables.ts';
import { tagOperations } from './tags.ts';

const PREFIX = 'elasticloadbalancing';

const ofOne = (ctx: Ctx, { LoadBalancerName }: { LoadBalancerName: string }): string =>
  arnOf(ctx, LoadBalancerName);
const ofSeveral = (ctx: Ctx, { LoadBalancerNames }: { LoadBalancerNames: readonly string[] }): string[] =>
  LoadBalancerNames.map((name) => arnOf(ctx, name));

/** Condition keys for the tags that a request carries. */
function ofTags(
  tags: readonly { Key?: string | undefined; Value?: string | undefined }[] = [],
): Readonly<Record<string, string | readonly string[]>> {
  if (tags.length === 0) return {};
  const values = tags.map(({ Key = '', Value = '' }) => [`aws:RequestTag/${Key}`, Value]);
  return { ...Object.fromEntries(values), 'aws:TagKeys': tags.map(({ Key = '' }) => Key) };
}

function protocolsOf(listeners: readonly { Protocol: string }[]): readonly string[] {
  return listeners.map(({ Protocol }) => Protocol.toUpperCase());
}

const UNWRITTEN = 'no access logs are written: turning them on is refused';

export const service: Service = defineService({
  contract: 'elasticloadbalancing-classic',
  actionPrefix: PREFIX,
  principal: 'elasticloadbalancing.amazonaws.com',
  tables: [loadBalancers, hostNames, registrations, checks, hostCounts],
  operations: {
    ...loadBalancerOperations,
    ...listenerOperations,
    ...policyOperations,
    ...attributeOperations,
    ...placementOperations,
    ...healthCheckOperations,
    ...instanceOperations,
    ...tagOperations,
    ...limitOperations,
  },
  timers: [becomesActive as TimerHandler<unknown, Ctx>, timedOut as TimerHandler<unknown, Ctx>],
  reconcilers: [instanceHealth, instanceWatch] as unknown as Reconciler<Row, Ctx>[],
  provides: [
    provide(routing, classicRouting),
    provide(probes, checkAnswers),
    provide(certificateUsers, listenerCertificates),
  ],
  authorization: {
    CreateLoadBalancer: {
      // Creating with tags needs the permission to tag as well.
      actions: (_, { Tags }) => [`${PREFIX}:CreateLoadBalancer`, ...(Tags ? [`${PREFIX}:AddTags`] : [])],
      resources: ofOne,
      conditions: (
        _,
        { Scheme = 'internet-facing', Subnets = [], SecurityGroups = [], Listeners, Tags },
      ) => ({
        ...ofTags(Tags),
        'elasticloadbalancing:Scheme': Scheme,
        'elasticloadbalancing:Subnet': Subnets,
        'elasticloadbalancing:SecurityGroup': SecurityGroups,
        'elasticloadbalancing:ListenerProtocol': protocolsOf(Listeners),
      }),
    },
    DeleteLoadBalancer: { resources: ofOne },
    CreateLoadBalancerListeners: {
      resources: ofOne,
      conditions: (_, { Listeners }) => ({
        'elasticloadbalancing:ListenerProtocol': protocolsOf(Listeners),
      }),
    },
    DeleteLoadBalancerListeners: { resources: ofOne },
    SetLoadBalancerListenerSSLCertificate: { resources: ofOne },
    SetLoadBalancerPoliciesOfListener: { resources: ofOne },
    CreateLBCookieStickinessPolicy: { resources: ofOne },
    CreateAppCookieStickinessPolicy: { resources: ofOne },
    CreateLoadBalancerPolicy: { resources: ofOne },
    DeleteLoadBalancerPolicy: { resources: ofOne },
    ModifyLoadBalancerAttributes: { resources: ofOne },
    AttachLoadBalancerToSubnets: {
      resources: ofOne,
      conditions: (_, { Subnets }) => ({ 'elasticloadbalancing:Subnet': Subnets }),
    },
    DetachLoadBalancerFromSubnets: { resources: ofOne },
    EnableAvailabilityZonesForLoadBalancer: { resources: ofOne },
    DisableAvailabilityZonesForLoadBalancer: { resources: ofOne },
    ApplySecurityGroupsToLoadBalancer: {
      resources: ofOne,
      conditions: (_, { SecurityGroups }) => ({ 'elasticloadbalancing:SecurityGroup': SecurityGroups }),
    },
    ConfigureHealthCheck: { resources: ofOne },
    RegisterInstancesWithLoadBalancer: { resources: ofOne },
    DeregisterInstancesFromLoadBalancer: { resources: ofOne },
    AddTags: { resources: ofSeveral, conditions: (_, { Tags }) => ofTags(Tags) },
    RemoveTags: {
      resources: ofSeveral,
      conditions: (_, { Tags }) => ({ 'aws:TagKeys': Tags.map(({ Key = '' }) => Key) }),
    },
  },
  resourceConditions(ctx, arn) {
    const [, , , region = '', account = '', resource = ''] = arn.split(':');
    const name = resource.slice('loadbalancer/'.length);
    const tags = Object.entries(ctx.in({ region, account }).get(loadBalancers, name)?.tags ?? {});
    return Object.fromEntries(
      tags.flatMap(([key, tag]) => [
        [`aws:ResourceTag/${key}`, tag],
        [`elasticloadbalancing:ResourceTag/${key}`, tag],
      ]),
    );
  },
  withoutEffect: {
    ModifyLoadBalancerAttributes: {
      'LoadBalancerAttributes.AccessLog.S3BucketName': UNWRITTEN,
      'LoadBalancerAttributes.AccessLog.S3BucketPrefix': UNWRITTEN,
      'LoadBalancerAttributes.AccessLog.EmitInterval': UNWRITTEN,
      'LoadBalancerAttributes.AdditionalAttributes': 'no request here is malformed',
    },
  },
});
