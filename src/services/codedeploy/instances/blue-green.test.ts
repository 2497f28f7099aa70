import {
  ContinueDeploymentCommand,
  GetDeploymentGroupCommand,
  SkipWaitTimeForInstanceTerminationCommand,
} from '@aws-sdk/client-codedeploy';
import type {
  BlueGreenDeploymentConfiguration,
  CreateDeploymentGroupCommandInput,
} from '@aws-sdk/client-codedeploy';
import { describe, expect, it } from 'vitest';
import { deployments } from '../rows.ts';
import { calls, groups, hosts, launchInstance, registrations, setAlarm } from '../test-cloud.ts';
import { HOUR, LOAD_BALANCED, MINUTE, Stand } from '../test-stand.ts';

const COPY: BlueGreenDeploymentConfiguration = {
  greenFleetProvisioningOption: { action: 'COPY_AUTO_SCALING_GROUP' },
  deploymentReadyOption: { actionOnTimeout: 'CONTINUE_DEPLOYMENT' },
  terminateBlueInstancesOnDeploymentSuccess: { action: 'TERMINATE', terminationWaitTimeInMinutes: 5 },
};

/** A group whose Auto Scaling group `blue` has instances behind the load balancer. */
async function standWith(
  count: number,
  blueGreen: BlueGreenDeploymentConfiguration = COPY,
  more: Partial<CreateDeploymentGroupCommandInput> = {},
): Promise<Stand> {
  const stand = new Stand();
  stand.act((ctx) => {
    ctx.put(groups, { name: 'blue', instances: [], suspended: [] });
    for (let i = 0; i < count; i += 1) {
      const id = `i-b${String(i).padStart(16, '0')}`;
      launchInstance(ctx, 'blue', id);
      ctx.put(registrations, { id, state: 'healthy' });
    }
  });
  await stand.group({
    ...LOAD_BALANCED,
    deploymentStyle: { deploymentType: 'BLUE_GREEN', deploymentOption: 'WITH_TRAFFIC_CONTROL' },
    ec2TagFilters: [],
    autoScalingGroups: ['blue'],
    blueGreenDeploymentConfiguration: blueGreen,
    deploymentConfigName: 'CodeDeployDefault.AllAtOnce',
    ...more,
  });
  return stand;
}

async function autoScalingGroups(stand: Stand): Promise<(string | undefined)[]> {
  const input = { applicationName: 'shop', deploymentGroupName: 'web' };
  const { deploymentGroupInfo } = await stand.codedeploy.send(new GetDeploymentGroupCommand(input));
  return (deploymentGroupInfo?.autoScalingGroups ?? []).map(({ name }) => name);
}

function made(stand: Stand): string[] {
  return stand.act((ctx) => ctx.list(calls).map(({ call }) => call));
}

function serving(stand: Stand): string[] {
  return stand
    .act((ctx) => ctx.list(registrations).filter(({ state }) => state === 'healthy'))
    .map(({ id }) => id.slice(0, 3));
}

const stage = (stand: Stand, id: string): string | undefined =>
  stand.act((ctx) => ctx.get(deployments, id)?.stage);

