// Target groups of instances or addresses behind HTTP or TCP. Other target types and protocols are refused by name.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { PAGE_SIZE, QUOTAS } from '../limits.ts';
import { loadBalancerOf, loadBalancerUsing, targetGroupOf, targetGroups, targets, uses } from '../tables.ts';
import type { HealthCheck, TargetGroup } from '../tables.ts';
import { newTags } from '../tags.ts';
import { checkVpc } from '../vpc.ts';
import { remove, wakeTargets } from './targets.ts';

type Shown = NonNullable<Output<'elasticloadbalancing', 'DescribeTargetGroups'>['TargetGroups']>[number];
type HealthCheckInput = Omit<Input<'elasticloadbalancing', 'ModifyTargetGroup'>, 'TargetGroupArn'>;

const LONGEST_NAME = 32;
/** Where hyphens may stand in a name, as AWS's own message has it. */
const HYPHENS = '(?!.*--)(?!^-)(?!.*-$)^[A-Za-z0-9-]+$';
/** Status codes that a matcher may expect, by the group's protocol. */
const CODES = { HTTP: { from: 200, to: 499 }, TCP: { from: 200, to: 599 } } as const;

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html */
const INITIAL_CHECK: HealthCheck = {
  protocol: 'HTTP',
  port: 'traffic-port',
  path: '/',
  intervalSeconds: 30,
  timeoutSeconds: 5,
  healthyThreshold: 5,
  unhealthyThreshold: 2,
  matcher: '200',
};

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health-checks.html */
const TCP_CHECKS = {
  TCP: { ...INITIAL_CHECK, protocol: 'TCP', path: '', matcher: '', timeoutSeconds: 10 },
  HTTP: { ...INITIAL_CHECK, matcher: '200-399', timeoutSeconds: 6 },
} as const;

/** What AWS has besides, which is not modelled. */
const OTHERS = ['HTTPS', 'TLS', 'UDP', 'TCP_UDP', 'GENEVE', 'QUIC', 'TCP_QUIC'];

