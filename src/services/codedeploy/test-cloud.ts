// A cloud for CodeDeploy's tests: CodeDeploy as it is, and stand-ins for what it talks to, agents included.

import { table, timer } from '#world/index.ts';
import type { Table, TimerHandler, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import { Cloud } from '#cloud/cloud.ts';
import type { CloudPart } from '#cloud/cloud.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import { parsePolicy } from '#cloud/iam/policy.ts';
import { provide } from '#cloud/port.ts';
import { required } from '#cloud/ports.ts';
import { identity } from '#cloud/ports/identity.ts';
import { instances } from '#cloud/ports/instances.ts';
import { alarmChanged } from '#cloud/ports/metrics.ts';
import { targetChanged } from '#cloud/ports/routing.ts';
import { groupInstanceChanged, lifecycleActionBegan } from '#cloud/ports/scaling.ts';
import { traffic } from '#cloud/ports/traffic.ts';
import { defineService } from '#cloud/service.ts';
import type { Service } from '#cloud/service.ts';
import type { Answer } from '#cloud/waiting.ts';
import { commandService, service } from './codedeploy.ts';

export const ACCOUNT = '000000000000';
export const ROLE = `arn:aws:iam::${ACCOUNT}:role/CodeDeployServiceRole`;
export const TARGET_GROUP = `arn:aws:elasticloadbalancing:us-east-1:${ACCOUNT}:targetgroup/web/0123456789abcdef`;

/** An instance and its agent. */
export interface Host {
  id: string;
  tags: Readonly<Record<string, string>>;
  running: boolean;
  /** Whether its agent polls. */
  agent: boolean;
  /** Milliseconds that each event takes, and exit codes of events that fail. */
  takesMs: number;
  fails: readonly string[];
  hangs: readonly string[];
  /** Whether the load balancer finds it healthy. */
  healthy: boolean;
  /** Events as they ended here. */
  ran: readonly string[];
}
export const hosts: Table<Host> = table<Host>('test/hosts', (row) => row.id);

interface Registration {
  id: string;
  state: string;
}
export const registrations: Table<Registration> = table<Registration>('test/registrations', (row) => row.id);

export interface Group {
  name: string;
  hook?: { name: string; metadata: string };
  instances: readonly { id: string; state: string }[];
  suspended: readonly string[];
}
export const groups: Table<Group> = table<Group>('test/groups', (row) => row.name);

/** Calls of other services, in their order. */
export const calls: Table<{ seq: string; call: string; detail: string }> = table(
  'test/calls',
  (row) => row.seq,
);
export const alarms: Table<{ name: string; state: string }> = table('test/alarms', (row) => row.name);
/** Actions that the service role may not do, and whether it is there at all. */
export const limits: Table<{ id: 'limits'; denied: readonly string[]; roleGone: boolean }> = table(
  'test/limits',
  (row) => row.id,
);

const polled: TimerKind<{ id: string; answer: unknown }> = timer('test/polled');
const poll: TimerKind<{ id: string }> = timer('test/poll', { background: true });
const finished: TimerKind<{ id: string; command: string; event: string }> = timer('test/finished');
const settled: TimerKind<{ id: string; state: string }> = timer('test/settled');
const launched: TimerKind<{ group: string; id: string }> = timer('test/launched');
const booted: TimerKind<{ id: string }> = timer('test/booted');

function called(ctx: Ctx, call: string, detail: string = ''): void {
  ctx.put(calls, { seq: String(ctx.kernel.nextSeq()).padStart(9, '0'), call, detail });
}

export function hostArn(ctx: Ctx, id: string): string {
  return ctx.arn('ec2', `instance/${id}`);
}

export function asInstance(id: string): {
  type: 'role';
  account: string;
  arn: string;
  roleArn: string;
  roleId: string;
  sessionName: string;
} {
  const role = { roleArn: `arn:aws:iam::${ACCOUNT}:role/web`, roleId: 'AROAWEB', sessionName: id };
  return { type: 'role', account: ACCOUNT, arn: `arn:aws:sts::${ACCOUNT}:assumed-role/web/${id}`, ...role };
}

/** Puts an instance there, with a running agent unless told otherwise. */
export function addHost(ctx: Ctx, id: string, more: Partial<Host> = {}): void {
  const agent = { agent: true, takesMs: 1000, fails: [], hangs: [], healthy: true, ran: [] };
  ctx.put(hosts, { id, tags: { app: 'web' }, running: true, ...agent, ...more });
  ctx.schedule(poll, ctx.now, { id });
}

const agentTimers: TimerHandler<never, Ctx>[] = [
  {
    kind: poll,
    live: (ctx, { id }) => ctx.get(hosts, id)?.agent === true,
    fire(ctx, { id }) {
      const then = { kind: polled, payload: { id } } as never;
      ctx.ask(
        'codedeploy-commands',
        'PollHostCommand',
        { HostIdentifier: hostArn(ctx, id) },
        asInstance(id),
        then,
      );
    },
  } as TimerHandler<{ id: string }, Ctx> as never,
  {
    kind: polled,
    live: (ctx, { id }) => ctx.get(hosts, id)?.agent === true,
    fire(ctx, { id, answer }) {
      const reply = answer as Answer;
      if (!reply.ok) throw new Error(reply.fault.message);
      const { HostCommand } = reply.output as Output<'codedeploy-commands', 'PollHostCommand'>;
      if (HostCommand) take(ctx, id, HostCommand.HostCommandIdentifier ?? '', HostCommand.CommandName ?? '');
      ctx.schedule(poll, ctx.now + 1000, { id });
    },
  } as TimerHandler<{ id: string; answer: unknown }, Ctx> as never,
  {
    kind: finished,
    live: (ctx, { id }) => ctx.get(hosts, id)?.agent === true,
    fire(ctx, { id, command, event }) {
      const host = ctx.get(hosts, id) as Host;
      const failed = host.fails.includes(event);
      const message = failed
        ? `Script at specified location: ${event}.sh failed with exit code 1`
        : 'Succeeded';
      const report = {
        error_code: failed ? 4 : 0,
        script_name: failed ? `${event}.sh` : '',
        message,
        log: '',
      };
      ctx.update(hosts, host, { ran: [...host.ran, event] });
      const Diagnostics = { Format: 'JSON', Payload: JSON.stringify(report) };
      const input = {
        HostCommandIdentifier: command,
        CommandStatus: failed ? 'Failed' : 'Succeeded',
        Diagnostics,
      } as const;
      ctx.call('codedeploy-commands', 'PutHostCommandComplete', input, asInstance(id));
    },
  } as TimerHandler<{ id: string; command: string; event: string }, Ctx> as never,
];

function take(ctx: Ctx, id: string, command: string, event: string): void {
  const host = ctx.get(hosts, id) as Host;
  const acknowledged = ctx.call(
    'codedeploy-commands',
    'PutHostCommandAcknowledgement',
    { HostCommandIdentifier: command },
    asInstance(id),
  );
  if (!acknowledged.ok || acknowledged.output.CommandStatus !== 'InProgress' || host.hangs.includes(event))
    return;
  ctx.schedule(finished, ctx.now + host.takesMs, { id, command, event });
}

const ec2 = defineService({
  contract: 'ec2',
  tables: [hosts],
  operations: {
    DescribeInstances(ctx) {
      const found = ctx.list(hosts).filter(({ running }) => running);
      const Instances = found.map(({ id, tags }) => ({
        InstanceId: id,
        Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
      }));
      return { Reservations: [{ Instances }] };
    },
    TerminateInstances(ctx, { InstanceIds }) {
      called(ctx, 'TerminateInstances', InstanceIds.join(' '));
      for (const id of InstanceIds)
        ctx.update(hosts, ctx.get(hosts, id) as Host, { running: false, agent: false });
      return {};
    },
  },
});

const elasticloadbalancing = defineService({
  contract: 'elasticloadbalancing',
  tables: [registrations],
  operations: {
    DescribeTargetGroups: () => ({ TargetGroups: [{ TargetGroupArn: TARGET_GROUP }] }),
    RegisterTargets(ctx, { Targets }) {
      for (const { Id } of Targets) {
        called(ctx, 'RegisterTargets', Id);
        ctx.put(registrations, { id: Id, state: 'initial' });
        if (ctx.get(hosts, Id)?.healthy)
          ctx.schedule(settled, ctx.now + 20_000, { id: Id, state: 'healthy' });
      }
    },
    DeregisterTargets(ctx, { Targets }) {
      for (const { Id } of Targets) {
        called(ctx, 'DeregisterTargets', Id);
        if (!ctx.get(registrations, Id)) continue;
        ctx.put(registrations, { id: Id, state: 'draining' });
        ctx.schedule(settled, ctx.now + 30_000, { id: Id, state: 'unused' });
      }
    },
    DescribeTargetHealth(ctx, { Targets = [] }) {
      const states = Targets.map(({ Id }) => ctx.get(registrations, Id)?.state ?? 'unused');
      return {
        TargetHealthDescriptions: states.map((State) => ({ TargetHealth: { State: State as 'healthy' } })),
      };
    },
  },
});

/** A Classic Load Balancer with the same instances behind it. */
const classic = defineService({
  contract: 'elasticloadbalancing-classic',
  tables: [],
  operations: {
    DescribeLoadBalancers(_, { LoadBalancerNames = [] }) {
      const unknown = LoadBalancerNames.find((name) => name !== 'old');
      if (unknown !== undefined)
        throw new Fault(
          'AccessPointNotFoundException',
          `There is no ACTIVE Load Balancer named '${unknown}'`,
        );
      return { LoadBalancerDescriptions: [] };
    },
    RegisterInstancesWithLoadBalancer(ctx, { Instances }) {
      for (const { InstanceId: id = '' } of Instances) {
        called(ctx, 'RegisterInstancesWithLoadBalancer', id);
        ctx.put(registrations, { id, state: 'initial' });
        ctx.schedule(settled, ctx.now + 20_000, { id, state: 'healthy' });
      }
      return {};
    },
    DeregisterInstancesFromLoadBalancer(ctx, { Instances }) {
      for (const { InstanceId: id = '' } of Instances) {
        called(ctx, 'DeregisterInstancesFromLoadBalancer', id);
        ctx.put(registrations, { id, state: 'draining' });
        ctx.schedule(settled, ctx.now + 30_000, { id, state: 'unused' });
      }
      return {};
    },
    DescribeInstanceHealth(ctx, { Instances = [] }) {
      const words: Record<string, { State: string; Description: string }> = {
        initial: { State: 'OutOfService', Description: 'Instance registration is still in progress.' },
        healthy: { State: 'InService', Description: 'N/A' },
        draining: { State: 'InService', Description: 'Instance deregistration currently in progress.' },
      };
      const gone = {
        State: 'OutOfService',
        Description: 'Instance is not currently registered with the LoadBalancer.',
      };
      return {
        InstanceStates: Instances.map(
          ({ InstanceId = '' }) => words[ctx.get(registrations, InstanceId)?.state ?? ''] ?? gone,
        ),
      };
    },
  },
});

const settle: TimerHandler<{ id: string; state: string }, Ctx> = {
  kind: settled,
  live: (ctx, { id, state }) =>
    ctx.get(registrations, id)?.state === (state === 'healthy' ? 'initial' : 'draining'),
  fire(ctx, { id, state }) {
    ctx.put(registrations, { id, state });
    ctx.emit(targetChanged, { targetGroupArn: TARGET_GROUP, targetId: id, state });
  },
};

function groupOf(ctx: Ctx, name: string): Group {
  const found = ctx.get(groups, name);
  if (!found)
    throw new Fault(
      'ValidationError',
      `AutoScalingGroup name not found - AutoScalingGroup ${name} not found`,
    );
  return found;
}

/** An instance of a group enters a state; nothing: it is gone. */
export function moveInstance(ctx: Ctx, name: string, id: string, state: string | undefined): void {
  const group = groupOf(ctx, name);
  const others = group.instances.filter((one) => one.id !== id);
  ctx.update(groups, group, { instances: state === undefined ? others : [...others, { id, state }] });
  if (state !== undefined) ctx.emit(groupInstanceChanged, { group: name, instanceId: id, state });
}

/** Auto Scaling launches an instance, which waits in the group's hook if there is one. */
export function launchInstance(ctx: Ctx, name: string, id: string, more: Partial<Host> = {}): void {
  addHost(ctx, id, { tags: {}, ...more });
  const { hook } = groupOf(ctx, name);
  moveInstance(ctx, name, id, hook ? 'Pending:Wait' : 'InService');
  const action = {
    group: name,
    instanceId: id,
    token: `token-${id}`,
    transition: 'autoscaling:EC2_INSTANCE_LAUNCHING',
    target: '',
  };
  if (hook) ctx.emit(lifecycleActionBegan, { ...action, hook: hook.name, metadata: hook.metadata });
}

const autoscaling = defineService({
  contract: 'autoscaling',
  tables: [groups],
  operations: {
    PutLifecycleHook(ctx, { AutoScalingGroupName, LifecycleHookName, NotificationMetadata = '', ...rest }) {
      called(ctx, 'PutLifecycleHook', JSON.stringify({ AutoScalingGroupName, LifecycleHookName, ...rest }));
      ctx.update(groups, groupOf(ctx, AutoScalingGroupName), {
        hook: { name: LifecycleHookName, metadata: NotificationMetadata },
      });
    },
    DeleteLifecycleHook(ctx, { AutoScalingGroupName }) {
      called(ctx, 'DeleteLifecycleHook', AutoScalingGroupName);
      const { hook: _, ...group } = groupOf(ctx, AutoScalingGroupName);
      ctx.put(groups, group);
    },
    DescribeAutoScalingGroups(ctx, { AutoScalingGroupNames = [] }) {
      const found = AutoScalingGroupNames.map((name) => ctx.get(groups, name)).filter(
        (group) => group !== undefined,
      );
      return {
        AutoScalingGroups: found.map(({ name, instances: members }) => ({
          AutoScalingGroupName: name,
          MinSize: 1,
          MaxSize: 1000,
          DesiredCapacity: members.length,
          DefaultCooldown: 300,
          AvailabilityZones: ['us-east-1a'],
          HealthCheckType: 'EC2',
          CreatedTime: 0,
          LaunchTemplate: { LaunchTemplateId: 'lt-1', LaunchTemplateName: 'web', Version: '1' },
          TargetGroupARNs: [TARGET_GROUP],
          Instances: members.map(({ id, state }) => ({
            InstanceId: id,
            AvailabilityZone: 'us-east-1a',
            LifecycleState: state as 'InService',
            HealthStatus: 'Healthy',
            ProtectedFromScaleIn: false,
          })),
        })),
      };
    },
    CompleteLifecycleAction(ctx, { AutoScalingGroupName, InstanceId = '', LifecycleActionResult }) {
      called(ctx, 'CompleteLifecycleAction', `${InstanceId} ${LifecycleActionResult}`);
      moveInstance(
        ctx,
        AutoScalingGroupName,
        InstanceId,
        LifecycleActionResult === 'CONTINUE' ? 'InService' : undefined,
      );
    },
    RecordLifecycleActionHeartbeat(ctx, { InstanceId = '' }) {
      called(ctx, 'RecordLifecycleActionHeartbeat', InstanceId);
    },
    CreateAutoScalingGroup(ctx, { AutoScalingGroupName: name, MinSize, DesiredCapacity }) {
      called(ctx, 'CreateAutoScalingGroup', `${name} ${MinSize} ${DesiredCapacity}`);
      ctx.put(groups, { name, instances: [], suspended: [] });
    },
    UpdateAutoScalingGroup(ctx, { AutoScalingGroupName: name, DesiredCapacity = 0 }) {
      called(ctx, 'UpdateAutoScalingGroup', `${name} ${DesiredCapacity}`);
      for (let i = 0; i < DesiredCapacity; i += 1) {
        ctx.schedule(launched, ctx.now + 30_000 + i * 10, {
          group: name,
          id: `i-f${String(i).padStart(16, '0')}`,
        });
      }
    },
    SuspendProcesses(ctx, { ScalingProcesses = [] }) {
      called(ctx, 'SuspendProcesses', ScalingProcesses.join(' '));
    },
    ResumeProcesses(ctx, { ScalingProcesses = [] }) {
      called(ctx, 'ResumeProcesses', ScalingProcesses.join(' '));
    },
    DeleteAutoScalingGroup(ctx, { AutoScalingGroupName: name, ForceDelete }) {
      called(ctx, 'DeleteAutoScalingGroup', `${name} ${ForceDelete}`);
      for (const { id } of groupOf(ctx, name).instances) {
        ctx.update(hosts, ctx.get(hosts, id) as Host, { running: false, agent: false });
      }
      ctx.delete(groups, name);
    },
  },
});

const launchTimers: TimerHandler<never, Ctx>[] = [
  {
    kind: launched,
    live: (ctx, { group }) => ctx.get(groups, group) !== undefined,
    fire(ctx, { group, id }) {
      launchInstance(ctx, group, id, { agent: false });
      ctx.schedule(booted, ctx.now + 60_000, { id });
    },
  } as TimerHandler<{ group: string; id: string }, Ctx> as never,
  {
    kind: booted,
    live: (ctx, { id }) => ctx.get(hosts, id)?.running === true,
    fire(ctx, { id }) {
      ctx.update(hosts, ctx.get(hosts, id) as Host, { agent: true });
      ctx.schedule(poll, ctx.now, { id });
    },
  } as TimerHandler<{ id: string }, Ctx> as never,
];

const monitoring = defineService({
  contract: 'monitoring',
  tables: [alarms],
  operations: {
    DescribeAlarms(ctx, { AlarmNames = [] }) {
      const found = AlarmNames.map((name) => ctx.get(alarms, name)).filter((alarm) => alarm !== undefined);
      return {
        MetricAlarms: found.map(({ name, state }) => ({ AlarmName: name, StateValue: state as 'OK' })),
      };
    },
  },
});

export function setAlarm(ctx: Ctx, name: string, state: 'OK' | 'ALARM'): void {
  ctx.put(alarms, { name, state });
  ctx.emit(alarmChanged, { alarmName: name, alarmArn: ctx.arn('cloudwatch', `alarm:${name}`), state });
}

const sns = defineService({
  contract: 'sns',
  tables: [calls],
  operations: {
    Publish(ctx, { Subject = '', Message }) {
      called(ctx, 'Publish', `${Subject}|${Message}`);
      return { MessageId: '1' };
    },
  },
});

const ALLOW = '{"Effect":"Allow","Action":"*","Resource":"*"}';

function policiesFor(ctx: Ctx, roleArn: string): string {
  const { denied = [] } = (roleArn === ROLE && ctx.get(limits, 'limits')) || {};
  const deny = denied.map((action) => `,{"Effect":"Deny","Action":"${action}","Resource":"*"}`).join('');
  return `{"Version":"2012-10-17","Statement":[${ALLOW}${deny}]}`;
}

const standIns: CloudPart = {
  name: 'test',
  tables: [limits],
  timers: [...agentTimers, ...launchTimers, settle] as unknown as readonly TimerHandler<unknown, Ctx>[],
  provides: [
    provide(instances, {
      facts: () => undefined,
      hardware: () => undefined,
      tagged: () => [],
      instanceMs: () => 0,
      at: () => undefined,
      lend() {
        throw new Error('Nothing lends interfaces here.');
      },
      giveBack() {},
      lent: () => undefined,
      reachEndpoint: () => ({ ok: true }),
      reachInstance: () => ({ ok: true }),
    }),
    provide(identity, {
      accessKey: () => undefined,
      policies: (ctx, principal) => ({
        identity: [
          parsePolicy(policiesFor(ctx, principal.type === 'role' ? principal.roleArn : ''), 'identity'),
        ],
      }),
      assumeFor(ctx, { roleArn, sessionName }) {
        if (roleArn !== ROLE || ctx.get(limits, 'limits')?.roleGone)
          throw new Fault('AccessDenied', 'Not authorized to perform sts:AssumeRole');
        const arn = `arn:aws:sts::${ACCOUNT}:assumed-role/CodeDeployServiceRole/${sessionName}`;
        return { type: 'role', account: ACCOUNT, arn, roleArn, roleId: 'AROACD', sessionName };
      },
      profileCredentials: () => undefined,
      profileRole: () => undefined,
      serviceLinkedRole: () => '',
    }),
  ],
};

/** Ports that nothing here goes through. */
const unused: CloudPart = {
  name: 'unused',
  provides: required
    .filter(({ name }) => name !== instances.name && name !== identity.name)
    .map((port) => ({ port, behind: port === (traffic as object) ? { settle: () => {} } : {} })),
};

export function testCloud(): Cloud {
  const services: Service[] = [
    service,
    commandService,
    ec2,
    elasticloadbalancing,
    classic,
    autoscaling,
    monitoring,
    sns,
  ];
  return new Cloud(services, [standIns, unused]);
}
