// Classic Load Balancers of a stack.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-elasticloadbalancing-loadbalancer.html

import { DescribeImagesCommand, DescribeSubnetsCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  DeleteLoadBalancerListenersCommand,
  DescribeLoadBalancerAttributesCommand,
  DescribeLoadBalancersCommand,
  DescribeTagsCommand,
  ElasticLoadBalancingClient,
} from '@aws-sdk/client-elastic-load-balancing';
import type { LoadBalancerDescription } from '@aws-sdk/client-elastic-load-balancing';
import { describe, expect, it } from 'vitest';
import { ProviderStand } from '../test-stand.ts';
import type { TemplateParts } from '../test-stand.ts';

const HTTP = { LoadBalancerPort: '80', InstancePort: '80', Protocol: 'http' };
const STICKY = { PolicyName: 'sticky', CookieExpirationPeriod: '60' };
const HEALTH = {
  Target: 'HTTP:80/',
  Interval: '30',
  Timeout: '5',
  HealthyThreshold: '3',
  UnhealthyThreshold: '5',
};

function template(properties: object, resources: object = {}): TemplateParts {
  return {
    Resources: {
      Front: {
        Type: 'AWS::ElasticLoadBalancing::LoadBalancer',
        Properties: { AvailabilityZones: { 'Fn::GetAZs': '' }, Listeners: [HTTP], ...properties },
      },
      ...resources,
    },
    Outputs: Object.fromEntries(
      [
        'DNSName',
        'CanonicalHostedZoneName',
        'SourceSecurityGroup.GroupName',
        'SourceSecurityGroup.OwnerAlias',
      ].map((name) => [name.replace('.', ''), { Value: { 'Fn::GetAtt': ['Front', name] } }]),
    ),
  };
}

async function frontOf(stand: ProviderStand): Promise<LoadBalancerDescription> {
  const { Front } = await stand.physicalIds();
  const { LoadBalancerDescriptions = [] } = await stand.table
    .client(ElasticLoadBalancingClient)
    .send(new DescribeLoadBalancersCommand({ LoadBalancerNames: [Front ?? ''] }));
  return LoadBalancerDescriptions[0] ?? {};
}

async function server(stand: ProviderStand): Promise<object> {
  const { Images = [] } = await stand.table.client(EC2Client).send(
    new DescribeImagesCommand({
      Owners: ['amazon'],
      Filters: [{ Name: 'architecture', Values: ['x86_64'] }],
    }),
  );
  return {
    Type: 'AWS::EC2::Instance',
    Properties: { ImageId: Images[0]?.ImageId, InstanceType: 't3.micro' },
  };
}

