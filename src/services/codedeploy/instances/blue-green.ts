// Blue/green: a replacement environment is deployed to, gets the traffic, and the original one goes.
// https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-steps-server.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { endDeployment } from '../deployments/ending.ts';
import { notify } from '../deployments/triggers.ts';
import { READY_AT } from '../lifecycle-events.ts';
import { deploymentGroups, deploymentLook, deploymentOf, deployments, targets } from '../rows.ts';
import type { Deployment, DeploymentGroup, Fleet, GroupSettings, Stage, Target } from '../rows.ts';
import { callAs, demand, Trouble } from '../service-role.ts';
import { provisioningLook } from '../timings.ts';
import { autoScalingGroup, copyGroup, healthyInstances, resumeGroup } from './fleet-copy.ts';
import { hookGroup, unhookGroup } from './hooks.ts';
import { ec2Member, inOrder, membersOf, replacements } from './instances.ts';
import type { Member } from './instances.ts';
import { isBalanced } from './traffic.ts';
import { beginWave, enlist } from './waves.ts';

const MINUTE = 60_000;
const NO_REPLACEMENT =
  'The deployment failed because no instances were found for the replacement environment.';
const NO_ORIGINAL = 'The deployment failed because no instances were found for your deployment group.';

function enter(ctx: Ctx, deployment: Deployment, stage: Stage): void {
  ctx.update(deployments, deployment, { stage });
  ctx.wake(deploymentLook, deployment.id);
}

/** Settles which instances are replaced, and by what. */
export function startBlueGreen(ctx: Ctx, deployment: Deployment, group: DeploymentGroup): undefined {
  if (!isBalanced(deployment)) {
    throw new Trouble(
      'MISSING_ELB_INFORMATION',
      'A blue/green deployment needs a load balancer, and the deployment group names none.',
    );
  }
  const action = deployment.blueGreen?.greenFleetProvisioningOption?.action ?? 'DISCOVER_EXISTING';
  const originals = group.autoScalingGroups.map(({ name }) => name);
  const known = ctx.update(deployments, deployment, { originals });
  if (action === 'DISCOVER_EXISTING') return discover(ctx, known, group);
  const [original, ...others] = originals;
  if (original === undefined || others.length > 0) {
    throw new Trouble(
      'AUTO_SCALING_CONFIGURATION',
      'Exactly one Auto Scaling group can be copied for a blue/green deployment.',
    );
  }
  const described = autoScalingGroup(ctx, known, original);
  const healthy = healthyInstances(described);
  if (healthy.length === 0) throw new Trouble('NO_INSTANCES', NO_ORIGINAL);
  const blue = healthy.map((instanceId) => ec2Member(ctx, instanceId));
  const enlisted = enlist(ctx, known, 'blue', 'original', blue);
  const copy = copyGroup(ctx, known, described, blue.length);
  const green = { autoScalingGroup: copy, size: blue.length, replaces: original };
  enter(ctx, ctx.update(deployments, enlisted, { green }), 'provisioning');
}

function discover(ctx: Ctx, deployment: Deployment, group: DeploymentGroup): undefined {
  const green = replacements(ctx, deployment, deployment.targetInstances ?? {});
  if (green.length === 0) throw new Trouble('NO_INSTANCES', NO_REPLACEMENT);
  const taken = new Set(green.map(({ targetId }) => targetId));
  const blue = membersOf(ctx, deployment, group).filter(({ targetId }) => !taken.has(targetId));
  install(ctx, enlist(ctx, deployment, 'blue', 'original', blue), inOrder(ctx, group, green));
}

function install(ctx: Ctx, deployment: Deployment, green: readonly Member[]): void {
  const enlisted = enlist(ctx, deployment, 'green', 'replacement', green);
  enter(ctx, beginWave(ctx, enlisted, 'green', green.length), 'installing');
}

