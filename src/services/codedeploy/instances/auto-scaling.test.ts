import { DeleteDeploymentGroupCommand, GetDeploymentGroupCommand } from '@aws-sdk/client-codedeploy';
import { describe, expect, it } from 'vitest';
import { revisionText } from '../groups/revisions.ts';
import { instanceRecords } from '../rows.ts';
import { calls, groups, launchInstance, limits } from '../test-cloud.ts';
import { HOUR, MINUTE, revision, Stand } from '../test-stand.ts';

const FIRST = 'i-a0000000000000001';
const SECOND = 'i-a0000000000000002';

async function standWith(more: object = {}): Promise<Stand> {
  const stand = new Stand();
  stand.act((ctx) => {
    ctx.put(groups, { name: 'fleet', instances: [], suspended: [] });
    launchInstance(ctx, 'fleet', FIRST);
  });
  await stand.group({ ec2TagFilters: [], autoScalingGroups: ['fleet'], ...more });
  return stand;
}

const stateOf = (stand: Stand, id: string): string | undefined =>
  stand.act((ctx) => ctx.get(groups, 'fleet')?.instances.find((one) => one.id === id)?.state);

const details = (stand: Stand, call: string): string[] =>
  stand.act((ctx) => ctx.list(calls).filter((row) => row.call === call)).map(({ detail }) => detail);

describe('an Auto Scaling group in a deployment group', () => {
  // https://docs.aws.amazon.com/codedeploy/latest/userguide/integrations-aws-auto-scaling.html
  it('gets a launch hook of CodeDeploy, and loses it with the deployment group', async () => {
    const stand = await standWith();
    const [hook = '{}'] = details(stand, 'PutLifecycleHook');
    expect(JSON.parse(hook)).toMatchObject({
      AutoScalingGroupName: 'fleet',
      LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING',
      HeartbeatTimeout: 600,
      DefaultResult: 'ABANDON',
    });
    expect(JSON.parse(hook).LifecycleHookName).toMatch(
      /^CodeDeploy-managed-automatic-launch-deployment-hook-web-[0-9a-f-]{36}$/,
    );
    const input = { applicationName: 'shop', deploymentGroupName: 'web' };
    expect((await stand.codedeploy.send(new DeleteDeploymentGroupCommand(input))).hooksNotCleanedUp).toEqual(
      [],
    );
    expect(details(stand, 'DeleteLifecycleHook')).toEqual(['fleet']);
  });

  it('that does not exist is refused', async () => {
    const stand = new Stand();
    await expect(stand.group({ autoScalingGroups: ['nowhere'] })).rejects.toMatchObject({
      name: 'InvalidAutoScalingGroupException',
    });
  });

  it('that the service role may not hook is refused', async () => {
    const stand = new Stand();
    stand.act((ctx) => {
      ctx.put(groups, { name: 'fleet', instances: [], suspended: [] });
      ctx.put(limits, { id: 'limits', denied: ['autoscaling:PutLifecycleHook'], roleGone: false });
    });
    await expect(stand.group({ autoScalingGroups: ['fleet'] })).rejects.toMatchObject({
      name: 'InvalidRoleException',
    });
  });
});

