// Classic Load Balancers of a group: attached by name, with the same lifecycle as target groups.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/attach-load-balancer-asg.html

import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { invalidToken } from '../activities.ts';
import { groupOf } from '../group.ts';
import { attach, detach, stateOf } from './load-balancing.ts';

const PAGE_SIZE = 100;

export const classicOperations: Operations<'autoscaling'> = {
  AttachLoadBalancers(ctx, { AutoScalingGroupName, LoadBalancerNames }) {
    attach(ctx, AutoScalingGroupName, { names: LoadBalancerNames });
  },

  DetachLoadBalancers(ctx, { AutoScalingGroupName, LoadBalancerNames }) {
    detach(ctx, AutoScalingGroupName, { names: LoadBalancerNames });
  },

  DescribeLoadBalancers(ctx, { AutoScalingGroupName, NextToken, MaxRecords = PAGE_SIZE }) {
    const group = groupOf(ctx, AutoScalingGroupName);
    const { items, next } = pageOf(group.loadBalancerNames, (name) => name, {
      token: NextToken,
      limit: Math.min(MaxRecords, PAGE_SIZE),
      invalidToken,
    });
    const LoadBalancers = items.map((name) => ({
      LoadBalancerName: name,
      State: stateOf(ctx, group, name),
    }));
    return { LoadBalancers, NextToken: next };
  },
};
