// Liveness: once nobody disturbs the cloud any more, everything comes to its end.

import type { Ctx } from '#cloud/ctx.ts';
import { injections } from '#cloud/injections.ts';
import { groups } from '#services/autoscaling/group.ts';
import { instances as members } from '#services/autoscaling/instance.ts';
import { actions, hooks } from '#services/autoscaling/instances/lifecycle-hooks.ts';
import { exports, imports, remaining, removals, stacks, walks } from '#services/cloudformation/rows.ts';
import type { Stack } from '#services/cloudformation/rows.ts';
import { deploymentGroups, deployments, hasEnded, launches } from '#services/codedeploy/rows.ts';
import { instanceRows } from '#services/ec2/instances/instances.ts';
import { deliveries } from '#services/sns/tables.ts';
import { messages } from '#services/sqs/message.ts';
import { loads } from '#traffic/load.ts';
import { progress } from '#traffic/settlement.ts';
import { stopLoad } from '#traffic/load-control.ts';
import { agents } from '#workloads/codedeploy-agent/agent-rows.ts';
import { machineRows } from '#workloads/modelled/machine-rows.ts';
import type { Table } from '#world/index.ts';
import type { Timer } from '#world/store.ts';
import { end } from './disturbances.ts';
import {
  ALARM,
  APPLICATION,
  DEPLOYMENT_GROUP,
  location,
  QUEUES,
  queueUrl,
  REVISIONS,
  ROLE_POLICIES,
  upload,
} from './fleet.ts';
import type { Stage } from './stage.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Long enough for all that AWS gives up only after a time: a blue/green deployment may take 109 hours. */
const PATIENCE_MS = 120 * HOUR;

/** Stacks that use exports of one another form no longer chain. */
const MOST_ROUNDS = 5;

/** Of ten minutes each: no message is invisible for longer than 12 hours. */
const MOST_WAITS = 80;

/** What never came to its end. */
export class Stuck extends Error {
  constructor(what: string) {
    super(what);
    this.name = 'Stuck';
  }
}

/** Stops disturbing, repairs what was broken, and waits until nothing is under way. Throws `Stuck`. */
export function calm(stage: Stage): void {
  repair(stage);
  reach(stage, 'calm', (ctx) => pending(ctx));
  revive(stage);
  reach(stage, 'calm after agents were revived', (ctx) => pending(ctx));
  redeploy(stage);
  takeDown(stage);
  for (const name of QUEUES) drain(stage, name);
  reach(stage, 'an idle clock', (ctx) => busy(ctx));
}

function repair(stage: Stage): void {
  end(stage);
  for (const [RoleName, PolicyArn] of ROLE_POLICIES)
    stage.make('iam', 'AttachRolePolicy', { RoleName, PolicyArn });
  for (const revision of REVISIONS) upload(stage, revision);
  for (const { id } of stage.look((ctx) => ctx.everywhere.list(loads)))
    stage.act('load', (ctx) => stopLoad(ctx, id));
  const all = stage.look((ctx) => ctx.list(groups)).filter(({ deleting }) => !deleting);
  for (const { name } of all) stage.make('autoscaling', 'ResumeProcesses', { AutoScalingGroupName: name });
  // Hooks that nobody answers and that abandon what waits in them would have instances launched for ever: the simulation's
  // own, and CodeDeploy's that stayed behind when it was not allowed to take them away.
  const owned = stage
    .look((ctx) => ctx.list(deploymentGroups))
    .flatMap(({ autoScalingGroups }) => autoScalingGroups.flatMap((one) => [one.hook, one.terminationHook]));
  for (const { group, name } of stage.look((ctx) => ctx.list(hooks))) {
    if (!owned.includes(name))
      stage.call('autoscaling', 'DeleteLifecycleHook', {
        AutoScalingGroupName: group,
        LifecycleHookName: name,
      });
  }
  clear(stage);
  stage.make('monitoring', 'SetAlarmState', { AlarmName: ALARM, StateValue: 'OK', StateReason: 'calm' });
}

/**
 * Deletes groups behind the load balancer to which nobody deploys any more: what blue/green deployments left behind or kept.
 * Their new instances would never be found healthy, and be replaced for ever.
 */
