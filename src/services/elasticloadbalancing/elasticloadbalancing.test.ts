import {
  AddTagsCommand,
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateRuleCommand,
  CreateTargetGroupCommand,
  DeleteListenerCommand,
  DeleteLoadBalancerCommand,
  DeleteRuleCommand,
  DeleteTargetGroupCommand,
  DescribeAccountLimitsCommand,
  DescribeCapacityReservationCommand,
  DescribeListenerAttributesCommand,
  DescribeListenersCommand,
  DescribeLoadBalancerAttributesCommand,
  DescribeLoadBalancersCommand,
  DescribeRulesCommand,
  DescribeTagsCommand,
  DescribeTargetGroupAttributesCommand,
  DescribeTargetGroupsCommand,
  ElasticLoadBalancingV2Client,
  ModifyListenerAttributesCommand,
  ModifyListenerCommand,
  ModifyLoadBalancerAttributesCommand,
  ModifyTargetGroupAttributesCommand,
  ModifyTargetGroupCommand,
  RemoveTagsCommand,
  SetRulePrioritiesCommand,
  SetSecurityGroupsCommand,
  SetSubnetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Action, CreateTargetGroupCommandInput } from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, it } from 'vitest';
import { routing } from '#cloud/ports/routing.ts';
import type { Plan, RoutedRequest } from '#cloud/ports/routing.ts';
import type { TestTable } from '../../../tests/table.ts';
import { loadBalancingTable } from './test-cloud.ts';

const ZONES = { Subnets: ['subnet-a', 'subnet-b'], SecurityGroups: ['sg-web'] };
const answer = (StatusCode: string): Action[] => [
  { Type: 'fixed-response', FixedResponseConfig: { StatusCode } },
];

interface Stand {
  table: TestTable;
  elb: ElasticLoadBalancingV2Client;
  lb: string;
  host: string;
  plan: (path?: string, more?: Partial<RoutedRequest>) => Plan | undefined;
  group: (Name: string, more?: Partial<CreateTargetGroupCommandInput>) => Promise<string>;
}

async function stand(profile: 'typical' | 'instant' = 'instant'): Promise<Stand> {
  const table = loadBalancingTable(profile);
  const elb = table.client(ElasticLoadBalancingV2Client);
  const { LoadBalancers } = await elb.send(new CreateLoadBalancerCommand({ Name: 'web', ...ZONES }));
  const lb = LoadBalancers?.[0]?.LoadBalancerArn as string;
  const host = LoadBalancers?.[0]?.DNSName as string;
  if (profile === 'instant') table.advance(0);
  const plan: Stand['plan'] = (path = '/', more = {}) =>
    table.read((ctx) => ctx.port(routing).plan(ctx, { host, port: 80, path, method: 'GET', ...more }));
  const group: Stand['group'] = async (Name, more = {}) => {
    const input = { Name, Protocol: 'HTTP', Port: 80, VpcId: 'vpc-1', ...more } as const;
    const { TargetGroups } = await elb.send(new CreateTargetGroupCommand(input));
    return TargetGroups?.[0]?.TargetGroupArn as string;
  };
  return { table, elb, lb, host, plan, group };
}

async function listen({ elb, lb }: Stand, DefaultActions: Action[], Port = 80): Promise<string> {
  const input = { LoadBalancerArn: lb, Protocol: 'HTTP', Port, DefaultActions } as const;
  return (await elb.send(new CreateListenerCommand(input))).Listeners?.[0]?.ListenerArn as string;
}

it('provisions a load balancer for minutes, and resolves its name once it is active', async () => {
  const { table, elb, lb, plan } = await stand('typical');
  const state = async (): Promise<string | undefined> =>
    (await elb.send(new DescribeLoadBalancersCommand({ LoadBalancerArns: [lb] }))).LoadBalancers?.[0]?.State
      ?.Code;
  expect(await state()).toBe('provisioning');
  expect(plan()).toBeUndefined();
  table.advance(180_000);
  expect(await state()).toBe('active');
  expect(plan()).toEqual({ kind: 'refused' });
});