export const targetGroupOperations: Operations<'elasticloadbalancing'> = {
  CreateTargetGroup(ctx, input) {
    const {
      Name,
      Protocol,
      ProtocolVersion,
      Port,
      VpcId,
      TargetType = 'instance',
      IpAddressType = 'ipv4',
    } = input;
    checkName(Name);
    if (TargetType !== 'instance' && TargetType !== 'ip')
      throw notModelled(`Target groups of type ${TargetType} are`);
    if (Protocol === undefined) throw new Fault('ValidationError', 'A protocol must be specified');
    if (Port === undefined) throw new Fault('ValidationError', 'A port must be specified');
    if (VpcId === undefined) throw new Fault('ValidationError', 'A VPC ID must be specified');
    if (OTHERS.includes(Protocol)) throw notModelled(`Target groups with the protocol ${Protocol} are`);
    const protocol = Protocol as TargetGroup['protocol'];
    // Terraform sends an empty version where none is meant.
    if (ProtocolVersion && ProtocolVersion !== 'HTTP1')
      throw notModelled(`The protocol version ${ProtocolVersion} is`);
    if (IpAddressType !== 'ipv4') throw notModelled(`The IP address type ${IpAddressType} is`);
    const healthCheck = healthCheckOf({ protocol, targetType: TargetType }, undefined, input);
    const tags = newTags(input.Tags);
    checkVpc(ctx, VpcId);
    const wanted = { targetType: TargetType, protocol, port: Port, vpcId: VpcId, healthCheck, tags } as const;
    const [existing] = ctx.list(targetGroups, 'name', Name);
    if (existing) {
      const { targetType, protocol: spoken, port, vpcId, healthCheck: check, tags: present } = existing;
      const settings = { targetType, protocol: spoken, port, vpcId, healthCheck: check, tags: present };
      // Idempotent, unless the request disagrees with what is there.
      if (JSON.stringify(settings) === JSON.stringify(wanted)) {
        return { TargetGroups: [showCreated(ctx, existing)] };
      }
      throw new Fault(
        'DuplicateTargetGroupNameException',
        `A target group with the same name '${Name}' exists, but with different settings`,
      );
    }
    if (ctx.list(targetGroups).length >= QUOTAS['target-groups']) {
      throw new Fault(
        'TooManyTargetGroupsException',
        "You've reached the limit on the number of target groups for your AWS account.",
      );
    }
    const arn = ctx.arn('elasticloadbalancing', `targetgroup/${Name}/${ctx.id('target-group', 16)}`);
    const row: TargetGroup = { arn, name: Name, attributes: {}, registrations: 0, ...wanted };
    ctx.put(targetGroups, row);
    return { TargetGroups: [showCreated(ctx, row)] };
  },

  ModifyTargetGroup(ctx, { TargetGroupArn, ...input }) {
    const group = targetGroupOf(ctx, TargetGroupArn);
    const after = ctx.update(targetGroups, group, {
      healthCheck: healthCheckOf(group, group.healthCheck, input),
    });
    wakeTargets(ctx, group.arn);
    return { TargetGroups: [show(ctx, after)] };
  },

  DescribeTargetGroups(
    ctx,
    { LoadBalancerArn, TargetGroupArns = [], Names = [], Marker, PageSize = PAGE_SIZE },
  ) {
    if (TargetGroupArns.length > 0 && Names.length > 0) {
      throw new Fault(
        'ValidationError',
        'Target group names and target group ARNs cannot be specified at the same time',
      );
    }
    const named = Names.map((name) => {
      if (name.length > LONGEST_NAME) checkName(name);
      const [group] = ctx.list(targetGroups, 'name', name);
      if (!group) throw new Fault('TargetGroupNotFoundException', 'One or more target groups not found');
      return group;
    });
    const asked = [...TargetGroupArns.map((arn) => targetGroupOf(ctx, arn)), ...named];
    const found =
      LoadBalancerArn === undefined
        ? ctx.list(targetGroups)
        : usedBy(ctx, loadBalancerOf(ctx, LoadBalancerArn).arn);
    // A load balancer without any is an error, not an empty list.
    if (LoadBalancerArn !== undefined && found.length === 0)
      throw new Fault('TargetGroupNotFoundException', 'One or more target groups not found');
    const { items, next } = pageOf(asked.length > 0 ? asked : found, ({ arn }) => arn, {
      token: Marker,
      limit: PageSize,
    });
    return { TargetGroups: items.map((row) => show(ctx, row)), NextMarker: next };
  },

  DeleteTargetGroup(ctx, { TargetGroupArn: arn }) {
    const group = ctx.get(targetGroups, arn);
    if (!group) return; // Deleting what is not there succeeds.
    if (ctx.list(uses, 'group', arn).length > 0) {
      throw new Fault(
        'ResourceInUseException',
        `Target group '${arn}' is currently in use by a listener or a rule`,
      );
    }
    for (const target of ctx.list(targets, 'group', arn)) remove(ctx, target);
    ctx.delete(targetGroups, arn);
  },
};

function usedBy(ctx: Ctx, loadBalancerArn: string): TargetGroup[] {
  const arns = new Set(
    ctx.list(uses, 'loadBalancer', loadBalancerArn).map(({ targetGroupArn }) => targetGroupArn),
  );
  return [...arns].map((arn) => ctx.get(targetGroups, arn) as TargetGroup);
}

