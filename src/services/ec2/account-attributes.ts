// DescribeAccountAttributes. The limits among them are those of a new account; only the one on security groups binds here.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeAccountAttributes.html

import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { defaultVpc } from './vpcs/network.ts';

const attributes = (ctx: Ctx): readonly (readonly [name: string, value: string])[] => [
  ['supported-platforms', 'VPC'],
  ['vpc-max-security-groups-per-interface', '5'],
  ['max-elastic-ips', '5'],
  ['max-instances', '20'],
  ['vpc-max-elastic-ips', '5'],
  ['default-vpc', defaultVpc(ctx)?.vpcId ?? 'none'],
];

export const accountAttributeOperations: Operations<'ec2'> = {
  DescribeAccountAttributes(ctx, { AttributeNames = [] }) {
    const AccountAttributes = attributes(ctx)
      .filter(([name]) => AttributeNames.length === 0 || (AttributeNames as readonly string[]).includes(name))
      .map(([AttributeName, AttributeValue]) => ({ AttributeName, AttributeValues: [{ AttributeValue }] }));
    return { AccountAttributes };
  },
};
