// Certificates and security policies of listeners, with ACM behind them.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/create-https-listener.html

import { DeleteCertificateCommand, DescribeCertificateCommand } from '@aws-sdk/client-acm';
import {
  AddListenerCertificatesCommand,
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateTargetGroupCommand,
  DeleteListenerCommand,
  DescribeListenerCertificatesCommand,
  DescribeListenersCommand,
  DescribeSSLPoliciesCommand,
  ElasticLoadBalancingV2Client,
  ModifyListenerCommand,
  RemoveListenerCertificatesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { CreateListenerCommandInput } from '@aws-sdk/client-elastic-load-balancing-v2';
import { describe, expect, it } from 'vitest';
import { routing } from '#cloud/ports/routing.ts';
import { SecuredStand } from '../../../../tests/secured-stand.ts';

const DAY = 86_400_000;

async function stage() {
  const stand = await SecuredStand.open();
  const { table, acm, subnets, vpcId } = stand;
  const elb = table.client(ElasticLoadBalancingV2Client);
  const { LoadBalancers = [] } = await elb.send(
    new CreateLoadBalancerCommand({ Name: 'web', Subnets: subnets }),
  );
  const { LoadBalancerArn = '', DNSName: host = '' } = LoadBalancers[0] ?? {};
  const { TargetGroups = [] } = await elb.send(
    new CreateTargetGroupCommand({ Name: 'web', Protocol: 'HTTP', Port: 80, VpcId: vpcId }),
  );
  const forward = [{ Type: 'forward' as const, TargetGroupArn: TargetGroups[0]?.TargetGroupArn }];
  const listen = async (more: Partial<CreateListenerCommandInput> = {}) => {
    const { Listeners = [] } = await elb.send(
      new CreateListenerCommand({
        LoadBalancerArn,
        Protocol: 'HTTPS',
        Port: 443,
        DefaultActions: forward,
        ...more,
      }),
    );
    return Listeners[0];
  };
  const shown = async (ListenerArn = '') =>
    (await elb.send(new DescribeListenersCommand({ ListenerArns: [ListenerArn] }))).Listeners?.[0];
  const served = async (ListenerArn = '') =>
    (await elb.send(new DescribeListenerCertificatesCommand({ ListenerArn }))).Certificates?.map(
      ({ CertificateArn, IsDefault }) => `${CertificateArn}${IsDefault ? ' (default)' : ''}`,
    );
  const usersOf = async (CertificateArn: string) =>
    (await acm.send(new DescribeCertificateCommand({ CertificateArn }))).Certificate?.InUseBy;
  return { stand, elb, acm, table, LoadBalancerArn, host, listen, shown, served, usersOf };
}
const one = (CertificateArn: string) => [{ CertificateArn }];

describe('an HTTPS listener', () => {
  it('serves with an issued certificate, under the default policy unless another is said', async () => {
    const s = await stage();
    const arn = await s.stand.issued('shop.example.com');
    const listener = await s.listen({ Certificates: one(arn) });
    expect(listener).toMatchObject({
      Protocol: 'HTTPS',
      Port: 443,
      SslPolicy: 'ELBSecurityPolicy-2016-08',
      Certificates: [{ CertificateArn: arn }],
    });
    expect(await s.usersOf(arn)).toEqual([s.LoadBalancerArn]);
    const plan = s.table.read((ctx) =>
      ctx.port(routing).plan(ctx, { host: s.host, port: 443, path: '/', method: 'GET' }),
    );
    expect(plan).toMatchObject({ kind: 'forward', front: { protocol: 'https', port: 443 } });
  });

  it('needs exactly one certificate, which is there and issued, and a policy that there is', async () => {
    const s = await stage();
    const arn = await s.stand.issued('shop.example.com');
    const pending = await s.stand.pending('other.example.org');
    const refused = (more: Partial<CreateListenerCommandInput>) => expect(s.listen(more)).rejects;
    await refused({}).toThrow('A certificate must be specified for HTTPS listeners');
    await refused({ Certificates: [...one(arn), ...one(pending)] }).toThrow('exactly one certificate');
    await refused({ Certificates: [{ CertificateArn: arn, IsDefault: true }] }).toThrow('IsDefault');
    await refused({ Certificates: one('server') }).toThrow("Certificate ARN 'server' is not valid");
    const gone = `${arn.slice(0, -4)}0000`;
    await refused({ Certificates: one(gone) }).toMatchObject({ name: 'CertificateNotFoundException' });
    await refused({ Certificates: one(pending) }).toMatchObject({ name: 'UnsupportedCertificate' });
    await refused({ Certificates: one(arn), SslPolicy: 'ELBSecurityPolicy-2099-01' }).toMatchObject({
      name: 'SSLPolicyNotFoundException',
    });
    await refused({ Certificates: one(arn), Protocol: 'HTTP' }).toThrow('HTTP listeners');
    await refused({ Certificates: one(arn), Protocol: 'TLS' }).toThrow("must be one of 'HTTP, HTTPS'");
  });

  it('changes its certificate, its policy and its protocol', async () => {
    const s = await stage();
    const [first, second] = [await s.stand.issued('a.example.com'), await s.stand.issued('b.example.com')];
    const { ListenerArn } = (await s.listen({ Certificates: one(first) })) ?? {};
    const modify = (more: object) => s.elb.send(new ModifyListenerCommand({ ListenerArn, ...more }));
    await modify({ SslPolicy: 'ELBSecurityPolicy-TLS13-1-2-2021-06' });
    await modify({ Certificates: one(second) });
    expect(await s.shown(ListenerArn)).toMatchObject({
      SslPolicy: 'ELBSecurityPolicy-TLS13-1-2-2021-06',
      Certificates: one(second),
    });
    expect(await s.usersOf(first)).toEqual([]);
    await modify({ Protocol: 'HTTP', Port: 80 });
    const plain = await s.shown(ListenerArn);
    expect(plain).toMatchObject({ Protocol: 'HTTP', Port: 80 });
    expect(plain?.Certificates).toBeUndefined();
    await expect(modify({ Protocol: 'HTTPS' })).rejects.toThrow('A certificate must be specified');
  });

  // https://docs.aws.amazon.com/elasticloadbalancing/latest/application/https-listener-certificates.html
  it('has further certificates beside the default one, which cannot be removed', async () => {
    const s = await stage();
    const [first, second] = [await s.stand.issued('a.example.com'), await s.stand.issued('b.example.com')];
    const { ListenerArn } = (await s.listen({ Certificates: one(first) })) ?? {};
    await s.elb.send(new AddListenerCertificatesCommand({ ListenerArn, Certificates: one(second) }));
    expect(await s.served(ListenerArn)).toEqual([`${first} (default)`, second]);
    const remove = (arn: string) =>
      s.elb.send(new RemoveListenerCertificatesCommand({ ListenerArn, Certificates: one(arn) }));
    await expect(remove(first)).rejects.toMatchObject({ name: 'OperationNotPermittedException' });
    await remove(second);
    expect(await s.served(ListenerArn)).toEqual([`${first} (default)`]);
    const plain = await s.listen({ Protocol: 'HTTP', Port: 80 });
    await expect(
      s.elb.send(
        new AddListenerCertificatesCommand({
          ListenerArn: plain?.ListenerArn,
          Certificates: one(second),
        }),
      ),
    ).rejects.toThrow('does not use certificates');
  });
});

describe('a certificate that a listener uses', () => {
  it('cannot be deleted before the listener', async () => {
    const s = await stage();
    const CertificateArn = await s.stand.issued('shop.example.com');
    const { ListenerArn } = (await s.listen({ Certificates: one(CertificateArn) })) ?? {};
    const remove = () => s.acm.send(new DeleteCertificateCommand({ CertificateArn }));
    await expect(remove()).rejects.toMatchObject({
      name: 'ResourceInUseException',
      message: `Certificate ${CertificateArn} is in use.`,
    });
    await s.elb.send(new DeleteListenerCommand({ ListenerArn }));
    await remove();
  });

  // https://docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html
  it('is renewed before it expires', async () => {
    const s = await stage();
    const CertificateArn = await s.stand.issued('shop.example.com');
    await s.listen({ Certificates: one(CertificateArn) });
    const detail = async () =>
      (await s.acm.send(new DescribeCertificateCommand({ CertificateArn }))).Certificate;
    const before = await detail();
    expect(before?.RenewalEligibility).toBe('ELIGIBLE');
    s.table.advance(152 * DAY);
    expect((await detail())?.Serial).toBe(before?.Serial);
    s.table.advance(2 * DAY);
    const after = await detail();
    expect(after?.RenewalSummary?.RenewalStatus).toBe('SUCCESS');
    expect(after?.Serial).not.toBe(before?.Serial);
    s.table.advance(46 * DAY);
    expect((await detail())?.Status).toBe('ISSUED');
  });
});

// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
it('describes security policies with their protocols and ciphers', async () => {
  const { elb } = await stage();
  const { SslPolicies: all = [] } = await elb.send(new DescribeSSLPoliciesCommand({}));
  expect(all.map(({ Name }) => Name)).toContain('ELBSecurityPolicy-2016-08');
  const { SslPolicies = [] } = await elb.send(
    // A policy that is asked for twice is shown once, as moto's test_describe_ssl_policies has it.
    new DescribeSSLPoliciesCommand({
      Names: ['ELBSecurityPolicy-TLS13-1-3-2021-06', 'ELBSecurityPolicy-TLS13-1-3-2021-06'],
    }),
  );
  expect(SslPolicies).toEqual([
    {
      Name: 'ELBSecurityPolicy-TLS13-1-3-2021-06',
      SslProtocols: ['TLSv1.3'],
      Ciphers: [
        { Name: 'TLS_AES_128_GCM_SHA256', Priority: 1 },
        { Name: 'TLS_AES_256_GCM_SHA384', Priority: 2 },
        { Name: 'TLS_CHACHA20_POLY1305_SHA256', Priority: 3 },
      ],
      SupportedLoadBalancerTypes: ['application', 'network'],
    },
  ]);
  await expect(elb.send(new DescribeSSLPoliciesCommand({ Names: ['none'] }))).rejects.toMatchObject({
    name: 'SSLPolicyNotFoundException',
  });
});
