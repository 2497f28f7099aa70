// What IAM is asked for each operation: resources by the kinds that EC2's actions know, tags given at
// creation, passed roles.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input } from '#cloud/contracts.ts';
import type { Authorization, Denial, FurtherAction, ServiceDefinition } from '#cloud/service.ts';
import { GATEWAYS_TOUCHED } from './gateway-authorization.ts';
import type { Touched } from './gateway-authorization.ts';
import { peerings } from './gateways/peering.ts';
import { profileNamed } from './instances/instance-profiles.ts';
import { instanceRows } from './instances/instances.ts';
import { launchRequest } from './instances/launch-request.ts';
import { launchTemplates } from './instances/launch-templates.ts';
import { groupNamed } from './security-groups/security-groups.ts';
import { tagsOf, typeOfResource } from './tags.ts';
import type { ResourceType, TagSpecifications } from './tags.ts';
import { volumesOf } from './volumes/volumes.ts';
import { addresses, blocksOf, defaultVpc, interfaces, subnets, vpcs } from './vpcs/network.ts';

type AnyInput = Readonly<Record<string, unknown>>;
type AnyAuthorization = Authorization<'ec2', never>;
type Conditions = Readonly<Record<string, string | readonly string[]>>;

const templateByName = (ctx: Ctx, { LaunchTemplateName: name }: { LaunchTemplateName?: string }): string[] =>
  name === undefined ? [] : ctx.list(launchTemplates, 'name', name).map((template) => template.templateId);

const groupByName = (ctx: Ctx, { GroupId, GroupName }: { GroupId?: string; GroupName?: string }): string[] =>
  GroupId === undefined && GroupName !== undefined
    ? [attempt(() => groupNamed(ctx, GroupName).groupId) ?? '']
    : [];

const addressByIp = (ctx: Ctx, { PublicIp }: { PublicIp?: string }): string[] =>
  PublicIp === undefined
    ? []
    : ctx.list(addresses, 'publicIp', PublicIp).map((address) => address.allocationId);

const byRouteAssociation = (
  ctx: Ctx,
  { AssociationId }: { AssociationId: string },
): (string | undefined)[] => [
  ...ctx
    .list(subnets, 'routeAssociation', AssociationId)
    .flatMap(({ subnetId, route }) => [subnetId, route?.tableId]),
  ...ctx.list(vpcs, 'mainAssociation', AssociationId).map((vpc) => vpc.mainRouteTableId),
];

const byInterfaceAttachment = (ctx: Ctx, { AttachmentId }: { AttachmentId: string }): string[] =>
  ctx
    .list(interfaces)
    .filter((row) => row.ownerId !== '' && row.attachmentId === AttachmentId)
    .flatMap((row) => [row.interfaceId, row.ownerId]);

const byProfileAssociation = (ctx: Ctx, { AssociationId }: { AssociationId: string }): string[] =>
  ctx.list(instanceRows, 'profileAssociation', AssociationId).map((instance) => instance.instanceId);

const vpc = { VpcId: 'vpc' } as const;
const group = { members: { GroupId: 'security-group' }, also: groupByName } as const;
const template = { members: { LaunchTemplateId: 'launch-template' }, also: templateByName } as const;
const instances = { members: { InstanceIds: 'instance' } } as const;
const instance = { members: { InstanceId: 'instance' } } as const;
const volume = { members: { VolumeId: 'volume' } } as const;
const snapshot = { members: { SnapshotId: 'snapshot' } } as const;
const image = { members: { ImageId: 'image' } } as const;
const table = { members: { RouteTableId: 'route-table' } } as const;
const eni = { members: { NetworkInterfaceId: 'network-interface' } } as const;
const list = { members: { PrefixListId: 'prefix-list' } } as const;
const peering = { members: { VpcPeeringConnectionId: 'vpc-peering-connection' } } as const;
const acl = { members: { NetworkAclId: 'network-acl' } } as const;

