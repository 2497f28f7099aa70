// Members of modelled operations that are refused by name, and those that are accepted and change nothing.

import type { ServiceDefinition } from '#cloud/service.ts';

type Refused = NonNullable<ServiceDefinition<'ec2'>['refused']>;
type WithoutEffect = NonNullable<ServiceDefinition<'ec2'>['withoutEffect']>;

const IPAM = ['Ipv4IpamPoolId', 'Ipv4NetmaskLength', 'Ipv6IpamPoolId', 'Ipv6NetmaskLength'];

const ROUTE_TARGETS = [
  'CarrierGatewayId',
  'CoreNetworkArn',
  'DestinationIpv6CidrBlock',
  'EgressOnlyInternetGatewayId',
  'InstanceId',
  'LocalGatewayId',
  'NetworkInterfaceId',
  'OdbNetworkArn',
  'VpcEndpointId',
];

const EBS = ['EbsCardIndex', 'VolumeInitializationRate'];

const OF_EBS_ELSEWHERE = ['AvailabilityZone', 'AvailabilityZoneId', 'OutpostArn'].map(
  (name) => `BlockDeviceMappings.Ebs.${name}`,
);

/** Parts of a rule that lead out of the VPC. */
const RULE = ['UserIdGroupPairs.PeeringStatus', 'UserIdGroupPairs.VpcPeeringConnectionId'].map(
  (name) => `IpPermissions.${name}`,
);

const INTERFACE = [
  'AssociateCarrierIpAddress',
  'ConnectionTrackingSpecification',
  'EnaQueueCount',
  'EnaSrdSpecification',
  'Ipv4PrefixCount',
  'Ipv4Prefixes',
  'Ipv6AddressCount',
  'Ipv6Addresses',
  'Ipv6PrefixCount',
  'Ipv6Prefixes',
  'PrimaryIpv6',
  'PrivateIpAddresses',
  'SecondaryPrivateIpAddressCount',
];

const PLACEMENT = [
  'Affinity',
  'GroupId',
  'GroupName',
  'HostId',
  'HostResourceGroupArn',
  'PartitionNumber',
  'SpreadDomain',
];

/** What RunInstances and launch templates have in common and is not modelled. */
const LAUNCH = [
  ...EBS.map((name) => `BlockDeviceMappings.Ebs.${name}`),
  ...INTERFACE.map((name) => `NetworkInterfaces.${name}`),
  ...PLACEMENT.map((name) => `Placement.${name}`),
  'CapacityReservationSpecification',
  'CpuOptions',
  'ElasticInferenceAccelerators',
  'InstanceMarketOptions',
  'KernelId',
  'LicenseSpecifications',
  'NetworkPerformanceOptions',
  'Operator',
  'PrivateDnsNameOptions',
  'SecondaryInterfaces',
];

const TEMPLATE = [...LAUNCH, 'ElasticGpuSpecifications', 'InstanceRequirements', 'RamDiskId'].map(
  (name) => `LaunchTemplateData.${name}`,
);

