// How long EC2 takes.

import { timing } from '#cloud/timing.ts';
import type { Timing } from '#cloud/timing.ts';

/** From RunInstances or StartInstances to `running`. */
export const launchTime: Timing = timing(
  'ec2/launch',
  [16_000, 18_000],
  'observed',
  'https://github.com/brevdev/ec2-coldboot-research (@fix_plan.md): 16.4 to 16.6 s over six instance types, about 18 s in ' +
    'its baseline; AWS publishes no figure',
);

/** From a machine that has shut down to `stopped` or `terminated`. */
export const releaseTime: Timing = timing(
  'ec2/release',
  [3_000, 8_000],
  'assumed',
  'AWS publishes no figure for what follows the shutdown of the operating system',
);

/** From `running` to the first results of the status checks. */
export const firstStatusCheck: Timing = timing(
  'ec2/first-status-check',
  [120_000, 180_000],
  'assumed',
  'checks run every minute (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-system-instance-status-check.html); ' +
    'no figure is published for the state initializing',
);

/** From the loss of an instance to the status `impaired`. */
export const statusCheckDetection: Timing = timing(
  'ec2/status-check-detection',
  [60_000, 120_000],
  'assumed',
  'checks run every minute (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-system-instance-status-check.html); ' +
    'AWS does not publish how many must fail',
);

/** From the end of a failure to the status `ok`: the next check that passes. */
export const statusCheckRecovery: Timing = timing(
  'ec2/status-check-recovery',
  [0, 60_000],
  'documented',
  'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-system-instance-status-check.html (performed every minute)',
);

/** How long a terminated instance and its tags stay visible. */
export const terminatedVisible: Timing = timing(
  'ec2/terminated-visible',
  3_600_000,
  'documented',
  'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TerminateInstances.html (earlier versions: "approximately one hour")',
  3_600_000,
);

/** From AssociateIamInstanceProfile to the association's state `associated`. */
export const profileAssociation: Timing = timing(
  'ec2/profile-association',
  [1_000, 5_000],
  'assumed',
  'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IamInstanceProfileAssociation.html names the states and no times',
);

/** How long an attachment that has ended is shown as `detached`; programs look for it. */
export const detachedVisible: Timing = timing(
  'ec2/interface-attachment-visible',
  60_000,
  'assumed',
  'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NetworkInterfaceAttachment.html names the status and no time',
  60_000,
);

export const natGatewayCreation: Timing = timing(
  'ec2/nat-gateway-creation',
  [60_000, 120_000],
  'assumed',
  'AWS publishes no figure',
);

export const natGatewayDeletion: Timing = timing(
  'ec2/nat-gateway-deletion',
  [30_000, 60_000],
  'assumed',
  'AWS publishes no figure',
);

/** A deleted or failed NAT gateway stays visible for about an hour. */
export const natGatewayVisible: Timing = timing(
  'ec2/nat-gateway-visible',
  3_600_000,
  'documented',
  'https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-working-with.html',
  3_600_000,
);

/** How long a deleted virtual private or customer gateway is shown. */
export const vpnGatewayVisible: Timing = timing(
  'ec2/vpn-gateway-visible',
  3_600_000,
  'assumed',
  'AWS publishes no figure; deleted gateways are shown for a while',
  3_600_000,
);

const TRANSIT = 'AWS publishes no figures; gateways and attachments take a minute or two';

/** From CreateTransitGateway to `available`, and from DeleteTransitGateway to `deleted`. */
export const transitGatewayStep: Timing = timing(
  'ec2/transit-gateway',
  [60_000, 120_000],
  'assumed',
  TRANSIT,
);

export const transitAttachmentStep: Timing = timing(
  'ec2/transit-gateway-attachment',
  [30_000, 90_000],
  'assumed',
  TRANSIT,
);

/** How long a deleted transit gateway or attachment is shown. */
export const transitGatewayVisible: Timing = timing(
  'ec2/transit-gateway-visible',
  3_600_000,
  'assumed',
  'AWS publishes no figure; deleted ones are shown for a while',
  3_600_000,
);

export const endpointCreation: Timing = timing(
  'ec2/vpc-endpoint-creation',
  [60_000, 120_000],
  'assumed',
  'AWS publishes no figure for an interface endpoint to become available',
);

export const endpointDeletion: Timing = timing(
  'ec2/vpc-endpoint-deletion',
  [30_000, 90_000],
  'assumed',
  'AWS publishes no figure',
);

/** From CreateImage to an image that is available. */
export const imageCreation: Timing = timing(
  'ec2/image-creation',
  [120_000, 300_000],
  'assumed',
  'depends on how much the volumes hold; AWS publishes no figure',
);

/** From a launch of Windows to its administrator's password. */
export const windowsPassword: Timing = timing(
  'ec2/windows-password',
  240_000,
  'documented',
  'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/connecting_to_windows_instance.html: at least 4 minutes',
);

/** From CreateSnapshot to `completed`. */
export const snapshotCompletion: Timing = timing(
  'ec2/snapshot-completion',
  [30_000, 120_000],
  'assumed',
  'depends on how much has changed since the last snapshot; AWS publishes no figure for an empty volume',
);

/** From AcceptVpcPeeringConnection to `active`. */
export const peeringAcceptance: Timing = timing(
  'ec2/vpc-peering-acceptance',
  [1_000, 5_000],
  'assumed',
  'https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html names the status provisioning and no time',
);

/** How long a request for a peering connection waits for its acceptance: 7 days. */
export const peeringExpiry: Timing = timing(
  'ec2/vpc-peering-expiry',
  604_800_000,
  'documented',
  'https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html',
  604_800_000,
);

/** How long a connection that was deleted or rejected, or that failed, stays visible within one account. */
export const peeringVisible: Timing = timing(
  'ec2/vpc-peering-visible',
  7_200_000,
  'documented',
  'https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html',
  7_200_000,
);

/** How long an expired request stays visible: 2 days. */
export const expiredPeeringVisible: Timing = timing(
  'ec2/vpc-peering-expired-visible',
  172_800_000,
  'documented',
  'https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html',
  172_800_000,
);

const VOLUMES = 'AWS publishes no figures; empty volumes are there, attached and gone within seconds';

export const volumeCreation: Timing = timing('ec2/volume-creation', [1_000, 5_000], 'assumed', VOLUMES);

/** From AttachVolume to `attached`, and from DetachVolume to `available`. */
export const volumeAttaching: Timing = timing('ec2/volume-attaching', [1_000, 5_000], 'assumed', VOLUMES);

export const volumeDeletion: Timing = timing('ec2/volume-deletion', [1_000, 5_000], 'assumed', VOLUMES);

/** From ModifyVolume to `optimizing`: the new size is there. */
export const volumeModifying: Timing = timing(
  'ec2/volume-modifying',
  [2_000, 10_000],
  'assumed',
  'https://docs.aws.amazon.com/ebs/latest/userguide/monitoring-volume-modifications.html: a few seconds',
);

/** From `optimizing` to `completed`. */
export const volumeOptimizing: Timing = timing(
  'ec2/volume-optimizing',
  [60_000, 600_000],
  'assumed',
  'https://docs.aws.amazon.com/ebs/latest/userguide/monitoring-volume-modifications.html: from minutes to hours',
);