/** Waits until the copied group's instances are in service. Looks at most once in a while, however many come at once. */
export function provision(ctx: Ctx, deployment: Deployment): number | undefined {
  const { green, waitUntil = 0 } = deployment;
  if (!green) return undefined;
  if (ctx.now < waitUntil) return waitUntil;
  const inService = healthyInstances(autoScalingGroup(ctx, deployment, green.autoScalingGroup));
  if (inService.length < green.size) {
    ctx.update(deployments, deployment, {
      waitUntil: ctx.now + ctx.duration(provisioningLook, green.autoScalingGroup),
    });
    return undefined;
  }
  install(
    ctx,
    deployment,
    inService.map((instanceId) => ec2Member(ctx, instanceId)),
  );
  return undefined;
}

/** The replacement is ready: traffic goes there at once, or when the user says so. */
export function afterInstalling(ctx: Ctx, deployment: Deployment): number | undefined {
  const { actionOnTimeout, waitTimeInMinutes = 0 } = deployment.blueGreen?.deploymentReadyOption ?? {};
  if (actionOnTimeout !== 'STOP_DEPLOYMENT') {
    reroute(ctx, deployment);
    return undefined;
  }
  const waitUntil = ctx.now + waitTimeInMinutes * MINUTE;
  notify(
    ctx,
    ctx.update(deployments, deployment, { status: 'Ready', stage: 'waiting', waitUntil }),
    'DeploymentReady',
  );
  return waitUntil;
}

export function waitForTraffic(ctx: Ctx, deployment: Deployment): number | undefined {
  const { continued = false, waitUntil = 0 } = deployment;
  if (continued) reroute(ctx, deployment);
  else if (ctx.now < waitUntil) return waitUntil;
  else endDeployment(ctx, deployment, 'Stopped');
  return undefined;
}

function reroute(ctx: Ctx, deployment: Deployment): void {
  const { waitUntil: _, continued: __, ...row } = deployment;
  const begun: Deployment = { ...row, status: 'InProgress' };
  enter(ctx, beginWave(ctx, begun, 'green', begun.overview.Ready), 'rerouting');
}

/** Traffic is where it should be; it is taken away where it was. All that is still pending is on that side. */
export function afterRerouting(ctx: Ctx, deployment: Deployment): undefined {
  const { restores, overview } = deployment;
  const fleet = restores === undefined ? 'blue' : 'green';
  // One original instance that cannot be taken out fails the deployment.
  enter(
    ctx,
    beginWave(ctx, deployment, fleet, overview.Pending, restores === undefined ? 'strict' : 'lenient'),
    'blocking',
  );
}

export function afterBlocking(ctx: Ctx, deployment: Deployment, group: DeploymentGroup): number | undefined {
  if (deployment.restores !== undefined) {
    pointBack(ctx, deployment, group);
    endDeployment(ctx, deployment, 'Succeeded');
    return undefined;
  }
  pointToReplacement(ctx, deployment, group);
  const { action = 'TERMINATE', terminationWaitTimeInMinutes = 0 } =
    deployment.blueGreen?.terminateBlueInstancesOnDeploymentSuccess ?? {};
  if (action === 'KEEP_ALIVE') {
    endDeployment(ctx, deployment, 'Succeeded');
    return undefined;
  }
  const waitUntil = ctx.now + terminationWaitTimeInMinutes * MINUTE;
  const { continued: _, ...row } = deployment;
  ctx.put(deployments, { ...row, stage: 'terminating', terminationWaitStarted: true, waitUntil });
  return waitUntil;
}

/** From now on the deployment group means the replacement, and instances launched there get the new revision. */
function pointToReplacement(ctx: Ctx, deployment: Deployment, group: DeploymentGroup): void {
  const { green, targetInstances, revision } = deployment;
  const names = green ? [green.autoScalingGroup] : (targetInstances?.autoScalingGroups ?? []);
  if (green) resumeGroup(ctx, deployment, green.autoScalingGroup);
  const settings = green ? group.settings : chosenSettings(group.settings, deployment);
  point(ctx, { ...group, settings, targetRevision: revision }, names);
}

