// Quotas, and the operation that tells them.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-limits.html

import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';

export const QUOTAS = {
  'classic-load-balancers': 20,
  'classic-listeners': 100,
  'classic-registered-instances': 1000,
} as const;

/** Of one load balancer; the quotas do not tell it. */
export const MOST_POLICIES = 100;

/** Most items on one page, unless a request asks for fewer. */
export const PAGE_SIZE = 400;

export const limitOperations: Operations<'elasticloadbalancing-classic'> = {
  DescribeAccountLimits(_, { Marker, PageSize = PAGE_SIZE }) {
    const limits = Object.entries(QUOTAS);
    const { items, next } = pageOf(limits, ([name]) => name, { token: Marker, limit: PageSize });
    return { Limits: items.map(([Name, max]) => ({ Name, Max: String(max) })), NextMarker: next };
  },
};