const TOUCHED: Readonly<Record<string, Touched>> = {
  ...GATEWAYS_TOUCHED,
  AcceptVpcPeeringConnection: {
    ...peering,
    also: (ctx, { VpcPeeringConnectionId: id }: { VpcPeeringConnectionId: string }) => [
      ctx.get(peerings, id)?.accepterId,
    ],
  },
  AllocateAddress: { creates: ['elastic-ip'] },
  AssignPrivateIpAddresses: eni,
  AssociateAddress: {
    members: { AllocationId: 'elastic-ip', InstanceId: 'instance', NetworkInterfaceId: 'network-interface' },
    also: addressByIp,
  },
  AssociateDhcpOptions: { members: { DhcpOptionsId: 'dhcp-options', ...vpc } },
  AssociateIamInstanceProfile: instance,
  AssociateRouteTable: { members: { RouteTableId: 'route-table', SubnetId: 'subnet' } },
  AssociateVpcCidrBlock: { members: vpc },
  AttachInternetGateway: { members: { InternetGatewayId: 'internet-gateway', ...vpc } },
  AttachVolume: { members: { InstanceId: 'instance', VolumeId: 'volume' } },
  AttachNetworkInterface: { members: { InstanceId: 'instance', NetworkInterfaceId: 'network-interface' } },
  AuthorizeSecurityGroupEgress: group,
  AuthorizeSecurityGroupIngress: group,
  CopyImage: { creates: ['image', 'snapshot'], members: { SourceImageId: 'image' } },
  CopySnapshot: { creates: ['snapshot'], members: { SourceSnapshotId: 'snapshot' } },
  CreateDhcpOptions: { creates: ['dhcp-options'] },
  CreateImage: { creates: ['image', 'snapshot'], ...instance },
  CreateInternetGateway: { creates: ['internet-gateway'] },
  CreateKeyPair: { members: { KeyName: 'key-pair' } },
  CreateLaunchTemplate: { creates: ['launch-template'] },
  CreateLaunchTemplateVersion: template,
  CreateManagedPrefixList: { creates: ['prefix-list'] },
  CreateNatGateway: { creates: ['natgateway'], members: { AllocationId: 'elastic-ip', SubnetId: 'subnet' } },
  CreateNetworkAcl: { creates: ['network-acl'], members: vpc },
  CreateNetworkAclEntry: acl,
  CreateNetworkInterface: {
    creates: ['network-interface'],
    members: { SubnetId: 'subnet', Groups: 'security-group' },
  },
  CreateRoute: table,
  CreateRouteTable: { creates: ['route-table'], members: vpc },
  CreateSecurityGroup: {
    creates: ['security-group'],
    members: vpc,
    also: (ctx, { VpcId }: { VpcId?: string }) => (VpcId ? [] : [defaultVpc(ctx)?.vpcId]),
  },
  CreateSnapshot: { creates: ['snapshot'], ...volume },
  CreateSnapshots: {
    creates: ['snapshot'],
    also: (
      ctx,
      { InstanceSpecification: { InstanceId } }: { InstanceSpecification: { InstanceId: string } },
    ) => [InstanceId, ...volumesOf(ctx, InstanceId).map((one) => one.volumeId)],
  },
  CreateSubnet: { creates: ['subnet'], members: vpc },
  CreateVolume: { creates: ['volume'], members: { SnapshotId: 'snapshot' } },
  CreateVpc: { creates: ['vpc'] },
  CreateVpcPeeringConnection: {
    creates: ['vpc-peering-connection'],
    members: { VpcId: 'vpc', PeerVpcId: 'vpc' },
  },
  CreateVpcEndpoint: {
    creates: ['vpc-endpoint'],
    members: {
      ...vpc,
      RouteTableIds: 'route-table',
      SubnetIds: 'subnet',
      SecurityGroupIds: 'security-group',
    },
  },
  DeleteDhcpOptions: { members: { DhcpOptionsId: 'dhcp-options' } },
  DeleteInternetGateway: { members: { InternetGatewayId: 'internet-gateway' } },
  DeleteKeyPair: { members: { KeyName: 'key-pair' } },
  DeleteLaunchTemplate: template,
  DeleteLaunchTemplateVersions: template,
  DeleteManagedPrefixList: list,
  DeleteNatGateway: { members: { NatGatewayId: 'natgateway' } },
  DeleteNetworkAcl: acl,
  DeleteNetworkAclEntry: acl,
  DeleteNetworkInterface: eni,
  DeleteRoute: table,
  DeleteRouteTable: table,
  DeleteSecurityGroup: group,
  DeleteSnapshot: snapshot,
  DeleteSubnet: { members: { SubnetId: 'subnet' } },
  DeleteVolume: volume,
  DeleteVpc: { members: vpc },
  DeleteVpcEndpoints: { members: { VpcEndpointIds: 'vpc-endpoint' } },
  DeleteVpcPeeringConnection: peering,
  DeregisterImage: image,
  DescribeAddressesAttribute: { members: { AllocationIds: 'elastic-ip' } },
  DescribeImageAttribute: image,
  DescribeInstanceAttribute: instance,
  DescribeNetworkInterfaceAttribute: eni,
  DescribeSnapshotAttribute: snapshot,
  DescribeVpcAttribute: { members: vpc },
  DetachInternetGateway: { members: { InternetGatewayId: 'internet-gateway', ...vpc } },
  DetachVolume: { members: { InstanceId: 'instance', VolumeId: 'volume' } },
  DetachNetworkInterface: { also: byInterfaceAttachment },
  DisassociateAddress: { also: addressByIp },
  DisassociateIamInstanceProfile: { also: byProfileAssociation },
  DisassociateVpcCidrBlock: {
    also: (ctx, { AssociationId }: { AssociationId: string }) =>
      ctx
        .list(vpcs)
        .filter((one) => blocksOf(one).some(({ associationId }) => associationId === AssociationId))
        .map((one) => one.vpcId),
  },
  DisassociateRouteTable: { also: byRouteAssociation },
  GetLaunchTemplateData: instance,
  GetManagedPrefixListAssociations: list,
  GetManagedPrefixListEntries: list,
  GetSecurityGroupsForVpc: { members: vpc },
  GetPasswordData: instance,
  ImportKeyPair: { members: { KeyName: 'key-pair' } },
  ModifyImageAttribute: image,
  ModifyInstanceAttribute: { members: { InstanceId: 'instance', Groups: 'security-group' } },
  ModifyInstanceCreditSpecification: {
    also: (
      _: Ctx,
      {
        InstanceCreditSpecifications: all,
      }: { InstanceCreditSpecifications: readonly { InstanceId: string }[] },
    ) => all.map(({ InstanceId }) => InstanceId),
  },
  ModifyInstanceMetadataOptions: instance,
  ModifyLaunchTemplate: template,
  ModifyManagedPrefixList: list,
  ModifyNetworkInterfaceAttribute: {
    members: { NetworkInterfaceId: 'network-interface', Groups: 'security-group' },
  },
  ModifySecurityGroupRules: group,
  ModifySnapshotAttribute: snapshot,
  ModifySubnetAttribute: { members: { SubnetId: 'subnet' } },
  ModifyVolume: volume,
  ModifyVpcAttribute: { members: vpc },
  ModifyVpcEndpoint: {
    members: {
      VpcEndpointId: 'vpc-endpoint',
      AddRouteTableIds: 'route-table',
      RemoveRouteTableIds: 'route-table',
      AddSubnetIds: 'subnet',
      RemoveSubnetIds: 'subnet',
      AddSecurityGroupIds: 'security-group',
      RemoveSecurityGroupIds: 'security-group',
    },
  },
  MonitorInstances: instances,
  RebootInstances: instances,
  RegisterImage: { creates: ['image'] },
  RejectVpcPeeringConnection: peering,
  ReleaseAddress: { members: { AllocationId: 'elastic-ip' }, also: addressByIp },
  ReplaceIamInstanceProfileAssociation: { also: byProfileAssociation },
  ReplaceNetworkAclAssociation: {
    members: { NetworkAclId: 'network-acl' },
    also: (ctx, { AssociationId }: { AssociationId: string }) =>
      ctx.list(subnets, 'aclAssociation', AssociationId).map((subnet) => subnet.subnetId),
  },
  ReplaceNetworkAclEntry: acl,
  ReplaceRoute: table,
  ReplaceRouteTableAssociation: { members: { RouteTableId: 'route-table' }, also: byRouteAssociation },
  RestoreManagedPrefixListVersion: list,
  ResetNetworkInterfaceAttribute: eni,
  ResetImageAttribute: image,
  ResetSnapshotAttribute: snapshot,
  RevokeSecurityGroupEgress: group,
  RevokeSecurityGroupIngress: group,
  StartInstances: instances,
  StopInstances: instances,
  TerminateInstances: instances,
  UnassignPrivateIpAddresses: eni,
  UnmonitorInstances: instances,
  UpdateSecurityGroupRuleDescriptionsEgress: group,
  UpdateSecurityGroupRuleDescriptionsIngress: group,
};

