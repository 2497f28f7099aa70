// Listeners of a Classic Load Balancer, and its policies: which of them are enabled is part of the listeners.

import type { Input } from '#cloud/contracts.ts';
import type { Properties, Work } from '../provider.ts';

export type Balancer = Work<'AWS::ElasticLoadBalancing::LoadBalancer'>;
export type Said = Properties<'AWS::ElasticLoadBalancing::LoadBalancer'>;
const CLASSIC = 'elasticloadbalancing-classic';

type Policy = Omit<Input<typeof CLASSIC, 'CreateLoadBalancerPolicy'>, 'LoadBalancerName'>;
type WireListener = Input<typeof CLASSIC, 'CreateLoadBalancerListeners'>['Listeners'][number];

/** What the API takes, of the listener of each port. */
export function wireListeners({ Listeners }: Said): WireListener[] {
  return Listeners.map((said) => ({
    Protocol: said.Protocol,
    LoadBalancerPort: Number(said.LoadBalancerPort),
    InstanceProtocol: said.InstanceProtocol,
    InstancePort: Number(said.InstancePort),
    SSLCertificateId: said.SSLCertificateId,
  }));
}

/** All three ways to say a policy, as the general one. */
function policiesIn(said: Said | undefined): Policy[] {
  const byLoadBalancer = (said?.LBCookieStickinessPolicy ?? []).map(
    ({ PolicyName = '', CookieExpirationPeriod: period }) => ({
      PolicyName,
      PolicyTypeName: 'LBCookieStickinessPolicyType',
      PolicyAttributes:
        period === undefined ? [] : [{ AttributeName: 'CookieExpirationPeriod', AttributeValue: period }],
    }),
  );
  const byApplication = (said?.AppCookieStickinessPolicy ?? []).map(({ PolicyName, CookieName }) => ({
    PolicyName,
    PolicyTypeName: 'AppCookieStickinessPolicyType',
    PolicyAttributes: [{ AttributeName: 'CookieName', AttributeValue: CookieName }],
  }));
  const general = (said?.Policies ?? []).map(({ PolicyName, PolicyType, Attributes }) => ({
    PolicyName,
    PolicyTypeName: PolicyType,
    PolicyAttributes: Attributes.map(({ Name, Value }) => ({ AttributeName: Name, AttributeValue: Value })),
  }));
  return [...byLoadBalancer, ...byApplication, ...general];
}

/** Policies that are enabled on a port: its listener names them, or they name the port. */
function enabledOn({ Listeners, Policies = [] }: Said, port: number): string[] {
  const listener = Listeners.find(({ LoadBalancerPort }) => Number(LoadBalancerPort) === port);
  const naming = Policies.filter(({ LoadBalancerPorts = [] }) =>
    LoadBalancerPorts.some((named) => Number(named) === port),
  );
  return [...new Set([...(listener?.PolicyNames ?? []), ...naming.map(({ PolicyName }) => PolicyName)])];
}

function enable(work: Balancer, LoadBalancerName: string, port: number, PolicyNames: string[]): void {
  work.call(CLASSIC, 'SetLoadBalancerPoliciesOfListener', {
    LoadBalancerName,
    LoadBalancerPort: port,
    PolicyNames,
  });
}

/** Makes the policies of a new load balancer and enables them. */
export function addPolicies(work: Balancer, LoadBalancerName: string): void {
  for (const policy of policiesIn(work.properties))
    work.call(CLASSIC, 'CreateLoadBalancerPolicy', { LoadBalancerName, ...policy });
  for (const { LoadBalancerPort: port } of wireListeners(work.properties)) {
    const names = enabledOn(work.properties, port);
    if (names.length > 0) enable(work, LoadBalancerName, port, names);
  }
}

/**
 * Brings listeners and policies to what the template says now. A policy cannot be changed or deleted while a listener uses it,
 * so all listeners let go of theirs first.
 */
export function changeListeners(work: Balancer, before: Said): void {
  const LoadBalancerName = work.physicalId;
  const after = wireListeners(work.properties);
  const known = wireListeners(before);
  for (const { LoadBalancerPort: port } of known)
    if (enabledOn(before, port).length > 0) enable(work, LoadBalancerName, port, []);
  const same = (left: object | undefined, right: object): boolean =>
    JSON.stringify(left) === JSON.stringify(right);
  const on = (list: readonly WireListener[], port: number) =>
    list.find(({ LoadBalancerPort }) => LoadBalancerPort === port);
  const gone = known.filter((one) => !same(on(after, one.LoadBalancerPort), one));
  if (gone.length > 0) {
    const LoadBalancerPorts = gone.map(({ LoadBalancerPort }) => LoadBalancerPort);
    work.call(CLASSIC, 'DeleteLoadBalancerListeners', { LoadBalancerName, LoadBalancerPorts });
  }
  const Listeners = after.filter((one) => !same(on(known, one.LoadBalancerPort), one));
  if (Listeners.length > 0)
    work.call(CLASSIC, 'CreateLoadBalancerListeners', { LoadBalancerName, Listeners });
  for (const { PolicyName } of policiesIn(before))
    work.call(CLASSIC, 'DeleteLoadBalancerPolicy', { LoadBalancerName, PolicyName });
  addPolicies(work, LoadBalancerName);
}
