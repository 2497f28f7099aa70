// Certificates of HTTPS and TLS listeners: a default one, and more for clients that say which host they want (SNI).
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/https-listener-certificates.html

import { Fault } from '#contract/fault.ts';
import type { CertificateUsers } from '#cloud/ports/certificates.ts';
import { checkedCertificate } from '#cloud/load-balancers/certificates.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input } from '#cloud/contracts.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { PAGE_SIZE, QUOTAS } from '../limits.ts';
import { listenerOf, listeners } from '../tables.ts';
import type { Listener, Tls } from '../tables.ts';
import { checkSslPolicy, DEFAULT_POLICY } from './ssl-policies.ts';

type Request = Pick<
  Input<'elasticloadbalancing', 'ModifyListener'>,
  'AlpnPolicy' | 'SslPolicy' | 'Certificates'
>;

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-listeners.html#alpn-policies */
const ALPN_POLICIES = ['HTTP1Only', 'HTTP2Only', 'HTTP2Optional', 'HTTP2Preferred', 'None'];

/** What a listener speaks TLS with after a request; nothing for HTTP and TCP. Throws AWS's errors. */
export function tlsOf(
  ctx: Ctx,
  protocol: Listener['protocol'],
  before: Tls | null,
  request: Request,
): Tls | null {
  const { SslPolicy, Certificates } = request;
  const alpn = alpnOf(protocol, before, request);
  if (protocol === 'HTTP' || protocol === 'TCP') {
    if (SslPolicy !== undefined || Certificates !== undefined) {
      throw new Fault(
        'ValidationError',
        `Certificates and SSL policies cannot be specified for ${protocol} listeners`,
      );
    }
    return null;
  }
  if (Certificates === undefined && !before)
    throw new Fault('ValidationError', `A certificate must be specified for ${protocol} listeners`);
  if (SslPolicy !== undefined) checkSslPolicy(SslPolicy);
  const policy = SslPolicy ?? before?.policy ?? DEFAULT_POLICY;
  if (Certificates === undefined) return { ...(before as Tls), policy, ...alpn };
  const [first, ...others] = Certificates;
  // The words are known from moto's tests alone.
  if (!first || others.length > 0) {
    throw new Fault(
      'InvalidConfigurationRequestException',
      `You must provide a list containing exactly one certificate if the listener protocol is ${protocol}.`,
    );
  }
  if (first.IsDefault !== undefined) throw defaultSaid();
  const defaultArn = checkedCertificate(ctx, first.CertificateArn);
  return { policy, defaultArn, moreArns: before?.moreArns ?? [], ...alpn };
}

/** The protocols that a TLS listener offers its clients above TLS, by the name of a policy. */
function alpnOf(
  protocol: Listener['protocol'],
  before: Tls | null,
  { AlpnPolicy }: Request,
): Pick<Tls, 'alpnPolicy'> {
  if (AlpnPolicy === undefined) {
    const { alpnPolicy } = before ?? {};
    return protocol === 'TLS' && alpnPolicy !== undefined ? { alpnPolicy } : {};
  }
  if (protocol !== 'TLS')
    throw new Fault('ValidationError', `An ALPN policy cannot be specified for ${protocol} listeners`);
  const [alpnPolicy = '', ...others] = AlpnPolicy;
  if (others.length > 0) throw new Fault('ValidationError', 'Exactly one ALPN policy must be specified');
  if (ALPN_POLICIES.includes(alpnPolicy)) return { alpnPolicy };
  throw new Fault('ALPNPolicyNotSupportedException', `ALPN policy '${alpnPolicy}' is not supported`);
}

function defaultSaid(): Fault {
  return new Fault('ValidationError', "You cannot set 'IsDefault' for a certificate");
}

/** The listener with its certificates; only HTTPS has any. */
function secured(ctx: Ctx, arn: string): Listener & { tls: Tls } {
  const listener = listenerOf(ctx, arn);
  if (listener.tls) return listener as Listener & { tls: Tls };
  throw new Fault('ValidationError', `The listener '${arn}' does not use certificates`);
}

export const certificateOperations: Operations<'elasticloadbalancing'> = {
  AddListenerCertificates(ctx, { ListenerArn, Certificates }) {
    const listener = secured(ctx, ListenerArn);
    if (Certificates.some(({ IsDefault }) => IsDefault !== undefined)) throw defaultSaid();
    const added = Certificates.map(({ CertificateArn }) => checkedCertificate(ctx, CertificateArn));
    const { tls } = listener;
    const moreArns = [...new Set([...tls.moreArns, ...added])];
    if (moreArns.length > QUOTAS['certificates-per-application-load-balancer']) {
      throw new Fault(
        'TooManyCertificatesException',
        "You've reached the limit on the number of certificates per load balancer.",
      );
    }
    ctx.update(listeners, listener, { tls: { ...tls, moreArns } });
    return { Certificates: added.map((CertificateArn) => ({ CertificateArn, IsDefault: false })) };
  },

  RemoveListenerCertificates(ctx, { ListenerArn, Certificates }) {
    const listener = secured(ctx, ListenerArn);
    const { tls } = listener;
    const gone = Certificates.map(({ CertificateArn }) => CertificateArn);
    if (gone.includes(tls.defaultArn) && !tls.moreArns.includes(tls.defaultArn)) {
      throw new Fault(
        'OperationNotPermittedException',
        'The default certificate of a listener cannot be removed',
      );
    }
    const moreArns = tls.moreArns.filter((arn) => !gone.includes(arn));
    ctx.update(listeners, listener, { tls: { ...tls, moreArns } });
  },

  DescribeListenerCertificates(ctx, { ListenerArn, Marker, PageSize = PAGE_SIZE }) {
    const { tls } = listenerOf(ctx, ListenerArn);
    const all = tls ? [tls.defaultArn, ...tls.moreArns] : [];
    const shown = all.map((CertificateArn, i) => ({ CertificateArn, IsDefault: i === 0 }));
    const { items, next } = pageOf(shown, (one) => `${one.IsDefault} ${one.CertificateArn}`, {
      token: Marker,
      limit: PageSize,
    });
    return { Certificates: items, NextMarker: next };
  },
};

/** Load balancers that have a listener with the certificate. */
export const listenerCertificates: CertificateUsers = {
  usersOf(ctx, certificateArn) {
    const using = ctx
      .list(listeners)
      .filter(({ tls }) => tls?.defaultArn === certificateArn || tls?.moreArns.includes(certificateArn));
    return [...new Set(using.map(({ loadBalancerArn }) => loadBalancerArn))];
  },
};
