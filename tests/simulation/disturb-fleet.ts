// Disturbances of instances, groups and target groups.

import { hooks, actions } from '#services/autoscaling/instances/lifecycle-hooks.ts';
import { groups } from '#services/autoscaling/group.ts';
import type { Group } from '#services/autoscaling/group.ts';
import { instances } from '#services/autoscaling/instance.ts';
import type { GroupInstance } from '#services/autoscaling/instance.ts';
import { PROCESSES } from '#services/autoscaling/groups/processes.ts';
import { instanceRows } from '#services/ec2/instances/instances.ts';
import type { Instance } from '#services/ec2/instances/instances.ts';
import { targetGroups, targets } from '#services/elasticloadbalancing/tables.ts';
import { GROUP, HOOK_ROLE, queueArn, TOPIC } from './fleet.ts';
import type { Draw } from './draw.ts';
import type { Disturb, Stage } from './stage.ts';

function oneGroup(stage: Stage, draw: Draw): Group | undefined {
  const all = stage.look((ctx) => ctx.list(groups)).filter(({ deleting }) => !deleting);
  return all.length > 0 ? draw.pick(all) : undefined;
}

function members(stage: Stage, state?: GroupInstance['state']): GroupInstance[] {
  return stage.look((ctx) => ctx.list(instances)).filter((one) => state === undefined || one.state === state);
}

function ofState(stage: Stage, state: Instance['state']): Instance[] {
  return stage.look((ctx) => ctx.list(instanceRows)).filter((one) => one.state === state);
}

/** Some members of one group that are in a state, as a request names them. */
function named(
  stage: Stage,
  draw: Draw,
  state: GroupInstance['state'],
): { AutoScalingGroupName: string; InstanceIds: string[] } | undefined {
  const all = members(stage, state);
  if (all.length === 0) return undefined;
  const { group } = draw.pick(all);
  const chosen = draw.some(
    all.filter((one) => one.group === group),
    2,
  );
  return { AutoScalingGroupName: group, InstanceIds: chosen.map(({ instanceId }) => instanceId) };
}