it('describes a load balancer as it was made', async () => {
  const { elb, host } = await stand();
  const { LoadBalancers } = await elb.send(new DescribeLoadBalancersCommand({ Names: ['web'] }));
  expect(host).toMatch(/^web-\d{9}\.us-east-1\.elb\.amazonaws\.com$/);
  expect(LoadBalancers?.[0]).toMatchObject({
    DNSName: host,
    CanonicalHostedZoneId: 'Z35SXDOTRQ7X7K',
    Scheme: 'internet-facing',
    VpcId: 'vpc-1',
    Type: 'application',
    SecurityGroups: ['sg-web'],
    AvailabilityZones: [
      { ZoneName: 'us-east-1a', SubnetId: 'subnet-a' },
      { ZoneName: 'us-east-1b', SubnetId: 'subnet-b' },
    ],
  });
});

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html: idempotent.
it('makes a load balancer once, and refuses another with its name and other settings', async () => {
  const { elb, lb } = await stand();
  const again = await elb.send(new CreateLoadBalancerCommand({ Name: 'web', ...ZONES }));
  expect(again.LoadBalancers?.[0]?.LoadBalancerArn).toBe(lb);
  await expect(
    elb.send(new CreateLoadBalancerCommand({ Name: 'web', ...ZONES, Scheme: 'internal' })),
  ).rejects.toMatchObject({
    name: 'DuplicateLoadBalancerNameException',
    message: "A load balancer with the same name 'web' exists, but with different settings",
  });
});

it('takes two subnets in two zones of one VPC, and security groups of that VPC', async () => {
  const { elb } = await stand();
  const create = (Subnets: string[], SecurityGroups: string[] = []): Promise<unknown> =>
    elb.send(new CreateLoadBalancerCommand({ Name: 'other', Subnets, SecurityGroups }));
  await expect(create(['subnet-a'])).rejects.toThrow(
    'At least two subnets in two different Availability Zones must be specified',
  );
  await expect(create(['subnet-b', 'subnet-b2'])).rejects.toThrow(
    'A load balancer cannot be attached to multiple subnets in the same Availability Zone',
  );
  await expect(create(['subnet-a', 'subnet-q'])).rejects.toMatchObject({
    name: 'SubnetNotFoundException',
    message: "The subnet ID 'subnet-q' does not exist",
  });
  await expect(create(['subnet-b', 'subnet-x'])).rejects.toThrow('same VPC');
  await expect(create(['subnet-a', 'subnet-b'], ['sg-other'])).rejects.toMatchObject({
    name: 'InvalidConfigurationRequestException',
    message: 'One or more security groups are invalid',
  });
  const made = (await create(['subnet-a', 'subnet-b'])) as { LoadBalancers: { SecurityGroups: string[] }[] };
  expect(made.LoadBalancers[0]?.SecurityGroups).toEqual(['sg-default']);
});

it('refuses names that AWS refuses', async () => {
  const { elb } = await stand();
  const create = (Name: string): Promise<unknown> =>
    elb.send(new CreateLoadBalancerCommand({ Name, ...ZONES }));
  await expect(create('a'.repeat(33))).rejects.toThrow("cannot be longer than '32' characters");
  await expect(create('-web')).rejects.toThrow('cannot begin or end with a hyphen(-)');
  await expect(create('internal-web')).rejects.toThrow("cannot begin with 'internal-'");
  await expect(create('we_b')).rejects.toThrow('alphanumeric');
});

it('refuses by name what it does not model', async () => {
  const { elb, lb, group } = await stand();
  const create = (more: object): Promise<unknown> =>
    elb.send(new CreateLoadBalancerCommand({ Name: 'n', ...ZONES, ...more }));
  await expect(create({ Type: 'gateway' })).rejects.toThrow(/type gateway are not modelled/);
  await expect(create({ IpAddressType: 'dualstack' })).rejects.toThrow(/dualstack is not modelled/);
  await expect(create({ CustomerOwnedIpv4Pool: 'ipv4pool-coip-1' })).rejects.toThrow(/not modelled/);
  await expect(group('l', { TargetType: 'lambda' })).rejects.toThrow(/type lambda are not modelled/);
  await expect(group('h', { Protocol: 'HTTPS' })).rejects.toThrow(/HTTPS are not modelled/);
  const oidc = {
    LoadBalancerArn: lb,
    Protocol: 'HTTP',
    Port: 80,
    DefaultActions: [{ Type: 'jwt-validation' }],
  } as const;
  await expect(
    elb.send(new CreateListenerCommand({ ...oidc, DefaultActions: [...oidc.DefaultActions] })),
  ).rejects.toThrow(/jwt-validation are not modelled/);
});

