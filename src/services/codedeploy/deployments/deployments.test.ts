import { CreateDeploymentCommand, StopDeploymentCommand } from '@aws-sdk/client-codedeploy';
import { describe, expect, it } from 'vitest';
import { calls, hosts, limits, registrations, setAlarm } from '../test-cloud.ts';
import type { Host } from '../test-cloud.ts';
import { LOAD_BALANCED, MINUTE, HOUR, revision, Stand } from '../test-stand.ts';

const APPLICATION = [
  'ApplicationStop',
  'DownloadBundle',
  'BeforeInstall',
  'Install',
  'AfterInstall',
  'ApplicationStart',
  'ValidateService',
];
const ROLLBACK = {
  enabled: true,
  events: ['DEPLOYMENT_FAILURE', 'DEPLOYMENT_STOP_ON_ALARM', 'DEPLOYMENT_STOP_ON_REQUEST'],
} as never;

describe('an in-place deployment', () => {
  // https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html
  it('runs the seven events of a deployment without a load balancer in their order', async () => {
    const stand = new Stand();
    const [first = ''] = stand.hosts(1);
    await stand.group();
    const id = await stand.deploy('v1');
    expect(id).toMatch(/^d-[A-Z0-9]{9}$/);
    expect(await stand.info(id)).toMatchObject({ status: 'Created', creator: 'user' });
    expect(await stand.ended(id)).toMatchObject({
      status: 'Succeeded',
      deploymentOverview: { Succeeded: 1, Failed: 0 },
    });
    expect(await stand.events(id, first)).toEqual(APPLICATION.map((name) => `${name} Succeeded`));
    expect(stand.act((ctx) => ctx.get(hosts, first)?.ran)).toEqual(APPLICATION);
  });

  it('with a load balancer takes an instance out of traffic first and puts it back last', async () => {
    const stand = new Stand();
    const [first = ''] = stand.hosts(1);
    stand.act((ctx) => ctx.put(registrations, { id: first, state: 'healthy' }));
    await stand.group(LOAD_BALANCED);
    const id = await stand.deploy('v1');
    expect(await stand.ended(id)).toMatchObject({ status: 'Succeeded' });
    const names = (await stand.target(id, first)).lifecycleEvents?.map(
      ({ lifecycleEventName }) => lifecycleEventName,
    );
    expect(names).toEqual([
      'BeforeBlockTraffic',
      'BlockTraffic',
      'AfterBlockTraffic',
      ...APPLICATION,
      'BeforeAllowTraffic',
      'AllowTraffic',
      'AfterAllowTraffic',
    ]);
    expect(stand.act((ctx) => ctx.list(calls).map(({ call }) => call))).toEqual([
      'DeregisterTargets',
      'RegisterTargets',
    ]);
    expect(stand.act((ctx) => ctx.get(registrations, first)?.state)).toBe('healthy');
  });

  // https://docs.aws.amazon.com/codedeploy/latest/userguide/integrations-aws-elastic-load-balancing.html
  it('does the same behind a Classic Load Balancer, and waits until the instance has drained', async () => {
    const stand = new Stand();
    const [first = ''] = stand.hosts(1);
    stand.act((ctx) => ctx.put(registrations, { id: first, state: 'healthy' }));
    await stand.group({ ...LOAD_BALANCED, loadBalancerInfo: { elbInfoList: [{ name: 'old' }] } });
    const id = await stand.deploy('v1');
    expect(await stand.ended(id)).toMatchObject({ status: 'Succeeded' });
    const events = (await stand.target(id, first)).lifecycleEvents ?? [];
    const [from = 0, to = 0] = [1, 2].map((i) => events[i]?.startTime?.getTime());
    expect(events[1]?.lifecycleEventName).toBe('BlockTraffic');
    expect(to - from).toBeGreaterThanOrEqual(30_000);
    expect(stand.act((ctx) => ctx.list(calls).map(({ call }) => call))).toEqual([
      'DeregisterInstancesFromLoadBalancer',
      'RegisterInstancesWithLoadBalancer',
    ]);
    expect(stand.act((ctx) => ctx.get(registrations, first)?.state)).toBe('healthy');
  });

  it('fails where its Classic Load Balancer does not exist', async () => {
    const stand = new Stand();
    stand.hosts(1);
    await stand.group({ ...LOAD_BALANCED, loadBalancerInfo: { elbInfoList: [{ name: 'nobody' }] } });
    const id = await stand.deploy('v1');
    expect(await stand.ended(id)).toMatchObject({
      status: 'Failed',
      errorInformation: { code: 'ELASTIC_LOAD_BALANCING_INVALID' },
    });
  });

  // https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html
  it('goes one instance at a time unless told otherwise', async () => {
    const stand = new Stand();
    stand.hosts(4);
    await stand.group();
    const one = await stand.deploy('v1');
    const oneByOne = stand.end(one);
    const all = await stand.deploy('v2', { deploymentConfigName: 'CodeDeployDefault.AllAtOnce' });
    expect(oneByOne).toBeGreaterThan(3 * stand.end(all));
  });

  it('fails and skips the rest when an instance other than the last fails, one at a time', async () => {
    const stand = new Stand();
    const ids = stand.hosts(3);
    stand.act((ctx) =>
      ctx.update(hosts, ctx.get(hosts, ids[1] as string) as Host, { fails: ['AfterInstall'] }),
    );
    await stand.group();
    const id = await stand.deploy('v1');
    const info = await stand.ended(id);
    expect(info).toMatchObject({
      status: 'Failed',
      errorInformation: {
        code: 'HEALTH_CONSTRAINTS',
        message:
          'The overall deployment failed because too many individual instances failed deployment, too few healthy instances are ' +
          'available for deployment, or some instances in your deployment group are experiencing problems.',
      },
      deploymentOverview: { Succeeded: 1, Failed: 1, Skipped: 1, Pending: 0, InProgress: 0 },
    });
    expect(await stand.events(id, ids[1] as string)).toEqual([
      'ApplicationStop Succeeded',
      'DownloadBundle Succeeded',
      'BeforeInstall Succeeded',
      'Install Succeeded',
      'AfterInstall Failed',
      'ApplicationStart Skipped',
      'ValidateService Skipped',
    ]);
    const failed = (await stand.target(id, ids[1] as string)).lifecycleEvents?.[4]?.diagnostics;
    expect(failed).toMatchObject({ errorCode: 'ScriptFailed', scriptName: 'AfterInstall.sh' });
    expect(await stand.target(id, ids[2] as string)).toMatchObject({ status: 'Skipped' });
  });

  it('succeeds though the last instance fails, one at a time', async () => {
    const stand = new Stand();
    const ids = stand.hosts(3);
    stand.act((ctx) => ctx.update(hosts, ctx.get(hosts, ids[2] as string) as Host, { fails: ['Install'] }));
    await stand.group();
    const id = await stand.deploy('v1');
    expect(await stand.ended(id)).toMatchObject({
      status: 'Succeeded',
      deploymentOverview: { Succeeded: 2, Failed: 1 },
    });
  });

  // https://docs.aws.amazon.com/codedeploy/latest/userguide/instances-health.html
  it('takes instances that failed last time first', async () => {
    const stand = new Stand();
    const ids = stand.hosts(3);
    const last = ids[2] as string;
    stand.act((ctx) => ctx.update(hosts, ctx.get(hosts, last) as Host, { fails: ['Install'] }));
    await stand.group();
    await stand.ended(await stand.deploy('v1'));
    const again = await stand.deploy('v2');
    await stand.ended(again);
    expect((await stand.targets(again))[0]).toBe(last);
  });

  it('finds no instances where no tag matches', async () => {
    const stand = new Stand();
    await stand.group();
    const info = await stand.ended(await stand.deploy('v1'));
    expect(info).toMatchObject({ status: 'Failed', errorInformation: { code: 'NO_INSTANCES' } });
  });
});