const capacity: Readonly<Record<string, Disturb>> = {
  'set desired capacity': (stage, draw) => {
    const group = oneGroup(stage, draw);
    if (!group) return;
    const DesiredCapacity = draw.whole(group.minSize, Math.min(group.maxSize, group.minSize + 12));
    stage.call('autoscaling', 'SetDesiredCapacity', {
      AutoScalingGroupName: group.name,
      DesiredCapacity,
      HonorCooldown: draw.chance(0.2),
    });
  },
  'change sizes': (stage, draw) => {
    const group = oneGroup(stage, draw);
    if (!group) return;
    const MinSize = draw.whole(0, 3);
    stage.call('autoscaling', 'UpdateAutoScalingGroup', {
      AutoScalingGroupName: group.name,
      MinSize,
      MaxSize: MinSize + draw.whole(1, 10),
    });
  },
  'terminate in group': (stage, draw) => {
    const all = members(stage);
    if (all.length === 0) return;
    stage.call('autoscaling', 'TerminateInstanceInAutoScalingGroup', {
      InstanceId: draw.pick(all).instanceId,
      ShouldDecrementDesiredCapacity: draw.chance(0.4),
    });
  },
  'mark unhealthy': (stage, draw) => {
    const all = members(stage);
    if (all.length === 0) return;
    stage.call('autoscaling', 'SetInstanceHealth', {
      InstanceId: draw.pick(all).instanceId,
      HealthStatus: draw.chance(0.8) ? 'Unhealthy' : 'Healthy',
      ShouldRespectGracePeriod: draw.chance(0.5),
    });
  },
  'protect instances': (stage, draw) => {
    const who = named(stage, draw, 'InService');
    if (who)
      stage.call('autoscaling', 'SetInstanceProtection', { ...who, ProtectedFromScaleIn: draw.chance(0.5) });
  },
  standby: (stage, draw) => {
    const [into, out] = [named(stage, draw, 'InService'), named(stage, draw, 'Standby')];
    if (out && draw.chance(0.5)) stage.call('autoscaling', 'ExitStandby', out);
    else if (into) {
      const ShouldDecrementDesiredCapacity = draw.chance(0.5);
      stage.call('autoscaling', 'EnterStandby', { ...into, ShouldDecrementDesiredCapacity });
    }
  },
  'detach and attach': (stage, draw) => {
    const who = named(stage, draw, draw.chance(0.7) ? 'InService' : 'Standby');
    const managed = new Set(members(stage).map(({ instanceId }) => instanceId));
    const free = ofState(stage, 'running').filter(({ instanceId }) => !managed.has(instanceId));
    const group = oneGroup(stage, draw);
    if (free.length > 0 && group && draw.chance(0.6)) {
      const InstanceIds = draw.some(free, 2).map(({ instanceId }) => instanceId);
      stage.call('autoscaling', 'AttachInstances', { AutoScalingGroupName: group.name, InstanceIds });
    } else if (who) {
      const ShouldDecrementDesiredCapacity = draw.chance(0.5);
      stage.call('autoscaling', 'DetachInstances', { ...who, ShouldDecrementDesiredCapacity });
    }
  },
  'suspend and resume': (stage, draw) => {
    const group = oneGroup(stage, draw);
    if (!group) return;
    const ScalingProcesses = draw.some(PROCESSES, 2);
    const AutoScalingGroupName = group.name;
    const operation = draw.chance(0.5) ? 'SuspendProcesses' : 'ResumeProcesses';
    stage.call('autoscaling', operation, { AutoScalingGroupName, ScalingProcesses });
  },
  'schedule actions': (stage, draw) => {
    const group = oneGroup(stage, draw);
    if (!group) return;
    stage.call('autoscaling', 'PutScheduledUpdateGroupAction', {
      AutoScalingGroupName: group.name,
      ScheduledActionName: draw.pick(['one', 'two']),
      StartTime: stage.now + draw.whole(1, 60) * 60_000,
      DesiredCapacity: draw.whole(group.minSize, group.maxSize),
    });
  },
  'second group': (stage, draw) => {
    const [name, other] = ['batch', stage.look((ctx) => ctx.get(groups, 'batch'))];
    const web = stage.look((ctx) => ctx.get(groups, GROUP));
    if (other)
      stage.call('autoscaling', 'DeleteAutoScalingGroup', {
        AutoScalingGroupName: name,
        ForceDelete: draw.chance(0.7),
      });
    else if (web) {
      stage.call('autoscaling', 'CreateAutoScalingGroup', {
        AutoScalingGroupName: name,
        MinSize: 0,
        MaxSize: 3,
        DesiredCapacity: draw.whole(0, 2),
        LaunchTemplate: { LaunchTemplateId: web.source.template?.id, Version: '$Latest' },
        VPCZoneIdentifier: web.subnets.map(({ id }) => id).join(','),
        NewInstancesProtectedFromScaleIn: draw.chance(0.2),
      });
    }
  },
};

const TRANSITIONS = ['autoscaling:EC2_INSTANCE_LAUNCHING', 'autoscaling:EC2_INSTANCE_TERMINATING'] as const;