it('answers in the words of AWS for what is not there', async () => {
  const { elb, lb } = await stand();
  await expect(elb.send(new DescribeLoadBalancersCommand({ Names: ['nope'] }))).rejects.toMatchObject({
    name: 'LoadBalancerNotFoundException',
    message: "Load balancers '[nope]' not found",
  });
  await expect(elb.send(new DescribeLoadBalancersCommand({ LoadBalancerArns: ['nope'] }))).rejects.toThrow(
    "'nope' is not a valid load balancer ARN",
  );
  await expect(elb.send(new DescribeTargetGroupsCommand({ Names: ['nope'] }))).rejects.toMatchObject({
    name: 'TargetGroupNotFoundException',
    message: 'One or more target groups not found',
  });
  const ListenerArn = `${lb.replace(':loadbalancer/', ':listener/')}/0123456789abcdef`;
  await expect(elb.send(new DescribeRulesCommand({ ListenerArn }))).rejects.toThrow(
    'One or more listeners not found',
  );
});

it('deletes a load balancer with its listeners and rules, unless it is protected', async () => {
  const s = await stand();
  const { elb, lb } = s;
  const arn = await s.group('blue');
  await listen(s, [{ Type: 'forward', TargetGroupArn: arn }]);
  const Attributes = [{ Key: 'deletion_protection.enabled', Value: 'true' }];
  await elb.send(new ModifyLoadBalancerAttributesCommand({ LoadBalancerArn: lb, Attributes }));
  await expect(elb.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: lb }))).rejects.toMatchObject({
    name: 'OperationNotPermittedException',
  });
  await expect(elb.send(new DeleteTargetGroupCommand({ TargetGroupArn: arn }))).rejects.toMatchObject({
    name: 'ResourceInUseException',
    message: `Target group '${arn}' is currently in use by a listener or a rule`,
  });
  const off = [{ Key: 'deletion_protection.enabled', Value: 'false' }];
  await elb.send(new ModifyLoadBalancerAttributesCommand({ LoadBalancerArn: lb, Attributes: off }));
  await elb.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: lb }));
  await elb.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: lb }));
  await elb.send(new DeleteTargetGroupCommand({ TargetGroupArn: arn }));
  expect(s.plan()).toBeUndefined();
});

it('changes subnets and security groups', async () => {
  const { elb, lb } = await stand();
  const { SecurityGroupIds } = await elb.send(
    new SetSecurityGroupsCommand({ LoadBalancerArn: lb, SecurityGroups: ['sg-default'] }),
  );
  expect(SecurityGroupIds).toEqual(['sg-default']);
  const { AvailabilityZones } = await elb.send(
    new SetSubnetsCommand({ LoadBalancerArn: lb, Subnets: ['subnet-b', 'subnet-c'] }),
  );
  expect(AvailabilityZones?.map(({ ZoneName }) => ZoneName)).toEqual(['us-east-1b', 'us-east-1c']);
});

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeCapacityReservation.html
it('has reserved no capacity for a load balancer', async () => {
  const { elb, lb } = await stand();
  const reserved = await elb.send(new DescribeCapacityReservationCommand({ LoadBalancerArn: lb }));
  expect(reserved.CapacityReservationState).toEqual([]);
  expect(reserved.MinimumLoadBalancerCapacity).toBeUndefined();
});

// https://docs.aws.amazon.com/cli/latest/reference/elbv2/create-target-group.html#examples
it('shows the load balancers of a target group but in the answer that makes it', async () => {
  const { elb } = await stand();
  const input = { Name: 'new', Protocol: 'HTTP', Port: 80, VpcId: 'vpc-1' } as const;
  const made = await elb.send(new CreateTargetGroupCommand(input));
  expect(made.TargetGroups?.[0]).not.toHaveProperty('LoadBalancerArns');
  const { TargetGroups } = await elb.send(new DescribeTargetGroupsCommand({ Names: ['new'] }));
  expect(TargetGroups?.[0]?.LoadBalancerArns).toEqual([]);
});

// Terraform sends it so.
it('takes an empty protocol version for the first one of HTTP', async () => {
  const { elb, group } = await stand();
  const arn = await group('blue', { ProtocolVersion: '' });
  const { TargetGroups } = await elb.send(new DescribeTargetGroupsCommand({ TargetGroupArns: [arn] }));
  expect(TargetGroups?.[0]?.ProtocolVersion).toBe('HTTP1');
});

