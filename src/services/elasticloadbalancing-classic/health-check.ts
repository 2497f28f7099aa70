// How the instances of a load balancer are checked. The checks themselves are made in ./health-checks.ts.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-healthchecks.html

import { Fault } from '#contract/fault.ts';
import type { Input } from '#cloud/contracts.ts';
import type { Operations } from '#cloud/service.ts';
import { wakeInstances } from './instances.ts';
import { loadBalancerOf, loadBalancers, notModelled } from './tables.ts';
import type { HealthCheck, Listener } from './tables.ts';

const CLASSIC = 'elasticloadbalancing-classic';
type Wire = Input<typeof CLASSIC, 'ConfigureHealthCheck'>['HealthCheck'];
type Target = Pick<HealthCheck, 'protocol' | 'port' | 'path'>;

const HIGHEST_PORT = 65_535;

/** What the API gives a new load balancer: a connection to the instance port of a listener. */
export function initialCheck(listeners: readonly Listener[]): HealthCheck {
  return {
    protocol: 'TCP',
    port: listeners[0]?.instancePort ?? 80,
    path: '',
    intervalSeconds: 30,
    timeoutSeconds: 5,
    healthyThreshold: 10,
    unhealthyThreshold: 2,
  };
}

/** `TCP:22`, `HTTP:80/path`. */
function parseTarget(target: string): Target {
  const [, named = '', digits = '', path = ''] = /^([A-Za-z]+):(\d+)(.*)$/.exec(target) ?? [];
  const protocol = named.toUpperCase();
  const port = Number(digits);
  if (!['HTTP', 'HTTPS', 'TCP', 'SSL'].includes(protocol) || port < 1 || port > HIGHEST_PORT) {
    throw new Fault(
      'ValidationError',
      `HealthCheck Target must be a protocol (HTTP, HTTPS, TCP or SSL) and a port, as in TCP:80; it is ${target}`,
    );
  }
  const web = protocol.startsWith('HTTP');
  if (web && !path.startsWith('/')) {
    throw new Fault(
      'ValidationError',
      `HealthCheck ${protocol} Target must specify a port followed by a path that begins with a slash. ` +
        `e.g. ${protocol}:80/ping/this/path`,
    );
  }
  if (!web && path !== '')
    throw new Fault(
      'ValidationError',
      `HealthCheck ${protocol} Target must be a port alone. e.g. ${protocol}:80`,
    );
  if (protocol !== 'HTTP' && protocol !== 'TCP') throw notModelled(`Health checks over ${protocol} are`);
  return { protocol, port, path };
}

function parse({ Target, Interval, Timeout, UnhealthyThreshold, HealthyThreshold }: Wire): HealthCheck {
  const target = parseTarget(Target);
  if (Timeout >= Interval)
    throw new Fault('ValidationError', 'HealthCheck timeout must be less than interval.');
  return {
    ...target,
    intervalSeconds: Interval,
    timeoutSeconds: Timeout,
    healthyThreshold: HealthyThreshold,
    unhealthyThreshold: UnhealthyThreshold,
  };
}

export function showCheck(check: HealthCheck): Wire {
  return {
    Target: `${check.protocol}:${check.port}${check.path}`,
    Interval: check.intervalSeconds,
    Timeout: check.timeoutSeconds,
    UnhealthyThreshold: check.unhealthyThreshold,
    HealthyThreshold: check.healthyThreshold,
  };
}

export const healthCheckOperations: Operations<typeof CLASSIC> = {
  ConfigureHealthCheck(ctx, { LoadBalancerName, HealthCheck }) {
    const row = loadBalancerOf(ctx, LoadBalancerName);
    const healthCheck = parse(HealthCheck);
    ctx.update(loadBalancers, row, { healthCheck });
    wakeInstances(ctx, row.name);
    return { HealthCheck: showCheck(healthCheck) };
  },
};
