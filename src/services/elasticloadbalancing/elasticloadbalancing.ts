// Elastic Load Balancing v2: Application and Network Load Balancers, target groups, listeners, rules, and the health of
// targets.

import type { Reconciler, Row, TimerHandler } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { provide } from '#cloud/port.ts';
import { certificateUsers } from '#cloud/ports/certificates.ts';
import { probes } from '#cloud/ports/machines.ts';
import { routing } from '#cloud/ports/routing.ts';
import { defineService } from '#cloud/service.ts';
import type { Service } from '#cloud/service.ts';
import { attributeOperations } from './attributes.ts';
import { hostCounts } from './host-counts.ts';
import { limitOperations } from './limits.ts';
import { certificateOperations, listenerCertificates } from './listeners/certificates.ts';
import { listenerOperations } from './listeners/listeners.ts';
import { ruleOperations } from './listeners/rules.ts';
import { sslPolicyOperations } from './listeners/ssl-policies.ts';
import { becomesActive, loadBalancerOperations } from './load-balancers/load-balancers.ts';
import { requestRouting } from './load-balancers/routing.ts';
import { checks, hostNames, listeners, loadBalancers, rules, targetGroups, targets, uses } from './tables.ts';
import { tagOperations } from './tags.ts';
import { checkAnswers, targetHealth, targetWatch, timedOut } from './targets/health-checks.ts';
import { slowStart } from './targets/slow-start.ts';
import { targetGroupOperations } from './targets/target-groups.ts';
import { targetOperations } from './targets/targets.ts';

const PREFIX = 'elasticloadbalancing';

const ofLoadBalancer = (_: Ctx, input: { LoadBalancerArn: string }): string => input.LoadBalancerArn;
const ofTargetGroup = (_: Ctx, input: { TargetGroupArn: string }): string => input.TargetGroupArn;
const ofListener = (_: Ctx, input: { ListenerArn: string }): string => input.ListenerArn;
const ofRule = (_: Ctx, input: { RuleArn: string }): string => input.RuleArn;
const ofResources = (_: Ctx, input: { ResourceArns: readonly string[] }): readonly string[] =>
  input.ResourceArns;

/** Condition keys for the tags that a request carries. */
function ofTags(
  tags: readonly { Key: string; Value?: string | undefined }[] = [],
): Readonly<Record<string, string | readonly string[]>> {
  const values = Object.fromEntries(tags.map(({ Key, Value = '' }) => [`aws:RequestTag/${Key}`, Value]));
  return tags.length === 0 ? {} : { ...values, 'aws:TagKeys': tags.map(({ Key }) => Key) };
}

const ofPolicy = (policy: string | undefined): Readonly<Record<string, string>> =>
  policy === undefined ? {} : { 'elasticloadbalancing:SecurityPolicy': policy };

const ORDER = 'every modelled action ends the request, so there is only one';

function refusedActions(member: string): string[] {
  return ['AuthenticateOidcConfig', 'AuthenticateCognitoConfig', 'JwtValidationConfig'].map(
    (config) => `${member}.${config}`,
  );
}

/** Creating with tags needs the permission to tag as well. */
const creating =
  (operation: string) =>
  (_: Ctx, { Tags }: { Tags?: readonly unknown[] | undefined }): readonly string[] =>
    Tags ? [`${PREFIX}:${operation}`, `${PREFIX}:AddTags`] : [`${PREFIX}:${operation}`];