it('keeps attributes, fills in defaults, and refuses what would change something that is not modelled', async () => {
  const { elb, lb, group } = await stand();
  const TargetGroupArn = await group('blue');
  const lbSet = (Key: string, Value: string): Promise<unknown> =>
    elb.send(new ModifyLoadBalancerAttributesCommand({ LoadBalancerArn: lb, Attributes: [{ Key, Value }] }));
  const tgSet = (Key: string, Value: string): Promise<unknown> =>
    elb.send(new ModifyTargetGroupAttributesCommand({ TargetGroupArn, Attributes: [{ Key, Value }] }));
  await lbSet('idle_timeout.timeout_seconds', '30');
  const { Attributes } = await elb.send(new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn: lb }));
  expect(Attributes).toContainEqual({ Key: 'idle_timeout.timeout_seconds', Value: '30' });
  expect(Attributes).toContainEqual({ Key: 'routing.http2.enabled', Value: 'true' });
  await expect(lbSet('nope', '1')).rejects.toThrow("Load balancer attribute key 'nope' is not recognized");
  await expect(lbSet('idle_timeout.timeout_seconds', '5000')).rejects.toThrow(/not valid/);
  await expect(lbSet('access_logs.s3.enabled', 'true')).rejects.toThrow(/not modelled/);
  const defaults = await elb.send(new DescribeTargetGroupAttributesCommand({ TargetGroupArn }));
  expect(defaults.Attributes).toContainEqual({ Key: 'deregistration_delay.timeout_seconds', Value: '300' });
  await expect(tgSet('load_balancing.cross_zone.enabled', 'false')).rejects.toThrow(/not modelled/);
  await expect(tgSet('stickiness.type', 'source_ip')).rejects.toThrow(
    "Stickiness type 'source_ip' is not supported for target groups with the HTTP protocol",
  );
  await expect(tgSet('stickiness.type', 'source_ip_dest_ip')).rejects.toThrow(
    "'Stickiness type' must be one of [app_cookie, lb_cookie, source_ip]",
  );
  await tgSet('slow_start.duration_seconds', '30');
  await expect(tgSet('load_balancing.algorithm.type', 'least_outstanding_requests')).rejects.toMatchObject({
    name: 'InvalidConfigurationRequestException',
  });
});

it('keeps attributes of listeners', async () => {
  const s = await stand();
  const ListenerArn = await listen(s, answer('200'));
  const Key = 'routing.http.response.server.enabled';
  await s.elb.send(
    new ModifyListenerAttributesCommand({ ListenerArn, Attributes: [{ Key, Value: 'false' }] }),
  );
  const { Attributes } = await s.elb.send(new DescribeListenerAttributesCommand({ ListenerArn }));
  expect(Attributes).toContainEqual({ Key, Value: 'false' });
});

it('creates and modifies target groups with the health checks of AWS by default', async () => {
  const { elb, group } = await stand();
  const arn = await group('blue');
  expect(await group('blue')).toBe(arn);
  await expect(group('blue', { Port: 81 })).rejects.toThrow("'blue' exists, but with different settings");
  const { TargetGroups } = await elb.send(new DescribeTargetGroupsCommand({ Names: ['blue'] }));
  expect(TargetGroups?.[0]).toMatchObject({
    HealthCheckIntervalSeconds: 30,
    HealthCheckTimeoutSeconds: 5,
    HealthyThresholdCount: 5,
    UnhealthyThresholdCount: 2,
    HealthCheckPath: '/',
    HealthCheckPort: 'traffic-port',
    Matcher: { HttpCode: '200' },
    LoadBalancerArns: [],
    TargetType: 'instance',
  });
  const modify = (more: object): Promise<{ TargetGroups?: object[] | undefined }> =>
    elb.send(new ModifyTargetGroupCommand({ TargetGroupArn: arn, ...more }));
  await expect(modify({ HealthCheckIntervalSeconds: 5 })).rejects.toThrow(
    "Health check timeout '5' must be smaller than the interval '5'",
  );
  await expect(modify({ Matcher: { HttpCode: '100-600' } })).rejects.toThrow(/within '200-499'/);
  expect(
    (await modify({ HealthCheckPath: '/up', Matcher: { HttpCode: '200,300-399' } })).TargetGroups?.[0],
  ).toMatchObject({
    HealthCheckPath: '/up',
    HealthCheckPort: 'traffic-port',
    Matcher: { HttpCode: '200,300-399' },
  });
});

it('minds where hyphens stand in the name of a target group', async () => {
  const { group } = await stand();
  for (const name of ['-web', 'web-', 'we--b']) {
    await expect(group(name)).rejects.toThrow(
      `1 validation error detected: Value '${name}' at 'targetGroup.targetGroupArn.targetGroupName' failed`,
    );
  }
});

