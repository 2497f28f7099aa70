// AWS::EC2::DHCPOptions, and which of them a VPC uses.

import { provider } from '../provider.ts';
import type { Provider, Work } from '../provider.ts';
import { patiently } from './patience.ts';
import { ownTags, retag, tagsOfNew } from './tagging.ts';

type Options = Work<'AWS::EC2::DHCPOptions'>;

/** What the API calls the properties. */
const KEYS = {
  DomainName: 'domain-name',
  DomainNameServers: 'domain-name-servers',
  NetbiosNameServers: 'netbios-name-servers',
  NetbiosNodeType: 'netbios-node-type',
  NtpServers: 'ntp-servers',
  Ipv6AddressPreferredLeaseTime: 'ipv6-address-preferred-lease-time',
} as const;

function configurationsOf({ properties }: Options): { Key: string; Values: string[] }[] {
  return Object.entries(KEYS).flatMap(([name, Key]) => {
    const value = properties[name as keyof typeof KEYS];
    return value === undefined ? [] : [{ Key, Values: [value].flat().map(String) }];
  });
}

const options = provider({
  type: 'AWS::EC2::DHCPOptions',
  create(work) {
    const { DhcpOptions } = work.call('ec2', 'CreateDhcpOptions', {
      DhcpConfigurations: configurationsOf(work),
      TagSpecifications: tagsOfNew(work, 'dhcp-options'),
    });
    return DhcpOptions?.DhcpOptionsId ?? '';
  },
  update: (work) => retag(work),
  ...patiently<'AWS::EC2::DHCPOptions'>((work) => {
    work.find('ec2', 'DeleteDhcpOptions', { DhcpOptionsId: work.physicalId });
  }),
  attributes: ({ physicalId }) => ({ DhcpOptionsId: physicalId }),
  read(work) {
    const asked = { DhcpOptionsIds: [work.physicalId] };
    const found = work.find('ec2', 'DescribeDhcpOptions', asked)?.DhcpOptions?.[0];
    if (!found) return undefined;
    const values = (key: string): string[] | undefined =>
      found.DhcpConfigurations?.find(({ Key }) => Key === key)?.Values?.map(({ Value = '' }) => Value);
    const lists = ['DomainNameServers', 'NetbiosNameServers', 'NtpServers'] as const;
    return {
      ...Object.fromEntries(
        lists.flatMap((name) => {
          const list = values(KEYS[name]);
          return list ? [[name, list]] : [];
        }),
      ),
      ...(values(KEYS.DomainName) && { DomainName: values(KEYS.DomainName)?.join(' ') ?? '' }),
      Tags: ownTags(work, found.Tags),
    };
  },
});

function optionsOf(work: Work<'AWS::EC2::VPCDHCPOptionsAssociation'>, VpcId: string): string | undefined {
  return work.find('ec2', 'DescribeVpcs', { VpcIds: [VpcId] })?.Vpcs?.[0]?.DhcpOptionsId;
}

const association = provider({
  type: 'AWS::EC2::VPCDHCPOptionsAssociation',
  create(work) {
    const { DhcpOptionsId, VpcId } = work.properties;
    work.call('ec2', 'AssociateDhcpOptions', { DhcpOptionsId, VpcId });
    return `${DhcpOptionsId}|${VpcId}`;
  },
  // The VPC is left without options, unless another association has taken this one's place.
  delete(work) {
    const { DhcpOptionsId, VpcId } = work.properties;
    if (optionsOf(work, VpcId) === DhcpOptionsId)
      work.call('ec2', 'AssociateDhcpOptions', { DhcpOptionsId: 'default', VpcId });
  },
  read(work) {
    const [DhcpOptionsId = '', VpcId = ''] = work.physicalId.split('|');
    return optionsOf(work, VpcId) === DhcpOptionsId ? { DhcpOptionsId, VpcId } : undefined;
  },
});

export const dhcpOptions: readonly Provider[] = [options, association];
