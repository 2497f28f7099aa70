// VPC endpoints: interface endpoints with a network interface in each subnet, and gateway endpoints in route
// tables.

import { hex, timer } from '#world/index.ts';
import type { TimerHandler, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import { networkChanged } from '#cloud/ports/instances.ts';
import type { Operations } from '#cloud/service.ts';
import { filtered } from '../filters.ts';
import { groupsShown, makeInterface, removeInterface } from '../interfaces/interfaces.ts';
import { listed, missing, once, unmodelled } from '../requests.ts';
import { removeTagsOf, tagCreated, tagsOf, tagsShown } from '../tags.ts';
import { endpointCreation, endpointDeletion } from '../timings.ts';
import { zoneId, zonesOf } from '../zones.ts';
import { kindsOf, privateDnsNameOf, serviceNames } from './endpoint-services.ts';
import { FULL_ACCESS, FULL_ACCESS_BY_INTERFACE, refusePolicy } from './endpoint-policies.ts';
import {
  defaultGroup,
  interfaces,
  routeTableOf,
  securityGroupOf,
  subnetOf,
  vpcEndpointOf,
  vpcEndpoints,
  vpcOf,
} from './network.ts';
import type { VpcEndpoint } from './network.ts';

type WireEndpoint = NonNullable<Output<'ec2', 'CreateVpcEndpoint'>['VpcEndpoint']>;
type Step = { endpointId: string; from: VpcEndpoint['state'] };

/** An endpoint leaves the state `from`. */
const stepDue: TimerKind<Step> = timer<Step>('ec2/vpc-endpoint-step');

export const endpointStep: TimerHandler<Step, Ctx> = {
  kind: stepDue,
  live: (ctx, { endpointId, from }) => ctx.get(vpcEndpoints, endpointId)?.state === from,
  fire(ctx, { endpointId }) {
    const endpoint = ctx.get(vpcEndpoints, endpointId) as VpcEndpoint;
    if (endpoint.state === 'Pending') ctx.update(vpcEndpoints, endpoint, { state: 'Available' });
    else remove(ctx, endpoint);
    ctx.emit(networkChanged, { vpcId: endpoint.vpcId });
  },
};

function remove(ctx: Ctx, { endpointId, interfaceIds }: VpcEndpoint): void {
  for (const id of interfaceIds) removeInterface(ctx, id);
  ctx.delete(vpcEndpoints, endpointId);
  removeTagsOf(ctx, endpointId);
}

/** Puts an interface of an endpoint into each subnet, at most one for each zone. */
function interfacesIn(ctx: Ctx, endpoint: VpcEndpoint, subnetIds: readonly string[]): string[] {
  const zones = new Set(endpoint.interfaceIds.map((id) => ctx.get(interfaces, id)?.zone));
  return subnetIds.map((id) => {
    const subnet = subnetOf(ctx, id);
    if (subnet.vpcId !== endpoint.vpcId)
      throw new Fault('InvalidParameter', `Subnet ${id} does not belong to VPC ${endpoint.vpcId}`);
    if (zones.has(subnet.zone)) {
      throw new Fault(
        'DuplicateSubnetsInSameZone',
        'Found another VPC endpoint subnet in the availability zone of the subnet',
      );
    }
    zones.add(subnet.zone);
    const description = `VPC Endpoint Interface ${endpoint.endpointId}`;
    const given = {
      kind: 'vpc_endpoint',
      ownerId: endpoint.endpointId,
      description,
      groupIds: endpoint.groupIds,
    } as const;
    return makeInterface(ctx, subnet, given).interfaceId;
  });
}

/** Only one endpoint of a VPC can answer for a service's own host name, and the VPC's DNS must be on. */
function checkPrivateDns(ctx: Ctx, { endpointId, vpcId, serviceName }: VpcEndpoint): void {
  const vpc = vpcOf(ctx, vpcId);
  if (!vpc.dnsSupport || !vpc.dnsHostnames) {
    throw new Fault(
      'InvalidParameter',
      `Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for ${vpcId}`,
    );
  }
  const name = privateDnsNameOf(ctx.region, serviceName);
  const taken = ctx
    .list(vpcEndpoints, 'vpc', vpcId)
    .some(
      (one) =>
        one.endpointId !== endpointId &&
        one.privateDns &&
        privateDnsNameOf(ctx.region, one.serviceName) === name,
    );
  if (taken) {
    throw new Fault(
      'InvalidParameter',
      `private-dns-enabled cannot be set because there is already a conflicting DNS domain for ${name} in the VPC ${vpcId}`,
    );
  }
}

function checkRouteTables(
  ctx: Ctx,
  { endpointId, vpcId, serviceName }: VpcEndpoint,
  ids: readonly string[],
): void {
  const others = ctx
    .list(vpcEndpoints, 'vpc', vpcId)
    .filter((one) => one.endpointId !== endpointId && one.serviceName === serviceName);
  for (const id of ids) {
    const table = routeTableOf(ctx, id);
    if (table.vpcId !== vpcId)
      throw new Fault('InvalidParameter', `Route table ${id} does not belong to VPC ${vpcId}`);
    if (others.some((one) => one.routeTableIds.includes(id))) {
      throw new Fault(
        'RouteAlreadyExists',
        `route table ${id} already has a route with destination-prefix-list-id of ${serviceName}`,
      );
    }
  }
}

function checkGroups(ctx: Ctx, vpcId: string, ids: readonly string[]): void {
  for (const id of ids) {
    if (securityGroupOf(ctx, id).vpcId !== vpcId) {
      throw new Fault(
        'InvalidParameter',
        `Security group ${id} and VPC ${vpcId} belong to different networks`,
      );
    }
  }
}

function make(ctx: Ctx, input: Input<'ec2', 'CreateVpcEndpoint'>): VpcEndpoint {
  const { VpcEndpointType: kind = 'Gateway', ServiceName, PolicyDocument, PrivateDnsEnabled } = input;
  const { RouteTableIds = [], SubnetIds = [], SecurityGroupIds = [] } = input;
  const { vpcId } = vpcOf(ctx, input.VpcId);
  if (ServiceName === undefined) throw missing('ServiceName');
  if (kind !== 'Gateway' && kind !== 'Interface') throw unmodelled(`The endpoint type ${kind}`);
  const kinds = kindsOf(ctx.region, ServiceName);
  if (!kinds && ServiceName.startsWith(`com.amazonaws.${ctx.region}.`))
    throw unmodelled(`The endpoint service ${ServiceName}`);
  if (!kinds)
    throw new Fault('InvalidServiceName', `The Vpc Endpoint Service '${ServiceName}' does not exist`);
  if (!kinds.includes(kind)) {
    throw new Fault(
      'InvalidParameter',
      `Endpoint type (${kind}) does not match available service types ([${kinds.join(', ')}]).`,
    );
  }
  refusePolicy(PolicyDocument);
  refuseAddressType(input.IpAddressType);
  if (kind === 'Gateway' && SubnetIds.length + SecurityGroupIds.length > 0) {
    throw new Fault(
      'InvalidParameter',
      'SubnetIds and SecurityGroupIds are not supported for gateway endpoints.',
    );
  }
  if (kind === 'Interface' && RouteTableIds.length > 0) {
    throw new Fault('InvalidParameter', 'RouteTableIds are not supported for interface endpoints.');
  }
  checkGroups(ctx, vpcId, SecurityGroupIds);
  const groupIds = SecurityGroupIds.length > 0 ? SecurityGroupIds : [defaultGroup(ctx, vpcId).groupId];
  const endpoint: VpcEndpoint = {
    endpointId: `vpce-${ctx.id('vpc-endpoint')}`,
    vpcId,
    kind,
    serviceName: ServiceName,
    state: kind === 'Gateway' ? 'Available' : 'Pending',
    // AWS's default for interface endpoints; the one for S3 may only have it beside a gateway endpoint.
    privateDns: kind === 'Interface' && (PrivateDnsEnabled ?? true),
    subnetIds: SubnetIds,
    interfaceIds: [],
    groupIds: kind === 'Interface' ? groupIds : [],
    routeTableIds: RouteTableIds,
    createdAt: ctx.now,
  };
  if (endpoint.privateDns) checkPrivateDns(ctx, endpoint);
  checkRouteTables(ctx, endpoint, RouteTableIds);
  ctx.put(vpcEndpoints, { ...endpoint, interfaceIds: interfacesIn(ctx, endpoint, SubnetIds) });
  return endpoint;
}

function refuseAddressType(type: string = 'ipv4'): void {
  if (type !== 'ipv4') throw unmodelled(`The address type ${type}`);
}

function describe(ctx: Ctx, endpoint: VpcEndpoint): WireEndpoint {
  const { endpointId, serviceName, state } = endpoint;
  const name = privateDnsNameOf(ctx.region, serviceName);
  const suffix = hex(ctx.kernel.primitives.sha256(endpointId)).slice(0, 8);
  const hosts = [
    `${endpointId}-${suffix}.${name.replace(`.${ctx.region}.amazonaws.com`, '')}.${ctx.region}.vpce.amazonaws.com`,
    ...(endpoint.privateDns ? [name] : []),
  ];
  return {
    VpcEndpointId: endpointId,
    VpcEndpointType: endpoint.kind,
    VpcId: endpoint.vpcId,
    OwnerId: ctx.account,
    ServiceName: serviceName,
    ServiceRegion: ctx.region,
    // The API answers in small letters where the model's enumeration has capitals.
    State: state.toLowerCase() as VpcEndpoint['state'],
    PolicyDocument: endpoint.kind === 'Interface' ? FULL_ACCESS_BY_INTERFACE : FULL_ACCESS,
    RouteTableIds: endpoint.routeTableIds,
    SubnetIds: endpoint.subnetIds,
    NetworkInterfaceIds: endpoint.interfaceIds,
    Groups: groupsShown(ctx, endpoint.groupIds),
    PrivateDnsEnabled: endpoint.privateDns,
    IpAddressType: 'ipv4',
    DnsOptions: { DnsRecordIpType: 'ipv4' },
    DnsEntries: endpoint.kind === 'Interface' ? hosts.map((DnsName) => ({ DnsName })) : [],
    RequesterManaged: false,
    CreationTimestamp: endpoint.createdAt,
    Tags: tagsShown(ctx, endpointId),
  };
}

const without = (ids: readonly string[], removed: readonly string[]): string[] =>
  ids.filter((id) => !removed.includes(id));

/** The endpoint with its subnets changed: interfaces come and go with them. */
function moved(
  ctx: Ctx,
  endpoint: VpcEndpoint,
  added: readonly string[],
  removed: readonly string[],
): VpcEndpoint {
  const leaving = endpoint.interfaceIds.filter((id) =>
    removed.includes(ctx.get(interfaces, id)?.subnetId ?? ''),
  );
  for (const id of leaving) removeInterface(ctx, id);
  const rest = { ...endpoint, interfaceIds: without(endpoint.interfaceIds, leaving) };
  return {
    ...rest,
    subnetIds: [...without(endpoint.subnetIds, removed), ...added],
    interfaceIds: [...rest.interfaceIds, ...interfacesIn(ctx, rest, added)],
  };
}

export const endpointOperations: Operations<'ec2'> = {
  CreateVpcEndpoint(ctx, input) {
    const { ClientToken, TagSpecifications } = input;
    const id = once(ctx, 'CreateVpcEndpoint', ClientToken, input, () => {
      const { endpointId, state } = make(ctx, input);
      tagCreated(ctx, TagSpecifications, endpointId);
      if (state === 'Pending') {
        ctx.schedule(stepDue, ctx.now + ctx.duration(endpointCreation, endpointId), {
          endpointId,
          from: state,
        });
      }
      return endpointId;
    });
    const endpoint = vpcEndpointOf(ctx, id);
    ctx.emit(networkChanged, { vpcId: endpoint.vpcId });
    return { VpcEndpoint: describe(ctx, endpoint), ClientToken };
  },

  DescribeVpcEndpoints(ctx, { VpcEndpointIds, Filters, NextToken, MaxResults }) {
    const where = filtered<VpcEndpoint>(Filters, {
      operation: 'DescribeVpcEndpoints',
      values: {
        'service-name': (endpoint) => endpoint.serviceName,
        'vpc-endpoint-id': (endpoint) => endpoint.endpointId,
        'vpc-endpoint-state': (endpoint) => endpoint.state.toLowerCase(),
        'vpc-endpoint-type': (endpoint) => endpoint.kind,
        'vpc-id': (endpoint) => endpoint.vpcId,
      },
      tags: (endpoint) => tagsOf(ctx, endpoint.endpointId),
    });
    const page = { NextToken, MaxResults };
    const { rows, next } = listed(ctx, vpcEndpoints, { ids: VpcEndpointIds, of: vpcEndpointOf, where, page });
    return { VpcEndpoints: rows.map((endpoint) => describe(ctx, endpoint)), NextToken: next };
  },

  ModifyVpcEndpoint(ctx, input) {
    const endpoint = vpcEndpointOf(ctx, input.VpcEndpointId);
    const {
      AddRouteTableIds = [],
      RemoveRouteTableIds = [],
      AddSubnetIds = [],
      RemoveSubnetIds = [],
    } = input;
    const {
      AddSecurityGroupIds = [],
      RemoveSecurityGroupIds = [],
      PrivateDnsEnabled = endpoint.privateDns,
    } = input;
    refusePolicy(input.PolicyDocument);
    refuseAddressType(input.IpAddressType);
    checkRouteTables(ctx, endpoint, AddRouteTableIds);
    checkGroups(ctx, endpoint.vpcId, AddSecurityGroupIds);
    const groupIds = [
      ...without(endpoint.groupIds, [...RemoveSecurityGroupIds, ...AddSecurityGroupIds]),
      ...AddSecurityGroupIds,
    ];
    const routeTableIds = [
      ...without(endpoint.routeTableIds, [...RemoveRouteTableIds, ...AddRouteTableIds]),
      ...AddRouteTableIds,
    ];
    const next = moved(
      ctx,
      { ...endpoint, groupIds, routeTableIds, privateDns: PrivateDnsEnabled },
      AddSubnetIds,
      RemoveSubnetIds,
    );
    if (PrivateDnsEnabled && !endpoint.privateDns) checkPrivateDns(ctx, next);
    for (const id of next.interfaceIds) {
      const row = ctx.get(interfaces, id);
      if (row) ctx.update(interfaces, row, { groupIds });
    }
    ctx.put(vpcEndpoints, next);
    ctx.emit(networkChanged, { vpcId: endpoint.vpcId });
    return { Return: true };
  },

  DeleteVpcEndpoints(ctx, { VpcEndpointIds }) {
    const Unsuccessful: { ResourceId: string; Error: { Code: string; Message: string } }[] = [];
    for (const id of VpcEndpointIds) {
      const endpoint = ctx.get(vpcEndpoints, id);
      if (!endpoint) {
        const Message = `The Vpc Endpoint Id '${id}' does not exist`;
        Unsuccessful.push({ ResourceId: id, Error: { Code: 'InvalidVpcEndpoint.NotFound', Message } });
      } else if (endpoint.kind === 'Gateway') remove(ctx, endpoint);
      else if (endpoint.state !== 'Deleting') {
        ctx.update(vpcEndpoints, endpoint, { state: 'Deleting' });
        ctx.schedule(stepDue, ctx.now + ctx.duration(endpointDeletion, id), {
          endpointId: id,
          from: 'Deleting',
        });
      }
      if (endpoint) ctx.emit(networkChanged, { vpcId: endpoint.vpcId });
    }
    return { Unsuccessful };
  },

  DescribeVpcEndpointServices(ctx, { ServiceNames = [] }) {
    const known = serviceNames(ctx.region);
    const unknown = ServiceNames.find((name) => !known.includes(name));
    if (unknown)
      throw new Fault('InvalidServiceName', `The Vpc Endpoint Service '${unknown}' does not exist`);
    const shown = ServiceNames.length > 0 ? ServiceNames : known;
    const ServiceDetails = shown.flatMap((ServiceName) =>
      (kindsOf(ctx.region, ServiceName) ?? []).map((ServiceType) => ({
        ServiceName,
        ServiceType: [{ ServiceType }],
        ServiceRegion: ctx.region,
        AvailabilityZones: zonesOf(ctx.region),
        AvailabilityZoneIds: zonesOf(ctx.region).map(zoneId),
        Owner: 'amazon',
        PrivateDnsName: ServiceType === 'Interface' ? privateDnsNameOf(ctx.region, ServiceName) : undefined,
        VpcEndpointPolicySupported: true,
        AcceptanceRequired: false,
        ManagesVpcEndpoints: false,
      })),
    );
    return { ServiceNames: shown, ServiceDetails };
  },
};
