// Whole rehearsals on machines whose scripts and servers really run.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PutRolePolicyCommand, IAMClient } from '@aws-sdk/client-iam';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, it } from 'vitest';
import { packRevision } from '#runtime/revision-folder.ts';
import { Guardian } from '#workloads/process/host/guardian.ts';
import { sandboxesWork } from '#workloads/process/host/sandbox.ts';
import { packBundle } from '#workloads/bundle.ts';
import { rehearsal } from '#rehearsal/rehearsal.ts';
import type { Ending } from '#rehearsal/rehearsal.ts';
import { runAll } from '#rehearsal/run.ts';
import type { RunResult } from '#rehearsal/result.ts';
import type { Scene } from '#rehearsal/scene.ts';
import { composeRehearsal } from '#sandtable';
import {
  BUCKET,
  deploy,
  finished,
  healthy,
  prepareWebFleet,
  updateDeploymentGroup,
} from '../../rehearsals/deploy/web-fleet.ts';
import type { Version, WebFleet, WebFleetOptions } from '../../rehearsals/deploy/web-fleet.ts';

function namespacesWork(): Promise<boolean> {
  const guardian = new Guardian('/nonexistent');
  return sandboxesWork(guardian).finally(() => guardian.close());
}

/** Virtual time goes ten times as fast as the wall clock. */
const PROCESS = composeRehearsal('process', { paceRate: 10 });

async function run(
  options: WebFleetOptions,
  script: (scene: Scene, fleet: WebFleet) => Promise<Ending>,
): Promise<RunResult> {
  const prepare = (scene: Scene): Promise<WebFleet> => prepareWebFleet(scene, options);
  const [result] = await runAll(rehearsal({ title: 'test', prepare, run: script }), PROCESS);
  return result as RunResult;
}

/** Puts releases of the example application in place that need no second to start. */
async function upload(scene: Scene): Promise<void> {
  for (const version of ['v1', 'v2']) {
    const folder = join(import.meta.dirname, '../../examples/web', version);
    const release = JSON.parse(readFileSync(join(folder, 'app/release.json'), 'utf8')) as object;
    const Body = await packRevision(folder, {
      'app/release.json': JSON.stringify({ ...release, startMs: 20 }),
    });
    await scene.aws
      .client(S3Client)
      .send(new PutObjectCommand({ Bucket: BUCKET, Key: `${version}.zip`, Body }));
  }
}

/** A node program with the stock SDK, as people write it: it takes endpoint, region and credentials from its environment. */
const DRAIN = `
import { createRequire } from 'node:module';
const require = createRequire(${JSON.stringify(import.meta.url)});
const elb = require('@aws-sdk/client-elastic-load-balancing-v2');
const { STSClient, GetCallerIdentityCommand } = require('@aws-sdk/client-sts');
// The role session of an instance is named after it.
const { Arn } = await new STSClient().send(new GetCallerIdentityCommand({}));
const Id = Arn.split('/').at(-1);
const client = new elb.ElasticLoadBalancingV2Client();
const { TargetGroups: [{ TargetGroupArn }] } = await client.send(new elb.DescribeTargetGroupsCommand({ Names: ['web'] }));
await client.send(new elb.DeregisterTargetsCommand({ TargetGroupArn, Targets: [{ Id }] }));
for (;;) {
  const { TargetHealthDescriptions } = await client.send(new elb.DescribeTargetHealthCommand({ TargetGroupArn }));
  const state = TargetHealthDescriptions.find(({ Target }) => Target.Id === Id)?.TargetHealth.State ?? 'gone';
  console.log(Id + ' is ' + state);
  if (state === 'gone') break;
  await new Promise((done) => setTimeout(done, 100));
}
`;

