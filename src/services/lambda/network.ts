// Functions in a VPC: subnets and security groups are checked with EC2 as AWS does, and remembered.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html

import type { Input } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { roleMay } from './functions/execution-role.ts';
import { invalid } from './names.ts';
import type { Network } from './rows.ts';

type VpcConfig = NonNullable<Input<'lambda', 'UpdateFunctionConfiguration'>['VpcConfig']>;

/** Where the function is to be; nothing where both lists are empty, which takes it out of its VPC. */
export function networkOf(
  ctx: Ctx,
  of: { role: string; functionName: string },
  { SubnetIds = [], SecurityGroupIds = [], Ipv6AllowedForDualStack: ipv6 }: VpcConfig,
): { network: Network } | undefined {
  if (SubnetIds.length === 0 && SecurityGroupIds.length === 0) return undefined;
  if (SubnetIds.length === 0 || SecurityGroupIds.length === 0) {
    throw invalid('SubnetIds and SecurityIds must coexist or be both empty list.');
  }
  if (!roleMay(ctx, of, 'ec2', 'CreateNetworkInterface', '*')) {
    throw invalid(
      'The provided execution role does not have permissions to call CreateNetworkInterface on EC2',
    );
  }
  const subnets = ctx.call('ec2', 'DescribeSubnets', { SubnetIds }, ctx.principal);
  if (!subnets.ok) throw refusedBy('DescribeSubnets', subnets.fault);
  const groups = ctx.call('ec2', 'DescribeSecurityGroups', { GroupIds: SecurityGroupIds }, ctx.principal);
  if (!groups.ok) throw refusedBy('DescribeSecurityGroups', groups.fault);
  const places = (subnets.output.Subnets ?? []).map(({ VpcId }) => VpcId);
  const rules = (groups.output.SecurityGroups ?? []).map(({ VpcId }) => VpcId);
  const vpcId = places[0];
  if (vpcId === undefined || new Set([...places, ...rules]).size > 1) {
    throw invalid('The subnets and security groups of a function must be in one VPC.');
  }
  return {
    network: {
      vpcId,
      subnetIds: SubnetIds,
      securityGroupIds: SecurityGroupIds,
      ...(ipv6 === undefined ? {} : { ipv6 }),
    },
  };
}

function refusedBy(operation: string, { shape, message }: { shape: string; message: string }): Error {
  return invalid(
    `Error occurred while ${operation}. EC2 Error Code: ${shape}. EC2 Error Message: ${message}`,
  );
}