/** What `find` gives, or nothing where EC2 would say that something does not exist: IAM is asked first. */
function attempt<T>(find: () => T): T | undefined {
  try {
    return find();
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

function arnOf(ctx: Ctx, type: ResourceType, id: string): string {
  // Images and snapshots may be another account's.
  return type === 'image' || type === 'snapshot'
    ? `arn:aws:ec2:${ctx.region}::${type}/${id}`
    : ctx.arn('ec2', `${type}/${id}`);
}

function resourcesOf(
  ctx: Ctx,
  { creates = [], members = {}, also }: Touched,
  input: AnyInput,
): readonly string[] {
  const named = Object.entries(members).flatMap(([member, type]) =>
    [input[member] ?? []].flat().map((id) => arnOf(ctx, type, String(id))),
  );
  const found = (also?.(ctx, input as never) ?? []).flatMap((id) => {
    const type = id === undefined ? undefined : typeOfResource(id);
    return id === undefined || type === undefined ? [] : [arnOf(ctx, type, id)];
  });
  const all = [...creates.map((type) => arnOf(ctx, type, '*')), ...named, ...found];
  return all.length > 0 ? all : ['*'];
}

function tagConditions(
  tags: readonly { Key?: string | undefined; Value?: string | undefined }[],
): Conditions {
  if (tags.length === 0) return {};
  const values = tags.map(({ Key = '', Value = '' }) => [`aws:RequestTag/${Key}`, Value]);
  return { ...Object.fromEntries(values), 'aws:TagKeys': tags.map(({ Key = '' }) => Key) };
}

/** Tags at creation need `ec2:CreateTags` too, with the creating action as a condition. */
function taggings(ctx: Ctx, operation: string, specifications: TagSpecifications): FurtherAction[] {
  return (specifications ?? []).flatMap(({ ResourceType, Tags = [] }) =>
    ResourceType === undefined || Tags.length === 0
      ? []
      : [
          {
            action: 'ec2:CreateTags',
            resource: arnOf(ctx, ResourceType, '*'),
            conditions: { ...tagConditions(Tags), 'ec2:CreateAction': operation },
          },
        ],
  );
}

function allTags(
  specifications: TagSpecifications,
): readonly { Key?: string | undefined; Value?: string | undefined }[] {
  return (specifications ?? []).flatMap(({ Tags = [] }) => Tags);
}

function ruleFor(operation: string, touched: Touched): AnyAuthorization {
  return {
    resources: (ctx: Ctx, input: AnyInput) => resourcesOf(ctx, touched, input),
    conditions: (_: Ctx, input: AnyInput) =>
      tagConditions(allTags(input['TagSpecifications'] as TagSpecifications)),
    further: (ctx: Ctx, input: AnyInput) =>
      taggings(ctx, operation, input['TagSpecifications'] as TagSpecifications),
  } as unknown as AnyAuthorization;
}

type RunInstances = Input<'ec2', 'RunInstances'>;

/** A launch touches what it creates and everything that it names, also in its template. */
function launchResources(ctx: Ctx, input: RunInstances): readonly string[] {
  const request = attempt(() => launchRequest(ctx, input));
  const {
    ImageId,
    KeyName,
    NetworkInterfaces = [],
    SecurityGroupIds = [],
    SecurityGroups = [],
  } = request?.parameters ?? {};
  const eni = NetworkInterfaces[0];
  const groups = [
    ...SecurityGroupIds,
    ...(eni?.Groups ?? []),
    ...SecurityGroups.map((name) => attempt(() => groupNamed(ctx, name).groupId) ?? '*'),
  ];
  return [
    ...(['instance', 'network-interface', 'volume'] as const).map((type) => arnOf(ctx, type, '*')),
    arnOf(ctx, 'image', ImageId ?? '*'),
    arnOf(ctx, 'subnet', input.SubnetId ?? eni?.SubnetId ?? '*'),
    ...(groups.length > 0 ? groups : ['*']).map((id) => arnOf(ctx, 'security-group', id)),
    ...(KeyName === undefined ? [] : [arnOf(ctx, 'key-pair', KeyName)]),
    ...(request?.template ? [arnOf(ctx, 'launch-template', request.template.templateId)] : []),
  ];
}

function passedRoles(
  ctx: Ctx,
  profile: { Arn?: string | undefined; Name?: string | undefined } | undefined,
): { roleArn: string; service: string }[] {
  const known = profile && attempt(() => profileNamed(ctx, profile));
  return (known?.roleArns ?? []).map((roleArn) => ({ roleArn, service: 'ec2.amazonaws.com' }));
}

const passesProfile = (
  ctx: Ctx,
  input: { IamInstanceProfile: { Arn?: string | undefined; Name?: string | undefined } },
): { roleArn: string; service: string }[] => passedRoles(ctx, input.IamInstanceProfile);

const rules = Object.fromEntries(
  Object.entries(TOUCHED).map(([name, touched]) => [name, ruleFor(name, touched)]),
);

export const authorization: NonNullable<ServiceDefinition<'ec2'>['authorization']> = {
  ...rules,
  AssociateIamInstanceProfile: { ...rules['AssociateIamInstanceProfile'], passes: passesProfile },
  ReplaceIamInstanceProfileAssociation: {
    ...rules['ReplaceIamInstanceProfileAssociation'],
    passes: passesProfile,
  },
  RunInstances: {
    resources: launchResources,
    conditions(ctx, input) {
      const parameters = attempt(() => launchRequest(ctx, input))?.parameters;
      const type = parameters?.InstanceType;
      return {
        ...tagConditions(allTags(parameters?.TagSpecifications)),
        ...(type === undefined ? {} : { 'ec2:InstanceType': type }),
      };
    },
    passes: (ctx, input) =>
      passedRoles(ctx, attempt(() => launchRequest(ctx, input))?.parameters.IamInstanceProfile),
    further: (ctx, input) =>
      taggings(ctx, 'RunInstances', attempt(() => launchRequest(ctx, input))?.parameters.TagSpecifications),
  },
  CreateTags: {
    resources: (ctx, { Resources }) =>
      Resources.map((id) => arnOf(ctx, typeOfResource(id) ?? 'instance', id)),
    conditions: (_, { Tags }) => tagConditions(Tags),
  },
  DeleteTags: {
    resources: (ctx, { Resources }) =>
      Resources.map((id) => arnOf(ctx, typeOfResource(id) ?? 'instance', id)),
    conditions: (_, { Tags = [] }) =>
      Tags.length === 0 ? {} : { 'aws:TagKeys': Tags.map(({ Key = '' }) => Key) },
  },
};

/** The tags of the resource that is touched. */
export function resourceConditions(ctx: Ctx, arn: string): Conditions {
  const id = arn.startsWith('arn:aws:ec2:') ? (arn.split('/')[1] ?? '') : '';
  if (!id.includes('-')) return {};
  const tags = Object.entries(tagsOf(ctx, id));
  return Object.fromEntries(
    tags.flatMap(([key, value]) => [
      [`aws:ResourceTag/${key}`, value],
      [`ec2:ResourceTag/${key}`, value],
    ]),
  );
}

/** EC2 begins its denials with a sentence of its own. */
export function denied(_: Ctx, { message }: Denial): Fault {
  return new Fault('UnauthorizedOperation', `You are not authorized to perform this operation. ${message}`);
}