/** A group whose replacement was named by the user is now what the user named. */
function chosenSettings(before: GroupSettings, { targetInstances }: Deployment): GroupSettings {
  const { ec2TagFilters: _, ec2TagSet: __, ...settings } = before;
  const { tagFilters, ec2TagSet } = targetInstances ?? {};
  return {
    ...settings,
    ...(tagFilters ? { ec2TagFilters: tagFilters } : {}),
    ...(ec2TagSet ? { ec2TagSet } : {}),
  };
}

function point(ctx: Ctx, group: DeploymentGroup, names: readonly string[]): void {
  const kept = group.autoScalingGroups.filter(({ name }) => names.includes(name));
  for (const hooked of group.autoScalingGroups) if (!kept.includes(hooked)) unhookGroup(ctx, group, hooked);
  const missing = names.filter((name) => !kept.some((hooked) => hooked.name === name));
  const added = missing.map((name) => {
    const hooked = hookGroup(ctx, group, name);
    if (hooked instanceof Fault) throw new Trouble('AUTO_SCALING_CONFIGURATION', hooked.message);
    return hooked;
  });
  ctx.put(deploymentGroups, { ...group, autoScalingGroups: [...kept, ...added] });
}

function pointBack(ctx: Ctx, deployment: Deployment, group: DeploymentGroup): void {
  const ended = deploymentOf(ctx, deployment.restores);
  const { green, previousRevision, originals = [] } = ended;
  if (!green || !group.autoScalingGroups.some(({ name }) => name === green.autoScalingGroup)) return;
  const { targetRevision: _, ...row } = group;
  point(ctx, { ...row, ...(previousRevision ? { targetRevision: previousRevision } : {}) }, originals);
}

/** The wait is over: what was replaced goes. */
export function terminate(ctx: Ctx, deployment: Deployment): number | undefined {
  const { waitUntil = 0, originals = [] } = deployment;
  if (ctx.now < waitUntil) return waitUntil;
  for (const name of originals) {
    demand(ctx, deployment, 'autoscaling', 'DeleteAutoScalingGroup', {
      AutoScalingGroupName: name,
      ForceDelete: true,
    });
  }
  const blue = fleet(ctx, deployment.id, 'blue').map(({ targetId }) => targetId);
  // What Auto Scaling terminates is not terminated twice.
  if (originals.length === 0 && blue.length > 0)
    demand(ctx, deployment, 'ec2', 'TerminateInstances', { InstanceIds: blue });
  endDeployment(ctx, deployment, 'Succeeded');
  return undefined;
}

function fleet(ctx: Ctx, deploymentId: string, side: Fleet): Target[] {
  return ctx.scan(targets, { prefix: `${deploymentId}/${side}/` });
}

/** The rollback of a blue/green deployment: originals get traffic again, replacements that had it lose it. */
export function startRestoring(ctx: Ctx, deployment: Deployment): undefined {
  const of = deployment.restores as string;
  const blue = fleet(ctx, of, 'blue');
  const green = fleet(ctx, of, 'green').filter(
    ({ event, status }) => event > READY_AT || (event === READY_AT && status === 'InProgress'),
  );
  if (hasTerminated(ctx, deploymentOf(ctx, of), deployment)) throw new Trouble('NO_INSTANCES', NO_ORIGINAL);
  const enlisted = enlist(
    ctx,
    enlist(ctx, deployment, 'blue', 'original-back', blue),
    'green',
    'original',
    green,
  );
  enter(ctx, beginWave(ctx, enlisted, 'blue', blue.length, 'lenient'), 'rerouting');
}

/** Whether the Auto Scaling group that traffic should go back to is gone. */
function hasTerminated(ctx: Ctx, { originals = [] }: Deployment, deployment: Deployment): boolean {
  if (originals.length === 0) return false;
  const outcome = callAs(ctx, deployment, 'autoscaling', 'DescribeAutoScalingGroups', {
    AutoScalingGroupNames: originals,
  });
  return outcome.ok && (outcome.output.AutoScalingGroups ?? []).length === 0;
}
