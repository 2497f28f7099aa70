// How long Classic Load Balancers take.

import { timing } from '#cloud/timing.ts';
import type { Timing } from '#cloud/timing.ts';

/** Until the name of a new load balancer resolves and its health checks begin. */
export const provisioning: Timing = timing(
  'elasticloadbalancing-classic/provisioning',
  [20_000, 60_000],
  'assumed',
  'AWS publishes no figure; the name of a new Classic Load Balancer resolves within a minute in practice',
);

/** From registration to the first health check of an instance. */
export const firstCheck: Timing = timing(
  'elasticloadbalancing-classic/first-check',
  [2000, 8000],
  'assumed',
  'AWS speaks of a short time; https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-deregister-register-instances.html',
);
