// Listeners: HTTP and HTTPS to HTTP, TCP and SSL to TCP.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-listener-config.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import { checkedCertificate } from '#cloud/load-balancers/certificates.ts';
import type { Operations } from '#cloud/service.ts';
import type { CertificateUsers } from '#cloud/ports/certificates.ts';
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

/** What instances get of each protocol. */
const LAYERS = { HTTP: 'HTTP', HTTPS: 'HTTP', TCP: 'TCP', SSL: 'TCP' } as const;
/** The predefined security policy that HTTPS and SSL listeners have unless they are given another. */
const SECURITY_POLICY = 'ELBSecurityPolicy-2016-08';

export function layerOf({ protocol }: Pick<Listener, 'protocol'>): 'HTTP' | 'TCP' {
  return LAYERS[protocol];
}

function isSecure({ protocol }: Pick<Listener, 'protocol'>): boolean {
  return protocol === 'HTTPS' || protocol === 'SSL';
}

/** A listener as rows keep it. Protocols are spelled in any case. */
function parse(
  ctx: Ctx,
  { Protocol, LoadBalancerPort, InstanceProtocol = Protocol, InstancePort, SSLCertificateId }: WireListener,
): Listener {
  const [protocol, inside] = [Protocol.toUpperCase(), InstanceProtocol.toUpperCase()];
  for (const one of [protocol, inside]) {
    if (!(one in LAYERS))
      throw new Fault('UnsupportedProtocolException', `The protocol '${one}' is not supported`);
  }
  const known = protocol as Listener['protocol'];
  if (inside === 'HTTPS' || inside === 'SSL') throw notModelled(`${inside} to instances is`);
  if (LAYERS[known] !== inside) {
    throw new Fault(
      'InvalidConfigurationRequestException',
      `A listener for ${protocol} cannot use ${inside} to its instances: both must be of one layer.`,
    );
  }
  if (LoadBalancerPort < 1 || LoadBalancerPort > HIGHEST_PORT)
    throw new Fault('ValidationError', `LoadBalancerPort must be between 1 and ${HIGHEST_PORT}`);
  const listener = {
    port: LoadBalancerPort,
    protocol: known,
    instancePort: InstancePort,
    policies: [],
  };
  if (!isSecure(listener)) {
    if (!SSLCertificateId) return listener;
    throw new Fault(
      'InvalidConfigurationRequestException',
      `SSLCertificateId is not allowed for a listener of the protocol ${known}.`,
    );
  }
  if (!SSLCertificateId)
    throw new Fault('ValidationError', `SSLCertificateId is required for ${known} listeners`);
  return { ...listener, certificateArn: checkedCertificate(ctx, SSLCertificateId) };
}

function alike(left: Listener, right: Listener): boolean {
  return (
    left.protocol === right.protocol &&
    left.instancePort === right.instancePort &&
    left.certificateArn === right.certificateArn
  );
}

/** Listeners with some added. One that is there already as it is wanted stays; one that differs is AWS's error. */
export function listenersWith(
  ctx: Ctx,
  name: string,
  before: readonly Listener[],
  wanted: readonly WireListener[],
): readonly Listener[] {
  if (wanted.length === 0) throw new Fault('ValidationError', 'Listeners cannot be empty');
  const after = [...before];
  for (const listener of wanted.map((one) => parse(ctx, one))) {
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
    ctx.update(loadBalancers, row, { listeners: listenersWith(ctx, row.name, row.listeners, Listeners) });
    ctx.emit(routingChanged, { loadBalancerArn: arnOf(ctx, row.name) });
  },

  DeleteLoadBalancerListeners(ctx, { LoadBalancerName, LoadBalancerPorts }) {
    const row = loadBalancerOf(ctx, LoadBalancerName);
    // Deleting what is not there succeeds.
    const listeners = row.listeners.filter(({ port }) => !LoadBalancerPorts.includes(port));
    ctx.update(loadBalancers, row, { listeners });
    ctx.emit(routingChanged, { loadBalancerArn: arnOf(ctx, row.name) });
  },

  SetLoadBalancerListenerSSLCertificate(ctx, { LoadBalancerName, LoadBalancerPort, SSLCertificateId }) {
    const row = loadBalancerOf(ctx, LoadBalancerName);
    const listener = listenerOn(row, LoadBalancerPort);
    if (!isSecure(listener)) {
      throw new Fault(
        'InvalidConfigurationRequestException',
        `The listener on port ${listener.port} does not use a certificate.`,
      );
    }
    const certificateArn = checkedCertificate(ctx, SSLCertificateId);
    const listeners = row.listeners.map((one) => (one === listener ? { ...one, certificateArn } : one));
    ctx.update(loadBalancers, row, { listeners });
  },

  SetLoadBalancerPoliciesOfListener(ctx, { LoadBalancerName, LoadBalancerPort, PolicyNames }) {
    const row = loadBalancerOf(ctx, LoadBalancerName);
    const listener = listenerOn(row, LoadBalancerPort);
    const named = [...new Set(PolicyNames)].filter(
      (name) => !(isSecure(listener) && name === SECURITY_POLICY),
    );
    const policies = named.map((name) => policyOf(row, name).name);
    checkSticky(listener, policies);
    const listeners = row.listeners.map((one) => (one === listener ? { ...one, policies } : one));
    ctx.update(loadBalancers, row, { listeners });
    ctx.emit(routingChanged, { loadBalancerArn: arnOf(ctx, row.name) });
  },
};

/** Load balancers that have a listener with a certificate. */
export const listenerCertificates: CertificateUsers = {
  usersOf: (ctx, arn) =>
    ctx
      .list(loadBalancers)
      .filter(({ listeners }) => listeners.some(({ certificateArn }) => certificateArn === arn))
      .map(({ name }) => arnOf(ctx, name)),
};

function listenerOn({ name, listeners }: LoadBalancer, loadBalancerPort: number): Listener {
  const listener = listeners.find(({ port }) => port === loadBalancerPort);
  if (listener) return listener;
  throw new Fault(
    'ListenerNotFoundException',
    `There is no listener on port ${loadBalancerPort} of load balancer ${name}`,
  );
}

/** All modelled policies are for sticky sessions: HTTP has cookies, and a listener one such policy. */
function checkSticky(listener: Listener, policies: readonly string[]): void {
  if (policies.length === 0) return;
  if (layerOf(listener) !== 'HTTP') {
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
  return listeners.map((listener) => ({
    Listener: {
      Protocol: listener.protocol,
      LoadBalancerPort: listener.port,
      InstanceProtocol: layerOf(listener),
      InstancePort: listener.instancePort,
      ...(listener.certificateArn === undefined ? {} : { SSLCertificateId: listener.certificateArn }),
    },
    PolicyNames: [...listener.policies, ...(isSecure(listener) ? [SECURITY_POLICY] : [])],
  }));
}
