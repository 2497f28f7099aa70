// Actions of rules: forward to one target group or, weighted, to several; answer; redirect. Others are
// refused by name. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input } from '#cloud/contracts.ts';
import { stickyByAppCookie } from '../attributes.ts';
import { QUOTAS } from '../limits.ts';
import { loadBalancerUsing, targetGroupOf, uses } from '../tables.ts';
import type { ForwardGroup, LoadBalancer, RuleAction } from '../tables.ts';

type WireAction = Input<'elasticloadbalancing', 'CreateRule'>['Actions'][number];

const HEAVIEST = 999;
/** Seconds: a week. */
const LONGEST_STICKINESS = 604_800;
const CONTENT_TYPES = ['text/plain', 'text/css', 'text/html', 'application/javascript', 'application/json'];

/** The action of a rule as rows keep it. All modelled actions end the request, so there is exactly one. */
export function parseActions(
  ctx: Ctx,
  loadBalancer: LoadBalancer,
  actions: readonly WireAction[],
): RuleAction {
  const [action] = actions;
  if (!action) throw invalid('An action must be specified');
  if (loadBalancer.type === 'network') checkNetwork(actions);
  for (const { Type } of actions) {
    if (!['forward', 'redirect', 'fixed-response'].includes(Type)) {
      throw new Fault('NotImplemented', `Actions of type ${Type} are not modelled by Sandtable.`);
    }
  }
  if (actions.length > 1) {
    throw new Fault(
      'InvalidLoadBalancerActionException',
      'The requested action is not valid: only one action can end a request.',
    );
  }
  if (action.Type === 'forward') return parseForward(ctx, loadBalancer, action);
  return action.Type === 'redirect' ? parseRedirect(action) : parseResponse(action);
}

/** Network Load Balancers know connections, not requests. */
function checkNetwork(actions: readonly WireAction[]): void {
  const [action] = actions;
  if (actions.length > 1 || action?.Type !== 'forward') {
    throw new Fault(
      'InvalidLoadBalancerActionException',
      "Only actions of type 'forward' can be specified for Network Load Balancers",
    );
  }
  if ((action.ForwardConfig?.TargetGroups ?? []).length > 1) {
    throw new Fault(
      'NotImplemented',
      'Weighted target groups of Network Load Balancers are not modelled by Sandtable.',
    );
  }
}

function parseForward(ctx: Ctx, loadBalancer: LoadBalancer, action: WireAction): RuleAction {
  const groups = forwardGroups(action);
  if (groups.length > QUOTAS['target-groups-per-action-on-application-load-balancer']) {
    throw new Fault(
      'TooManyTargetGroupsException',
      "You've reached the limit on the number of target groups per action.",
    );
  }
  if (new Set(groups.map(({ targetGroupArn }) => targetGroupArn)).size < groups.length) {
    throw invalid('A target group can only be specified once in a forward action');
  }
  for (const { targetGroupArn, weight } of groups) {
    if (weight < 0 || weight > HEAVIEST)
      throw invalid(`Target group weight '${weight}' must be between '0' and '${HEAVIEST}'`);
    checkGroup(ctx, loadBalancer, targetGroupArn, groups.length > 1);
  }
  const sticky = action.ForwardConfig?.TargetGroupStickinessConfig;
  const seconds = sticky?.Enabled ? sticky.DurationSeconds : undefined;
  if (sticky?.Enabled && (seconds === undefined || seconds < 1 || seconds > LONGEST_STICKINESS)) {
    throw invalid(`Target group stickiness duration must be between '1' and '${LONGEST_STICKINESS}' seconds`);
  }
  return { type: 'forward', groups, stickinessSeconds: seconds ?? null };
}

function forwardGroups({ TargetGroupArn, ForwardConfig }: WireAction): ForwardGroup[] {
  const tuples = ForwardConfig?.TargetGroups ?? [];
  if (tuples.length === 0) {
    if (TargetGroupArn === undefined) throw invalid('A target group ARN must be specified');
    return [{ targetGroupArn: TargetGroupArn, weight: 1 }];
  }
  if (TargetGroupArn !== undefined && (tuples.length > 1 || tuples[0]?.TargetGroupArn !== TargetGroupArn)) {
    throw invalid('The target group ARN of the action must match the one in its ForwardConfig');
  }
  return tuples.map(({ TargetGroupArn: arn, Weight = 1 }) => {
    if (arn === undefined) throw invalid('A target group ARN must be specified');
    return { targetGroupArn: arn, weight: Weight };
  });
}

