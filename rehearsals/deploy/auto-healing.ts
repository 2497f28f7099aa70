// A fleet behind CodeDeploy, and an instance of it that dies or whose application hangs: who brings it back, and what comes on it.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-health-checks.html
// https://docs.aws.amazon.com/codedeploy/latest/userguide/integrations-aws-auto-scaling.html

import { AutoScalingClient, SuspendProcessesCommand } from '@aws-sdk/client-auto-scaling';
import { CodeDeployClient, CreateDeploymentGroupCommand } from '@aws-sdk/client-codedeploy';
import { CreateTagsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { deployment, fact, rehearsal } from 'sandtable';
import type { Ending, Expectation, Scene, Variant } from 'sandtable';
import { update } from '../cfn/stacks.ts';
import { activities, deploymentsOf, memberStates, targetHealth, versionsSince } from '../looks.ts';
import { codeDeployStack, prepareReleased } from './codedeploy-stack.ts';
import type { Released } from './codedeploy-stack.ts';
import { APPLICATION, deploy, finished, GROUP, MINUTE, upload } from './web-fleet.ts';

const SIZE = 3;
/** How long somebody waits for the fleet to heal. */
const PATIENCE = 60 * MINUTE;
/** Version 1 as it is on the one instance whose application will hang. */
const HANGS = `version: v1-hangs
application: { port: 8080, start: 1s, health: { path: /health, status: 200 }, hangsAfter: 5m }
`;

type Harm = (scene: Scene, fleet: Released, instanceId: string) => Promise<void>;

/** The hardware under it is gone. */
const dies: Harm = async (scene, _fleet, instanceId) => {
  scene.inject.loseInstance(instanceId);
};

/** Somebody tries something on one instance, and it hangs after some minutes. The fleet's own revision is another. */
const hangs: Harm = async (scene, { serviceRoleArn }, instanceId) => {
  const tag = { Key: 'trial', Value: 'yes' };
  await scene.aws.client(EC2Client).send(new CreateTagsCommand({ Resources: [instanceId], Tags: [tag] }));
  await scene.aws.client(CodeDeployClient).send(
    new CreateDeploymentGroupCommand({
      applicationName: APPLICATION,
      deploymentGroupName: 'trial',
      serviceRoleArn,
      ec2TagFilters: [{ ...tag, Type: 'KEY_AND_VALUE' }],
    }),
  );
  await upload(scene, 'hangs', 'v1', { 'sandtable.yml': HANGS });
  // Another group's files are in the way, unless they may be overwritten.
  const trial = { deploymentGroupName: 'trial', fileExistsBehavior: 'OVERWRITE' } as const;
  const { deploymentId } = await deploy(scene, 'hangs', trial);
  const { status } = await finished(scene, deploymentId);
  if (status !== 'Succeeded') throw new Error(`The trial could not be deployed: ${status}.`);
};

async function heal(scene: Scene, fleet: Released, harm: Harm): Promise<Ending> {
  const to = { host: fleet.host, port: 80, path: '/' };
  const load = scene.traffic.start({ ...to, ratePerSecond: 60, resolution: 'binned' });
  await scene.clock.sleep(12 * MINUTE);
  const before = [...(await memberStates(scene)).keys()];
  const [victim = ''] = before;
  await harm(scene, fleet, victim);
  const startedAt = scene.clock.now;
  await scene.clock.sleep(PATIENCE);
  const { series } = scene.traffic.measured(load);
  const members = await memberStates(scene);
  const targets = await targetHealth(scene, fleet.targetGroupArn);
  const added = [...members.keys()].filter((id) => !before.includes(id));
  const deployments = (await deploymentsOf(scene)).filter((one) => Number(one.createTime) >= startedAt);
  const [ended] = (await activities(scene)).filter((one) => one.Description?.startsWith('Terminating'));
  return {
    ended: members.has(victim) ? 'as it was' : 'replaced',
    startedAt,
    endedAt: scene.clock.now,
    facts: {
      added: added.length,
      because: / in response to (.*?)\.$/.exec(ended?.Cause ?? '')?.[1],
      inService: [...members.values()].filter((state) => state === 'InService').length,
      healthy: [...targets.values()].filter(({ State }) => State === 'healthy').length,
      // All deployments to the fleet since: what Auto Scaling had CodeDeploy do on new instances.
      deployments: deployments.map(
        ({ creator, status, revision }) => `${creator} ${revision?.s3Location?.key} ${status}`,
      ),
      versions: versionsSince(series, scene.clock.now - 10 * MINUTE),
    },
  };
}

type Checks = 'EC2' | 'ELB';

/** Has the group go by this type of health checks, which leaves its instances alone, and harms one. */
function variant(harm: Harm, checks: Checks, expect: Expectation[], suspend = false): Variant<Released> {
  return {
    run: async (scene, fleet) => {
      if (checks === 'ELB') await update(scene, 'web', codeDeployStack(fleet.network, SIZE, checks));
      const processes = { AutoScalingGroupName: GROUP, ScalingProcesses: ['ReplaceUnhealthy'] };
      if (suspend) await scene.aws.client(AutoScalingClient).send(new SuspendProcessesCommand(processes));
      return heal(scene, fleet, harm);
    },
    expect,
  };
}

function replaced(because: string): Expectation[] {
  return [
    deployment.endedAs('replaced'),
    fact('added', 1),
    fact('because', because),
    fact('inService', SIZE),
    fact('healthy', SIZE),
    fact('deployments', ['autoscaling v1.zip Succeeded']),
    fact('versions', ['v1']),
  ];
}

/** The instance stays, CodeDeploy does nothing, and one target less serves. */
const LEFT_ALONE = [
  deployment.endedAs('as it was'),
  fact('added', 0),
  fact('inService', SIZE),
  fact('healthy', SIZE - 1),
  fact('deployments', []),
  fact('versions', ['v1']),
];

const FOUND =
  'it is the Auto Scaling group that replaces an instance, and CodeDeploy only puts the last successful revision on the new one; ' +
  'a dead instance is replaced by EC2 health checks, a hung application only with health check type ELB; OpsWorks ended in May 2024';

export default rehearsal<Released>({
  title: 'Auto healing with CodeDeploy and an Auto Scaling group',
  claim: { id: 'deploy/auto-healing', verdict: `corrected: ${FOUND}` },
  prepare: (scene) => prepareReleased(scene, SIZE),
  variants: {
    'a dead instance, EC2 health checks': variant(
      dies,
      'EC2',
      replaced('an EC2 instance status checks failure'),
    ),
    'a hung application, EC2 health checks': variant(hangs, 'EC2', LEFT_ALONE),
    'a hung application, ELB health checks': variant(
      hangs,
      'ELB',
      replaced('an ELB system health check failure'),
    ),
    'a dead instance, replacement suspended': variant(dies, 'EC2', LEFT_ALONE, true),
  },
});
