import {
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateTagsCommand,
  CreateVpcCommand,
  DescribeSecurityGroupRulesCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { describe, expect, it } from 'vitest';
import { newTable } from '../../../tests/table.ts';

const ec2 = newTable().client(EC2Client);

// As AWS answered getmoto/moto: tests/test_ec2/test_security_groups.py, test_tags.py and test_subnets.py.
describe('requests that lack something', () => {
  it.each([
    [
      'a description',
      new CreateSecurityGroupCommand({ GroupName: 'mute', Description: '' }),
      'MissingParameter',
      'The request must contain the parameter GroupDescription',
    ],
    [
      'resources to tag',
      new CreateTagsCommand({ Resources: [], Tags: [{ Key: 'a' }] }),
      'MissingParameter',
      'The request must contain the parameter resourceIdSet',
    ],
    [
      'tags',
      new CreateVpcCommand({ CidrBlock: '10.0.0.0/16', TagSpecifications: [{ ResourceType: 'vpc' }] }),
      'InvalidParameter',
      'Tag specification must have at least one tag',
    ],
    [
      'the type of what is tagged',
      new CreateVpcCommand({ CidrBlock: '10.0.0.0/16', TagSpecifications: [{ Tags: [{ Key: 'a' }] }] }),
      'InvalidParameter',
      'Tag specification resource type must have a value',
    ],
    [
      'a type that is made',
      new CreateVpcCommand({
        CidrBlock: '10.0.0.0/16',
        TagSpecifications: [{ ResourceType: 'snapshot', Tags: [{ Key: 'a' }] }],
      }),
      'InvalidParameter',
      "'snapshot' is not a valid taggable resource type for this operation.",
    ],
    [
      "a group's id",
      new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: 'group-id', Values: ['foobar'] }] }),
      'InvalidGroupId.Malformed',
      "The security group ID 'foobar' is malformed",
    ],
  ])('are refused without %s', async (_, command, name, message) => {
    await expect(ec2.send(command as CreateTagsCommand)).rejects.toMatchObject({ name, message });
  });

  it('name a zone of the region for a subnet', async () => {
    const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }));
    const wanted = { VpcId: Vpc?.VpcId, CidrBlock: '10.0.0.0/24', AvailabilityZone: 'nowhere' };
    await expect(ec2.send(new CreateSubnetCommand(wanted))).rejects.toThrow(
      'Value (nowhere) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: us-east-1a, ',
    );
  });
});