describe('an agent', () => {
  // https://docs.aws.amazon.com/codedeploy/latest/userguide/troubleshooting-deployments.html
  it('that does not answer has all events skipped after five minutes', async () => {
    const stand = new Stand();
    const [first = ''] = stand.hosts(1, { agent: false });
    await stand.group();
    const id = await stand.deploy('v1');
    const tookMs = stand.end(id);
    expect(tookMs).toBeGreaterThanOrEqual(5 * MINUTE);
    expect(tookMs).toBeLessThan(5 * MINUTE + 10_000);
    expect(await stand.info(id)).toMatchObject({
      status: 'Failed',
      errorInformation: { code: 'HEALTH_CONSTRAINTS' },
    });
    expect(await stand.events(id, first)).toEqual(APPLICATION.map((name) => `${name} Skipped`));
    expect((await stand.target(id, first)).lifecycleEvents?.[0]?.diagnostics).toMatchObject({
      errorCode: 'UnknownError',
      message:
        'CodeDeploy agent was not able to receive the lifecycle event. Check the CodeDeploy agent logs on your host and make sure ' +
        'the agent is running and can connect to the CodeDeploy server.',
    });
  });

  it('whose script hangs fails the event after an hour', async () => {
    const stand = new Stand();
    const [first = ''] = stand.hosts(1, { hangs: ['ApplicationStart'] });
    await stand.group();
    const id = await stand.deploy('v1');
    const tookMs = stand.end(id);
    expect(tookMs).toBeGreaterThanOrEqual(HOUR);
    expect(tookMs).toBeLessThan(HOUR + MINUTE);
    expect((await stand.events(id, first))[5]).toBe('ApplicationStart Failed');
  });

  it('that cannot get an instance healthy behind the load balancer fails AllowTraffic after an hour', async () => {
    const stand = new Stand();
    const [first = ''] = stand.hosts(1, { healthy: false });
    await stand.group(LOAD_BALANCED);
    const id = await stand.deploy('v1');
    const tookMs = stand.end(id);
    expect(tookMs).toBeGreaterThanOrEqual(HOUR);
    expect(tookMs).toBeLessThan(HOUR + 2 * MINUTE);
    expect((await stand.events(id, first)).slice(-2)).toEqual([
      'AllowTraffic Failed',
      'AfterAllowTraffic Skipped',
    ]);
  });

  // https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateDeployment.html
  it('may fail ApplicationStop where such failures are ignored', async () => {
    const stand = new Stand();
    stand.hosts(1, { fails: ['ApplicationStop'] });
    await stand.group();
    expect(await stand.ended(await stand.deploy('v1'))).toMatchObject({ status: 'Failed' });
    const id = await stand.deploy('v1', { ignoreApplicationStopFailures: true });
    expect(await stand.ended(id)).toMatchObject({ status: 'Succeeded' });
  });
});

