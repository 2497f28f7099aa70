// Network interfaces that programs attach, detach and look for.

import {
  AttachNetworkInterfaceCommand,
  CreateNetworkInterfaceCommand,
  DeleteNetworkInterfaceCommand,
  DescribeImagesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSubnetsCommand,
  DetachNetworkInterfaceCommand,
  EC2Client,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import type { NetworkInterface } from '@aws-sdk/client-ec2';
import { beforeEach, describe, expect, it } from 'vitest';
import type { TestTable } from '../../../tests/table.ts';
import { ec2Table } from './test-cloud.ts';

let sand: TestTable;
let ec2: EC2Client;
let SubnetId: string;

beforeEach(async () => {
  sand = ec2Table();
  ec2 = sand.client(EC2Client);
  const { Subnets } = await ec2.send(new DescribeSubnetsCommand({}));
  SubnetId = Subnets?.[0]?.SubnetId ?? '';
});

async function launch(): Promise<string> {
  const Filters = [{ Name: 'name', Values: ['al2023-ami-2023*-x86_64'] }];
  const { Images } = await ec2.send(new DescribeImagesCommand({ Filters }));
  const request = { ImageId: Images?.[0]?.ImageId, SubnetId, MinCount: 1, MaxCount: 1 };
  const { Instances } = await ec2.send(new RunInstancesCommand({ ...request, InstanceType: 't3.micro' }));
  sand.advance(60_000);
  return Instances?.[0]?.InstanceId ?? '';
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NetworkInterfaceAttachment.html
describe('an attachment that has ended', () => {
  async function byAttachment(AttachmentId: string | undefined): Promise<NetworkInterface | undefined> {
    const Filters = [{ Name: 'attachment.attachment-id', Values: [AttachmentId ?? ''] }];
    const { NetworkInterfaces } = await ec2.send(new DescribeNetworkInterfacesCommand({ Filters }));
    return NetworkInterfaces?.[0];
  }

  // Terraform waits for the status `detached` before it deletes the interface.
  it('is shown as detached for a while, its interface being available at once', async () => {
    const InstanceId = await launch();
    const { NetworkInterface } = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId }));
    const NetworkInterfaceId = NetworkInterface?.NetworkInterfaceId;
    const { AttachmentId } = await ec2.send(
      new AttachNetworkInterfaceCommand({ NetworkInterfaceId, InstanceId, DeviceIndex: 1 }),
    );
    await ec2.send(new DetachNetworkInterfaceCommand({ AttachmentId }));
    const ended = await byAttachment(AttachmentId);
    expect([ended?.Status, ended?.Attachment?.Status]).toEqual(['available', 'detached']);
    sand.advance(60_000);
    expect(await byAttachment(AttachmentId)).toBeUndefined();
    await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId }));
  });
});