const draining = (manifest: string): Uint8Array =>
  packBundle({
    'appspec.yml': `version: 0.0
os: linux
hooks:
  BeforeInstall:
    - location: drain.sh
      timeout: 120
`,
    'drain.sh': '#!/bin/sh\nexec node "$(dirname "$0")/drain.mjs"\n',
    'drain.mjs': DRAIN,
    'sandtable.yml': `${manifest}\napplication: none\n`,
  });

it('runs a release in place under real requests, each answered by the version that listens', async () => {
  const { ended, measurement, deployments, sampled } = await run(
    { size: 2, deregistrationDelaySeconds: 5, deployFirst: false },
    async (scene, { host, targetGroupArn }) => {
      await upload(scene);
      const first = await deploy(scene, 'v1', { deploymentConfigName: 'CodeDeployDefault.AllAtOnce' });
      await finished(scene, first.deploymentId);
      await healthy(scene, targetGroupArn, 2);
      scene.traffic.start({ host, port: 80, path: '/', ratePerSecond: 400, resolution: 'binned' });
      const { deploymentId } = await deploy(scene, 'v2', {
        deploymentConfigName: 'CodeDeployDefault.OneAtATime',
      });
      const { status = '' } = await finished(scene, deploymentId);
      return { ended: status, deploymentIds: [deploymentId] };
    },
  );
  expect(ended).toBe('Succeeded');
  expect(deployments[0]?.targets.map(({ status }) => status)).toEqual(['Succeeded', 'Succeeded']);
  expect(sampled).toBe(true);
  expect(measurement?.failed).toBe(0);
  expect(Object.keys(measurement?.byVersion ?? {})).toHaveLength(2);
  // The sampled rate, 20 a second, whatever the load asked for.
  const seconds = ((measurement?.to ?? 0) - (measurement?.from ?? 0)) / 1000;
  expect(Math.abs((measurement?.requests ?? 0) / seconds - 20)).toBeLessThan(3);
});

const apart = await namespacesWork();

it.each([['relocatable', 'process: relocatable'], ...(apart ? [['kept apart by namespaces', '']] : [])] as [
  string,
  string,
][])('lets a hook poll the endpoint until its own target has drained: %s', async (_, manifest) => {
  const { ended, deployments, facts } = await run(
    { size: 1, deregistrationDelaySeconds: 30, deployFirst: false },
    async (scene, { targetGroupArn }) => {
      await scene.aws.client(IAMClient).send(
        new PutRolePolicyCommand({
          RoleName: 'web',
          PolicyName: 'drain',
          PolicyDocument: JSON.stringify({
            Version: '2012-10-17',
            Statement: [{ Effect: 'Allow', Action: 'elasticloadbalancing:*', Resource: '*' }],
          }),
        }),
      );
      await updateDeploymentGroup(scene, {
        deploymentStyle: { deploymentType: 'IN_PLACE', deploymentOption: 'WITHOUT_TRAFFIC_CONTROL' },
      });
      const [Bucket, Key] = [BUCKET, 'drain.zip'];
      await scene.aws.client(S3Client).send(new PutObjectCommand({ Bucket, Key, Body: draining(manifest) }));
      const { deploymentId } = await deploy(scene, 'drain' as Version);
      const { status = '' } = await finished(scene, deploymentId);
      const { TargetHealthDescriptions = [] } = await scene.aws
        .client(ElasticLoadBalancingV2Client)
        .send(new DescribeTargetHealthCommand({ TargetGroupArn: targetGroupArn }));
      return {
        ended: status,
        deploymentIds: [deploymentId],
        facts: { targets: TargetHealthDescriptions.length },
      };
    },
  );
  const events = deployments[0]?.targets[0]?.events ?? [];
  expect(events.flatMap(({ error }) => error ?? [])).toEqual([]);
  expect(ended).toBe('Succeeded');
  const { startedAt = 0, endedAt = 0 } = events.find(({ name }) => name === 'BeforeInstall') ?? {};
  expect(endedAt - startedAt).toBeGreaterThanOrEqual(30_000);
  expect(facts['targets']).toBe(0);
});
