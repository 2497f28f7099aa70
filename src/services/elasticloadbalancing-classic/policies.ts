// Policies for sticky sessions. Those for back-end servers, TLS negotiation and the Proxy Protocol are refused by name.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-sticky-sessions.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import type { Operations } from '#cloud/service.ts';
import { MOST_POLICIES } from './limits.ts';
import { loadBalancerOf, loadBalancers, notModelled } from './tables.ts';
import type { LoadBalancer, Policy } from './tables.ts';

const CLASSIC = 'elasticloadbalancing-classic';

/** Types that AWS has besides. */
const OTHER_TYPES = [
  'BackendServerAuthenticationPolicyType',
  'ProxyProtocolPolicyType',
  'PublicKeyPolicyType',
  'SSLNegotiationPolicyType',
];

/** A policy of a load balancer. Throws AWS's error where there is none of that name. */
export function policyOf({ name: loadBalancer, policies }: LoadBalancer, name: string): Policy {
  const found = policies.find((policy) => policy.name === name);
  if (found) return found;
  throw new Fault(
    'PolicyNotFoundException',
    `There is no policy with name ${name} for load balancer ${loadBalancer}`,
  );
}

function addPolicy(ctx: Ctx, loadBalancer: string, policy: Policy): void {
  const row = loadBalancerOf(ctx, loadBalancer);
  if (!/^[A-Za-z0-9-]+$/.test(policy.name)) {
    throw new Fault('ValidationError', 'A policy name consists of alphanumeric characters and dashes.');
  }
  if (row.policies.some(({ name }) => name === policy.name)) {
    throw new Fault(
      'DuplicatePolicyNameException',
      `Policy with name ${policy.name} already exists for load balancer ${row.name}`,
    );
  }
  if (row.policies.length >= MOST_POLICIES)
    throw new Fault('TooManyPoliciesException', 'The quota for the number of policies has been reached.');
  ctx.update(loadBalancers, row, { policies: [...row.policies, policy] });
}

function byLoadBalancer(name: string, seconds: number | undefined): Policy {
  if (seconds !== undefined && seconds < 1)
    throw new Fault('ValidationError', 'CookieExpirationPeriod must be at least 1 second.');
  return { name, type: 'LBCookieStickinessPolicyType', seconds: seconds ?? null };
}

type WireAttributes = Input<typeof CLASSIC, 'CreateLoadBalancerPolicy'>['PolicyAttributes'];

function parse(name: string, type: string, wire: WireAttributes = []): Policy {
  const attributes = new Map(
    wire.map(({ AttributeName = '', AttributeValue = '' }) => [AttributeName, AttributeValue]),
  );
  if (type === 'LBCookieStickinessPolicyType') {
    const period = attributes.get('CookieExpirationPeriod');
    if (period !== undefined && !/^\d+$/.test(period))
      throw new Fault('InvalidConfigurationRequestException', 'CookieExpirationPeriod must be a number.');
    return byLoadBalancer(name, period === undefined ? undefined : Number(period));
  }
  if (type === 'AppCookieStickinessPolicyType') {
    const cookie = attributes.get('CookieName');
    if (cookie === undefined)
      throw new Fault('InvalidConfigurationRequestException', 'CookieName must be given.');
    return { name, type, cookie };
  }
  if (OTHER_TYPES.includes(type)) throw notModelled(`Policies of the type ${type} are`);
  throw new Fault('PolicyTypeNotFoundException', `Policy type ${type} does not exist.`);
}

type Described = NonNullable<
  Output<typeof CLASSIC, 'DescribeLoadBalancerPolicies'>['PolicyDescriptions']
>[number];

function describe(policy: Policy): Described {
  const [AttributeName, AttributeValue] =
    policy.type === 'AppCookieStickinessPolicyType'
      ? ['CookieName', policy.cookie]
      : // As long as the browser's session is 0 here; Terraform's provider reads a number in any case.
        ['CookieExpirationPeriod', String(policy.seconds ?? 0)];
  const PolicyAttributeDescriptions = [{ AttributeName, AttributeValue }];
  return { PolicyName: policy.name, PolicyTypeName: policy.type, PolicyAttributeDescriptions };
}

export const policyOperations: Operations<typeof CLASSIC> = {
  CreateLBCookieStickinessPolicy(ctx, { LoadBalancerName, PolicyName, CookieExpirationPeriod }) {
    addPolicy(ctx, LoadBalancerName, byLoadBalancer(PolicyName, CookieExpirationPeriod));
  },

  CreateAppCookieStickinessPolicy(ctx, { LoadBalancerName, PolicyName: name, CookieName: cookie }) {
    addPolicy(ctx, LoadBalancerName, { name, type: 'AppCookieStickinessPolicyType', cookie });
  },

  CreateLoadBalancerPolicy(ctx, { LoadBalancerName, PolicyName, PolicyTypeName, PolicyAttributes }) {
    addPolicy(ctx, LoadBalancerName, parse(PolicyName, PolicyTypeName, PolicyAttributes));
  },

  DeleteLoadBalancerPolicy(ctx, { LoadBalancerName, PolicyName }) {
    const row = loadBalancerOf(ctx, LoadBalancerName);
    const user = row.listeners.find(({ policies }) => policies.includes(PolicyName));
    if (user) {
      throw new Fault(
        'InvalidConfigurationRequestException',
        `Policy ${PolicyName} is enabled on the listener of port ${user.port}.`,
      );
    }
    const policies = row.policies.filter(({ name }) => name !== PolicyName);
    if (policies.length < row.policies.length) ctx.update(loadBalancers, row, { policies });
  },

  DescribeLoadBalancerPolicies(ctx, { LoadBalancerName, PolicyNames = [] }) {
    if (LoadBalancerName === undefined) throw notModelled('The sample policies of no load balancer are');
    const row = loadBalancerOf(ctx, LoadBalancerName);
    const asked = PolicyNames.length > 0 ? PolicyNames.map((name) => policyOf(row, name)) : row.policies;
    return { PolicyDescriptions: asked.map(describe) };
  },
};

type Shown = NonNullable<
  NonNullable<Output<typeof CLASSIC, 'DescribeLoadBalancers'>['LoadBalancerDescriptions']>[number]['Policies']
>;

export function showPolicies({ policies }: LoadBalancer): Shown {
  return {
    AppCookieStickinessPolicies: policies.flatMap((policy) =>
      policy.type === 'AppCookieStickinessPolicyType'
        ? [{ PolicyName: policy.name, CookieName: policy.cookie }]
        : [],
    ),
    LBCookieStickinessPolicies: policies.flatMap((policy) =>
      policy.type === 'LBCookieStickinessPolicyType'
        ? [{ PolicyName: policy.name, CookieExpirationPeriod: policy.seconds ?? undefined }]
        : [],
    ),
    OtherPolicies: [],
  };
}
