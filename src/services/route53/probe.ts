// What a health checker finds when it looks at an endpoint: the share of its requests that would succeed, by the routing that
// holds now.
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html

import type { Ctx } from '#cloud/ctx.ts';
import { routing } from '#cloud/ports/routing.ts';
import type { Plan, PlanTarget } from '#cloud/ports/routing.ts';
import { nameServers } from './answers.ts';
import type { HealthCheckConfig } from './tables.ts';

/** An endpoint is healthy while more than this share of the checkers finds it so. */
const ENOUGH = 0.18;

interface Finding {
  readonly passes: boolean;
  /** In the words of `StatusReport.Status`. */
  readonly words: string;
}

const SUCCESS = 'Success: HTTP Status Code 200, OK';
const CONNECTED = 'Success: TCP connection established';
const UNRESOLVED = 'Failure: DNS resolution failed: DNS response code NXDOMAIN';
const UNCONNECTED =
  'Failure: Connection timed out. The endpoint or the internet connection is down, or requests are being blocked by your firewall.';

/** All checkers look at one instant, and see the targets of a load balancer as the load balancer does. */
export function lookAt(ctx: Ctx, config: HealthCheckConfig): Finding {
  const { Type, FullyQualifiedDomainName: name = '', ResourcePath = '/' } = config;
  const port = config.Port ?? (Type === 'HTTPS' ? 443 : 80);
  const path = ResourcePath.startsWith('/') ? ResourcePath : `/${ResourcePath}`;
  const choices = nameServers.choices(ctx, { name, type: 'A' }) ?? [];
  let [share, words] = [0, UNRESOLVED];
  for (const choice of choices) {
    if (choice.host === undefined) {
      if (choice.records.length > 0) words = UNCONNECTED;
      continue;
    }
    const request = { host: choice.host, port, path, method: 'GET', hostHeader: name };
    const found = throughPlan(ctx.port(routing).plan(ctx, request), Type);
    share += choice.share * found.share;
    words = found.words;
  }
  const passes = share > ENOUGH;
  return { passes, words: passes ? (Type === 'TCP' ? CONNECTED : SUCCESS) : words };
}

function throughPlan(
  plan: Plan | undefined,
  type: HealthCheckConfig['Type'],
): { share: number; words: string } {
  if (!plan || plan.kind === 'refused') return { share: 0, words: UNCONNECTED };
  if (type === 'TCP') return { share: 1, words: CONNECTED };
  if (plan.kind === 'respond') {
    const share = Number(plan.status >= 200 && plan.status < 400);
    return { share, words: `Failure: HTTP Status Code ${plan.status}` };
  }
  const whole = plan.groups.reduce((sum, { weight }) => sum + weight, 0);
  const share = plan.groups.reduce(
    (sum, { weight, targets }) => sum + (whole > 0 ? (weight / whole) * ableShare(targets) : 0),
    0,
  );
  const empty = plan.groups.every(({ targets }) => targets.length === 0);
  return {
    share,
    words: `Failure: HTTP Status Code ${empty ? '503, Service Unavailable' : '502, Bad Gateway'}`,
  };
}

function ableShare(targets: readonly PlanTarget[]): number {
  let [whole, able] = [0, 0];
  for (const { weight, healthy, blocked } of targets) {
    whole += weight;
    if (healthy && !blocked) able += weight;
  }
  return whole > 0 ? able / whole : 0;
}
