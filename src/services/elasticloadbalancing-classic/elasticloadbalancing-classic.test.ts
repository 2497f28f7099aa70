import {
  AddTagsCommand,
  ApplySecurityGroupsToLoadBalancerCommand,
  AttachLoadBalancerToSubnetsCommand,
  ConfigureHealthCheckCommand,
  CreateAppCookieStickinessPolicyCommand,
  CreateLBCookieStickinessPolicyCommand,
  CreateLoadBalancerCommand,
  CreateLoadBalancerListenersCommand,
  CreateLoadBalancerPolicyCommand,
  DeleteLoadBalancerCommand,
  DeleteLoadBalancerListenersCommand,
  DeleteLoadBalancerPolicyCommand,
  DescribeAccountLimitsCommand,
  DescribeLoadBalancerAttributesCommand,
  DescribeLoadBalancerPoliciesCommand,
  DescribeLoadBalancersCommand,
  DescribeTagsCommand,
  DetachLoadBalancerFromSubnetsCommand,
  DisableAvailabilityZonesForLoadBalancerCommand,
  ElasticLoadBalancingClient,
  EnableAvailabilityZonesForLoadBalancerCommand,
  RemoveTagsCommand,
  SetLoadBalancerPoliciesOfListenerCommand,
} from '@aws-sdk/client-elastic-load-balancing';
import { DescribeSecurityGroupsCommand } from '@aws-sdk/client-ec2';
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { expect, it } from 'vitest';
import { ClassicStand, HTTP, MINUTE, NAME } from '../../../tests/classic-stand.ts';

const LoadBalancerName = NAME;
const ZONES = { AvailabilityZones: ['us-east-1a', 'us-east-1b'] };

// https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_LoadBalancerDescription.html
it('describes a load balancer with what AWS gives it beside the request', async () => {
  const s = await ClassicStand.open();
  await s.elb.send(
    new CreateLoadBalancerCommand({
      LoadBalancerName,
      Listeners: [HTTP, { Protocol: 'tcp', LoadBalancerPort: 22, InstancePort: 2222 }],
      Subnets: s.subnetIds,
      SecurityGroups: [s.groupId],
    }),
  );
  const { CreatedTime, DNSName, ...rest } = await s.describe();
  expect(DNSName).toMatch(/^web-\d{9}\.us-east-1\.elb\.amazonaws\.com$/);
  expect(CreatedTime?.getTime()).toBe(s.table.world.now);
  expect(rest).toEqual({
    LoadBalancerName,
    CanonicalHostedZoneName: DNSName,
    CanonicalHostedZoneNameID: 'Z35SXDOTRQ7X7K',
    ListenerDescriptions: [
      {
        Listener: { Protocol: 'TCP', LoadBalancerPort: 22, InstanceProtocol: 'TCP', InstancePort: 2222 },
        PolicyNames: [],
      },
      {
        Listener: { Protocol: 'HTTP', LoadBalancerPort: 80, InstanceProtocol: 'HTTP', InstancePort: 80 },
        PolicyNames: [],
      },
    ],
    Policies: { AppCookieStickinessPolicies: [], LBCookieStickinessPolicies: [], OtherPolicies: [] },
    BackendServerDescriptions: [],
    AvailabilityZones: ['us-east-1a', 'us-east-1b'],
    Subnets: s.subnetIds,
    VPCId: s.vpcId,
    Instances: [],
    HealthCheck: {
      Target: 'TCP:2222',
      Interval: 30,
      Timeout: 5,
      UnhealthyThreshold: 2,
      HealthyThreshold: 10,
    },
    SourceSecurityGroup: { OwnerAlias: '000000000000', GroupName: 'open' },
    SecurityGroups: [s.groupId],
    Scheme: 'internet-facing',
  });
});