function clear(stage: Stage): void {
  const owners = stage.look((ctx) => ctx.list(deploymentGroups));
  if (owners.length === 0) return;
  const meant = owners.flatMap(({ autoScalingGroups }) => autoScalingGroups.map(({ name }) => name));
  const under = stage.look((ctx) => ctx.list(deployments)).filter((one) => !hasEnded(one));
  const used = under.flatMap(({ green, originals = [] }) => [...originals, green?.autoScalingGroup ?? '']);
  for (const { name, targetGroupArns, deleting } of stage.look((ctx) => ctx.list(groups))) {
    if (targetGroupArns.length > 0 && !deleting && ![...meant, ...used].includes(name))
      stage.make('autoscaling', 'DeleteAutoScalingGroup', { AutoScalingGroupName: name, ForceDelete: true });
  }
}

/** Agents that died stay dead: their instances are replaced. So are those that were stopped and never started again. */
function revive(stage: Stage): void {
  clear(stage);
  const dead = stage.look((ctx) =>
    ctx.list(members).filter(({ instanceId, state }) => {
      const machine = ctx.get(machineRows, instanceId);
      return state === 'InService' && machine?.phase === 'up' && !ctx.get(agents, instanceId);
    }),
  );
  for (const { instanceId } of dead) {
    stage.call('autoscaling', 'SetInstanceHealth', {
      InstanceId: instanceId,
      HealthStatus: 'Unhealthy',
      ShouldRespectGracePeriod: false,
    });
  }
  for (const { instanceId: InstanceId } of stage.look((ctx) => ctx.list(members))) {
    const standing = stage.look((ctx) => ctx.get(members, InstanceId)?.state) === 'Standby';
    if (standing)
      stage.call('autoscaling', 'TerminateInstanceInAutoScalingGroup', {
        InstanceId,
        ShouldDecrementDesiredCapacity: false,
      });
  }
}

/** A good revision can be deployed to what is left. */
function redeploy(stage: Stage): void {
  const group = stage.look((ctx) => ctx.list(deploymentGroups))[0];
  if (!group) return;
  stage.make('codedeploy', 'UpdateDeploymentGroup', {
    applicationName: APPLICATION,
    currentDeploymentGroupName: DEPLOYMENT_GROUP,
    deploymentStyle: {
      deploymentType: 'IN_PLACE',
      deploymentOption: group.settings.deploymentStyle?.deploymentOption ?? 'WITHOUT_TRAFFIC_CONTROL',
    },
    alarmConfiguration: { enabled: false, alarms: [] },
  });
  // Something to deploy to.
  for (const { name } of group.autoScalingGroups) {
    const { desired = 0, maxSize = 0 } = stage.look((ctx) => ctx.get(groups, name)) ?? {};
    const sizes = { MinSize: 0, MaxSize: Math.max(1, maxSize), DesiredCapacity: Math.max(1, desired) };
    stage.make('autoscaling', 'UpdateAutoScalingGroup', { AutoScalingGroupName: name, ...sizes });
  }
  reach(stage, 'instances to deploy to', (ctx) => pending(ctx));
  const { deploymentId = '' } = stage.make('codedeploy', 'CreateDeployment', {
    applicationName: APPLICATION,
    deploymentGroupName: DEPLOYMENT_GROUP,
    revision: location('good'),
    deploymentConfigName: 'CodeDeployDefault.AllAtOnce',
    fileExistsBehavior: 'OVERWRITE',
    ignoreApplicationStopFailures: true,
  });
  reach(stage, 'the end of the last deployment', (ctx) => pending(ctx));
  const { status, error } = stage.look((ctx) => ctx.get(deployments, deploymentId)) ?? {};
  if (status !== 'Succeeded')
    throw new Stuck(
      `In a calm cloud a good revision could not be deployed: ${status} ${JSON.stringify(error)}`,
    );
}