describe('blue/green by a copy of the Auto Scaling group', () => {
  // https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-steps-server.html
  it('copies, deploys, moves the traffic, and deletes the original after the wait', async () => {
    const stand = await standWith(2);
    const id = await stand.deploy('v1');
    stand.table.until((ctx) => ctx.get(deployments, id)?.stage === 'terminating', HOUR);
    expect(await stand.info(id)).toMatchObject({
      status: 'InProgress',
      instanceTerminationWaitTimeStarted: true,
    });
    expect(serving(stand)).toEqual(['i-f', 'i-f']);
    expect(await autoScalingGroups(stand)).toEqual([`CodeDeploy_web_${id}`]);
    const waitedMs = stand.end(id);
    expect(waitedMs).toBe(5 * MINUTE);
    expect(await stand.info(id)).toMatchObject({ status: 'Succeeded', deploymentOverview: { Succeeded: 4 } });
    expect(made(stand)).toEqual([
      'PutLifecycleHook',
      'CreateAutoScalingGroup',
      'UpdateAutoScalingGroup',
      'SuspendProcesses',
      'RegisterTargets',
      'RegisterTargets',
      'DeregisterTargets',
      'DeregisterTargets',
      'ResumeProcesses',
      'DeleteLifecycleHook',
      'PutLifecycleHook',
      'DeleteAutoScalingGroup',
    ]);
    expect(stand.act((ctx) => ctx.get(groups, 'blue'))).toBeUndefined();
  });

  it('shows replacement instances as green and original ones as blue, each with its events', async () => {
    const stand = await standWith(1);
    const id = await stand.deploy('v1');
    await stand.ended(id);
    const names = async (target: string): Promise<unknown> =>
      (await stand.target(id, target)).lifecycleEvents?.map(({ lifecycleEventName }) => lifecycleEventName);
    expect(await stand.target(id, 'i-b0000000000000000')).toMatchObject({
      instanceLabel: 'Blue',
      status: 'Succeeded',
    });
    expect(await stand.target(id, 'i-f0000000000000000')).toMatchObject({
      instanceLabel: 'Green',
      status: 'Succeeded',
    });
    expect(await names('i-b0000000000000000')).toEqual([
      'BeforeBlockTraffic',
      'BlockTraffic',
      'AfterBlockTraffic',
    ]);
    expect(((await names('i-f0000000000000000')) as string[]).slice(-4)).toEqual([
      'ValidateService',
      'BeforeAllowTraffic',
      'AllowTraffic',
      'AfterAllowTraffic',
    ]);
  });

  it('keeps the original running and out of traffic where the group says so', async () => {
    const stand = await standWith(1, {
      ...COPY,
      terminateBlueInstancesOnDeploymentSuccess: { action: 'KEEP_ALIVE' },
    });
    expect(await stand.ended(await stand.deploy('v1'))).toMatchObject({ status: 'Succeeded' });
    expect(serving(stand)).toEqual(['i-f']);
    expect(stand.act((ctx) => ctx.get(hosts, 'i-b0000000000000000')?.running)).toBe(true);
  });

  it('waits for traffic to be rerouted by hand', async () => {
    const stand = await standWith(1, {
      ...COPY,
      deploymentReadyOption: { actionOnTimeout: 'STOP_DEPLOYMENT', waitTimeInMinutes: 60 },
    });
    const deploymentId = await stand.deploy('v1');
    stand.table.until((ctx) => ctx.get(deployments, deploymentId)?.status === 'Ready', HOUR);
    expect(await stand.target(deploymentId, 'i-f0000000000000000')).toMatchObject({ status: 'Ready' });
    stand.table.advance(30 * MINUTE);
    expect(serving(stand)).toEqual(['i-b']);
    await stand.codedeploy.send(
      new ContinueDeploymentCommand({ deploymentId, deploymentWaitType: 'READY_WAIT' }),
    );
    stand.table.until((ctx) => ctx.get(deployments, deploymentId)?.stage === 'terminating', HOUR);
    expect(serving(stand)).toEqual(['i-f']);
    await stand.codedeploy.send(new SkipWaitTimeForInstanceTerminationCommand({ deploymentId }));
    expect(stand.end(deploymentId)).toBeLessThan(1000);
  });

  // https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_DeploymentReadyOption.html
  it('is stopped when nobody reroutes the traffic in time', async () => {
    const stand = await standWith(1, {
      ...COPY,
      deploymentReadyOption: { actionOnTimeout: 'STOP_DEPLOYMENT', waitTimeInMinutes: 10 },
    });
    const id = await stand.deploy('v1');
    expect(await stand.ended(id)).toMatchObject({ status: 'Stopped' });
    expect(serving(stand)).toEqual(['i-b']);
  });

  it('gives the traffic back to the original instances when an alarm stops it during the wait', async () => {
    const stand = await standWith(2, COPY, {
      alarmConfiguration: { enabled: true, alarms: [{ name: 'errors' }] },
      autoRollbackConfiguration: { enabled: true, events: ['DEPLOYMENT_STOP_ON_ALARM'] },
    });
    const id = await stand.deploy('v1');
    stand.table.until((ctx) => ctx.get(deployments, id)?.stage === 'terminating', HOUR);
    stand.act((ctx) => setAlarm(ctx, 'errors', 'ALARM'));
    const info = await stand.ended(id);
    expect(info).toMatchObject({ status: 'Stopped', errorInformation: { code: 'ALARM_ACTIVE' } });
    stand.act((ctx) => setAlarm(ctx, 'errors', 'OK'));
    const back = info.rollbackInfo?.rollbackDeploymentId ?? '';
    expect(await stand.ended(back)).toMatchObject({ status: 'Succeeded', creator: 'codeDeployRollback' });
    expect(serving(stand)).toEqual(['i-b', 'i-b']);
    expect(await autoScalingGroups(stand)).toEqual(['blue']);
    const events = await stand.events(back, 'i-b0000000000000000');
    expect(events).toEqual([
      'BeforeAllowTraffic Succeeded',
      'AllowTraffic Succeeded',
      'AfterAllowTraffic Succeeded',
    ]);
    expect(await stand.events(back, 'i-f0000000000000000')).toContain('BlockTraffic Succeeded');
  });

  it('stays cheap with five hundred instances', async () => {
    const stand = await standWith(500);
    const id = await stand.deploy('v1');
    stand.table.until((ctx) => ctx.get(deployments, id)?.stage === 'terminating', HOUR);
    expect(stage(stand, id)).toBe('terminating');
    expect(stand.act((ctx) => JSON.stringify(ctx.get(deployments, id)).length)).toBeLessThan(3000);
    expect(await stand.info(id)).toMatchObject({ deploymentOverview: { Succeeded: 1000 } });
  });
});

it('blue/green with instances that exist already takes them in, and the group then means them', async () => {
  const stand = await standWith(1, {
    greenFleetProvisioningOption: { action: 'DISCOVER_EXISTING' },
    terminateBlueInstancesOnDeploymentSuccess: { action: 'TERMINATE' },
  });
  stand.hosts(2);
  await expect(stand.deploy('v1')).rejects.toMatchObject({ name: 'InvalidTargetInstancesException' });
  const targetInstances = { tagFilters: [{ Key: 'app', Value: 'web', Type: 'KEY_AND_VALUE' as const }] };
  expect(await stand.ended(await stand.deploy('v1', { targetInstances }))).toMatchObject({
    status: 'Succeeded',
  });
  expect(serving(stand)).toEqual(['i-0', 'i-0']);
  const input = { applicationName: 'shop', deploymentGroupName: 'web' };
  const { deploymentGroupInfo } = await stand.codedeploy.send(new GetDeploymentGroupCommand(input));
  expect(deploymentGroupInfo).toMatchObject({
    autoScalingGroups: [],
    ec2TagFilters: targetInstances.tagFilters,
  });
});