// https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-vpc-security-groups.html
it('gives all load balancers of the default VPC that name no security group one of the service, open at the first ones ports', async () => {
  const s = await ClassicStand.open();
  const zones = { ...ZONES, Listeners: [HTTP] };
  await s.elb.send(new CreateLoadBalancerCommand({ LoadBalancerName: 'one', ...zones }));
  await s.elb.send(new CreateLoadBalancerCommand({ LoadBalancerName: 'two', ...zones }));
  const { LoadBalancerDescriptions = [] } = await s.elb.send(new DescribeLoadBalancersCommand({}));
  const [one, two] = LoadBalancerDescriptions;
  expect(one?.Subnets).toEqual(s.subnetIds);
  expect(one?.SourceSecurityGroup?.GroupName).toMatch(/^default_elb_[0-9a-f-]{36}$/);
  expect(two?.SecurityGroups).toEqual(one?.SecurityGroups);
  const { SecurityGroups = [] } = await s.ec2.send(
    new DescribeSecurityGroupsCommand({ GroupIds: one?.SecurityGroups }),
  );
  expect(SecurityGroups[0]?.IpPermissions).toMatchObject([
    { FromPort: 80, ToPort: 80, IpRanges: [{ CidrIp: '0.0.0.0/0' }] },
  ]);
});

// Terraform names one with every listener.
it('takes an empty certificate for none, and refuses others where nothing is encrypted', async () => {
  const s = await ClassicStand.open();
  const create = (SSLCertificateId: string) =>
    s.elb.send(
      new CreateLoadBalancerCommand({
        LoadBalancerName,
        ...ZONES,
        Listeners: [{ ...HTTP, SSLCertificateId }],
      }),
    );
  await create('');
  expect((await s.describe()).ListenerDescriptions?.[0]?.Listener?.Protocol).toBe('HTTP');
  await expect(create('arn:aws:iam::000000000000:server-certificate/c')).rejects.toMatchObject({
    name: 'InvalidConfigurationRequestException',
  });
});

it('creates the same load balancer once, and refuses its name for another', async () => {
  const s = await ClassicStand.open();
  const create = (more: object = {}) =>
    s.elb.send(new CreateLoadBalancerCommand({ LoadBalancerName, Listeners: [HTTP], ...ZONES, ...more }));
  const { DNSName } = await create();
  expect((await create()).DNSName).toBe(DNSName);
  await expect(create({ Scheme: 'internal' })).rejects.toMatchObject({
    name: 'DuplicateAccessPointNameException',
    message: 'Load Balancer named web already exists and it is configured with different parameters.',
  });
  await expect(create({ Tags: [{ Key: 'a', Value: 'b' }] })).rejects.toThrow(
    'configured with different tags.',
  );
});

it('refuses in AWS words what cannot be created, and by name what is not modelled', async () => {
  const s = await ClassicStand.open();
  const create = (more: object) =>
    s.elb.send(new CreateLoadBalancerCommand({ LoadBalancerName, Listeners: [HTTP], ...more }));
  await expect(create({})).rejects.toThrow('Either AvailabilityZones or SubnetIds must be specified');
  await expect(create({ Subnets: ['subnet-0123456789abcdef0'] })).rejects.toMatchObject({
    name: 'SubnetNotFoundException',
  });
  await expect(create({ ...ZONES, Scheme: 'hidden' })).rejects.toMatchObject({
    name: 'InvalidSchemeException',
  });
  await expect(create({ ...ZONES, SecurityGroups: ['sg-0123456789abcdef0'] })).rejects.toMatchObject({
    name: 'InvalidSecurityGroupException',
  });
  const mixed = [{ ...HTTP, InstanceProtocol: 'TCP' }];
  await expect(create({ ...ZONES, Listeners: mixed })).rejects.toMatchObject({
    name: 'InvalidConfigurationRequestException',
  });
  const twice = [HTTP, { ...HTTP, InstancePort: 81 }];
  await expect(create({ ...ZONES, Listeners: twice })).rejects.toMatchObject({
    name: 'DuplicateListenerException',
  });
  const secure = [{ ...HTTP, Protocol: 'HTTPS', InstanceProtocol: 'HTTP' }];
  await expect(create({ ...ZONES, Listeners: secure })).rejects.toThrow('SSLCertificateId is required');
  const SSLCertificateId = 'arn:aws:acm:us-east-1:000000000000:certificate/1';
  await expect(create({ ...ZONES, Listeners: [{ ...HTTP, SSLCertificateId }] })).rejects.toThrow(
    'not allowed',
  );
  await expect(
    create({ ...ZONES, Listeners: [{ ...HTTP, Protocol: 'HTTPS', SSLCertificateId }] }),
  ).rejects.toMatchObject({
    name: 'NotImplemented',
    message: 'HTTPS to instances is not modelled by Sandtable.',
  });
  await expect(
    create({
      ...ZONES,
      Listeners: [{ ...HTTP, Protocol: 'HTTPS', InstanceProtocol: 'HTTP', SSLCertificateId }],
    }),
  ).rejects.toMatchObject({ name: 'CertificateNotFoundException' });
});