describe('an instance that Auto Scaling launches', () => {
  it('goes into service as it is where nothing was ever deployed', async () => {
    const stand = await standWith();
    stand.act((ctx) => launchInstance(ctx, 'fleet', SECOND));
    stand.table.advance(10);
    expect(details(stand, 'CompleteLifecycleAction')).toEqual([`${SECOND} CONTINUE`]);
    expect(await stand.deployments()).toEqual([]);
  });

  it('gets the last successful revision before it goes into service', async () => {
    const stand = await standWith();
    await stand.ended(await stand.deploy('v1'));
    stand.act((ctx) => launchInstance(ctx, 'fleet', SECOND));
    stand.table.advance(1);
    const [id = ''] = await stand.deployments();
    expect(stateOf(stand, SECOND)).toBe('Pending:Wait');
    expect(await stand.ended(id)).toMatchObject({
      status: 'Succeeded',
      creator: 'autoscaling',
      revision: revision('v1'),
    });
    stand.table.advance(10);
    expect(stateOf(stand, SECOND)).toBe('InService');
  });

  it('is abandoned where the deployment to it fails', async () => {
    const stand = await standWith();
    await stand.ended(await stand.deploy('v1'));
    stand.act((ctx) => launchInstance(ctx, 'fleet', SECOND, { fails: ['ApplicationStart'] }));
    stand.table.advance(MINUTE);
    expect(details(stand, 'CompleteLifecycleAction')).toEqual([`${SECOND} ABANDON`]);
  });

  it('without an agent is kept alive by heartbeats every five minutes, for an hour', async () => {
    const stand = await standWith();
    await stand.ended(await stand.deploy('v1'));
    stand.act((ctx) => launchInstance(ctx, 'fleet', SECOND, { agent: false }));
    stand.table.advance(31 * MINUTE);
    expect(details(stand, 'RecordLifecycleActionHeartbeat')).toHaveLength(6);
    stand.table.advance(HOUR);
    expect(details(stand, 'CompleteLifecycleAction')).toEqual([`${SECOND} ABANDON`]);
  });
});

describe('an instance launched during a deployment', () => {
  async function launchedMeanwhile(more: object): Promise<{ stand: Stand; root: string }> {
    const stand = await standWith(more);
    await stand.ended(await stand.deploy('v1'));
    const root = await stand.deploy('v2');
    stand.table.advance(4000);
    stand.act((ctx) => launchInstance(ctx, 'fleet', SECOND));
    await stand.ended(root);
    stand.table.advance(5 * MINUTE);
    return { stand, root };
  }
  const runs = (stand: Stand): string | undefined =>
    stand.act((ctx) => ctx.list(instanceRecords).find(({ key }) => key.endsWith(SECOND))?.revision);

  it('gets the old revision first and the new one by a follow-on deployment', async () => {
    const { stand, root } = await launchedMeanwhile({});
    const info = await stand.info(root);
    const [followOn = ''] = info.relatedDeployments?.autoUpdateOutdatedInstancesDeploymentIds ?? [];
    expect(await stand.info(followOn)).toMatchObject({
      creator: 'CodeDeployAutoUpdate',
      status: 'Succeeded',
      updateOutdatedInstancesOnly: true,
      relatedDeployments: { autoUpdateOutdatedInstancesRootDeploymentId: root },
    });
    expect(await stand.targets(followOn)).toEqual([SECOND]);
    expect(runs(stand)).toBe(revisionText(revision('v2')));
  });

  it('stays on the old revision where the group ignores outdated instances', async () => {
    const { stand, root } = await launchedMeanwhile({ outdatedInstancesStrategy: 'IGNORE' });
    expect((await stand.info(root)).relatedDeployments).toBeUndefined();
    expect(runs(stand)).toBe(revisionText(revision('v1')));
    const id = await stand.deploy('v2', { updateOutdatedInstancesOnly: true });
    await stand.ended(id);
    expect(await stand.targets(id)).toEqual([SECOND]);
    expect(runs(stand)).toBe(revisionText(revision('v2')));
  });
});

it('shows the hooks of a deployment group', async () => {
  const stand = await standWith({ terminationHookEnabled: true });
  const input = { applicationName: 'shop', deploymentGroupName: 'web' };
  const { deploymentGroupInfo } = await stand.codedeploy.send(new GetDeploymentGroupCommand(input));
  const [group] = deploymentGroupInfo?.autoScalingGroups ?? [];
  expect(group?.name).toBe('fleet');
  expect(group?.hook).toContain('launch-deployment-hook-web-');
  expect(group?.terminationHook).toContain('termination-deployment-hook-web-');
});
