// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-certificatemanager-certificate.html

import { ACMClient, DescribeCertificateCommand, ListTagsForCertificateCommand } from '@aws-sdk/client-acm';
import { DescribeSubnetsCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  DescribeListenerCertificatesCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { ListHostedZonesCommand, Route53Client } from '@aws-sdk/client-route-53';
import { describe, expect, it } from 'vitest';
import { ProviderStand } from '../test-stand.ts';

const ref = (Ref: string) => ({ Ref });
const zone = { Type: 'AWS::Route53::HostedZone', Properties: { Name: 'example.com' } };

function certificate(DomainName: string, more: object = {}) {
  return {
    Type: 'AWS::CertificateManager::Certificate',
    Properties: {
      DomainName,
      ValidationMethod: 'DNS',
      DomainValidationOptions: [{ DomainName, HostedZoneId: ref('Zone') }],
      ...more,
    },
  };
}

describe('AWS::CertificateManager::Certificate', () => {
  it('puts its record into the hosted zone, stands when it is issued, and is changed and deleted', async () => {
    const stand = new ProviderStand();
    const acm = stand.table.client(ACMClient);
    const template = (more: object) => ({
      Resources: { Zone: zone, Certificate: certificate('shop.example.com', more) },
    });
    expect(await stand.create(template({ Tags: [{ Key: 'team', Value: 'a' }] }))).toBe('CREATE_COMPLETE');
    const { Certificate: CertificateArn = '' } = await stand.physicalIds();
    const { Certificate } = await acm.send(new DescribeCertificateCommand({ CertificateArn }));
    expect(Certificate?.Status).toBe('ISSUED');
    const { Name, Value } = Certificate?.DomainValidationOptions?.[0]?.ResourceRecord ?? {};
    expect((await stand.events()).join('\n')).toContain(
      `Content of DNS Record is: {Name: ${Name},Type: CNAME,Value: ${Value}}`,
    );
    const changed = {
      CertificateTransparencyLoggingPreference: 'DISABLED',
      Tags: [{ Key: 'team', Value: 'b' }],
    };
    expect(await stand.update(template(changed))).toBe('UPDATE_COMPLETE');
    const after = await acm.send(new DescribeCertificateCommand({ CertificateArn }));
    expect(after.Certificate?.Options?.CertificateTransparencyLoggingPreference).toBe('DISABLED');
    const { Tags = [] } = await acm.send(new ListTagsForCertificateCommand({ CertificateArn }));
    expect(Tags.find(({ Key }) => Key === 'team')?.Value).toBe('b');
    // The record stays, and so the zone is not empty: AWS's own behaviour.
    expect(await stand.delete()).toBe('DELETE_FAILED');
    await expect(acm.send(new DescribeCertificateCommand({ CertificateArn }))).rejects.toThrow(
      'Could not find',
    );
    const { HostedZones } = await stand.table.client(Route53Client).send(new ListHostedZonesCommand({}));
    expect(HostedZones).toHaveLength(1);
  });

  it('fails the stack where nobody proves to own the domain for 72 hours', async () => {
    const stand = new ProviderStand();
    const Resources = {
      Certificate: {
        Type: 'AWS::CertificateManager::Certificate',
        Properties: { DomainName: 'example.org', ValidationMethod: 'DNS' },
      },
    };
    await expect(stand.create({ Resources })).rejects.toThrow('still CREATE_IN_PROGRESS');
    stand.table.advance(69 * 3_600_000);
    expect(await stand.settle()).toBe('ROLLBACK_COMPLETE');
    expect((await stand.failures()).join()).toContain('VALIDATION_TIMED_OUT');
  });
});

it('AWS::ElasticLoadBalancingV2::ListenerCertificate adds to the certificates of a listener', async () => {
  const stand = new ProviderStand();
  const { Subnets = [] } = await stand.table.client(EC2Client).send(new DescribeSubnetsCommand({}));
  const template = (extra: string) => ({
    Resources: {
      Zone: zone,
      A: certificate('a.example.com'),
      B: certificate('b.example.com'),
      C: certificate('c.example.com'),
      Front: {
        Type: 'AWS::ElasticLoadBalancingV2::LoadBalancer',
        Properties: { Subnets: Subnets.map(({ SubnetId }) => SubnetId) },
      },
      Https: {
        Type: 'AWS::ElasticLoadBalancingV2::Listener',
        Properties: {
          LoadBalancerArn: ref('Front'),
          Port: 443,
          Protocol: 'HTTPS',
          SslPolicy: 'ELBSecurityPolicy-TLS13-1-2-2021-06',
          Certificates: [{ CertificateArn: ref('A') }],
          DefaultActions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '200' } }],
        },
      },
      More: {
        Type: 'AWS::ElasticLoadBalancingV2::ListenerCertificate',
        Properties: { ListenerArn: ref('Https'), Certificates: [{ CertificateArn: ref(extra) }] },
      },
    },
  });
  expect(await stand.create(template('B'))).toBe('CREATE_COMPLETE');
  const ids = await stand.physicalIds();
  const served = async () =>
    (
      await stand.table
        .client(ElasticLoadBalancingV2Client)
        .send(new DescribeListenerCertificatesCommand({ ListenerArn: ids['Https'] }))
    ).Certificates?.map(({ CertificateArn }) => CertificateArn);
  expect(await served()).toEqual([ids['A'], ids['B']]);
  expect(await stand.update(template('C'))).toBe('UPDATE_COMPLETE');
  expect(await served()).toEqual([ids['A'], ids['C']]);
});