it('has no empty list for a load balancer without target groups', async () => {
  const { elb, lb } = await stand();
  await expect(elb.send(new DescribeTargetGroupsCommand({ LoadBalancerArn: lb }))).rejects.toMatchObject({
    name: 'TargetGroupNotFoundException',
    message: 'One or more target groups not found',
  });
});

it('wants protocol, port and VPC for a target group', async () => {
  const { elb } = await stand();
  const create = (more: object): Promise<unknown> =>
    elb.send(new CreateTargetGroupCommand({ Name: 'g', ...more }));
  await expect(create({})).rejects.toThrow('A protocol must be specified');
  await expect(create({ Protocol: 'HTTP' })).rejects.toThrow('A port must be specified');
  await expect(create({ Protocol: 'HTTP', Port: 80 })).rejects.toThrow('A VPC ID must be specified');
});

it('has one listener per port', async () => {
  const s = await stand();
  const ListenerArn = await listen(s, answer('200'));
  expect(await listen(s, answer('200'))).toBe(ListenerArn);
  await expect(listen(s, answer('404'))).rejects.toMatchObject({
    name: 'DuplicateListenerException',
    message: `A listener already exists on this port for this load balancer '${s.lb}'`,
  });
  await s.elb.send(new ModifyListenerCommand({ ListenerArn, Port: 81, DefaultActions: answer('404') }));
  expect(s.plan()).toEqual({ kind: 'refused' });
  expect(s.plan('/', { port: 81 })).toMatchObject({ kind: 'respond', status: 404 });
  const { Listeners } = await s.elb.send(new DescribeListenersCommand({ LoadBalancerArn: s.lb }));
  expect(Listeners?.map(({ Port }) => Port)).toEqual([81]);
  await s.elb.send(new DeleteListenerCommand({ ListenerArn }));
  expect(s.plan('/', { port: 81 })).toEqual({ kind: 'refused' });
});

it('lets only one load balancer use a target group', async () => {
  const s = await stand();
  const blue = await s.group('blue');
  await listen(s, [{ Type: 'forward', TargetGroupArn: blue }]);
  const { LoadBalancers } = await s.elb.send(new CreateLoadBalancerCommand({ Name: 'second', ...ZONES }));
  const lb = LoadBalancers?.[0]?.LoadBalancerArn as string;
  await expect(listen({ ...s, lb }, [{ Type: 'forward', TargetGroupArn: blue }])).rejects.toMatchObject({
    name: 'TargetGroupAssociationLimitException',
    message: `The following target groups cannot be associated with more than one load balancer: ${blue}`,
  });
});

// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-listeners.html
it('shows a forward to one group in both spellings, and a weighted one with its stickiness', async () => {
  const s = await stand();
  const [blue, green] = [await s.group('blue'), await s.group('green')];
  const ListenerArn = await listen(s, [{ Type: 'forward', TargetGroupArn: blue }]);
  const show = async (): Promise<Action | undefined> =>
    (await s.elb.send(new DescribeListenersCommand({ ListenerArns: [ListenerArn] }))).Listeners?.[0]
      ?.DefaultActions?.[0];
  expect(await show()).toMatchObject({
    TargetGroupArn: blue,
    ForwardConfig: {
      TargetGroups: [{ TargetGroupArn: blue, Weight: 1 }],
      TargetGroupStickinessConfig: { Enabled: false },
    },
  });
  const ForwardConfig = {
    TargetGroups: [
      { TargetGroupArn: blue, Weight: 90 },
      { TargetGroupArn: green, Weight: 10 },
    ],
    TargetGroupStickinessConfig: { Enabled: true, DurationSeconds: 60 },
  };
  await s.elb.send(
    new ModifyListenerCommand({ ListenerArn, DefaultActions: [{ Type: 'forward', ForwardConfig }] }),
  );
  expect(await show()).toEqual({ Type: 'forward', Order: 1, ForwardConfig });
  expect(s.plan()).toMatchObject({
    kind: 'forward',
    loadBalancer: s.lb.split(':loadbalancer/')[1],
    zones: ['us-east-1a', 'us-east-1b'],
    groupStickinessSeconds: 60,
    idleTimeoutMs: 60_000,
    groups: [
      { targetGroupArn: blue, weight: 90, dimension: blue.split(':')[5], targets: [], failOpen: false },
      { targetGroupArn: green, weight: 10 },
    ],
  });
});