it('resolves the name after some seconds, until the load balancer is deleted, which succeeds twice', async () => {
  const s = await ClassicStand.open();
  await s.elb.send(new CreateLoadBalancerCommand({ LoadBalancerName, Listeners: [HTTP], ...ZONES }));
  const host = await s.host();
  expect(s.plan(host)).toBeUndefined();
  s.table.advance(MINUTE);
  expect(s.plan(host.toUpperCase())?.kind).toBe('forward');
  expect(s.plan(host, 81)).toEqual({ kind: 'refused' });
  const remove = new DeleteLoadBalancerCommand({ LoadBalancerName });
  await s.elb.send(remove);
  await s.elb.send(remove);
  expect(s.plan(host)).toBeUndefined();
  await expect(s.describe()).rejects.toMatchObject({
    name: 'AccessPointNotFoundException',
    message: "There is no ACTIVE Load Balancer named 'web'",
  });
});

it('takes a listener again as it is, and refuses a port that another has', async () => {
  const s = await ClassicStand.open();
  await s.balance();
  const create = (InstancePort: number) =>
    s.elb.send(
      new CreateLoadBalancerListenersCommand({ LoadBalancerName, Listeners: [{ ...HTTP, InstancePort }] }),
    );
  await create(80);
  await expect(create(8080)).rejects.toMatchObject({
    name: 'DuplicateListenerException',
    message:
      'A listener already exists for web with LoadBalancerPort 80, but with a different InstancePort, Protocol, or SSLCertificateId',
  });
  const remove = { LoadBalancerName, LoadBalancerPorts: [80, 81] };
  await s.elb.send(new DeleteLoadBalancerListenersCommand(remove));
  await create(8080);
  const { ListenerDescriptions = [] } = await s.describe();
  expect(ListenerDescriptions.map(({ Listener }) => Listener?.InstancePort)).toEqual([8080]);
});

// https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-sticky-sessions.html
it('keeps policies for sticky sessions, and those that a listener uses', async () => {
  const s = await ClassicStand.open();
  await s.balance();
  const day = { LoadBalancerName, PolicyName: 'day', CookieExpirationPeriod: 86_400 };
  await s.elb.send(new CreateLBCookieStickinessPolicyCommand(day));
  const app = { LoadBalancerName, PolicyName: 'app', CookieName: 'SESSION' };
  await s.elb.send(new CreateAppCookieStickinessPolicyCommand(app));
  const general = { LoadBalancerName, PolicyName: 'hour', PolicyTypeName: 'LBCookieStickinessPolicyType' };
  const PolicyAttributes = [{ AttributeName: 'CookieExpirationPeriod', AttributeValue: '3600' }];
  await s.elb.send(new CreateLoadBalancerPolicyCommand({ ...general, PolicyAttributes }));
  await expect(s.elb.send(new CreateLBCookieStickinessPolicyCommand(day))).rejects.toMatchObject({
    name: 'DuplicatePolicyNameException',
  });
  const proxy = { ...general, PolicyName: 'proxy', PolicyTypeName: 'ProxyProtocolPolicyType' };
  await expect(s.elb.send(new CreateLoadBalancerPolicyCommand(proxy))).rejects.toMatchObject({
    name: 'NotImplemented',
  });
  const use = (...PolicyNames: string[]) =>
    s.elb.send(
      new SetLoadBalancerPoliciesOfListenerCommand({ LoadBalancerName, LoadBalancerPort: 80, PolicyNames }),
    );
  await use('hour');
  const plan = s.plan(await s.host());
  expect(plan?.kind === 'forward' && plan.groups[0]?.stickinessSeconds).toBe(3600);
  await expect(use('nobody')).rejects.toMatchObject({
    name: 'PolicyNotFoundException',
    message: 'There is no policy with name nobody for load balancer web',
  });
  const remove = new DeleteLoadBalancerPolicyCommand({ LoadBalancerName, PolicyName: 'hour' });
  await expect(s.elb.send(remove)).rejects.toMatchObject({ name: 'InvalidConfigurationRequestException' });
  const { Policies, ListenerDescriptions } = await s.describe();
  expect(Policies).toEqual({
    AppCookieStickinessPolicies: [{ PolicyName: 'app', CookieName: 'SESSION' }],
    LBCookieStickinessPolicies: [
      { PolicyName: 'day', CookieExpirationPeriod: 86_400 },
      { PolicyName: 'hour', CookieExpirationPeriod: 3600 },
    ],
    OtherPolicies: [],
  });
  expect(ListenerDescriptions?.[0]?.PolicyNames).toEqual(['hour']);
  await use();
  await s.elb.send(remove);
  const { PolicyDescriptions } = await s.elb.send(
    new DescribeLoadBalancerPoliciesCommand({ LoadBalancerName, PolicyNames: ['app'] }),
  );
  expect(PolicyDescriptions).toEqual([
    {
      PolicyName: 'app',
      PolicyTypeName: 'AppCookieStickinessPolicyType',
      PolicyAttributeDescriptions: [{ AttributeName: 'CookieName', AttributeValue: 'SESSION' }],
    },
  ]);
});