export const refused: Refused = {
  AllocateAddress: ['Address', 'CustomerOwnedIpv4Pool', 'IpamPoolId', 'PublicIpv4Pool'],
  AssignPrivateIpAddresses: ['AllowReassignment', 'Ipv4PrefixCount', 'Ipv4Prefixes'],
  AssociateRouteTable: ['GatewayId', 'PublicIpv4Pool'],
  AssociateVpcCidrBlock: [
    ...IPAM,
    'AmazonProvidedIpv6CidrBlock',
    'Ipv6CidrBlock',
    'Ipv6CidrBlockNetworkBorderGroup',
    'Ipv6Pool',
  ],
  AttachVolume: ['EbsCardIndex'],
  AttachNetworkInterface: ['EnaQueueCount', 'EnaSrdSpecification'],
  AuthorizeSecurityGroupEgress: ['SourceSecurityGroupOwnerId', ...RULE],
  AuthorizeSecurityGroupIngress: ['SourceSecurityGroupOwnerId', ...RULE],
  CreateCustomerGateway: ['BgpAsnExtended', 'CertificateArn'],
  CopyImage: [
    'DestinationAvailabilityZone',
    'DestinationAvailabilityZoneId',
    'DestinationOutpostArn',
    'SnapshotCopyCompletionDurationMinutes',
  ],
  CopySnapshot: ['CompletionDurationMinutes', 'DestinationAvailabilityZone', 'DestinationOutpostArn'],
  CreateImage: ['BlockDeviceMappings', 'SnapshotLocation'],
  CreateLaunchTemplate: ['Operator', ...TEMPLATE],
  CreateLaunchTemplateVersion: ['ResolveAlias', ...TEMPLATE],
  CreateNatGateway: [
    'AvailabilityZoneAddresses',
    'SecondaryAllocationIds',
    'SecondaryPrivateIpAddressCount',
    'SecondaryPrivateIpAddresses',
    'VpcId',
  ],
  CreateNetworkInterface: [
    'ConnectionTrackingSpecification',
    'EnablePrimaryIpv6',
    'Ipv4PrefixCount',
    'Ipv4Prefixes',
    'Ipv6AddressCount',
    'Ipv6Addresses',
    'Ipv6PrefixCount',
    'Ipv6Prefixes',
    'Operator',
  ],
  CreateRoute: ROUTE_TARGETS,
  CreateSnapshot: ['Location', 'OutpostArn'],
  CreateSnapshots: ['Location', 'OutpostArn'],
  CreateSubnet: [...IPAM, 'Ipv6CidrBlock', 'Ipv6Native', 'OutpostArn'],
  CreateTransitGateway: ['Options.TransitGatewayCidrBlocks'],
  CreateVolume: ['MultiAttachEnabled', 'Operator', 'OutpostArn', 'VolumeInitializationRate'],
  CreateVpc: [
    ...IPAM,
    'Ipv6CidrBlock',
    'Ipv6CidrBlockNetworkBorderGroup',
    'Ipv6Pool',
    'VpcEncryptionControl',
  ],
  CreateVpcEndpoint: [
    'DnsOptions',
    'ResourceConfigurationArn',
    'ServiceNetworkArn',
    'ServiceRegion',
    'SubnetConfigurations',
  ],
  DeleteRoute: ['DestinationIpv6CidrBlock'],
  DescribeLaunchTemplateVersions: ['Filters', 'ResolveAlias'],
  DescribeVpcEndpointServices: ['Filters', 'MaxResults', 'NextToken', 'ServiceRegions'],
  ModifyImageAttribute: ['ImdsSupport', 'OrganizationArns', 'OrganizationalUnitArns', 'ProductCodes'],
  ModifyInstanceAttribute: ['EnaSupport', 'Kernel', 'Ramdisk', 'SriovNetSupport'],
  ModifyManagedPrefixList: ['IpamPrefixListResolverSyncEnabled'],
  ModifyNetworkInterfaceAttribute: [
    'AssociatePublicIpAddress',
    'AssociatedSubnetIds',
    'Attachment.DefaultEnaQueueCount',
    'Attachment.EnaQueueCount',
    'ConnectionTrackingSpecification',
    'EnaSrdSpecification',
    'EnablePrimaryIpv6',
  ],
  ModifySubnetAttribute: [
    'CustomerOwnedIpv4Pool',
    'DisableLniAtDeviceIndex',
    'EnableLniAtDeviceIndex',
    'MapCustomerOwnedIpOnLaunch',
  ],
  EnableTransitGatewayRouteTablePropagation: ['TransitGatewayRouteTableAnnouncementId'],
  DisableTransitGatewayRouteTablePropagation: ['TransitGatewayRouteTableAnnouncementId'],
  ModifyTransitGateway: [
    'Options.AddTransitGatewayCidrBlocks',
    'Options.AmazonSideAsn',
    'Options.EncryptionSupport',
    'Options.RemoveTransitGatewayCidrBlocks',
  ],
  ModifyVolume: ['MultiAttachEnabled'],
  ModifyVpcAttribute: ['EnableNetworkAddressUsageMetrics'],
  ModifyVpcEndpoint: ['DnsOptions', 'SubnetConfigurations'],
  RegisterImage: [
    'BillingProducts',
    'BootMode',
    'ImageLocation',
    'KernelId',
    'RamdiskId',
    'TpmSupport',
    'UefiData',
    ...EBS.map((name) => `BlockDeviceMappings.Ebs.${name}`),
    ...OF_EBS_ELSEWHERE,
  ],
  ReplaceRoute: [...ROUTE_TARGETS, 'LocalTarget'],
  RevokeSecurityGroupEgress: ['SourceSecurityGroupOwnerId', ...RULE],
  RevokeSecurityGroupIngress: ['SourceSecurityGroupOwnerId', ...RULE],
  UnassignPrivateIpAddresses: ['Ipv4Prefixes'],
  RunInstances: [
    ...LAUNCH,
    ...OF_EBS_ELSEWHERE,
    'AdditionalInfo',
    'ElasticGpuSpecification',
    'EnablePrimaryIpv6',
    'Ipv6AddressCount',
    'Ipv6Addresses',
    'RamdiskId',
  ],
  StartInstances: ['AdditionalInfo'],
  StopInstances: ['Hibernate'],
};

