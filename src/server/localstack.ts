// What scripts and libraries ask a LocalStack before they use it, so that those that wait for one work with this endpoint, too.
// The shapes are those of localstack/localstack: localstack-core/localstack/services/internal.py.

import type { WireResponse } from '#contract/wire.ts';
import type { Controlled } from './control.ts';

/** Its names of services, where they are not those of AWS's endpoints. */
const NAMES: Readonly<Record<string, string>> = {
  elasticloadbalancing: 'elbv2',
  'elasticloadbalancing-classic': 'elb',
  monitoring: 'cloudwatch',
};

/** Contracts that are no services of their own. */
const INNER: ReadonlySet<string> = new Set(['codedeploy-commands']);

export function localstack(controlled: Controlled, method: string, url: string): WireResponse {
  const { version, services = [], ready = () => true } = controlled;
  const path = url.split('?')[0] ?? '';
  if (method !== 'GET' && method !== 'HEAD')
    return answer(405, { message: `Sandtable has no ${method} ${path}.` });
  switch (path) {
    case '/_localstack/health':
      return answer(200, { services: statesOf(services), edition: 'sandtable', version });
    case '/_localstack/info':
      return answer(200, { version, edition: 'sandtable', is_license_activated: false });
    case '/_localstack/init':
      return answer(200, {
        completed: { BOOT: true, START: true, READY: ready(), SHUTDOWN: false },
        scripts: [],
      });
    case '/_localstack/init/ready':
      return answer(200, { completed: ready(), scripts: [] });
    default:
      return answer(404, { message: `Sandtable has no ${path}.` });
  }
}

/** Every service that there is can be used at once. Those that there are not are not listed. */
function statesOf(services: readonly string[]): Record<string, 'available'> {
  const names = services.filter((id) => !INNER.has(id)).map((id) => NAMES[id] ?? id);
  return Object.fromEntries(names.toSorted().map((name) => [name, 'available']));
}

/** JSON as Python writes it: scripts look for `"sqs": "available"`. */
function answer(status: number, value: object): WireResponse {
  const text = JSON.stringify(value, null, 1)
    .replaceAll(/\n\s*/g, ' ')
    .replaceAll(/([[{]) | ([\]}])/g, '$1$2');
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: new TextEncoder().encode(text),
  };
}
