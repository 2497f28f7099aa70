// Application and Network Load Balancers. Gateway Load Balancers are refused by name.

import { timer } from '#world/index.ts';
import type { TimerHandler, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import { hostedZoneOf } from '#cloud/load-balancers/hosted-zones.ts';
import { routingChanged } from '#cloud/ports/routing.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { loadBalancerAttribute } from '../attributes.ts';
import { PAGE_SIZE, QUOTAS } from '../limits.ts';
import { removeRule } from '../listeners/rules.ts';
import { hostNames, listeners, loadBalancerOf, loadBalancers, rules, uses } from '../tables.ts';
import type { LoadBalancer, Node } from '../tables.ts';
import { newTags } from '../tags.ts';
import { wakeTargets } from '../targets/targets.ts';
import { provisioning } from '../timings.ts';
import { checkInternetGateway, placementIn, securityGroupsIn } from '../vpc.ts';
import { mappingsIn, placeNodes, removeNodes } from './nodes.ts';
import type { Mappings } from './nodes.ts';

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
    if (Type === 'gateway') throw notModelled(`Load balancers of type ${Type} are`);
    if (IpAddressType !== 'ipv4') throw notModelled(`The IP address type ${IpAddressType} is`);
    checkName(Name);
    const tags = newTags(input.Tags);
    const kind = { type: Type, scheme: Scheme };
    const mappings = mappingsIn(kind, input.SubnetMappings);
    const { vpcId, subnets } = placementIn(ctx, Type, wantedSubnets(input));
    // A Network Load Balancer may do without.
    const bare = Type === 'network' && SecurityGroups.length === 0;
    const securityGroupIds = bare ? [] : securityGroupsIn(ctx, vpcId, SecurityGroups);
    if (Scheme === 'internet-facing') checkInternetGateway(ctx, vpcId);
    const wanted = { ...kind, vpcId, subnets, securityGroupIds, tags };
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
    const alike = ctx.list(loadBalancers).filter(({ type }) => type === Type);
    if (alike.length >= QUOTAS[`${Type}-load-balancers`]) {
      throw new Fault(
        'TooManyLoadBalancersException',
        "You've reached the limit on the number of load balancers for your AWS account.",
      );
    }
    return { LoadBalancers: [show(ctx, create(ctx, Name, wanted, mappings))] };
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
    removeNodes(ctx, row);
    ctx.everywhere.delete(hostNames, row.dnsName.toLowerCase());
    ctx.delete(loadBalancers, arn);
    ctx.emit(routingChanged, { loadBalancerArn: arn });
  },

  SetSecurityGroups(ctx, { LoadBalancerArn, SecurityGroups }) {
    const row = loadBalancerOf(ctx, LoadBalancerArn);
    if (row.type === 'network' && row.securityGroupIds.length === 0) {
      throw new Fault(
        'InvalidConfigurationRequestException',
        'You cannot set security groups for a Network Load Balancer that was created without any',
      );
    }
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
    const mappings = mappingsIn(row, SubnetMappings);
    const { vpcId, subnets } = placementIn(ctx, row.type, wantedSubnets({ Subnets, SubnetMappings }));
    if (vpcId !== row.vpcId) {
      throw new Fault(
        'InvalidConfigurationRequestException',
        'All subnets must belong to the VPC of the load balancer',
      );
    }
    const nodes = row.type === 'network' ? placeNodes(ctx, row, subnets, mappings) : [];
    const after = ctx.update(loadBalancers, row, { subnets, nodes });
    wakeAll(ctx, row.arn);
    return { AvailabilityZones: zonesOf(after), IpAddressType };
  },
};

function create(
  ctx: Ctx,
  name: string,
  settings: ReturnType<typeof settingsOf>,
  mappings: Mappings,
): LoadBalancer {
  const { type } = settings;
  const id = ctx.id('load-balancer', 16);
  const arn = ctx.arn(
    'elasticloadbalancing',
    `loadbalancer/${type === 'network' ? 'net' : 'app'}/${name}/${id}`,
  );
  const dnsName = dnsNameOf(ctx, name, settings, id);
  const row: LoadBalancer = {
    arn,
    name,
    dnsName,
    state: 'provisioning',
    attributes: {},
    createdAt: ctx.now,
    nodes: [],
    ...settings,
  };
  if (type === 'network') row.nodes = placeNodes(ctx, row, settings.subnets, mappings);
  ctx.put(loadBalancers, row);
  ctx.everywhere.put(hostNames, { host: dnsName.toLowerCase(), scope: ctx.scope, loadBalancerArn: arn });
  ctx.schedule(provisioned, ctx.now + ctx.duration(provisioning, name), { arn });
  return row;
}

/** The two types have names of their own kinds. */
function dnsNameOf(
  ctx: Ctx,
  name: string,
  { type, scheme }: Pick<LoadBalancer, 'type' | 'scheme'>,
  id: string,
): string {
  if (type === 'network') return `${name}-${id}.elb.${ctx.region}.amazonaws.com`;
  const number = ctx.everywhere.id('load-balancer-dns', 9, '123456789');
  return `${scheme === 'internal' ? 'internal-' : ''}${name}-${number}.${ctx.region}.elb.amazonaws.com`;
}

/** What a request to create it again has to agree with. */
function settingsOf({
  type,
  scheme,
  vpcId,
  subnets,
  securityGroupIds,
  tags,
}: LoadBalancer): Pick<LoadBalancer, 'type' | 'scheme' | 'vpcId' | 'subnets' | 'securityGroupIds' | 'tags'> {
  return { type, scheme, vpcId, subnets, securityGroupIds, tags };
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
  scheme,
  subnets,
  nodes,
}: LoadBalancer): NonNullable<Shown['AvailabilityZones']>[number][] {
  return subnets.map(({ subnetId, zone }) => ({
    ZoneName: zone,
    SubnetId: subnetId,
    LoadBalancerAddresses: nodes
      .filter((node) => node.subnetId === subnetId)
      .flatMap((node) => addressOf(scheme, node) ?? []),
  }));
}

type ShownAddress = NonNullable<
  NonNullable<Shown['AvailabilityZones']>[number]['LoadBalancerAddresses']
>[number];

/** Addresses that customers know. */
function addressOf(scheme: LoadBalancer['scheme'], node: Node): ShownAddress | undefined {
  const { publicIp, allocationId, privateIp } = node;
  if (allocationId !== undefined) return { IpAddress: publicIp, AllocationId: allocationId };
  return scheme === 'internal' ? { PrivateIPv4Address: privateIp } : undefined;
}

function show(ctx: Ctx, row: LoadBalancer): Shown {
  return {
    LoadBalancerArn: row.arn,
    DNSName: row.dnsName,
    CanonicalHostedZoneId: hostedZoneOf(ctx.region, row.type),
    CreatedTime: row.createdAt,
    LoadBalancerName: row.name,
    Scheme: row.scheme,
    VpcId: row.vpcId,
    State: { Code: row.state },
    Type: row.type,
    AvailabilityZones: zonesOf(row),
    ...(row.securityGroupIds.length > 0 ? { SecurityGroups: row.securityGroupIds } : {}),
    IpAddressType: 'ipv4',
  };
}

function notModelled(what: string): Fault {
  return new Fault('NotImplemented', `${what} not modelled by Sandtable.`);
}