describe('an alarm', () => {
  const alarmed = { alarmConfiguration: { enabled: true, alarms: [{ name: 'errors' }] } };

  // https://docs.aws.amazon.com/codedeploy/latest/userguide/deployments-rollback-and-redeploy.html
  it('stops the deployment, and a new one brings the last good revision back', async () => {
    const stand = new Stand();
    stand.hosts(4);
    await stand.group({ ...alarmed, autoRollbackConfiguration: ROLLBACK });
    await stand.ended(await stand.deploy('v1'));
    const bad = await stand.deploy('v2');
    stand.table.advance(15_000);
    stand.act((ctx) => setAlarm(ctx, 'errors', 'ALARM'));
    expect(stand.end(bad)).toBeLessThan(23_000);
    const info = await stand.info(bad);
    expect(info.status).toBe('Stopped');
    expect(info.errorInformation).toEqual({
      code: 'ALARM_ACTIVE',
      message:
        'One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, and the affected ' +
        'deployments have been stopped. Activated alarms: <errors>',
    });
    stand.act((ctx) => setAlarm(ctx, 'errors', 'OK'));
    const back = info.rollbackInfo?.rollbackDeploymentId ?? '';
    expect(info.rollbackInfo?.rollbackMessage).toBe(
      `Deployment ${bad} terminated. Automatic rollback is triggered with a DeploymentId ${back}.`,
    );
    expect(await stand.ended(back)).toMatchObject({
      status: 'Succeeded',
      creator: 'codeDeployRollback',
      revision: revision('v1'),
      rollbackInfo: {
        rollbackTriggeringDeploymentId: bad,
        rollbackMessage: `Deployment ${back} is triggered to roll back deployment ${bad}.`,
      },
    });
  });

  it('that is active already stops the deployment at its start', async () => {
    const stand = new Stand();
    stand.hosts(1);
    stand.act((ctx) => setAlarm(ctx, 'errors', 'ALARM'));
    await stand.group(alarmed);
    const id = await stand.deploy('v1');
    expect(stand.end(id)).toBeLessThan(5000);
    expect(await stand.info(id)).toMatchObject({
      status: 'Stopped',
      errorInformation: { code: 'ALARM_ACTIVE' },
    });
  });

  it('that the service role may not read stops the deployment, unless such failures are ignored', async () => {
    const stand = new Stand();
    stand.hosts(1);
    stand.act((ctx) =>
      ctx.put(limits, {
        id: 'limits',
        denied: ['cloudwatch:DescribeAlarms', 'monitoring:DescribeAlarms'],
        roleGone: false,
      }),
    );
    await stand.group(alarmed);
    expect(await stand.ended(await stand.deploy('v1'))).toMatchObject({ status: 'Stopped' });
    const overrideAlarmConfiguration = { ...alarmed.alarmConfiguration, ignorePollAlarmFailure: true };
    expect(await stand.ended(await stand.deploy('v1', { overrideAlarmConfiguration }))).toMatchObject({
      status: 'Succeeded',
    });
  });
});

