// The row of a launch configuration: what instances are launched with, fixed once and for all.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/launch-configurations.html

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import type { Input } from '#cloud/contracts.ts';

type Wire = Input<'autoscaling', 'CreateLaunchConfiguration'>;

export interface LaunchConfiguration {
  name: string;
  arn: string;
  createdAt: number;
  imageId: string;
  instanceType: string;
  /** Ids or names. */
  securityGroups: readonly string[];
  /** Empty where there is none; base64 otherwise. */
  userData: string;
  keyName: string;
  /** Name or ARN; empty where there is none. */
  instanceProfile: string;
  devices: NonNullable<Wire['BlockDeviceMappings']>;
  detailedMonitoring: boolean;
  ebsOptimized: boolean;
  publicIp: 'subnet' | 'yes' | 'no';
  metadataOptions: NonNullable<Wire['MetadataOptions']>;
}

export const launchConfigurations: Table<LaunchConfiguration> = table<LaunchConfiguration>(
  'autoscaling/launch-configurations',
  (row) => row.name,
);
