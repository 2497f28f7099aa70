// HTTPS and SSL listeners of Classic Load Balancers, with ACM behind them.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-https-load-balancers.html

import { DescribeCertificateCommand } from '@aws-sdk/client-acm';
import {
  CreateLoadBalancerCommand,
  DescribeLoadBalancersCommand,
  ElasticLoadBalancingClient,
  SetLoadBalancerListenerSSLCertificateCommand,
} from '@aws-sdk/client-elastic-load-balancing';
import { expect, it } from 'vitest';
import { routing } from '#cloud/ports/routing.ts';
import { SecuredStand } from '../../../tests/secured-stand.ts';

const LoadBalancerName = 'web';

async function stage() {
  const stand = await SecuredStand.open();
  const elb = stand.table.client(ElasticLoadBalancingClient);
  const SSLCertificateId = await stand.issued('shop.example.com');
  const inside = { InstancePort: 80, SSLCertificateId };
  const { DNSName: host = '' } = await elb.send(
    new CreateLoadBalancerCommand({
      LoadBalancerName,
      Subnets: stand.subnets,
      Listeners: [
        { ...inside, Protocol: 'HTTPS', LoadBalancerPort: 443, InstanceProtocol: 'HTTP' },
        { ...inside, Protocol: 'SSL', LoadBalancerPort: 8443, InstanceProtocol: 'TCP' },
      ],
    }),
  );
  stand.table.advance(60_000);
  const listeners = async () =>
    (await elb.send(new DescribeLoadBalancersCommand({}))).LoadBalancerDescriptions?.[0]
      ?.ListenerDescriptions;
  return { stand, elb, SSLCertificateId, host, listeners };
}

it('ends TLS before instances, by a certificate and the predefined security policy', async () => {
  const { stand, SSLCertificateId, host, listeners } = await stage();
  expect(await listeners()).toEqual([
    {
      Listener: {
        Protocol: 'HTTPS',
        LoadBalancerPort: 443,
        InstanceProtocol: 'HTTP',
        InstancePort: 80,
        SSLCertificateId,
      },
      PolicyNames: ['ELBSecurityPolicy-2016-08'],
    },
    {
      Listener: {
        Protocol: 'SSL',
        LoadBalancerPort: 8443,
        InstanceProtocol: 'TCP',
        InstancePort: 80,
        SSLCertificateId,
      },
      PolicyNames: ['ELBSecurityPolicy-2016-08'],
    },
  ]);
  const plan = (port: number) =>
    stand.table.read((ctx) => ctx.port(routing).plan(ctx, { host, port, path: '/', method: 'GET' }));
  // Nothing is in service: HTTP is answered, TCP is not.
  expect(plan(443)).toMatchObject({ kind: 'forward', front: { protocol: 'https', port: 443 } });
  expect(plan(8443)).toEqual({ kind: 'refused' });
});

it('takes another certificate in place of the first', async () => {
  const { stand, elb, SSLCertificateId, listeners } = await stage();
  const other = await stand.issued('other.example.com');
  const change = (LoadBalancerPort: number, certificate: string) =>
    elb.send(
      new SetLoadBalancerListenerSSLCertificateCommand({
        LoadBalancerName,
        LoadBalancerPort,
        SSLCertificateId: certificate,
      }),
    );
  await change(443, other);
  expect((await listeners())?.map(({ Listener }) => Listener?.SSLCertificateId)).toEqual([
    other,
    SSLCertificateId,
  ]);
  const { Certificate } = await stand.acm.send(new DescribeCertificateCommand({ CertificateArn: other }));
  expect(Certificate?.InUseBy).toEqual([
    'arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/web',
  ]);
  await expect(change(80, other)).rejects.toMatchObject({ name: 'ListenerNotFoundException' });
  await expect(change(443, `${other.slice(0, -4)}0000`)).rejects.toMatchObject({
    name: 'CertificateNotFoundException',
  });
});
