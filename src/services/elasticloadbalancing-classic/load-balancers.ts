// Classic Load Balancers themselves. The API knows them by name.

import { timer } from '#world/index.ts';
import type { TimerHandler, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import { HOSTED_ZONES } from '#cloud/load-balancers/hosted-zones.ts';
import { routingChanged } from '#cloud/ports/routing.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { INITIAL } from './attributes.ts';
import { initialCheck, showCheck } from './health-check.ts';
import { remove, wakeInstances } from './instances.ts';
import { PAGE_SIZE, QUOTAS } from './limits.ts';
import { listenersWith, showListeners } from './listeners.ts';
import { showPolicies } from './policies.ts';
import { arnOf, hostNames, loadBalancerOf, loadBalancers, registrations } from './tables.ts';
import type { LoadBalancer } from './tables.ts';
import { newTags } from './tags.ts';
import { provisioning } from './timings.ts';
import {
  checkInternetGateway,
  defaultPlacement,
  ownSecurityGroup,
  placementIn,
  securityGroupsIn,
} from './vpc.ts';
import type { Placement } from './vpc.ts';

const CLASSIC = 'elasticloadbalancing-classic';
type CreateInput = Input<typeof CLASSIC, 'CreateLoadBalancer'>;
type Shown = NonNullable<Output<typeof CLASSIC, 'DescribeLoadBalancers'>['LoadBalancerDescriptions']>[number];

const LONGEST_NAME = 32;

const provisioned: TimerKind<{ name: string; createdAt: number }> = timer<{
  name: string;
  createdAt: number;
}>('elasticloadbalancing-classic/provisioned');

/** A load balancer is up: its name resolves and its health checks begin. */
export const becomesActive: TimerHandler<{ name: string; createdAt: number }, Ctx> = {
  kind: provisioned,
  live(ctx, { name, createdAt }) {
    const row = ctx.get(loadBalancers, name);
    return row?.state === 'provisioning' && row.createdAt === createdAt;
  },
  fire(ctx, { name }) {
    ctx.update(loadBalancers, loadBalancerOf(ctx, name), { state: 'active' });
    wakeInstances(ctx, name);
    ctx.emit(routingChanged, { loadBalancerArn: arnOf(ctx, name) });
  },
};

export const loadBalancerOperations: Operations<typeof CLASSIC> = {
  CreateLoadBalancer(ctx, input) {
    const { LoadBalancerName: name } = input;
    checkName(name);
    const wanted = settings(ctx, input);
    const existing = ctx.get(loadBalancers, name);
    if (existing) {
      // Idempotent, unless the request disagrees with what is there.
      const differs = differenceBetween(settingsOf(existing), wanted);
      if (differs === undefined) return { DNSName: existing.dnsName };
      throw new Fault(
        'DuplicateAccessPointNameException',
        `Load Balancer named ${name} already exists and it is configured with different ${differs}.`,
      );
    }
    if (ctx.list(loadBalancers).length >= QUOTAS['classic-load-balancers']) {
      throw new Fault(
        'TooManyAccessPointsException',
        'The quota for the number of load balancers has been reached.',
      );
    }
    return { DNSName: create(ctx, name, wanted).dnsName };
  },

  DescribeLoadBalancers(ctx, { LoadBalancerNames = [], Marker, PageSize = PAGE_SIZE }) {
    const asked =
      LoadBalancerNames.length > 0
        ? LoadBalancerNames.map((name) => loadBalancerOf(ctx, name))
        : ctx.list(loadBalancers);
    const { items, next } = pageOf(asked, ({ name }) => name, { token: Marker, limit: PageSize });
    return { LoadBalancerDescriptions: items.map((row) => show(ctx, row)), NextMarker: next };
  },

  DeleteLoadBalancer(ctx, { LoadBalancerName: name }) {
    const row = ctx.get(loadBalancers, name);
    if (!row) return; // Deleting what is not there succeeds.
    ctx.everywhere.delete(hostNames, row.dnsName.toLowerCase());
    ctx.delete(loadBalancers, name);
    for (const registered of ctx.list(registrations, 'loadBalancer', name)) remove(ctx, registered);
    ctx.emit(routingChanged, { loadBalancerArn: arnOf(ctx, name) });
  },
};

/** What a request to create it again has to agree with. */
type Settings = Pick<
  LoadBalancer,
  'scheme' | 'vpcId' | 'subnets' | 'securityGroupIds' | 'sourceGroup' | 'listeners' | 'tags'
>;

function settings(ctx: Ctx, input: CreateInput): Settings {
  const { LoadBalancerName: name, Scheme: scheme = 'internet-facing', SecurityGroups = [] } = input;
  const listeners = listenersWith(ctx, name, [], input.Listeners);
  if (scheme !== 'internet-facing' && scheme !== 'internal')
    throw new Fault('InvalidSchemeException', `The scheme ${scheme} is not valid.`);
  const tags = newTags(input.Tags);
  const placement = placementOf(ctx, input);
  const groups =
    SecurityGroups.length > 0
      ? securityGroupsIn(ctx, placement.vpcId, SecurityGroups)
      : ownSecurityGroup(
          ctx,
          placement.vpcId,
          listeners.map(({ port }) => port),
        );
  if (scheme === 'internet-facing') checkInternetGateway(ctx, placement.vpcId);
  return { scheme, ...placement, ...groups, listeners, tags };
}

function placementOf(ctx: Ctx, { AvailabilityZones = [], Subnets = [] }: CreateInput): Placement {
  if (AvailabilityZones.length > 0 && Subnets.length > 0)
    throw new Fault('ValidationError', 'Only one of SubnetIds or AvailabilityZones may be specified');
  if (Subnets.length > 0) return placementIn(ctx, Subnets);
  if (AvailabilityZones.length > 0) return defaultPlacement(ctx, AvailabilityZones);
  throw new Fault('ValidationError', 'Either AvailabilityZones or SubnetIds must be specified');
}

function settingsOf(row: LoadBalancer): Settings {
  const { scheme, vpcId, subnets, securityGroupIds, sourceGroup, tags } = row;
  const listeners = row.listeners.map((listener) => ({ ...listener, policies: [] }));
  return { scheme, vpcId, subnets, securityGroupIds, sourceGroup, listeners, tags };
}

function differenceBetween(there: Settings, wanted: Settings): string | undefined {
  const [before, after] = [
    { ...there, tags: {} },
    { ...wanted, tags: {} },
  ];
  if (JSON.stringify(before) !== JSON.stringify(after)) return 'parameters';
  const sorted = ({ tags }: Settings): string => JSON.stringify(Object.entries(tags).toSorted());
  return sorted(there) === sorted(wanted) ? undefined : 'tags';
}

function create(ctx: Ctx, name: string, wanted: Settings): LoadBalancer {
  const inner = wanted.scheme === 'internal' ? 'internal-' : '';
  const number = ctx.everywhere.id('load-balancer-dns', 9, '123456789');
  const row: LoadBalancer = {
    name,
    dnsName: `${inner}${name}-${number}.${ctx.region}.elb.amazonaws.com`,
    ...wanted,
    state: 'provisioning',
    policies: [],
    healthCheck: initialCheck(wanted.listeners),
    attributes: INITIAL,
    createdAt: ctx.now,
    registrations: 0,
  };
  ctx.put(loadBalancers, row);
  ctx.everywhere.put(hostNames, { host: row.dnsName.toLowerCase(), scope: ctx.scope, name });
  const due = ctx.now + ctx.duration(provisioning, name);
  ctx.schedule(provisioned, due, { name, createdAt: ctx.now });
  return row;
}

function checkName(name: string): void {
  if (name.length > LONGEST_NAME)
    throw new Fault('ValidationError', `LoadBalancer name cannot be longer than ${LONGEST_NAME} characters`);
  if (!/^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$/.test(name)) {
    throw new Fault(
      'ValidationError',
      'LoadBalancer name must contain only alphanumeric characters or hyphens, and must not begin or end with a hyphen',
    );
  }
}

function show(ctx: Ctx, row: LoadBalancer): Shown {
  const registered = ctx.list(registrations, 'loadBalancer', row.name);
  const names = row.scheme === 'internal' ? {} : { CanonicalHostedZoneName: row.dnsName };
  return {
    LoadBalancerName: row.name,
    DNSName: row.dnsName,
    ...names,
    CanonicalHostedZoneNameID: HOSTED_ZONES[ctx.region],
    ListenerDescriptions: showListeners(row),
    Policies: showPolicies(row),
    BackendServerDescriptions: [],
    AvailabilityZones: row.subnets.map(({ zone }) => zone),
    Subnets: row.subnets.map(({ subnetId }) => subnetId),
    VPCId: row.vpcId,
    Instances: registered
      .filter(({ standing }) => standing !== 'draining')
      .map(({ instanceId }) => ({ InstanceId: instanceId })),
    HealthCheck: showCheck(row.healthCheck),
    SourceSecurityGroup: { OwnerAlias: ctx.account, GroupName: row.sourceGroup },
    SecurityGroups: row.securityGroupIds,
    CreatedTime: row.createdAt,
    Scheme: row.scheme,
  };
}
