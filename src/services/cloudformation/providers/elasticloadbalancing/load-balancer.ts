// AWS::ElasticLoadBalancing::LoadBalancer.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-elasticloadbalancing-loadbalancer.html

import type { Input, Output } from '#cloud/contracts.ts';
import { provider } from '../provider.ts';
import type { Json, Provider } from '../provider.ts';
import { addPolicies, changeListeners, wireListeners } from './listeners.ts';
import type { Balancer, Said } from './listeners.ts';

const CLASSIC = 'elasticloadbalancing-classic';
type Attributes = Input<typeof CLASSIC, 'ModifyLoadBalancerAttributes'>['LoadBalancerAttributes'];
type Described = NonNullable<
  Output<typeof CLASSIC, 'DescribeLoadBalancers'>['LoadBalancerDescriptions']
>[number];

const LONGEST = 32;

function found(work: Balancer): Described | undefined {
  const LoadBalancerNames = [work.physicalId];
  return work.find(CLASSIC, 'DescribeLoadBalancers', { LoadBalancerNames })?.LoadBalancerDescriptions?.[0];
}

/** Attributes as the template says them. What it does not say is AWS's default, unless the load balancer is new. */
function attributesIn(said: Said, isNew: boolean): Attributes {
  const { CrossZone, ConnectionDrainingPolicy, ConnectionSettings, AccessLoggingPolicy } = said;
  const or = <T>(value: T | undefined, initial: T): T | undefined => (isNew ? value : (value ?? initial));
  const all = {
    CrossZoneLoadBalancing: CrossZone === undefined && isNew ? undefined : { Enabled: CrossZone ?? false },
    ConnectionDraining: or(ConnectionDrainingPolicy, { Enabled: false }),
    ConnectionSettings: or(ConnectionSettings, { IdleTimeout: 60 }),
    AccessLog: or<Attributes['AccessLog']>(AccessLoggingPolicy, { Enabled: false }),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function setAttributes(work: Balancer, LoadBalancerName: string): void {
  const LoadBalancerAttributes = attributesIn(work.properties, work.previous === undefined);
  if (Object.keys(LoadBalancerAttributes).length === 0) return;
  work.call(CLASSIC, 'ModifyLoadBalancerAttributes', { LoadBalancerName, LoadBalancerAttributes });
}

function setHealthCheck(work: Balancer, LoadBalancerName: string): void {
  const said = work.properties.HealthCheck;
  if (!said) return;
  const HealthCheck = {
    Target: said.Target,
    Interval: Number(said.Interval),
    Timeout: Number(said.Timeout),
    HealthyThreshold: Number(said.HealthyThreshold),
    UnhealthyThreshold: Number(said.UnhealthyThreshold),
  };
  work.call(CLASSIC, 'ConfigureHealthCheck', { LoadBalancerName, HealthCheck });
}

function difference(
  before: readonly string[] = [],
  after: readonly string[] = [],
): { added: string[]; removed: string[] } {
  return {
    added: after.filter((one) => !before.includes(one)),
    removed: before.filter((one) => !after.includes(one)),
  };
}

function changeInstances(work: Balancer, before: readonly string[] | undefined): void {
  const LoadBalancerName = work.physicalId;
  const there = (found(work)?.Instances ?? []).map(({ InstanceId = '' }) => InstanceId);
  const { added, removed } = difference(before, work.properties.Instances);
  const wire = (ids: readonly string[]): { InstanceId: string }[] =>
    ids.map((InstanceId) => ({ InstanceId }));
  const leaving = wire(removed.filter((id) => there.includes(id)));
  if (leaving.length > 0)
    work.call(CLASSIC, 'DeregisterInstancesFromLoadBalancer', { LoadBalancerName, Instances: leaving });
  if (added.length > 0)
    work.call(CLASSIC, 'RegisterInstancesWithLoadBalancer', { LoadBalancerName, Instances: wire(added) });
}

/** A zone has one subnet, so old ones leave before new ones come; a load balancer keeps one at least, so the last leaves after. */
function changePlacement(work: Balancer, before: Said): void {
  const LoadBalancerName = work.physicalId;
  const subnets = difference(before.Subnets, work.properties.Subnets);
  const detach = (Subnets: string[]): void => {
    if (Subnets.length > 0)
      work.call(CLASSIC, 'DetachLoadBalancerFromSubnets', { LoadBalancerName, Subnets });
  };
  const staying = subnets.removed.length === before.Subnets?.length ? 1 : 0;
  detach(subnets.removed.slice(staying));
  if (subnets.added.length > 0)
    work.call(CLASSIC, 'AttachLoadBalancerToSubnets', { LoadBalancerName, Subnets: subnets.added });
  detach(subnets.removed.slice(0, staying));
  const zones = difference(before.AvailabilityZones, work.properties.AvailabilityZones);
  const call = (operation: ZoneOperation, AvailabilityZones: string[]): void => {
    if (AvailabilityZones.length > 0) work.call(CLASSIC, operation, { LoadBalancerName, AvailabilityZones });
  };
  call('EnableAvailabilityZonesForLoadBalancer', zones.added);
  call('DisableAvailabilityZonesForLoadBalancer', zones.removed);
}
type ZoneOperation = 'EnableAvailabilityZonesForLoadBalancer' | 'DisableAvailabilityZonesForLoadBalancer';

function retag(work: Balancer): void {
  const { put, remove } = work.tagChanges();
  const LoadBalancerNames = [work.physicalId];
  work.call(CLASSIC, 'AddTags', { LoadBalancerNames, Tags: put });
  if (remove.length === 0) return;
  work.call(CLASSIC, 'RemoveTags', { LoadBalancerNames, Tags: remove.map((Key) => ({ Key })) });
}

export const classicLoadBalancer: Provider = provider({
  type: 'AWS::ElasticLoadBalancing::LoadBalancer',
  refused: ['Policies.InstancePorts'],
  passedOn: ['AccessLoggingPolicy'],
  create(work) {
    const said = work.properties;
    const name = said.LoadBalancerName ?? work.name({ longest: LONGEST });
    work.call(CLASSIC, 'CreateLoadBalancer', {
      LoadBalancerName: name,
      Listeners: wireListeners(said),
      AvailabilityZones: said.AvailabilityZones,
      Subnets: said.Subnets,
      SecurityGroups: said.SecurityGroups,
      Scheme: said.Scheme,
      Tags: work.tags(said.Tags),
    });
    addPolicies(work, name);
    setAttributes(work, name);
    setHealthCheck(work, name);
    const Instances = (said.Instances ?? []).map((InstanceId) => ({ InstanceId }));
    if (Instances.length > 0)
      work.call(CLASSIC, 'RegisterInstancesWithLoadBalancer', { LoadBalancerName: name, Instances });
    return name;
  },
  update(work) {
    const before = work.previous as Said;
    if (work.changed('Listeners', 'Policies', 'AppCookieStickinessPolicy', 'LBCookieStickinessPolicy'))
      changeListeners(work, before);
    setAttributes(work, work.physicalId);
    if (work.changed('HealthCheck')) setHealthCheck(work, work.physicalId);
    if (work.changed('SecurityGroups') && work.properties.SecurityGroups) {
      const { SecurityGroups } = work.properties;
      const input = { LoadBalancerName: work.physicalId, SecurityGroups };
      work.call(CLASSIC, 'ApplySecurityGroupsToLoadBalancer', input);
    }
    changePlacement(work, before);
    changeInstances(work, before.Instances);
    retag(work);
  },
  delete(work) {
    work.call(CLASSIC, 'DeleteLoadBalancer', { LoadBalancerName: work.physicalId });
  },
  /** Zones, subnets and a health check can be changed where there are some, and neither be added nor taken away. */
  replaces(work, [name = '']) {
    const given = (said: object | undefined): boolean =>
      (said as Record<string, unknown> | undefined)?.[name] !== undefined;
    return given(work.previous) !== given(work.properties);
  },
  attributes(work) {
    const {
      DNSName = '',
      CanonicalHostedZoneName,
      CanonicalHostedZoneNameID = '',
      SourceSecurityGroup,
    } = found(work) ?? {};
    const { GroupName = '', OwnerAlias = '' } = SourceSecurityGroup ?? {};
    return {
      DNSName,
      CanonicalHostedZoneNameID,
      // An internal load balancer has none.
      ...(CanonicalHostedZoneName === undefined ? {} : { CanonicalHostedZoneName }),
      SourceSecurityGroup: { GroupName, OwnerAlias },
      'SourceSecurityGroup.GroupName': GroupName,
      'SourceSecurityGroup.OwnerAlias': OwnerAlias,
    };
  },
  read(work) {
    const there = found(work);
    if (!there) return undefined;
    const said = work.properties;
    const { LoadBalancerAttributes } = work.call(CLASSIC, 'DescribeLoadBalancerAttributes', {
      LoadBalancerName: work.physicalId,
    });
    const { CrossZoneLoadBalancing, ConnectionDraining, ConnectionSettings } = LoadBalancerAttributes ?? {};
    const { Enabled = false, Timeout = 0 } = ConnectionDraining ?? {};
    const { Timeout: saidTimeout } = said.ConnectionDrainingPolicy ?? {};
    const instances = (there.Instances ?? []).map(({ InstanceId = '' }) => InstanceId);
    return {
      AvailabilityZones: sameSet(said.AvailabilityZones, there.AvailabilityZones),
      ConnectionDrainingPolicy: { Enabled, ...(saidTimeout === undefined ? {} : { Timeout }) },
      ConnectionSettings: { IdleTimeout: ConnectionSettings?.IdleTimeout ?? 0 },
      CrossZone: CrossZoneLoadBalancing?.Enabled ?? false,
      HealthCheck: healthCheckOf(there),
      Instances: sameSet(said.Instances, instances),
      Listeners: listenersOf(said, there),
      Scheme: there.Scheme ?? '',
      SecurityGroups: sameSet(said.SecurityGroups, there.SecurityGroups),
      Subnets: sameSet(said.Subnets, there.Subnets),
    };
  },
});

/** A list whose order means nothing: as the template says it, where it is the same. */
function sameSet(said: readonly string[] = [], there: readonly string[] = []): string[] {
  const { added, removed } = difference(said, there);
  return added.length + removed.length === 0 ? [...said] : [...there];
}

function healthCheckOf({ HealthCheck }: Described): Json {
  return {
    Target: HealthCheck?.Target ?? '',
    Interval: String(HealthCheck?.Interval),
    Timeout: String(HealthCheck?.Timeout),
    HealthyThreshold: String(HealthCheck?.HealthyThreshold),
    UnhealthyThreshold: String(HealthCheck?.UnhealthyThreshold),
  };
}

/** Listeners as they are; those of the template in its words, which may name protocols in lower case and leave some out. */
function listenersOf(said: Said, { ListenerDescriptions = [] }: Described): Json[] {
  const there = new Map(
    ListenerDescriptions.map(({ Listener, PolicyNames = [] }) => [
      String(Listener?.LoadBalancerPort),
      { ...Listener, policies: PolicyNames },
    ]),
  );
  const known = said.Listeners.flatMap((listener): Json[] => {
    const now = there.get(listener.LoadBalancerPort);
    there.delete(listener.LoadBalancerPort);
    if (!now) return [];
    const { Protocol = '', InstanceProtocol = '', InstancePort = 0 } = now;
    const upper = (text: string): string => text.toUpperCase();
    const { Protocol: spelled, InstanceProtocol: inside, PolicyNames } = listener;
    return [
      {
        LoadBalancerPort: listener.LoadBalancerPort,
        InstancePort: String(InstancePort),
        Protocol: upper(spelled) === Protocol ? spelled : Protocol,
        ...(inside === undefined
          ? {}
          : { InstanceProtocol: upper(inside) === InstanceProtocol ? inside : InstanceProtocol }),
        ...(PolicyNames === undefined ? {} : { PolicyNames: sameSet(PolicyNames, now.policies) }),
      },
    ];
  });
  const more = [...there].map(([LoadBalancerPort, { Protocol = '', InstancePort = 0 }]) => ({
    LoadBalancerPort,
    InstancePort: String(InstancePort),
    Protocol,
  }));
  return [...known, ...more];
}
