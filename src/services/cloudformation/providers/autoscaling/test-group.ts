// A stack with a group of instances, for the tests of this folder: its template, and what can be seen of the group.

import { AutoScalingClient, DescribeAutoScalingGroupsCommand } from '@aws-sdk/client-auto-scaling';
import type { AutoScalingGroup } from '@aws-sdk/client-auto-scaling';
import { SignalResourceCommand, UpdateStackCommand } from '@aws-sdk/client-cloudformation';
import { DescribeImagesCommand, DescribeSubnetsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { ProviderStand } from '../test-stand.ts';
import type { TemplateParts } from '../test-stand.ts';

interface GroupTemplate {
  readonly type?: string;
  readonly group?: object;
  readonly policies?: object;
  readonly resources?: object;
}

export class GroupStand extends ProviderStand {
  readonly scaling: AutoScalingClient = this.table.client(AutoScalingClient);
  readonly ec2: EC2Client = this.table.client(EC2Client);
  imageId = '';
  subnetIds: string[] = [];
  vpcId = '';

  static async begin(): Promise<GroupStand> {
    const stand = new GroupStand();
    const { Images = [] } = await stand.ec2.send(
      new DescribeImagesCommand({
        Owners: ['amazon'],
        Filters: [{ Name: 'architecture', Values: ['x86_64'] }],
      }),
    );
    const { Subnets = [] } = await stand.ec2.send(new DescribeSubnetsCommand({}));
    stand.imageId = Images[0]?.ImageId ?? '';
    stand.subnetIds = Subnets.map(({ SubnetId = '' }) => SubnetId).slice(0, 2);
    stand.vpcId = Subnets[0]?.VpcId ?? '';
    return stand;
  }

  /** A group `Web` of four on a launch template `Machine` with an instance type. */
  template({
    type = 't3.micro',
    group = {},
    policies = {},
    resources = {},
  }: GroupTemplate = {}): TemplateParts {
    return {
      Resources: {
        Machine: {
          Type: 'AWS::EC2::LaunchTemplate',
          Properties: { LaunchTemplateData: { ImageId: this.imageId, InstanceType: type } },
        },
        Web: {
          Type: 'AWS::AutoScaling::AutoScalingGroup',
          ...policies,
          Properties: {
            MinSize: '4',
            MaxSize: '8',
            VPCZoneIdentifier: this.subnetIds,
            LaunchTemplate: {
              LaunchTemplateId: { Ref: 'Machine' },
              Version: { 'Fn::GetAtt': ['Machine', 'LatestVersionNumber'] },
            },
            ...group,
          },
        },
        ...resources,
      },
      Outputs: {
        Web: { Value: { Ref: 'Web' } },
        Arn: { Value: { 'Fn::GetAtt': ['Web', 'AutoScalingGroupARN'] } },
      },
    };
  }

  async groups(): Promise<AutoScalingGroup[]> {
    const found = await this.scaling.send(new DescribeAutoScalingGroupsCommand({}));
    return found.AutoScalingGroups ?? [];
  }

  async group(): Promise<AutoScalingGroup> {
    return (await this.groups())[0] as AutoScalingGroup;
  }

  async types(): Promise<(string | undefined)[]> {
    return ((await this.group()).Instances ?? []).map(({ InstanceType }) => InstanceType);
  }

  /** Ids of the group's instances that are in service. */
  async inService(): Promise<string[]> {
    const all = (await this.groups()).flatMap(({ Instances = [] }) => Instances);
    return all
      .filter(({ LifecycleState }) => LifecycleState === 'InService')
      .map(({ InstanceId = '' }) => InstanceId);
  }

  async signal(UniqueId: string, Status: 'SUCCESS' | 'FAILURE' = 'SUCCESS'): Promise<void> {
    await this.cloudformation.send(
      new SignalResourceCommand({ StackName: 'shop', LogicalResourceId: 'Web', UniqueId, Status }),
    );
  }

  /** Begins an update, without waiting for it. */
  async beginUpdate(template: TemplateParts): Promise<void> {
    await this.cloudformation.send(
      new UpdateStackCommand({ StackName: 'shop', TemplateBody: JSON.stringify(template) }),
    );
  }

  /** Why things happened to the group, oldest first. */
  async reasons(from: number = 0): Promise<string[]> {
    const own = (await this.events()).filter((event) => event.startsWith('Web '));
    return own.slice(from).map((event) => event.slice('Web '.length));
  }
}
