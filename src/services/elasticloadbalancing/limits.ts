// Quotas, and the operation that tells them.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html

import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';

export const QUOTAS = {
  'application-load-balancers': 50,
  'certificates-per-application-load-balancer': 25,
  'listeners-per-application-load-balancer': 50,
  'listeners-per-network-load-balancer': 50,
  'network-load-balancers': 50,
  'rules-per-application-load-balancer': 100,
  'target-groups': 3000,
  'target-groups-per-action-on-application-load-balancer': 5,
  'target-groups-per-application-load-balancer': 100,
  'targets-per-application-load-balancer': 1000,
  'targets-per-target-group': 1000,
} as const;

/** Most items on one page, unless a request asks for fewer. */
export const PAGE_SIZE = 400;

export const limitOperations: Operations<'elasticloadbalancing'> = {
  DescribeAccountLimits(_, { Marker, PageSize = PAGE_SIZE }) {
    const limits = Object.entries(QUOTAS);
    const { items, next } = pageOf(limits, ([name]) => name, { token: Marker, limit: PageSize });
    return { Limits: items.map(([Name, max]) => ({ Name, Max: String(max) })), NextMarker: next };
  },
};
