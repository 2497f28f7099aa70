// Listeners: HTTP to HTTP, TCP to TCP. HTTPS and SSL need certificates, which are not modelled.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-listener-config.html

import { Fault } from '#contract/fault.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import type { Operations } from '#cloud/service.ts';
import { routingChanged } from '#cloud/ports/routing.ts';
import { QUOTAS } from './limits.ts';
import { policyOf } from './policies.ts';
import { arnOf, loadBalancerOf, loadBalancers, notModelled } from './tables.ts';
import type { Listener, LoadBalancer } from './tables.ts';

const CLASSIC = 'elasticloadbalancing-classic';
type WireListener = Input<typeof CLASSIC, 'CreateLoadBalancerListeners'>['Listeners'][number];
type Shown = NonNullable<
  NonNullable<
    Output<typeof CLASSIC, 'DescribeLoadBalancers'>['LoadBalancerDescriptions']
  >[number]['ListenerDescriptions']
>[number];

const HIGHEST_PORT = 65_535;

/** A listener as rows keep it. Protocols are spelled in any case. */
function parse({
  Protocol,
  LoadBalancerPort,
  InstanceProtocol = Protocol,
  InstancePort,
  SSLCertificateId,
}: WireListener): Listener {
  // Terraform names an empty certificate with every listener.
  if (SSLCertificateId) throw notModelled('SSLCertificateId, the certificate of a listener, is');
  const [protocol, inside] = [Protocol.toUpperCase(), InstanceProtocol.toUpperCase()];
  for (const one of [protocol, inside]) {
    if (one === 'HTTPS' || one === 'SSL') throw notModelled(`${one} listeners need certificates, which are`);
    if (one !== 'HTTP' && one !== 'TCP')
      throw new Fault('UnsupportedProtocolException', `The protocol '${one}' is not supported`);
  }
  if (protocol !== inside) {
    throw new Fault(
      'InvalidConfigurationRequestException',
      `A listener for ${protocol} cannot use ${inside} to its instances: both must be of one layer.`,
    );
  }
  if (LoadBalancerPort < 1 || LoadBalancerPort > HIGHEST_PORT)
    throw new Fault('ValidationError', `LoadBalancerPort must be between 1 and ${HIGHEST_PORT}`);
  const known = protocol as Listener['protocol'];
  return { port: LoadBalancerPort, protocol: known, instancePort: InstancePort, policies: [] };
}

function alike(left: Listener, right: Listener): boolean {
  return left.protocol === right.protocol && left.instancePort === right.instancePort;
}

/** Listeners with some added. One that is there already as it is wanted stays; one that differs is AWS's error. */
export function listenersWith(
  name: string,
  before: readonly Listener[],
  wanted: readonly WireListener[],
): readonly Listener[] {
  if (wanted.length === 0) throw new Fault('ValidationError', 'Listeners cannot be empty');
  const after = [...before];
  for (const listener of wanted.map(parse)) {
    const known = after.find(({ port }) => port === listener.port);
    if (known && !alike(known, listener)) {
      throw new Fault(
        'DuplicateListenerException',
        `A listener already exists for ${name} with LoadBalancerPort ${listener.port}, ` +
          'but with a different InstancePort, Protocol, or SSLCertificateId',
      );
    }
    if (!known) after.push(listener);
  }
  if (after.length > QUOTAS['classic-listeners'])
    throw new Fault(
      'InvalidConfigurationRequestException',
      'The quota for the number of listeners has been reached.',
    );
  return after.toSorted((left, right) => left.port - right.port);
}

export const listenerOperations: Operations<typeof CLASSIC> = {
  CreateLoadBalancerListeners(ctx, { LoadBalancerName, Listeners }) {
    const row = loadBalancerOf(ctx, LoadBalancerName);
    ctx.update(loadBalancers, row, { listeners: listenersWith(row.name, row.listeners, Listeners) });
    ctx.emit(routingChanged, { loadBalancerArn: arnOf(ctx, row.name) });
  },

  DeleteLoadBalancerListeners(ctx, { LoadBalancerName, LoadBalancerPorts }) {
    const row = loadBalancerOf(ctx, LoadBalancerName);
    // Deleting what is not there succeeds.
    const listeners = row.listeners.filter(({ port }) => !LoadBalancerPorts.includes(port));
    ctx.update(loadBalancers, row, { listeners });
    ctx.emit(routingChanged, { loadBalancerArn: arnOf(ctx, row.name) });
  },

  SetLoadBalancerPoliciesOfListener(ctx, { LoadBalancerName, LoadBalancerPort, PolicyNames }) {
    const row = loadBalancerOf(ctx, LoadBalancerName);
    const listener = row.listeners.find(({ port }) => port === LoadBalancerPort);
    if (!listener) {
      throw new Fault(
        'ListenerNotFoundException',
        `There is no listener on port ${LoadBalancerPort} of load balancer ${row.name}`,
      );
    }
    const policies = [...new Set(PolicyNames)].map((name) => policyOf(row, name).name);
    checkSticky(listener, policies);
    const listeners = row.listeners.map((one) => (one === listener ? { ...one, policies } : one));
    ctx.update(loadBalancers, row, { listeners });
    ctx.emit(routingChanged, { loadBalancerArn: arnOf(ctx, row.name) });
  },
};

/** All modelled policies are for sticky sessions: HTTP has cookies, and a listener one such policy. */
function checkSticky({ protocol }: Listener, policies: readonly string[]): void {
  if (policies.length === 0) return;
  if (protocol !== 'HTTP') {
    throw new Fault(
      'InvalidConfigurationRequestException',
      'Policies for sticky sessions can only be enabled on HTTP and HTTPS listeners.',
    );
  }
  if (policies.length > 1) {
    throw new Fault(
      'InvalidConfigurationRequestException',
      'Only one policy for sticky sessions can be enabled on a listener.',
    );
  }
}

export function showListeners({ listeners }: LoadBalancer): Shown[] {
  return listeners.map(({ port, protocol, instancePort, policies }) => ({
    Listener: {
      Protocol: protocol,
      LoadBalancerPort: port,
      InstanceProtocol: protocol,
      InstancePort: instancePort,
    },
    PolicyNames: policies,
  }));
}