/** Health check settings with the given ones changed. Throws AWS's errors. */
function healthCheckOf(
  { protocol, targetType }: Pick<TargetGroup, 'protocol' | 'targetType'>,
  known: HealthCheck | undefined,
  input: HealthCheckInput,
): HealthCheck {
  const { HealthCheckProtocol = known?.protocol ?? protocol, HealthCheckEnabled = true, Matcher } = input;
  if (HealthCheckProtocol !== 'HTTP' && HealthCheckProtocol !== 'TCP')
    throw notModelled(`Health checks with the protocol ${HealthCheckProtocol} are`);
  if (protocol === 'HTTP' && HealthCheckProtocol === 'TCP') {
    throw new Fault(
      'ValidationError',
      "Health check protocol 'TCP' cannot be used for target groups with the protocol 'HTTP'",
    );
  }
  if (HealthCheckProtocol === 'TCP' && (input.HealthCheckPath ?? Matcher) !== undefined) {
    throw new Fault(
      'ValidationError',
      "Health check path and matcher cannot be specified for health checks with the protocol 'TCP'",
    );
  }
  const initial = protocol === 'HTTP' ? INITIAL_CHECK : TCP_CHECKS[HealthCheckProtocol];
  const before = known?.protocol === HealthCheckProtocol ? known : initial;
  if (!HealthCheckEnabled) {
    throw new Fault(
      'ValidationError',
      `Health check enabled must be true for target groups with target type '${targetType}'`,
    );
  }
  const after: HealthCheck = {
    protocol: HealthCheckProtocol,
    port: input.HealthCheckPort ?? before.port,
    path: input.HealthCheckPath ?? before.path,
    intervalSeconds: input.HealthCheckIntervalSeconds ?? before.intervalSeconds,
    timeoutSeconds: input.HealthCheckTimeoutSeconds ?? before.timeoutSeconds,
    healthyThreshold: input.HealthyThresholdCount ?? before.healthyThreshold,
    unhealthyThreshold: input.UnhealthyThresholdCount ?? before.unhealthyThreshold,
    matcher: Matcher?.HttpCode ?? before.matcher,
  };
  const { port, path, intervalSeconds, timeoutSeconds, matcher } = after;
  if (port !== 'traffic-port' && !(/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535)) {
    throw new Fault(
      'ValidationError',
      `Health check port '${port}' must be 'traffic-port' or a port between '1' and '65535'`,
    );
  }
  if (HealthCheckProtocol === 'HTTP' && !path.startsWith('/'))
    throw new Fault('ValidationError', `Health check path '${path}' must begin with a '/' character`);
  // Checks of groups that speak no HTTP may take as long as the interval.
  const [within, longest] =
    protocol === 'HTTP'
      ? ['smaller than', intervalSeconds - 1]
      : ['smaller than or equal to', intervalSeconds];
  if (timeoutSeconds > longest)
    throw new Fault(
      'ValidationError',
      `Health check timeout '${timeoutSeconds}' must be ${within} the interval '${intervalSeconds}'`,
    );
  if (HealthCheckProtocol === 'HTTP') checkMatcher(matcher, CODES[protocol]);
  return after;
}

function checkMatcher(matcher: string, codes: { readonly from: number; readonly to: number }): void {
  const wrong = new Fault(
    'ValidationError',
    `Health check matcher HTTP code '${matcher}' must be within '${codes.from}-${codes.to}' inclusive`,
  );
  for (const part of matcher.split(',')) {
    const [, from = '', to = from] = /^(\d{3})(?:-(\d{3}))?$/.exec(part) ?? [];
    if (from === '' || Number(from) < codes.from || Number(to) > codes.to || Number(from) > Number(to))
      throw wrong;
  }
}

function checkName(name: string): void {
  const wrong = (what: string): Fault => new Fault('ValidationError', `Target group name '${name}' ${what}`);
  if (name.length > LONGEST_NAME) throw wrong(`cannot be longer than '${LONGEST_NAME}' characters`);
  if (!/^[A-Za-z0-9-]+$/.test(name))
    throw wrong('can only contain characters that are alphanumeric characters or hyphens(-)');
  if (!new RegExp(HYPHENS).test(name)) {
    throw new Fault(
      'ValidationError',
      `1 validation error detected: Value '${name}' at 'targetGroup.targetGroupArn.targetGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: ${HYPHENS}`,
    );
  }
}

/** Without load balancers, as AWS's example of CreateTargetGroup. */
function showCreated(ctx: Ctx, group: TargetGroup): Shown {
  const { LoadBalancerArns: _, ...created } = show(ctx, group);
  return created;
}

function show(ctx: Ctx, group: TargetGroup): Shown {
  const { port, path, intervalSeconds, timeoutSeconds, healthyThreshold, unhealthyThreshold, matcher } =
    group.healthCheck;
  const loadBalancer = loadBalancerUsing(ctx, group.arn);
  return {
    TargetGroupArn: group.arn,
    TargetGroupName: group.name,
    Protocol: group.protocol,
    Port: group.port,
    VpcId: group.vpcId,
    HealthCheckProtocol: group.healthCheck.protocol,
    HealthCheckPort: port,
    HealthCheckEnabled: true,
    HealthCheckIntervalSeconds: intervalSeconds,
    HealthCheckTimeoutSeconds: timeoutSeconds,
    HealthyThresholdCount: healthyThreshold,
    UnhealthyThresholdCount: unhealthyThreshold,
    ...(path === '' ? {} : { HealthCheckPath: path, Matcher: { HttpCode: matcher } }),
    LoadBalancerArns: loadBalancer ? [loadBalancer.arn] : [],
    TargetType: group.targetType,
    ...(group.protocol === 'HTTP' ? { ProtocolVersion: 'HTTP1' } : {}),
    IpAddressType: 'ipv4',
  };
}

function notModelled(what: string): Fault {
  return new Fault('NotImplemented', `${what} not modelled by Sandtable.`);
}