export const service: Service = defineService({
  contract: 'elasticloadbalancing',
  tables: [loadBalancers, hostNames, listeners, rules, uses, targetGroups, targets, checks, hostCounts],
  operations: {
    ...loadBalancerOperations,
    ...attributeOperations,
    ...targetGroupOperations,
    ...targetOperations,
    ...listenerOperations,
    ...certificateOperations,
    ...sslPolicyOperations,
    ...ruleOperations,
    ...tagOperations,
    ...limitOperations,
  },
  timers: [becomesActive as TimerHandler<unknown, Ctx>, timedOut as TimerHandler<unknown, Ctx>],
  reconcilers: [targetHealth, targetWatch, slowStart] as unknown as Reconciler<Row, Ctx>[],
  provides: [
    provide(routing, requestRouting),
    provide(probes, checkAnswers),
    provide(certificateUsers, listenerCertificates),
  ],
  authorization: {
    CreateLoadBalancer: {
      actions: creating('CreateLoadBalancer'),
      resources: (ctx, { Name, Type }) =>
        ctx.arn(PREFIX, `loadbalancer/${Type === 'network' ? 'net' : 'app'}/${Name}/*`),
      conditions: (_, { Scheme = 'internet-facing', Subnets = [], SecurityGroups = [], Tags }) => ({
        ...ofTags(Tags),
        'elasticloadbalancing:Scheme': Scheme,
        'elasticloadbalancing:Subnet': Subnets,
        'elasticloadbalancing:SecurityGroup': SecurityGroups,
      }),
    },
    DeleteLoadBalancer: { resources: ofLoadBalancer },
    SetSecurityGroups: { resources: ofLoadBalancer },
    SetSubnets: { resources: ofLoadBalancer },
    ModifyLoadBalancerAttributes: { resources: ofLoadBalancer },
    CreateTargetGroup: {
      actions: creating('CreateTargetGroup'),
      resources: (ctx, { Name }) => ctx.arn(PREFIX, `targetgroup/${Name}/*`),
      conditions: (_, { Tags }) => ofTags(Tags),
    },
    ModifyTargetGroup: { resources: ofTargetGroup },
    ModifyTargetGroupAttributes: { resources: ofTargetGroup },
    DeleteTargetGroup: { resources: ofTargetGroup },
    RegisterTargets: { resources: ofTargetGroup },
    DeregisterTargets: { resources: ofTargetGroup },
    CreateListener: {
      actions: creating('CreateListener'),
      resources: ofLoadBalancer,
      conditions: (_, { Protocol = '', SslPolicy, Tags }) => ({
        ...ofTags(Tags),
        'elasticloadbalancing:ListenerProtocol': Protocol,
        ...ofPolicy(SslPolicy),
      }),
    },
    ModifyListener: { resources: ofListener, conditions: (_, { SslPolicy }) => ofPolicy(SslPolicy) },
    AddListenerCertificates: { resources: ofListener },
    RemoveListenerCertificates: { resources: ofListener },
    ModifyListenerAttributes: { resources: ofListener },
    DeleteListener: { resources: ofListener },
    CreateRule: { actions: creating('CreateRule'), resources: ofListener },
    ModifyRule: { resources: ofRule },
    DeleteRule: { resources: ofRule },
    SetRulePriorities: {
      resources: (_, { RulePriorities }) => RulePriorities.map(({ RuleArn = '' }) => RuleArn),
    },
    AddTags: { resources: ofResources, conditions: (_, { Tags }) => ofTags(Tags) },
    RemoveTags: { resources: ofResources },
  },
  refused: {
    CreateLoadBalancer: [
      'SubnetMappings.IPv6Address',
      'SubnetMappings.SourceNatIpv6Prefix',
      'CustomerOwnedIpv4Pool',
      'EnablePrefixForIpv6SourceNat',
      'IpamPools',
    ],
    SetSubnets: [
      'SubnetMappings.IPv6Address',
      'SubnetMappings.SourceNatIpv6Prefix',
      'EnablePrefixForIpv6SourceNat',
    ],
    SetSecurityGroups: ['EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic'],
    CreateTargetGroup: ['Matcher.GrpcCode', 'TargetControlPort'],
    ModifyTargetGroup: ['Matcher.GrpcCode'],
    RegisterTargets: ['Targets.AvailabilityZone', 'Targets.QuicServerId'],
    DeregisterTargets: ['Targets.AvailabilityZone', 'Targets.QuicServerId'],
    DescribeTargetHealth: ['Targets.AvailabilityZone', 'Targets.QuicServerId', 'Include'],
    CreateListener: ['MutualAuthentication', ...refusedActions('DefaultActions')],
    ModifyListener: ['MutualAuthentication', ...refusedActions('DefaultActions')],
    CreateRule: ['Transforms', ...refusedActions('Actions')],
    ModifyRule: ['Transforms', 'ResetTransforms', ...refusedActions('Actions')],
  },
  withoutEffect: {
    CreateListener: { 'DefaultActions.Order': ORDER },
    ModifyListener: { 'DefaultActions.Order': ORDER },
    CreateRule: { 'Actions.Order': ORDER },
    ModifyRule: { 'Actions.Order': ORDER },
  },
});
