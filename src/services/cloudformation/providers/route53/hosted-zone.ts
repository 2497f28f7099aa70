// AWS::Route53::HostedZone.

import type { Input, Output } from '#cloud/contracts.ts';
import { handlerFailure, provider } from '../provider.ts';
import type { Provider, Work } from '../provider.ts';
import { arrived, awaitChange } from './propagation.ts';
import { retag } from './tagging.ts';

type Zone = Work<'AWS::Route53::HostedZone'>;
type Vpc = NonNullable<Input<'route53', 'CreateHostedZone'>['VPC']>;

function found(work: Zone): Output<'route53', 'GetHostedZone'> | undefined {
  return work.find('route53', 'GetHostedZone', { Id: work.physicalId });
}

function vpcsOf(properties: Zone['properties'] | undefined): Vpc[] {
  return (properties?.VPCs ?? []).map(({ VPCId, VPCRegion }) => ({
    VPCId,
    VPCRegion: VPCRegion as Vpc['VPCRegion'],
  }));
}

export const hostedZone: Provider = provider({
  type: 'AWS::Route53::HostedZone',
  refused: ['QueryLoggingConfig', 'HostedZoneFeatures'],
  create(work) {
    const { Name, HostedZoneConfig, HostedZoneTags } = work.properties;
    if (Name === undefined)
      throw handlerFailure(work, 'Model validation failed (#: required key [Name] not found)');
    const [VPC, ...others] = vpcsOf(work.properties);
    const Comment = HostedZoneConfig?.Comment;
    const { HostedZone, ChangeInfo } = work.call('route53', 'CreateHostedZone', {
      Name,
      CallerReference: work.ctx.uuid('hosted-zone-reference'),
      HostedZoneConfig: { ...(Comment === undefined ? {} : { Comment }), PrivateZone: VPC !== undefined },
      VPC,
    });
    const id = HostedZone.Id.replace('/hostedzone/', '');
    for (const other of others)
      work.call('route53', 'AssociateVPCWithHostedZone', { HostedZoneId: id, VPC: other });
    retag(work, { ResourceType: 'hostedzone', ResourceId: id }, HostedZoneTags);
    awaitChange(work, ChangeInfo);
    return id;
  },
  stands: arrived,
  update(work) {
    const HostedZoneId = work.physicalId;
    const { HostedZoneConfig, HostedZoneTags } = work.properties;
    if (work.changed('HostedZoneConfig'))
      work.call('route53', 'UpdateHostedZoneComment', {
        Id: HostedZoneId,
        Comment: HostedZoneConfig?.Comment ?? '',
      });
    const [before, after] = [vpcsOf(work.previous), vpcsOf(work.properties)];
    const within = (some: readonly Vpc[], VPCId: string | undefined): boolean =>
      some.some((vpc) => vpc.VPCId === VPCId);
    for (const VPC of after.filter((vpc) => !within(before, vpc.VPCId)))
      awaitChange(work, work.call('route53', 'AssociateVPCWithHostedZone', { HostedZoneId, VPC }).ChangeInfo);
    for (const VPC of before.filter((vpc) => !within(after, vpc.VPCId)))
      awaitChange(
        work,
        work.call('route53', 'DisassociateVPCFromHostedZone', { HostedZoneId, VPC }).ChangeInfo,
      );
    retag(
      work,
      { ResourceType: 'hostedzone', ResourceId: HostedZoneId },
      HostedZoneTags,
      work.previous?.HostedZoneTags,
    );
  },
  delete(work) {
    awaitChange(work, work.find('route53', 'DeleteHostedZone', { Id: work.physicalId })?.ChangeInfo);
  },
  gone: arrived,
  attributes(work) {
    const servers = found(work)?.DelegationSet?.NameServers;
    return { Id: work.physicalId, ...(servers ? { NameServers: [...servers] } : {}) };
  },
  read(work) {
    const there = found(work);
    if (!there) return undefined;
    const VPCs = (there.VPCs ?? []).map(({ VPCId = '', VPCRegion = '' }) => ({ VPCId, VPCRegion }));
    return {
      HostedZoneConfig: { Comment: there.HostedZone.Config?.Comment ?? '' },
      ...(VPCs.length > 0 ? { VPCs } : {}),
    };
  },
});
