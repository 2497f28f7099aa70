// Network interfaces that programs attach, detach and look for.

import {
  AllocateAddressCommand,
  AssignPrivateIpAddressesCommand,
  AssociateAddressCommand,
  AttachNetworkInterfaceCommand,
  CreateNetworkInterfaceCommand,
  DeleteNetworkInterfaceCommand,
  DescribeAddressesCommand,
  DescribeNetworkInterfaceAttributeCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSubnetsCommand,
  DetachNetworkInterfaceCommand,
  EC2Client,
  UnassignPrivateIpAddressesCommand,
} from '@aws-sdk/client-ec2';
import type { NetworkInterface } from '@aws-sdk/client-ec2';
import { beforeEach, describe, expect, it } from 'vitest';
import type { TestTable } from '../../../../tests/table.ts';
import { ec2Table } from '../test-cloud.ts';
import { newInstance } from '../test-network.ts';

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
  const id = await newInstance(ec2, { SubnetId });
  sand.advance(60_000);
  return id;
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

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/managing-network-interface-ip-addresses.html
describe('an interface that is there', () => {
  let NetworkInterfaceId: string;

  beforeEach(async () => {
    const { NetworkInterface } = await ec2.send(
      new CreateNetworkInterfaceCommand({ SubnetId, Description: 'spare', PrivateIpAddress: '172.31.0.10' }),
    );
    NetworkInterfaceId = NetworkInterface?.NetworkInterfaceId ?? '';
  });

  async function privateIps(): Promise<(string | undefined)[]> {
    const { NetworkInterfaces } = await ec2.send(
      new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [NetworkInterfaceId] }),
    );
    return NetworkInterfaces?.[0]?.PrivateIpAddresses?.map((one) => one.PrivateIpAddress) ?? [];
  }

  it('is given further private addresses and loses them with the Elastic IP addresses on them', async () => {
    const assign = async (more: object): Promise<unknown> =>
      ec2.send(new AssignPrivateIpAddressesCommand({ NetworkInterfaceId, ...more }));
    await assign({ PrivateIpAddresses: ['172.31.0.20'] });
    await assign({ PrivateIpAddresses: ['172.31.0.20'] });
    await assign({ SecondaryPrivateIpAddressCount: 1 });
    expect(await privateIps()).toEqual(['172.31.0.10', '172.31.0.20', '172.31.0.4']);
    const other = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId }));
    const taken = [other.NetworkInterface?.PrivateIpAddress ?? ''];
    await expect(assign({ PrivateIpAddresses: taken })).rejects.toMatchObject({
      name: 'InvalidParameterValue',
    });
    const { AllocationId } = await ec2.send(new AllocateAddressCommand({}));
    const PrivateIpAddress = '172.31.0.20';
    await ec2.send(new AssociateAddressCommand({ AllocationId, NetworkInterfaceId, PrivateIpAddress }));
    const unassign = new UnassignPrivateIpAddressesCommand({
      NetworkInterfaceId,
      PrivateIpAddresses: [PrivateIpAddress],
    });
    await ec2.send(unassign);
    expect(await privateIps()).toEqual(['172.31.0.10', '172.31.0.4']);
    const { Addresses } = await ec2.send(new DescribeAddressesCommand({}));
    expect(Addresses?.[0]?.AssociationId).toBeUndefined();
    await expect(ec2.send(unassign)).rejects.toMatchObject({ name: 'InvalidParameterValue' });
  });

  it('is asked for one attribute at a time', async () => {
    const of = (Attribute: 'description' | 'sourceDestCheck'): Promise<object> =>
      ec2.send(new DescribeNetworkInterfaceAttributeCommand({ NetworkInterfaceId, Attribute }));
    expect(await of('description')).toMatchObject({ NetworkInterfaceId, Description: { Value: 'spare' } });
    expect(await of('sourceDestCheck')).toMatchObject({ SourceDestCheck: { Value: true } });
    await expect(of('colour' as 'description')).rejects.toThrow(
      'Value (colour) for parameter attribute is invalid. Unknown attribute.',
    );
  });
});