/** A group serves one load balancer, in its own VPC. */
function checkGroup(ctx: Ctx, loadBalancer: LoadBalancer, arn: string, weighted: boolean): void {
  const group = targetGroupOf(ctx, arn);
  if ((group.protocol === 'TCP') !== (loadBalancer.type === 'network')) {
    throw new Fault(
      'IncompatibleProtocolsException',
      `The following target groups have protocols that are incompatible with the load balancer: ${arn}`,
    );
  }
  const user = loadBalancerUsing(ctx, arn);
  if (user && user.arn !== loadBalancer.arn) {
    throw new Fault(
      'TargetGroupAssociationLimitException',
      `The following target groups cannot be associated with more than one load balancer: ${arn}`,
    );
  }
  if (group.vpcId !== loadBalancer.vpcId) {
    throw new Fault(
      'InvalidConfigurationRequestException',
      `The following target groups are not in the VPC of the load balancer '${loadBalancer.arn}': ${arn}`,
    );
  }
  if (weighted && stickyByAppCookie(group)) {
    throw new Fault(
      'InvalidConfigurationRequestException',
      "A forward action with several target groups cannot use stickiness of type 'app_cookie'",
    );
  }
  const used = new Set(
    ctx.list(uses, 'loadBalancer', loadBalancer.arn).map(({ targetGroupArn }) => targetGroupArn),
  );
  if (!used.has(arn) && used.size >= QUOTAS['target-groups-per-application-load-balancer']) {
    throw new Fault(
      'TooManyUniqueTargetGroupsPerLoadBalancerException',
      "You've reached the limit on the number of unique target groups per load balancer.",
    );
  }
}

function parseResponse({ FixedResponseConfig }: WireAction): RuleAction {
  if (!FixedResponseConfig) throw invalid("A 'FixedResponseConfig' must be specified with 'fixed-response'");
  const {
    StatusCode: statusCode,
    ContentType: contentType = '',
    MessageBody: messageBody = '',
  } = FixedResponseConfig;
  if (contentType !== '' && !CONTENT_TYPES.includes(contentType)) {
    throw new Fault(
      'InvalidLoadBalancerActionException',
      `The ContentType must be one of: ${CONTENT_TYPES.map((type) => `'${type}'`).join(', ')}`,
    );
  }
  return { type: 'fixed-response', statusCode, contentType, messageBody };
}

function parseRedirect({ RedirectConfig }: WireAction): RuleAction {
  if (!RedirectConfig) throw invalid("A 'RedirectConfig' must be specified with 'redirect'");
  const {
    StatusCode: statusCode,
    Protocol: protocol = '#{protocol}',
    Port: port = '#{port}',
    Host: host = '#{host}',
    Path: path = '/#{path}',
    Query: query = '#{query}',
  } = RedirectConfig;
  if ([protocol, port, host, path].join(' ') === '#{protocol} #{port} #{host} /#{path}') {
    throw new Fault(
      'InvalidLoadBalancerActionException',
      'The RedirectConfig is not valid because it creates a loop',
    );
  }
  if (!path.startsWith('/')) throw invalid("The path of a redirect must start with '/'");
  return { type: 'redirect', statusCode, to: { protocol, port, host, path, query } };
}

/** The action as AWS shows it. */
export function showActions(action: RuleAction): WireAction[] {
  if (action.type === 'fixed-response') {
    const { statusCode: StatusCode, contentType, messageBody } = action;
    const ContentType = contentType === '' ? {} : { ContentType: contentType };
    const MessageBody = messageBody === '' ? {} : { MessageBody: messageBody };
    return [
      {
        Type: 'fixed-response',
        Order: 1,
        FixedResponseConfig: { StatusCode, ...ContentType, ...MessageBody },
      },
    ];
  }
  if (action.type === 'redirect') {
    const { protocol: Protocol, port: Port, host: Host, path: Path, query: Query } = action.to;
    const RedirectConfig = { Protocol, Port, Host, Path, Query, StatusCode: action.statusCode };
    return [{ Type: 'redirect', Order: 1, RedirectConfig }];
  }
  const { groups, stickinessSeconds } = action;
  const TargetGroups = groups.map(({ targetGroupArn, weight }) => ({
    TargetGroupArn: targetGroupArn,
    Weight: weight,
  }));
  const TargetGroupStickinessConfig =
    stickinessSeconds === null ? { Enabled: false } : { Enabled: true, DurationSeconds: stickinessSeconds };
  const only = groups.length === 1 && groups[0] ? { TargetGroupArn: groups[0].targetGroupArn } : {};
  return [
    { Type: 'forward', ...only, Order: 1, ForwardConfig: { TargetGroups, TargetGroupStickinessConfig } },
  ];
}

function invalid(message: string): Fault {
  return new Fault('ValidationError', message);
}