const lifecycle: Readonly<Record<string, Disturb>> = {
  'put hooks': (stage, draw) => {
    const group = oneGroup(stage, draw);
    if (!group) return;
    const target = draw.pick([undefined, queueArn('notices'), queueArn('work'), TOPIC]);
    const LifecycleTransition = draw.pick(TRANSITIONS);
    stage.call('autoscaling', 'PutLifecycleHook', {
      AutoScalingGroupName: group.name,
      LifecycleHookName: `${draw.pick(['first', 'second'])}-${LifecycleTransition.slice(-11).toLowerCase()}`,
      LifecycleTransition,
      HeartbeatTimeout: draw.pick([30, 120, 900]),
      DefaultResult: draw.pick(['CONTINUE', 'ABANDON']),
      ...(target === undefined ? {} : { NotificationTargetARN: target, RoleARN: HOOK_ROLE }),
    });
  },
  'delete hooks': (stage, draw) => {
    const all = stage.look((ctx) => ctx.list(hooks)).filter(({ name }) => /^(first|second)-/.test(name));
    if (all.length === 0) return;
    const { group, name } = draw.pick(all);
    stage.call('autoscaling', 'DeleteLifecycleHook', {
      AutoScalingGroupName: group,
      LifecycleHookName: name,
    });
  },
  'answer hooks': (stage, draw) => {
    const all = stage.look((ctx) => ctx.list(actions));
    if (all.length === 0) return;
    const { group, hook, instanceId, token } = draw.pick(all);
    const which = { AutoScalingGroupName: group, LifecycleHookName: hook };
    const who = draw.chance(0.5) ? { InstanceId: instanceId } : { LifecycleActionToken: token };
    if (draw.chance(0.25)) stage.call('autoscaling', 'RecordLifecycleActionHeartbeat', { ...which, ...who });
    else
      stage.call('autoscaling', 'CompleteLifecycleAction', {
        ...which,
        ...who,
        LifecycleActionResult: draw.chance(0.7) ? 'CONTINUE' : 'ABANDON',
      });
  },
};

const machines: Readonly<Record<string, Disturb>> = {
  'stop and start instances': (stage, draw) => {
    const [running, stopped] = [ofState(stage, 'running'), ofState(stage, 'stopped')];
    const all = stopped.length > 0 && draw.chance(0.5) ? stopped : running;
    if (all.length === 0) return;
    const InstanceIds = [draw.pick(all).instanceId];
    if (all === stopped) stage.call('ec2', 'StartInstances', { InstanceIds });
    else stage.call('ec2', 'StopInstances', { InstanceIds });
  },
  'reboot instances': (stage, draw) => {
    const all = ofState(stage, 'running');
    if (all.length > 0) stage.call('ec2', 'RebootInstances', { InstanceIds: [draw.pick(all).instanceId] });
  },
  'terminate instances': (stage, draw) => {
    const all = stage.look((ctx) => ctx.list(instanceRows));
    if (all.length > 0) stage.call('ec2', 'TerminateInstances', { InstanceIds: [draw.pick(all).instanceId] });
  },
  'run instances': (stage, draw) => {
    const running = ofState(stage, 'running').length + ofState(stage, 'stopped').length;
    if (running > 15) return;
    const LaunchTemplate = { LaunchTemplateName: 'web' };
    stage.call('ec2', 'RunInstances', { LaunchTemplate, MinCount: 1, MaxCount: draw.whole(1, 2) });
  },
};

const balancing: Readonly<Record<string, Disturb>> = {
  'register and deregister': (stage, draw) => {
    const group = stage.look((ctx) => ctx.list(targetGroups))[0];
    if (!group) return;
    const TargetGroupArn = group.arn;
    const registered = stage.look((ctx) => ctx.list(targets));
    if (registered.length > 0 && draw.chance(0.5)) {
      const Targets = draw.some(registered, 3).map(({ instanceId }) => ({ Id: instanceId }));
      stage.call('elasticloadbalancing', 'DeregisterTargets', { TargetGroupArn, Targets });
      return;
    }
    const running = ofState(stage, 'running');
    if (running.length === 0) return;
    const Targets = draw.some(running, 3).map(({ instanceId }) => ({ Id: instanceId }));
    stage.call('elasticloadbalancing', 'RegisterTargets', { TargetGroupArn, Targets });
  },
  'change health checks': (stage, draw) => {
    const group = stage.look((ctx) => ctx.list(targetGroups))[0];
    if (!group) return;
    stage.call('elasticloadbalancing', 'ModifyTargetGroup', {
      TargetGroupArn: group.arn,
      HealthCheckIntervalSeconds: draw.pick([10, 15, 30]),
      HealthyThresholdCount: draw.whole(2, 5),
      UnhealthyThresholdCount: draw.whole(2, 3),
    });
  },
};

export const fleetDisturbances: Readonly<Record<string, Disturb>> = {
  ...capacity,
  ...lifecycle,
  ...machines,
  ...balancing,
};
