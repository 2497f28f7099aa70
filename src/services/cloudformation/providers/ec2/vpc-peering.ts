// AWS::EC2::VPCPeeringConnection: within one account it is accepted by itself.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/peer-with-vpc-in-another-account.html

import { handlerFailure, provider } from '../provider.ts';
import type { Provider, Work } from '../provider.ts';
import { ownTags, retag, tagsOfNew } from './tagging.ts';

function peeringOf(work: Work<'AWS::EC2::VPCPeeringConnection'>) {
  const VpcPeeringConnectionIds = [work.physicalId];
  const found = work.find('ec2', 'DescribeVpcPeeringConnections', { VpcPeeringConnectionIds });
  return found?.VpcPeeringConnections?.[0];
}

const peering = provider({
  type: 'AWS::EC2::VPCPeeringConnection',
  refused: ['AssumeRoleRegion'],
  withoutEffect: { PeerRoleArn: 'the role accepts connections in another account; those are refused' },
  create(work) {
    const { VpcId, PeerVpcId, PeerOwnerId, PeerRegion } = work.properties;
    const { VpcPeeringConnection: made } = work.call('ec2', 'CreateVpcPeeringConnection', {
      VpcId,
      PeerVpcId,
      PeerOwnerId,
      PeerRegion,
      TagSpecifications: tagsOfNew(work, 'vpc-peering-connection'),
    });
    const VpcPeeringConnectionId = made?.VpcPeeringConnectionId ?? '';
    if (made?.Status?.Code === 'failed') throw handlerFailure(work, made.Status.Message ?? '');
    work.call('ec2', 'AcceptVpcPeeringConnection', { VpcPeeringConnectionId });
    return VpcPeeringConnectionId;
  },
  stands: (work) => (peeringOf(work)?.Status?.Code === 'active' ? 'done' : { again: 0 }),
  update: (work) => retag(work),
  delete(work) {
    const status = peeringOf(work)?.Status?.Code ?? '';
    if (['active', 'provisioning', 'pending-acceptance'].includes(status))
      work.call('ec2', 'DeleteVpcPeeringConnection', { VpcPeeringConnectionId: work.physicalId });
  },
  attributes: ({ physicalId }) => ({ Id: physicalId }),
  read(work) {
    const found = peeringOf(work);
    if (found?.Status?.Code !== 'active') return undefined;
    return {
      VpcId: found.RequesterVpcInfo?.VpcId ?? '',
      PeerVpcId: found.AccepterVpcInfo?.VpcId ?? '',
      Tags: ownTags(work, found.Tags),
    };
  },
});

export const vpcPeerings: readonly Provider[] = [peering];