it('tries rules by priority, and the default rule last', async () => {
  const s = await stand();
  const ListenerArn = await listen(s, answer('404'));
  const rule = (Priority: number, values: string[], code: string): Promise<unknown> =>
    s.elb.send(
      new CreateRuleCommand({
        ListenerArn,
        Priority,
        Conditions: [{ Field: 'path-pattern', PathPatternConfig: { Values: values } }],
        Actions: answer(code),
      }),
    );
  await rule(20, ['/api/*'], '201');
  await rule(10, ['/api/v1/*', '/health'], '202');
  await expect(rule(10, ['/x'], '200')).rejects.toMatchObject({
    name: 'PriorityInUseException',
    message: "Priority '10' is currently in use",
  });
  const status = (path: string): number | undefined => {
    const plan = s.plan(path);
    return plan?.kind === 'respond' ? plan.status : undefined;
  };
  expect([status('/api/v1/a'), status('/api/v2/a'), status('/health?x=1'), status('/other')]).toEqual([
    202, 201, 202, 404,
  ]);
  const { Rules = [] } = await s.elb.send(new DescribeRulesCommand({ ListenerArn }));
  expect(Rules.map(({ Priority }) => Priority)).toEqual(['10', '20', 'default']);
  const [first, second, last] = Rules.map(({ RuleArn }) => RuleArn as string);
  const swap = [
    { RuleArn: first, Priority: 20 },
    { RuleArn: second, Priority: 10 },
  ];
  await s.elb.send(new SetRulePrioritiesCommand({ RulePriorities: swap }));
  expect(status('/api/v1/a')).toBe(201);
  await expect(
    s.elb.send(new SetRulePrioritiesCommand({ RulePriorities: [{ RuleArn: first, Priority: 10 }] })),
  ).rejects.toMatchObject({ name: 'PriorityInUseException' });
  await expect(s.elb.send(new DeleteRuleCommand({ RuleArn: last }))).rejects.toMatchObject({
    name: 'OperationNotPermittedException',
  });
  await s.elb.send(new DeleteRuleCommand({ RuleArn: second }));
  expect(status('/api/v2/a')).toBe(404);
});

it('answers redirects with their status', async () => {
  const s = await stand();
  const RedirectConfig = { Host: 'example.com', StatusCode: 'HTTP_302' } as const;
  await listen(s, [{ Type: 'redirect', RedirectConfig }]);
  expect(s.plan()).toMatchObject({ kind: 'respond', status: 302 });
});

// In the order in which they were given: the example of API_DescribeTags.
it('tags all its resources', async () => {
  const s = await stand();
  const group = await s.group('blue');
  const listener = await listen(s, answer('200'));
  const ResourceArns = [s.lb, group, listener];
  await s.elb.send(
    new AddTagsCommand({
      ResourceArns,
      Tags: [
        { Key: 'team', Value: 'a' },
        { Key: 'b', Value: '' },
        { Key: 'cost', Value: 'c' },
      ],
    }),
  );
  await s.elb.send(new RemoveTagsCommand({ ResourceArns, TagKeys: ['b'] }));
  const { TagDescriptions } = await s.elb.send(new DescribeTagsCommand({ ResourceArns }));
  expect(TagDescriptions).toEqual(
    ResourceArns.map((ResourceArn) => ({
      ResourceArn,
      Tags: [
        { Key: 'team', Value: 'a' },
        { Key: 'cost', Value: 'c' },
      ],
    })),
  );
  const twice = [
    { Key: 'k', Value: '1' },
    { Key: 'k', Value: '2' },
  ];
  await expect(s.elb.send(new AddTagsCommand({ ResourceArns, Tags: twice }))).rejects.toMatchObject({
    name: 'DuplicateTagKeysException',
  });
});

it('tells its quotas', async () => {
  const { elb } = await stand();
  const { Limits } = await elb.send(new DescribeAccountLimitsCommand({}));
  expect(Limits).toContainEqual({ Name: 'targets-per-target-group', Max: '1000' });
});

it('lists the hosts that a load can be sent to', async () => {
  const s = await stand();
  await listen(s, answer('200'), 8080);
  await listen(s, answer('200'), 80);
  expect(s.table.read((ctx) => ctx.port(routing).hosts(ctx))).toEqual([
    { host: s.host, port: 80, scope: '000000000000/us-east-1', name: 'web' },
  ]);
});
