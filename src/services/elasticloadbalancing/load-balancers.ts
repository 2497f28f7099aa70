// Application Load Balancers. Network and Gateway Load Balancers are refused by name.

import { timer } from '#world/index.ts';
import type { TimerHandler, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import { HOSTED_ZONES } from '#cloud/load-balancers/hosted-zones.ts';
import { routingChanged } from '#cloud/ports/routing.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { loadBalancerAttribute } from './attributes.ts';
import { PAGE_SIZE, QUOTAS } from './limits.ts';
import { removeRule } from './rules.ts';
import { hostNames, listeners, loadBalancerOf, loadBalancers, rules, uses } from './tables.ts';
import type { LoadBalancer } from './tables.ts';
import { newTags } from './tags.ts';
import { wakeTargets } from './targets.ts';
import { provisioning } from './timings.ts';
import { checkInternetGateway, placementIn, securityGroupsIn } from './vpc.ts';

type Shown = NonNullable<Output<'elasticloadbalancing', 'DescribeLoadBalancers'>['LoadBalancers']>[number];

const LONGEST_NAME = 32;

const provisioned: TimerKind<{ arn: string }> = timer<{ arn: string }>('elasticloadbalancing/provisioned');

/** A load balancer is up: its name resolves and its health checks begin. */
export const becomesActive: TimerHandler<{ arn: string }, Ctx> = {
  kind: provisioned,
  live: (ctx, { arn }) => ctx.get(loadBalancers, arn)?.state === 'provisioning',
  fire(ctx, { arn }) {
    ctx.update(loadBalancers, ctx.get(loadBalancers, arn) as LoadBalancer, { state: 'active' });
    wakeAll(ctx, arn);
    ctx.emit(routingChanged, { loadBalancerArn: arn });
  },
};

/** Makes the health checks look again at all targets behind a load balancer. */
function wakeAll(ctx: Ctx, loadBalancerArn: string): void {
  const used = ctx.list(uses, 'loadBalancer', loadBalancerArn).map(({ targetGroupArn }) => targetGroupArn);
  for (const targetGroupArn of new Set(used)) wakeTargets(ctx, targetGroupArn);
}

export const loadBalancerOperations: Operations<'elasticloadbalancing'> = {
  CreateLoadBalancer(ctx, input) {
    const {
      Name,
      Scheme = 'internet-facing',
      Type = 'application',
      IpAddressType = 'ipv4',
      SecurityGroups = [],
    } = input;
    if (Type !== 'application') throw notModelled(`Load balancers of type ${Type} are`);
    if (IpAddressType !== 'ipv4') throw notModelled(`The IP address type ${IpAddressType} is`);
    checkName(Name);
    const tags = newTags(input.Tags);
    const subnetIds = wantedSubnets(input);
    const { vpcId, subnets } = placementIn(ctx, subnetIds);
    const securityGroupIds = securityGroupsIn(ctx, vpcId, SecurityGroups);
    if (Scheme === 'internet-facing') checkInternetGateway(ctx, vpcId);
    const wanted = { scheme: Scheme, vpcId, subnets, securityGroupIds, tags };
    const [existing] = ctx.list(loadBalancers, 'name', Name);
    if (existing) {
      // Idempotent, unless the request disagrees with what is there.
      if (JSON.stringify(settingsOf(existing)) === JSON.stringify(wanted))
        return { LoadBalancers: [show(ctx, existing)] };
      throw new Fault(
        'DuplicateLoadBalancerNameException',
        `A load balancer with the same name '${Name}' exists, but with different settings`,
      );
    }
    if (ctx.list(loadBalancers).length >= QUOTAS['application-load-balancers']) {
      throw new Fault(
        'TooManyLoadBalancersException',
        "You've reached the limit on the number of load balancers for your AWS account.",
      );
    }
    return { LoadBalancers: [show(ctx, create(ctx, Name, wanted))] };
  },

  DescribeLoadBalancers(ctx, { LoadBalancerArns = [], Names = [], Marker, PageSize = PAGE_SIZE }) {
    if (LoadBalancerArns.length > 0 && Names.length > 0) {
      throw new Fault(
        'ValidationError',
        'Load balancer names and load balancer ARNs cannot be specified at the same time',
      );
    }
    const found = [
      ...LoadBalancerArns.map((arn) => loadBalancerOf(ctx, arn)),
      ...Names.map((name) => {
        const [named] = ctx.list(loadBalancers, 'name', name);
        if (!named) throw new Fault('LoadBalancerNotFoundException', `Load balancers '[${name}]' not found`);
        return named;
      }),
    ];
    const asked = LoadBalancerArns.length + Names.length > 0 ? found : ctx.list(loadBalancers);
    const { items, next } = pageOf(asked, ({ arn }) => arn, { token: Marker, limit: PageSize });
    return { LoadBalancers: items.map((row) => show(ctx, row)), NextMarker: next };
  },

  DeleteLoadBalancer(ctx, { LoadBalancerArn: arn }) {
    const row = ctx.get(loadBalancers, arn);
    if (!row) return; // Deleting what is not there succeeds.
    if (loadBalancerAttribute(row, 'deletion_protection.enabled') === 'true') {
      throw new Fault(
        'OperationNotPermittedException',
        `Load balancer '${arn}' cannot be deleted because deletion protection is enabled`,
      );
    }
    for (const listener of ctx.list(listeners, 'loadBalancer', arn)) ctx.delete(listeners, listener.arn);
    for (const rule of ctx.list(rules, 'loadBalancer', arn)) removeRule(ctx, rule);
    ctx.everywhere.delete(hostNames, row.dnsName.toLowerCase());
    ctx.delete(loadBalancers, arn);
    ctx.emit(routingChanged, { loadBalancerArn: arn });
  },

  SetSecurityGroups(ctx, { LoadBalancerArn, SecurityGroups }) {
    const row = loadBalancerOf(ctx, LoadBalancerArn);
    if (SecurityGroups.length === 0)
      throw new Fault('ValidationError', 'At least one security group must be specified');
    const securityGroupIds = securityGroupsIn(ctx, row.vpcId, SecurityGroups);
    ctx.update(loadBalancers, row, { securityGroupIds });
    wakeAll(ctx, row.arn); // Health checks come from other groups now.
    return { SecurityGroupIds: securityGroupIds };
  },

  SetSubnets(ctx, { LoadBalancerArn, Subnets, SubnetMappings, IpAddressType = 'ipv4' }) {
    const row = loadBalancerOf(ctx, LoadBalancerArn);
    if (IpAddressType !== 'ipv4') throw notModelled(`The IP address type ${IpAddressType} is`);
    const { vpcId, subnets } = placementIn(ctx, wantedSubnets({ Subnets, SubnetMappings }));
    if (vpcId !== row.vpcId) {
      throw new Fault(
        'InvalidConfigurationRequestException',
        'All subnets must belong to the VPC of the load balancer',
      );
    }
    const after = ctx.update(loadBalancers, row, { subnets });
    wakeAll(ctx, row.arn);
    return { AvailabilityZones: zonesOf(after), IpAddressType };
  },
};

function create(ctx: Ctx, name: string, settings: ReturnType<typeof settingsOf>): LoadBalancer {
  const arn = ctx.arn('elasticloadbalancing', `loadbalancer/app/${name}/${ctx.id('load-balancer', 16)}`);
  const inner = settings.scheme === 'internal' ? 'internal-' : '';
  const number = ctx.everywhere.id('load-balancer-dns', 9, '123456789');
  const dnsName = `${inner}${name}-${number}.${ctx.region}.elb.amazonaws.com`;
  const row: LoadBalancer = {
    arn,
    name,
    dnsName,
    state: 'provisioning',
    attributes: {},
    createdAt: ctx.now,
    ...settings,
  };
  ctx.put(loadBalancers, row);
  ctx.everywhere.put(hostNames, { host: dnsName.toLowerCase(), scope: ctx.scope, loadBalancerArn: arn });
  ctx.schedule(provisioned, ctx.now + ctx.duration(provisioning, name), { arn });
  return row;
}

/** What a request to create it again has to agree with. */
function settingsOf({
  scheme,
  vpcId,
  subnets,
  securityGroupIds,
  tags,
}: LoadBalancer): Pick<LoadBalancer, 'scheme' | 'vpcId' | 'subnets' | 'securityGroupIds' | 'tags'> {
  return { scheme, vpcId, subnets, securityGroupIds, tags };
}

function wantedSubnets(input: {
  Subnets?: readonly string[] | undefined;
  SubnetMappings?: readonly { SubnetId?: string | undefined }[] | undefined;
}): string[] {
  const { Subnets = [], SubnetMappings = [] } = input;
  if (Subnets.length > 0 && SubnetMappings.length > 0) {
    throw new Fault('ValidationError', 'Subnets and subnet mappings cannot be specified at the same time');
  }
  return [...Subnets, ...SubnetMappings.map(({ SubnetId = '' }) => SubnetId)];
}

function checkName(name: string): void {
  const wrong = (what: string): Fault =>
    new Fault('ValidationError', `The load balancer name '${name}' ${what}`);
  if (name.length > LONGEST_NAME) throw wrong(`cannot be longer than '${LONGEST_NAME}' characters`);
  if (!/^[A-Za-z0-9-]+$/.test(name))
    throw wrong('can only contain characters that are alphanumeric characters and hyphens(-)');
  if (name.startsWith('-') || name.endsWith('-')) throw wrong('cannot begin or end with a hyphen(-)');
  if (name.startsWith('internal-')) throw wrong("cannot begin with 'internal-'");
}

function zonesOf({
  subnets,
}: LoadBalancer): { ZoneName: string; SubnetId: string; LoadBalancerAddresses: [] }[] {
  return subnets.map(({ subnetId, zone }) => ({
    ZoneName: zone,
    SubnetId: subnetId,
    LoadBalancerAddresses: [],
  }));
}

function show(ctx: Ctx, row: LoadBalancer): Shown {
  return {
    LoadBalancerArn: row.arn,
    DNSName: row.dnsName,
    CanonicalHostedZoneId: HOSTED_ZONES[ctx.region],
    CreatedTime: row.createdAt,
    LoadBalancerName: row.name,
    Scheme: row.scheme,
    VpcId: row.vpcId,
    State: { Code: row.state },
    Type: 'application',
    AvailabilityZones: zonesOf(row),
    SecurityGroups: row.securityGroupIds,
    IpAddressType: 'ipv4',
  };
}

function notModelled(what: string): Fault {
  return new Fault('NotImplemented', `${what} not modelled by Sandtable.`);
}