const MANAGED = { IncludeManagedResources: 'no resource here is managed by another service' };

const LAUNCH_WITHOUT_EFFECT = {
  CreditSpecification: 'credits are not modelled: every instance works at its full speed',
  InstanceInitiatedShutdownBehavior: 'stored and shown; nothing shuts an instance down from inside',
  MaintenanceOptions: 'no instance recovers by itself here',
  'MetadataOptions.HttpProtocolIpv6': 'kept and shown; there is no IPv6',
  'NetworkInterfaces.InterfaceType': 'every interface is an elastic network interface',
};

const TEMPLATE_WITHOUT_EFFECT = Object.fromEntries(
  Object.entries(LAUNCH_WITHOUT_EFFECT).map(([name, reason]) => [`LaunchTemplateData.${name}`, reason]),
);

export const withoutEffect: WithoutEffect = {
  CopySnapshot: {
    DestinationRegion: 'says for which region the presigned URL is',
    PresignedUrl: 'the caller is known already: nothing has to be asked of the other region',
  },
  CreateLaunchTemplate: TEMPLATE_WITHOUT_EFFECT,
  CreateLaunchTemplateVersion: TEMPLATE_WITHOUT_EFFECT,
  CreateVpnGateway: { AvailabilityZone: 'AWS neither keeps nor shows it' },
  DescribeAvailabilityZones: { AllAvailabilityZones: 'there are no Local Zones and no zones to opt in to' },
  DescribeImages: {
    IncludeDeprecated: 'no image is deprecated',
    IncludeDisabled: 'no image is disabled',
  },
  DescribeInstanceStatus: MANAGED,
  DescribeInstanceTypes: { IncludeUnsupportedInRegion: 'all regions have the same instance types' },
  DescribeInstances: MANAGED,
  DescribeLaunchTemplateVersions: MANAGED,
  DescribeLaunchTemplates: MANAGED,
  DescribeNetworkInterfaces: MANAGED,
  DescribeVolumes: MANAGED,
  DetachNetworkInterface: { Force: 'detaching takes no time and never fails halfway' },
  DetachVolume: { Force: 'no device here hangs: every volume is detached in order' },
  ModifyLaunchTemplate: { ClientToken: 'setting the same default version twice changes nothing more' },
  ModifyInstanceMetadataOptions: { HttpProtocolIpv6: 'kept and shown; there is no IPv6' },
  ModifyVpcEndpoint: {
    ResetPolicy: 'the only policy is full access',
  },
  RegisterImage: {
    EnaSupport: 'every image supports enhanced networking',
    SriovNetSupport: 'every image supports enhanced networking',
  },
  RunInstances: LAUNCH_WITHOUT_EFFECT,
};
