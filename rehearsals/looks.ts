// What rehearsals ask AWS about while something goes on, and what they make of the answers.

import {
  AutoScalingClient,
  DescribeAutoScalingGroupsCommand,
  DescribeScalingActivitiesCommand,
} from '@aws-sdk/client-auto-scaling';
import type { Activity, AutoScalingGroup } from '@aws-sdk/client-auto-scaling';
import {
  BatchGetDeploymentsCommand,
  BatchGetDeploymentTargetsCommand,
  CodeDeployClient,
  DeploymentNotStartedException,
  ListDeploymentsCommand,
  ListDeploymentTargetsCommand,
} from '@aws-sdk/client-codedeploy';
import type { DeploymentInfo, InstanceTarget } from '@aws-sdk/client-codedeploy';
import { DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { TargetHealth } from '@aws-sdk/client-elastic-load-balancing-v2';
import { expectation } from 'sandtable';
import type { Expectation, RunResult, Scene } from 'sandtable';
import { APPLICATION, DEPLOYMENT_GROUP, GROUP } from './deploy/web-fleet.ts';

/** One lifecycle event on one instance; instants in epoch ms, 0 where AWS gives none. */
export interface EventLook {
  readonly name: string;
  readonly status: string;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly errorCode: string;
  readonly message: string;
}

/** One instance of a deployment. */
export interface TargetLook {
  readonly instanceId: string;
  readonly label: string;
  readonly status: string;
  readonly events: readonly EventLook[];
}

/** The instances of a deployment; none while it has not begun. */
export async function targetsOf(scene: Scene, deploymentId: string): Promise<TargetLook[]> {
  const codedeploy = scene.aws.client(CodeDeployClient);
  const listed = codedeploy.send(new ListDeploymentTargetsCommand({ deploymentId }));
  const { targetIds = [] } = await listed.catch((error: unknown) => {
    if (error instanceof DeploymentNotStartedException) return { targetIds: [] };
    throw error;
  });
  if (targetIds.length === 0) return [];
  const { deploymentTargets = [] } = await codedeploy.send(
    new BatchGetDeploymentTargetsCommand({ deploymentId, targetIds }),
  );
  return deploymentTargets.map(({ instanceTarget = {} }) => targetLook(instanceTarget));
}

function targetLook({ targetId, instanceLabel, status, lifecycleEvents = [] }: InstanceTarget): TargetLook {
  const events = lifecycleEvents.map((event) => ({
    name: event.lifecycleEventName ?? '',
    status: event.status ?? '',
    startedAt: event.startTime?.getTime() ?? 0,
    endedAt: event.endTime?.getTime() ?? 0,
    errorCode: event.diagnostics?.errorCode ?? '',
    message: event.diagnostics?.message ?? '',
  }));
  return { instanceId: targetId ?? '', label: instanceLabel ?? '', status: status ?? '', events };
}

/** Deployments of the group, oldest first. */
export async function deploymentsOf(scene: Scene): Promise<DeploymentInfo[]> {
  const codedeploy = scene.aws.client(CodeDeployClient);
  const group = { applicationName: APPLICATION, deploymentGroupName: DEPLOYMENT_GROUP };
  const { deployments: deploymentIds = [] } = await codedeploy.send(new ListDeploymentsCommand(group));
  const { deploymentsInfo = [] } = await codedeploy.send(new BatchGetDeploymentsCommand({ deploymentIds }));
  return deploymentsInfo.toSorted((a, b) => Number(a.createTime) - Number(b.createTime));
}

/** The event of that name; throws where the instance has none. */
export function eventOf({ instanceId, events }: TargetLook, name: string): EventLook {
  const found = events.find((event) => event.name === name);
  if (!found) throw new Error(`${instanceId} has no event ${name}.`);
  return found;
}

/** When anything first and last happened on an instance. */
export function spanOf({ events }: TargetLook): [from: number, to: number] {
  const ran = events.filter((event) => event.endedAt > 0);
  return [
    Math.min(...ran.map((event) => event.startedAt || event.endedAt)),
    Math.max(...ran.map((event) => event.endedAt)),
  ];
}

/** The most instances that were worked on at one time. */
export function mostAtOnce(targets: readonly TargetLook[]): number {
  const spans = targets.map(spanOf);
  return Math.max(...spans.map(([at]) => spans.filter(([from, to]) => from <= at && at < to).length));
}

/** The one list of names and outcomes that all instances share; several where they differ. */
export function coursesOf(targets: readonly TargetLook[]): string[] {
  return [
    ...new Set(targets.map(({ events }) => events.map((one) => `${one.name} ${one.status}`).join(', '))),
  ];
}

/** Whether each instance's events took place in the order in which AWS lists them. */
export function inSequence(targets: readonly TargetLook[]): boolean {
  return targets.every(({ events }) =>
    events.every(
      (event, index) =>
        event.startedAt <= event.endedAt && (events[index - 1]?.endedAt ?? 0) <= event.startedAt,
    ),
  );
}

/** What the load balancer says of each target, by instance. */
export async function targetHealth(scene: Scene, TargetGroupArn: string): Promise<Map<string, TargetHealth>> {
  const { TargetHealthDescriptions = [] } = await scene.aws
    .client(ElasticLoadBalancingV2Client)
    .send(new DescribeTargetHealthCommand({ TargetGroupArn }));
  return new Map(
    TargetHealthDescriptions.map(({ Target, TargetHealth }) => [Target?.Id ?? '', TargetHealth ?? {}]),
  );
}

export async function healthyTargets(scene: Scene, targetGroupArn: string): Promise<string[]> {
  const all = await targetHealth(scene, targetGroupArn);
  return [...all].flatMap(([id, { State }]) => (State === 'healthy' ? [id] : [])).toSorted();
}

/** The Auto Scaling group; nothing where it is gone. */
export async function autoScalingGroup(
  scene: Scene,
  name: string = GROUP,
): Promise<AutoScalingGroup | undefined> {
  const input = { AutoScalingGroupNames: [name] };
  const { AutoScalingGroups = [] } = await scene.aws
    .client(AutoScalingClient)
    .send(new DescribeAutoScalingGroupsCommand(input));
  return AutoScalingGroups[0];
}

/** Lifecycle states of a group's instances. */
export async function memberStates(scene: Scene, name: string = GROUP): Promise<Map<string, string>> {
  const { Instances = [] } = (await autoScalingGroup(scene, name)) ?? {};
  return new Map(Instances.map((one) => [one.InstanceId ?? '', one.LifecycleState ?? '']));
}

/** A group's scaling activities, newest first. */
export async function activities(scene: Scene, AutoScalingGroupName: string = GROUP): Promise<Activity[]> {
  const input = { AutoScalingGroupName };
  const { Activities = [] } = await scene.aws
    .client(AutoScalingClient)
    .send(new DescribeScalingActivitiesCommand(input));
  return Activities;
}

/** EC2's states of instances, in the order asked; `gone` where EC2 has forgotten an instance, an hour after its end. */
export async function instanceStates(scene: Scene, ids: readonly string[]): Promise<string[]> {
  const { Reservations = [] } = await scene.aws
    .client(EC2Client)
    .send(new DescribeInstancesCommand({ Filters: [{ Name: 'instance-id', Values: [...ids] }] }));
  const all = Reservations.flatMap(({ Instances = [] }) => Instances);
  return ids.map((id) => all.find((one) => one.InstanceId === id)?.State?.Name ?? 'gone');
}

export type Series = NonNullable<RunResult['measurement']>['series'];

/** Versions that answered in the last `ms` of a measured load, in order of name. */
export function versionsSince(series: Series, from: number): string[] {
  const late = series.filter(({ at }) => at >= from);
  return [...new Set(late.flatMap(({ byVersion }) => Object.keys(byVersion)))].toSorted();
}

/** The part of all requests in the buckets that begin in `[from, to)` that a version answered, in thousandths. */
export function shareOf(series: Series, version: string, from: number, to: number): number {
  const within = series.filter(({ at }) => at >= from && at < to);
  const answers = within.reduce((sum, { byVersion }) => sum + (byVersion[version] ?? 0), 0);
  const requests = within.reduce((sum, one) => sum + one.requests, 0);
  return Math.round((1000 * answers) / Math.max(1, requests));
}

/** Seconds from an instant until the last bucket began in which a version answered; 0 where it answered no more. */
export function answersFor(series: Series, version: string, from: number): number {
  const last = series.findLast(({ byVersion }) => (byVersion[version] ?? 0) > 0);
  return Math.max(0, Math.round(((last?.at ?? 0) - from) / 1000));
}

/** A fact is a number in a range. */
export function between(name: string, least: number, most: number): Expectation {
  return expectation(`${name} is from ${least} to ${most}`, ({ facts }) => {
    const found = facts[name];
    return {
      passed: typeof found === 'number' && found >= least && found <= most,
      found: String(found),
    };
  });
}

/** Looks again and again while `work` goes on, beside it. */
export async function alongside<W, Q>(
  scene: Scene,
  everyMs: number,
  look: () => Promise<Q>,
  work: () => Promise<W>,
): Promise<{ result: W; samples: { at: number; seen: Q }[] }> {
  const samples: { at: number; seen: Q }[] = [];
  const ended: W[] = [];
  await scene.clock.all<void>([
    async () => void ended.push(await work()),
    async () => {
      while (ended.length === 0) {
        samples.push({ at: scene.clock.now, seen: await look() });
        await scene.clock.sleep(everyMs);
      }
    },
  ]);
  return { result: ended[0] as W, samples };
}