// Terraform's provider, which is tried against AWS, fails where the attribute or its number is missing.
it('shows a policy for as long as the session of a browser with an expiration period of 0', async () => {
  const s = await ClassicStand.open();
  await s.balance();
  await s.elb.send(new CreateLBCookieStickinessPolicyCommand({ LoadBalancerName, PolicyName: 'session' }));
  const { PolicyDescriptions } = await s.elb.send(
    new DescribeLoadBalancerPoliciesCommand({ LoadBalancerName, PolicyNames: ['session'] }),
  );
  expect(PolicyDescriptions?.[0]?.PolicyAttributeDescriptions).toEqual([
    { AttributeName: 'CookieExpirationPeriod', AttributeValue: '0' },
  ]);
});

// https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-configure-load-balancer.html
it('has the attributes of AWS at first, changes those that a request names, and refuses access logs', async () => {
  const s = await ClassicStand.open();
  await s.balance();
  await s.set({ ConnectionDraining: { Enabled: true, Timeout: 60 } });
  await s.set({ ConnectionSettings: { IdleTimeout: 30 } });
  await s.set({ AccessLog: { Enabled: false, S3BucketName: 'logs' } });
  const { LoadBalancerAttributes } = await s.elb.send(
    new DescribeLoadBalancerAttributesCommand({ LoadBalancerName }),
  );
  expect(LoadBalancerAttributes).toEqual({
    CrossZoneLoadBalancing: { Enabled: false },
    AccessLog: { Enabled: false },
    ConnectionDraining: { Enabled: true, Timeout: 60 },
    ConnectionSettings: { IdleTimeout: 30 },
    AdditionalAttributes: [{ Key: 'elb.http.desyncmitigationmode', Value: 'defensive' }],
  });
  await expect(s.set({ AccessLog: { Enabled: true, S3BucketName: 'logs' } })).rejects.toMatchObject({
    name: 'NotImplemented',
  });
});

it('has one subnet for each zone, and at least one', async () => {
  const s = await ClassicStand.open();
  const [first = '', second = ''] = s.subnetIds;
  await s.balance({ Subnets: [first] });
  const attach = (Subnets: string[]) =>
    s.elb.send(new AttachLoadBalancerToSubnetsCommand({ LoadBalancerName, Subnets }));
  const detach = (Subnets: string[]) =>
    s.elb.send(new DetachLoadBalancerFromSubnetsCommand({ LoadBalancerName, Subnets }));
  expect((await attach([second])).Subnets).toEqual([first, second]);
  expect((await detach([first])).Subnets).toEqual([second]);
  await expect(detach([second])).rejects.toMatchObject({ name: 'InvalidConfigurationRequestException' });
  const AvailabilityZones = ['us-east-1c'];
  const enabled = new EnableAvailabilityZonesForLoadBalancerCommand({ LoadBalancerName, AvailabilityZones });
  expect((await s.elb.send(enabled)).AvailabilityZones).toEqual(['us-east-1b', 'us-east-1c']);
  const disabled = new DisableAvailabilityZonesForLoadBalancerCommand({
    LoadBalancerName,
    AvailabilityZones,
  });
  expect((await s.elb.send(disabled)).AvailabilityZones).toEqual(['us-east-1b']);
});