describe('a Classic Load Balancer of a stack', () => {
  it('stands with its listeners, policies, attributes, instances and tags, and tells its names', async () => {
    const stand = new ProviderStand();
    const elb = stand.table.client(ElasticLoadBalancingClient);
    const properties = {
      Listeners: [
        { ...HTTP, PolicyNames: ['sticky'] },
        { LoadBalancerPort: 81, InstancePort: 80, Protocol: 'HTTP' },
      ],
      LBCookieStickinessPolicy: [STICKY],
      Policies: [
        {
          PolicyName: 'app',
          PolicyType: 'AppCookieStickinessPolicyType',
          Attributes: [{ Name: 'CookieName', Value: 'SESSION' }],
          LoadBalancerPorts: ['81'],
        },
      ],
      CrossZone: 'true',
      ConnectionDrainingPolicy: { Enabled: true, Timeout: '60' },
      HealthCheck: HEALTH,
      Instances: [{ Ref: 'One' }],
      Tags: [{ Key: 'team', Value: 'a' }],
    };
    expect(await stand.create(template(properties, { One: await server(stand) }))).toBe('CREATE_COMPLETE');
    const { One, Front = '' } = await stand.physicalIds();
    const front = await frontOf(stand);
    expect(Front).toMatch(/^shop-Front-\w+$/);
    expect(await stand.outputs()).toEqual({
      DNSName: front.DNSName,
      CanonicalHostedZoneName: front.DNSName,
      SourceSecurityGroupGroupName: front.SourceSecurityGroup?.GroupName,
      SourceSecurityGroupOwnerAlias: '000000000000',
    });
    expect(front.ListenerDescriptions?.map(({ PolicyNames }) => PolicyNames)).toEqual([['sticky'], ['app']]);
    expect(front.HealthCheck?.HealthyThreshold).toBe(3);
    expect(front.Instances).toEqual([{ InstanceId: One }]);
    const named = { LoadBalancerName: Front };
    const { LoadBalancerAttributes } = await elb.send(new DescribeLoadBalancerAttributesCommand(named));
    expect(LoadBalancerAttributes).toMatchObject({
      CrossZoneLoadBalancing: { Enabled: true },
      ConnectionDraining: { Enabled: true, Timeout: 60 },
    });
    const { TagDescriptions } = await elb.send(new DescribeTagsCommand({ LoadBalancerNames: [Front] }));
    expect(TagDescriptions?.[0]?.Tags).toContainEqual({
      Key: 'aws:cloudformation:logical-id',
      Value: 'Front',
    });
    expect(await stand.drift()).toEqual(['Front IN_SYNC', 'One IN_SYNC']);
    const LoadBalancerPorts = [81];
    await elb.send(new DeleteLoadBalancerListenersCommand({ ...named, LoadBalancerPorts }));
    expect((await stand.drift())[0]).toMatch(/^Front MODIFIED .*Listeners/);
    expect(await stand.delete()).toBe('DELETE_COMPLETE');
    expect((await elb.send(new DescribeLoadBalancersCommand({}))).LoadBalancerDescriptions).toEqual([]);
  });

  it('is changed in place: a policy in use, a listener, its attributes, its zones and its instances', async () => {
    const stand = new ProviderStand();
    const [One, Two] = [await server(stand), await server(stand)];
    const before = {
      Listeners: [{ ...HTTP, PolicyNames: ['sticky'] }],
      LBCookieStickinessPolicy: [STICKY],
      AvailabilityZones: ['us-east-1a', 'us-east-1b'],
      ConnectionSettings: { IdleTimeout: 5 },
      HealthCheck: HEALTH,
      Instances: [{ Ref: 'One' }],
    };
    await stand.create(template(before, { One, Two }));
    const { DNSName } = await frontOf(stand);
    const after = {
      Listeners: [{ ...HTTP, InstancePort: '8080', PolicyNames: ['sticky'] }],
      LBCookieStickinessPolicy: [{ ...STICKY, CookieExpirationPeriod: '90' }],
      AvailabilityZones: ['us-east-1b', 'us-east-1c'],
      HealthCheck: { ...HEALTH, Target: 'TCP:8080' },
      Instances: [{ Ref: 'Two' }],
    };
    expect(await stand.update(template(after, { One, Two }))).toBe('UPDATE_COMPLETE');
    const front = await frontOf(stand);
    const { Two: two, Front } = await stand.physicalIds();
    expect(front).toMatchObject({
      DNSName,
      AvailabilityZones: ['us-east-1b', 'us-east-1c'],
      HealthCheck: { Target: 'TCP:8080' },
      Instances: [{ InstanceId: two }],
      Policies: { LBCookieStickinessPolicies: [{ PolicyName: 'sticky', CookieExpirationPeriod: 90 }] },
      ListenerDescriptions: [{ Listener: { InstancePort: 8080 }, PolicyNames: ['sticky'] }],
    });
    const { LoadBalancerAttributes } = await stand.table
      .client(ElasticLoadBalancingClient)
      .send(new DescribeLoadBalancerAttributesCommand({ LoadBalancerName: Front }));
    expect(LoadBalancerAttributes?.ConnectionSettings?.IdleTimeout).toBe(60);
  });

  it('is replaced where a health check is added or its scheme changes', async () => {
    const stand = new ProviderStand();
    await stand.create(template({}));
    const { Front: first } = await stand.physicalIds();
    expect(await stand.update(template({ HealthCheck: HEALTH }))).toBe('UPDATE_COMPLETE');
    const { Front: second } = await stand.physicalIds();
    expect(second).not.toBe(first);
    const changed = template({ HealthCheck: { ...HEALTH, Interval: '20' } });
    expect(await stand.update(changed)).toBe('UPDATE_COMPLETE');
    expect((await stand.physicalIds())['Front']).toBe(second);
  });

  it('swaps its subnets one for one', async () => {
    const stand = new ProviderStand();
    const found = await stand.table.client(EC2Client).send(new DescribeSubnetsCommand({}));
    const [one, two, three] = (found.Subnets ?? []).map(({ SubnetId }) => SubnetId);
    const within = (...Subnets: (string | undefined)[]): TemplateParts =>
      template({ AvailabilityZones: undefined, Subnets });
    await stand.create(within(one, two));
    expect(await stand.update(within(three))).toBe('UPDATE_COMPLETE');
    expect((await frontOf(stand)).Subnets).toEqual([three]);
  });

  it('fails by name with access logs that are on, and with a certificate', async () => {
    const logs = new ProviderStand();
    const AccessLoggingPolicy = { Enabled: true, S3BucketName: 'logs' };
    expect(await logs.create(template({ AccessLoggingPolicy }))).toBe('ROLLBACK_COMPLETE');
    expect((await logs.failures()).join()).toContain('Access logs are not modelled');
    const off = new ProviderStand();
    const Off = { Enabled: false, S3BucketName: 'logs' };
    expect(await off.create(template({ AccessLoggingPolicy: Off }))).toBe('CREATE_COMPLETE');
    const secure = new ProviderStand();
    const Listeners = [
      {
        ...HTTP,
        Protocol: 'HTTPS',
        InstanceProtocol: 'HTTP',
        SSLCertificateId: 'arn:aws:iam::000000000000:server-certificate/a',
      },
    ];
    expect(await secure.create(template({ Listeners }))).toBe('ROLLBACK_COMPLETE');
    expect((await secure.failures()).join()).toContain('not found');
  });
});