describe('a failed or stopped deployment', () => {
  it('is not rolled back where nothing ever succeeded', async () => {
    const stand = new Stand();
    stand.hosts(1, { fails: ['Install'] });
    await stand.group({ autoRollbackConfiguration: ROLLBACK });
    const id = await stand.deploy('v1');
    expect(await stand.ended(id)).toMatchObject({ status: 'Failed' });
    expect(await stand.deployments()).toEqual([id]);
  });

  it('is rolled back once: a rollback that fails is left as it is', async () => {
    const stand = new Stand();
    const [first = ''] = stand.hosts(1);
    await stand.group({ autoRollbackConfiguration: ROLLBACK });
    await stand.ended(await stand.deploy('v1'));
    stand.act((ctx) => ctx.update(hosts, ctx.get(hosts, first) as Host, { fails: ['Install'] }));
    const { rollbackInfo } = await stand.ended(await stand.deploy('v2'));
    expect(await stand.ended(rollbackInfo?.rollbackDeploymentId ?? '')).toMatchObject({ status: 'Failed' });
    stand.table.advance(HOUR);
    expect(await stand.deployments()).toHaveLength(3);
  });

  it('that the user stops leaves the running script alone and skips the rest', async () => {
    const stand = new Stand();
    const [first = '', second = ''] = stand.hosts(2, { takesMs: 60_000 });
    await stand.group();
    const deploymentId = await stand.deploy('v1');
    stand.table.advance(30_000);
    expect(await stand.codedeploy.send(new StopDeploymentCommand({ deploymentId }))).toMatchObject({
      status: 'Succeeded',
      statusMessage: 'No more commands will be scheduled for execution in the deployment instances',
    });
    expect(await stand.info(deploymentId)).toMatchObject({
      status: 'Stopped',
      errorInformation: { code: 'MANUAL_STOP' },
    });
    expect((await stand.events(deploymentId, first)).slice(0, 2)).toEqual([
      'ApplicationStop InProgress',
      'DownloadBundle Skipped',
    ]);
    expect(await stand.target(deploymentId, second)).toMatchObject({ status: 'Skipped' });
    stand.table.advance(MINUTE);
    expect(stand.act((ctx) => ctx.get(hosts, first)?.ran)).toEqual(['ApplicationStop']);
  });

  it('keeps others away while it lasts', async () => {
    const stand = new Stand();
    stand.hosts(1);
    await stand.group();
    const id = await stand.deploy('v1');
    await expect(stand.deploy('v2')).rejects.toMatchObject({
      name: 'DeploymentLimitExceededException',
      message: `The Deployment Group 'web' already has an active Deployment '${id}'`,
    });
  });
});

