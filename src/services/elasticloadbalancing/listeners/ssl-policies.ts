// Security policies for TLS: which protocols and ciphers a listener speaks. No TLS is spoken here; what a listener is given
// has to exist and is shown.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html

import { Fault } from '#contract/fault.ts';
import type { Output } from '#cloud/contracts.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { PAGE_SIZE } from '../limits.ts';

type Shown = NonNullable<Output<'elasticloadbalancing', 'DescribeSSLPolicies'>['SslPolicies']>[number];

interface SslPolicy {
  readonly protocols: readonly string[];
  readonly ciphers: readonly string[];
}

const TLS13 = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];

/** `ECDHE-*-…` stands for both kinds of keys. */
function ciphers(...names: string[]): string[] {
  return names.flatMap((name) =>
    name.includes('*') ? ['ECDSA', 'RSA'].map((key) => name.replace('*', key)) : [name],
  );
}

const GCM = ciphers('ECDHE-*-AES128-GCM-SHA256', 'ECDHE-*-AES256-GCM-SHA384');
const FORWARD_SHA2 = ciphers(
  'ECDHE-*-AES128-GCM-SHA256',
  'ECDHE-*-AES128-SHA256',
  'ECDHE-*-AES256-GCM-SHA384',
  'ECDHE-*-AES256-SHA384',
);
const FORWARD = ciphers(
  'ECDHE-*-AES128-GCM-SHA256',
  'ECDHE-*-AES128-SHA256',
  'ECDHE-*-AES128-SHA',
  'ECDHE-*-AES256-GCM-SHA384',
  'ECDHE-*-AES256-SHA384',
  'ECDHE-*-AES256-SHA',
);
const STATIC_SHA2 = ['AES128-GCM-SHA256', 'AES128-SHA256', 'AES256-GCM-SHA384', 'AES256-SHA256'];
const STATIC = [
  'AES128-GCM-SHA256',
  'AES128-SHA256',
  'AES128-SHA',
  'AES256-GCM-SHA384',
  'AES256-SHA256',
  'AES256-SHA',
];
const ALL = [...FORWARD, ...STATIC];

const V1 = ['TLSv1', 'TLSv1.1', 'TLSv1.2'];
const V11 = ['TLSv1.1', 'TLSv1.2'];
const V12 = ['TLSv1.2'];
const V13 = ['TLSv1.3'];

/** What a listener gets that is not made in the console and names none. */
export const DEFAULT_POLICY = 'ELBSecurityPolicy-2016-08';

const POLICIES: Readonly<Record<string, SslPolicy>> = {
  [DEFAULT_POLICY]: { protocols: V1, ciphers: ALL },
  'ELBSecurityPolicy-TLS13-1-2-2021-06': {
    protocols: [...V12, ...V13],
    ciphers: [...TLS13, ...FORWARD_SHA2],
  },
  'ELBSecurityPolicy-TLS13-1-2-Res-2021-06': { protocols: [...V12, ...V13], ciphers: [...TLS13, ...GCM] },
  'ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06': {
    protocols: [...V12, ...V13],
    ciphers: [...TLS13, ...FORWARD_SHA2, ...STATIC_SHA2],
  },
  'ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06': {
    protocols: [...V12, ...V13],
    ciphers: [...TLS13, ...ALL],
  },
  'ELBSecurityPolicy-TLS13-1-1-2021-06': { protocols: [...V11, ...V13], ciphers: [...TLS13, ...ALL] },
  'ELBSecurityPolicy-TLS13-1-0-2021-06': { protocols: [...V1, ...V13], ciphers: [...TLS13, ...ALL] },
  'ELBSecurityPolicy-TLS13-1-3-2021-06': { protocols: V13, ciphers: TLS13 },
  'ELBSecurityPolicy-TLS-1-2-2017-01': { protocols: V12, ciphers: [...FORWARD_SHA2, ...STATIC_SHA2] },
  'ELBSecurityPolicy-TLS-1-1-2017-01': { protocols: V11, ciphers: ALL },
  'ELBSecurityPolicy-TLS-1-2-Ext-2018-06': { protocols: V12, ciphers: ALL },
  'ELBSecurityPolicy-FS-2018-06': { protocols: V1, ciphers: FORWARD },
  'ELBSecurityPolicy-2015-05': { protocols: V1, ciphers: ALL },
  'ELBSecurityPolicy-TLS-1-0-2015-04': { protocols: V1, ciphers: [...ALL, 'DES-CBC3-SHA'] },
  'ELBSecurityPolicy-FS-1-2-Res-2019-08': { protocols: V12, ciphers: FORWARD_SHA2 },
  'ELBSecurityPolicy-FS-1-1-2019-08': { protocols: V11, ciphers: FORWARD },
  'ELBSecurityPolicy-FS-1-2-2019-08': { protocols: V12, ciphers: FORWARD },
  'ELBSecurityPolicy-FS-1-2-Res-2020-10': { protocols: V12, ciphers: GCM },
};

/** AWS has policies for FIPS 140-3 and post-quantum ciphers besides. */
const OTHERS = /^ELBSecurityPolicy-.*-(FIPS|PQ)-/;

/** Throws for what is no policy. */
export function checkSslPolicy(name: string): void {
  if (name in POLICIES) return;
  if (OTHERS.test(name))
    throw new Fault('NotImplemented', `The security policy ${name} is not modelled by Sandtable.`);
  throw new Fault('SSLPolicyNotFoundException', `SSL policy '${name}' not found`);
}

export const sslPolicyOperations: Operations<'elasticloadbalancing'> = {
  DescribeSSLPolicies(_, { Names = [], Marker, PageSize = PAGE_SIZE, LoadBalancerType }) {
    if (LoadBalancerType === 'gateway') return { SslPolicies: [] };
    for (const name of Names) checkSslPolicy(name);
    const names = Names.length > 0 ? [...new Set(Names)] : Object.keys(POLICIES);
    const { items, next } = pageOf(names, (name) => name, { token: Marker, limit: PageSize });
    return { SslPolicies: items.map(show), NextMarker: next };
  },
};

function show(Name: string): Shown {
  const { protocols, ciphers: spoken } = POLICIES[Name] as SslPolicy;
  return {
    Name,
    SslProtocols: [...protocols],
    Ciphers: spoken.map((cipher, i) => ({ Name: cipher, Priority: i + 1 })),
    SupportedLoadBalancerTypes: ['application', 'network'],
  };
}
