// What hangs on a group and has operations of its own: load balancers, hooks, metrics, notifications, tags.

import type { Input } from '#cloud/contracts.ts';
import type { Properties } from '../provider.ts';
import type { GroupWork } from './live-group.ts';

type Group = Properties<'AWS::AutoScaling::AutoScalingGroup'>;
type Hook = Input<'autoscaling', 'PutLifecycleHook'>;
type Tag = NonNullable<Group['Tags']>[number];

/** Makes all of it what the properties say, from what they said before. */
export function changeAttachments(work: GroupWork, name: string): void {
  if (work.previous) {
    changeBalancers(work, name);
    changeHooks(work, name);
  }
  changeMetrics(work, name);
  changeNotifications(work, name);
  changeTags(work, name);
}

/** What is new in a list, and what is no longer in it. */
function difference(before: readonly string[] = [], after: readonly string[] = []) {
  return {
    added: after.filter((one) => !before.includes(one)),
    removed: before.filter((one) => !after.includes(one)),
  };
}

function changeBalancers(work: GroupWork, AutoScalingGroupName: string): void {
  const { properties, previous = {} as Partial<Group> } = work;
  const targets = difference(previous.TargetGroupARNs, properties.TargetGroupARNs);
  const group = { AutoScalingGroupName };
  if (targets.added.length > 0)
    work.call('autoscaling', 'AttachLoadBalancerTargetGroups', { ...group, TargetGroupARNs: targets.added });
  if (targets.removed.length > 0)
    work.call('autoscaling', 'DetachLoadBalancerTargetGroups', {
      ...group,
      TargetGroupARNs: targets.removed,
    });
  const classic = difference(previous.LoadBalancerNames, properties.LoadBalancerNames);
  if (classic.added.length > 0)
    work.call('autoscaling', 'AttachLoadBalancers', { ...group, LoadBalancerNames: classic.added });
  if (classic.removed.length > 0)
    work.call('autoscaling', 'DetachLoadBalancers', { ...group, LoadBalancerNames: classic.removed });
  const key = ({ Identifier, Type }: { Identifier: string; Type: string }): string => `${Type} ${Identifier}`;
  const [was, is] = [previous.TrafficSources ?? [], properties.TrafficSources ?? []];
  const sources = difference(was.map(key), is.map(key));
  const attach = is.filter((one) => sources.added.includes(key(one)));
  const detach = was.filter((one) => sources.removed.includes(key(one)));
  if (attach.length > 0)
    work.call('autoscaling', 'AttachTrafficSources', { ...group, TrafficSources: attach });
  if (detach.length > 0)
    work.call('autoscaling', 'DetachTrafficSources', { ...group, TrafficSources: detach });
}

function changeHooks(work: GroupWork, AutoScalingGroupName: string): void {
  if (!work.changed('LifecycleHookSpecificationList')) return;
  const after = work.properties.LifecycleHookSpecificationList ?? [];
  const kept = new Set(after.map(({ LifecycleHookName }) => LifecycleHookName));
  for (const hook of after)
    work.call('autoscaling', 'PutLifecycleHook', {
      ...(hook as Omit<Hook, 'AutoScalingGroupName'>),
      AutoScalingGroupName,
    });
  for (const { LifecycleHookName } of work.previous?.LifecycleHookSpecificationList ?? []) {
    if (!kept.has(LifecycleHookName))
      work.call('autoscaling', 'DeleteLifecycleHook', { AutoScalingGroupName, LifecycleHookName });
  }
}

function changeMetrics(work: GroupWork, AutoScalingGroupName: string): void {
  if (!work.changed('MetricsCollection')) return;
  if (work.previous?.MetricsCollection)
    work.call('autoscaling', 'DisableMetricsCollection', { AutoScalingGroupName });
  for (const { Granularity, Metrics } of work.properties.MetricsCollection ?? []) {
    const some = Metrics ? { Metrics } : {};
    work.call('autoscaling', 'EnableMetricsCollection', { AutoScalingGroupName, Granularity, ...some });
  }
}

/** Kinds of events by topic. The older property takes one configuration, the newer one several. */
function notificationsOf(properties: Partial<Group>): Map<string, readonly string[]> {
  const { NotificationConfiguration, NotificationConfigurations = [] } = properties;
  const all = [
    ...(NotificationConfiguration ? [NotificationConfiguration] : []),
    ...NotificationConfigurations,
  ];
  return new Map(
    all.flatMap(({ TopicARN, NotificationTypes = [] }) =>
      [TopicARN].flat().map((topic) => [topic, NotificationTypes] as const),
    ),
  );
}

function changeNotifications(work: GroupWork, AutoScalingGroupName: string): void {
  if (!work.changed('NotificationConfiguration', 'NotificationConfigurations')) return;
  const after = notificationsOf(work.properties);
  for (const TopicARN of notificationsOf(work.previous ?? {}).keys()) {
    if (!after.has(TopicARN))
      work.call('autoscaling', 'DeleteNotificationConfiguration', { AutoScalingGroupName, TopicARN });
  }
  for (const [TopicARN, NotificationTypes] of after) {
    const input = { AutoScalingGroupName, TopicARN, NotificationTypes };
    work.call('autoscaling', 'PutNotificationConfiguration', input);
  }
}

/** Tags of the stack reach the instances; those of the group do where it says so. */
function changeTags(work: GroupWork, ResourceId: string): void {
  const own = new Map((work.properties.Tags ?? []).map((tag: Tag) => [tag.Key, tag]));
  const { put, remove } = work.tagChanges();
  const tag = (Key: string) => ({ ResourceId, ResourceType: 'auto-scaling-group', Key });
  const Tags = put.map(({ Key, Value }) => {
    return { ...tag(Key), Value, PropagateAtLaunch: own.get(Key)?.PropagateAtLaunch ?? true };
  });
  work.call('autoscaling', 'CreateOrUpdateTags', { Tags });
  if (remove.length > 0) work.call('autoscaling', 'DeleteTags', { Tags: remove.map(tag) });
}
