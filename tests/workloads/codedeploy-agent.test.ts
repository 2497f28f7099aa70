// CodeDeploy and its agents together: the service on one side of the protocol, modelled machines on the other.

import {
  CodeDeployClient,
  CreateApplicationCommand,
  CreateDeploymentCommand,
  CreateDeploymentGroupCommand,
  GetDeploymentCommand,
  GetDeploymentTargetCommand,
  ListDeploymentTargetsCommand,
} from '@aws-sdk/client-codedeploy';
import type { LifecycleEvent } from '@aws-sdk/client-codedeploy';
import { expect, it } from 'vitest';
import { commandService, service } from '#services/codedeploy/codedeploy.ts';
import { MachineTable, web } from '#workloads/modelled/test-cloud.ts';

const IDS = ['i-0aaaaaaaaaaaaaaaa', 'i-0bbbbbbbbbbbbbbbb', 'i-0cccccccccccccccc'];
const MINUTE = 60_000;

interface Stand {
  machines: MachineTable;
  deploy(key: string): Promise<string>;
  status(deploymentId: string): Promise<string>;
  events(deploymentId: string, instanceId: string): Promise<readonly LifecycleEvent[]>;
}

async function stand(): Promise<Stand> {
  const machines = new MachineTable([service, commandService]);
  for (const id of IDS) machines.launch(id);
  machines.table.advance(5 * MINUTE);
  const client = machines.table.client(CodeDeployClient);
  const names = { applicationName: 'web', deploymentGroupName: 'production' };
  await client.send(new CreateApplicationCommand({ applicationName: 'web' }));
  await client.send(
    new CreateDeploymentGroupCommand({
      ...names,
      serviceRoleArn: 'arn:aws:iam::000000000000:role/codedeploy',
      ec2TagFilters: [{ Key: 'Name', Value: 'web', Type: 'KEY_AND_VALUE' }],
    }),
  );
  return {
    machines,
    async deploy(key) {
      const s3Location = { bucket: 'bundles', key, bundleType: 'zip' as const };
      const revision = { revisionType: 'S3' as const, s3Location };
      const { deploymentId = '' } = await client.send(new CreateDeploymentCommand({ ...names, revision }));
      return deploymentId;
    },
    async status(deploymentId) {
      const { deploymentInfo } = await client.send(new GetDeploymentCommand({ deploymentId }));
      return deploymentInfo?.status ?? '';
    },
    async events(deploymentId, targetId) {
      await client.send(new ListDeploymentTargetsCommand({ deploymentId }));
      const { deploymentTarget } = await client.send(
        new GetDeploymentTargetCommand({ deploymentId, targetId }),
      );
      return deploymentTarget?.instanceTarget?.lifecycleEvents ?? [];
    },
  };
}

const running = ({ machines }: Stand): (string | undefined)[] =>
  IDS.map((id) => machines.application(id)?.version);

it('updates one instance after the other, and all run the new version in the end', async () => {
  const s = await stand();
  s.machines.store('web-1.zip', web('version: "1"'));
  const id = await s.deploy('web-1.zip');
  const seen = new Set<string>();
  for (let i = 0; i < 600 && (await s.status(id)) !== 'Succeeded'; i += 1) {
    s.machines.table.advance(1000);
    seen.add(running(s).join());
  }
  expect(await s.status(id)).toBe('Succeeded');
  expect(running(s)).toEqual(['1', '1', '1']);
  expect(seen.size).toBe(4);
  const events = await s.events(id, IDS[0] as string);
  expect(events.map(({ status }) => status)).toEqual(Array(7).fill('Succeeded'));
});

it('leaves the other instances alone where the first one fails', async () => {
  const s = await stand();
  s.machines.store('web-1.zip', web('version: "1"'));
  await s.deploy('web-1.zip');
  s.machines.table.advance(10 * MINUTE);
  s.machines.store(
    'web-2.zip',
    web('version: "2"\nhooks: { scripts/start.sh: { exit: 1, stderr: no licence } }'),
  );
  const id = await s.deploy('web-2.zip');
  s.machines.table.advance(10 * MINUTE);
  expect(await s.status(id)).toBe('Failed');
  expect(running(s).filter((version) => version === '1').length).toBe(2);
  const broken = IDS[running(s).indexOf(undefined)] as string;
  const failed = (await s.events(id, broken)).find(({ status }) => status === 'Failed');
  expect(failed).toMatchObject({
    lifecycleEventName: 'ApplicationStart',
    diagnostics: {
      errorCode: 'ScriptFailed',
      scriptName: 'scripts/start.sh',
      message: 'Script at specified location: scripts/start.sh failed with exit code 1',
    },
  });
  expect(failed?.diagnostics?.logTail).toContain('[stderr]no licence');
});

// https://docs.aws.amazon.com/codedeploy/latest/userguide/troubleshooting-deployments.html#troubleshooting-skipped-lifecycle-events
it('fails after five minutes where the instance cannot reach CodeDeploy', async () => {
  const s = await stand();
  for (const id of IDS) s.machines.block(id, 'codedeploy-commands');
  s.machines.store('web-1.zip', web(''));
  const id = await s.deploy('web-1.zip');
  s.machines.table.advance(20 * MINUTE);
  expect(await s.status(id)).toBe('Failed');
});

it('lets idle agents cost nothing', async () => {
  const s = await stand();
  const before = s.machines.table.world.position;
  s.machines.table.advance(60 * MINUTE);
  expect(s.machines.table.world.position - before).toBe(0);
});