describe('the service role', () => {
  it('that may not deregister targets fails the deployment by name', async () => {
    const stand = new Stand();
    stand.hosts(1);
    stand.act((ctx) =>
      ctx.put(limits, { id: 'limits', denied: ['elasticloadbalancing:DeregisterTargets'], roleGone: false }),
    );
    await stand.group(LOAD_BALANCED);
    const info = await stand.ended(await stand.deploy('v1'));
    expect(info).toMatchObject({ status: 'Failed', errorInformation: { code: 'IAM_ROLE_PERMISSIONS' } });
    expect(info.errorInformation?.message).toContain('AmazonElasticLoadBalancing');
  });

  it('that is gone is missing', async () => {
    const stand = new Stand();
    stand.hosts(1);
    await stand.group();
    const id = await stand.deploy('v1');
    stand.act((ctx) => ctx.put(limits, { id: 'limits', denied: [], roleGone: true }));
    expect(await stand.ended(id)).toMatchObject({
      status: 'Failed',
      errorInformation: {
        code: 'IAM_ROLE_MISSING',
        message: 'IAM Role is missing for deployment group: web',
      },
    });
  });
});

it('tells SNS topics about deployments and instances', async () => {
  const stand = new Stand();
  stand.hosts(1);
  const topic = 'arn:aws:sns:us-east-1:000000000000:news';
  const triggerEvents = ['DeploymentStart', 'DeploymentSuccess', 'InstanceSuccess'] as never;
  await stand.group({
    triggerConfigurations: [{ triggerName: 'all', triggerTargetArn: topic, triggerEvents }],
  });
  const id = await stand.deploy('v1');
  await stand.ended(id);
  const sent = stand.act((ctx) => ctx.list(calls).map(({ detail }) => detail.split('|') as [string, string]));
  expect(sent.map(([subject]) => subject)).toEqual([
    `CREATED: AWS CodeDeploy ${id} in us-east-1 to shop`,
    `SUCCEEDED: AWS CodeDeploy ${id} in us-east-1 to shop`,
    `SUCCEEDED: AWS CodeDeploy ${id} in us-east-1 to shop`,
  ]);
  expect(JSON.parse(sent[2]?.[1] ?? '')).toMatchObject({
    eventTriggerName: 'all',
    deploymentId: id,
    status: 'Succeeded',
    deploymentOverview: { Failed: '0', InProgress: '0', Pending: '0', Skipped: '0', Succeeded: '1' },
  });
});

it('leaves nothing behind that keeps the clock moving', async () => {
  const stand = new Stand();
  stand.hosts(2, { takesMs: 60_000 });
  await stand.group();
  await stand.ended(await stand.deploy('v1'));
  stand.table.advance(1000);
  expect(stand.table.world.foreground).toBe(false);
  const deploymentId = await stand.deploy('v2');
  stand.table.advance(90_000);
  await stand.codedeploy.send(new StopDeploymentCommand({ deploymentId }));
  stand.table.advance(61_000); // The script that was running ends.
  expect(stand.table.world.foreground).toBe(false);
});

it('needs a revision', async () => {
  const stand = new Stand();
  await stand.group();
  const input = { applicationName: 'shop', deploymentGroupName: 'web' };
  await expect(stand.codedeploy.send(new CreateDeploymentCommand(input))).rejects.toMatchObject({
    name: 'RevisionRequiredException',
  });
});