it('changes security groups, which name the source group too', async () => {
  const s = await ClassicStand.open();
  await s.balance(ZONES_ONLY);
  const input = { LoadBalancerName, SecurityGroups: [s.groupId] };
  await s.elb.send(new ApplySecurityGroupsToLoadBalancerCommand(input));
  const { SecurityGroups, SourceSecurityGroup } = await s.describe();
  expect([SecurityGroups, SourceSecurityGroup?.GroupName]).toEqual([[s.groupId], 'open']);
});
const ZONES_ONLY = { ...ZONES, Subnets: [], SecurityGroups: [] };

it('checks the form of a health check', async () => {
  const s = await ClassicStand.open();
  await s.balance();
  const configure = (Target: string, Timeout = 5) => {
    const thresholds = { UnhealthyThreshold: 2, HealthyThreshold: 2 };
    const HealthCheck = { Target, Interval: 10, Timeout, ...thresholds };
    return s.elb.send(new ConfigureHealthCheckCommand({ LoadBalancerName, HealthCheck }));
  };
  expect((await configure('http:8080/ready?full=1')).HealthCheck?.Target).toBe('HTTP:8080/ready?full=1');
  await expect(configure('HTTP:80')).rejects.toThrow(
    'HealthCheck HTTP Target must specify a port followed by a path that begins with a slash. e.g. HTTP:80/ping/this/path',
  );
  await expect(configure('TCP:80/path')).rejects.toThrow('must be a port alone');
  await expect(configure('TCP:80', 10)).rejects.toThrow('HealthCheck timeout must be less than interval.');
  await expect(configure('SSL:443')).rejects.toMatchObject({ name: 'NotImplemented' });
});

it('carries tags, and tells its quotas', async () => {
  const s = await ClassicStand.open();
  await s.balance({ Tags: [{ Key: 'stage', Value: 'test' }] });
  const LoadBalancerNames = [NAME];
  await s.elb.send(new AddTagsCommand({ LoadBalancerNames, Tags: [{ Key: 'team', Value: 'a' }] }));
  await s.elb.send(new RemoveTagsCommand({ LoadBalancerNames, Tags: [{ Key: 'stage' }] }));
  const { TagDescriptions } = await s.elb.send(new DescribeTagsCommand({ LoadBalancerNames }));
  expect(TagDescriptions).toEqual([{ LoadBalancerName, Tags: [{ Key: 'team', Value: 'a' }] }]);
  const { Limits } = await s.elb.send(new DescribeAccountLimitsCommand({}));
  expect(Limits).toContainEqual({ Name: 'classic-registered-instances', Max: '1000' });
});

// https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/security_iam_service-with-iam.html
it('asks IAM for each load balancer by its ARN and its tags', async () => {
  const s = await ClassicStand.open();
  await s.balance({ Tags: [{ Key: 'team', Value: 'a' }] });
  const iam = s.table.client(IAMClient);
  await iam.send(new CreateUserCommand({ UserName: 'ops' }));
  const allow = (team: string) =>
    iam.send(
      new PutUserPolicyCommand({
        UserName: 'ops',
        PolicyName: 'web',
        PolicyDocument: JSON.stringify({
          Version: '2012-10-17',
          Statement: {
            Effect: 'Allow',
            Action: 'elasticloadbalancing:DeleteLoadBalancer',
            Resource: 'arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/web',
            Condition: { StringEquals: { 'aws:ResourceTag/team': team } },
          },
        }),
      }),
    );
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'ops' }));
  const credentials = {
    accessKeyId: AccessKey?.AccessKeyId ?? '',
    secretAccessKey: AccessKey?.SecretAccessKey ?? '',
  };
  const ops = s.table.client(ElasticLoadBalancingClient, { credentials });
  const remove = new DeleteLoadBalancerCommand({ LoadBalancerName });
  await allow('b');
  await expect(ops.send(remove)).rejects.toMatchObject({ name: 'AccessDenied' });
  await allow('a');
  await ops.send(remove);
  await expect(s.describe()).rejects.toMatchObject({ name: 'AccessPointNotFoundException' });
});