/** All stacks can be deleted, those that use others' exports first, and leave nothing of CloudFormation's behind. */
function takeDown(stage: Stage): void {
  const living = (): Stack[] =>
    stage.look((ctx) => ctx.list(stacks)).filter(({ status }) => status !== 'DELETE_COMPLETE');
  for (let round = 0; living().length > 0; round += 1) {
    if (round > MOST_ROUNDS)
      throw new Stuck(
        `Stacks cannot be deleted: ${living()
          .map(({ name, status }) => `${name} is ${status}`)
          .join(', ')}`,
      );
    for (const { id } of living()) stage.make('cloudformation', 'DeleteStack', { StackName: id });
    reach(stage, 'the end of stacks', (ctx) => pending(ctx));
  }
  const left = stage.look((ctx) =>
    [walks, remaining, removals, exports, imports].flatMap((rows) => ctx.list(rows as Table)),
  );
  if (left.length > 0) throw new Stuck(`Stacks that are gone left ${JSON.stringify(left[0])}`);
}

function drain(stage: Stage, name: string): void {
  const QueueUrl = queueUrl(name);
  const left = (): number => stage.look((ctx) => ctx.scan(messages, { prefix: `${name}@` })).length;
  for (let waits = 0; left() > 0;) {
    const { Messages = [] } = stage.make('sqs', 'ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10 });
    const Entries = Messages.map(({ ReceiptHandle = '' }, at) => ({ Id: String(at), ReceiptHandle }));
    if (Entries.length > 0) stage.make('sqs', 'DeleteMessageBatch', { QueueUrl, Entries });
    else {
      // What is invisible comes back by its timeout.
      if ((waits += 1) > MOST_WAITS)
        throw new Stuck(`Queue ${name} keeps ${left()} messages that nobody can receive.`);
      stage.advance(10 * MINUTE);
    }
  }
}

function reach(stage: Stage, what: string, missing: (ctx: Ctx) => string[]): void {
  let look = 0;
  // Looking costs more than a transition: every so many are enough, and a clock that ran out of things to do.
  const done = (): boolean =>
    (look++ % 64 === 0 || !stage.world.foreground) && stage.look(missing).length === 0;
  if (stage.until(done, PATIENCE_MS)) return;
  const left = stage.look(missing);
  if (left.length > 0) throw new Stuck(`It did not come to ${what}: ${left.slice(0, 5).join('; ')}`);
}

/** What has not come to its end. */
function pending(ctx: Ctx): string[] {
  const found: string[] = [];
  for (const { id, status, stage } of ctx.list(deployments).filter((one) => !hasEnded(one)))
    found.push(`deployment ${id} is ${status} (${stage})`);
  for (const { key } of ctx.list(launches)) found.push(`launch ${key}`);
  for (const { instanceId, hook } of ctx.list(actions)) found.push(`${instanceId} waits in hook ${hook}`);
  for (const group of ctx.list(groups)) {
    const own = ctx.list(members, 'group', group.name);
    const serving = own.filter(({ state, health }) => state === 'InService' && health === 'Healthy').length;
    const moving = own.filter(({ state }) => state !== 'InService' && state !== 'Standby');
    if (group.deleting) found.push(`group ${group.name} is being deleted`);
    else if (serving !== group.desired && !protectedFrom(serving - group.desired, own))
      found.push(`group ${group.name} wants ${group.desired}, ${serving} serve`);
    for (const { instanceId, state } of moving) found.push(`${instanceId} is ${state}`);
  }
  for (const { instanceId, state } of ctx.list(instanceRows)) {
    if (state === 'pending' || state === 'shutting-down' || state === 'stopping')
      found.push(`${instanceId} is ${state}`);
  }
  for (const { name, status, operation } of ctx.list(stacks))
    if (operation) found.push(`stack ${name} is ${status}`);
  for (const { id } of ctx.list(deliveries)) found.push(`delivery ${id}`);
  for (const { load } of ctx.everywhere.list(progress)) found.push(`load ${load} goes on`);
  if (ctx.everywhere.list(injections).length > 0) found.push('injections');
  return found;
}

/** Scale-in stops where all that is left is protected. */
function protectedFrom(excess: number, own: readonly { protected: boolean }[]): boolean {
  return excess > 0 && own.filter((one) => !one.protected).length === 0;
}

/** Foreground timers: what a virtual clock would go on for. */
function busy(ctx: Ctx): string[] {
  const found: string[] = [];
  ctx.kernel.store.scanTimers((timer: Timer) => {
    if (!timer.background)
      found.push(`${timer.kind} ${JSON.stringify(timer.payload)} in ${timer.due - ctx.now} ms`);
  });
  return found;
}
