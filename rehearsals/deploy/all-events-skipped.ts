// Instances whose agent does not reach CodeDeploy: every lifecycle event is skipped.
// https://docs.aws.amazon.com/codedeploy/latest/userguide/troubleshooting-deployments.html#troubleshooting-skipped-lifecycle-events

import {
  AuthorizeSecurityGroupEgressCommand,
  DeleteRouteCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupRulesCommand,
  EC2Client,
  RevokeSecurityGroupEgressCommand,
  RevokeSecurityGroupIngressCommand,
} from '@aws-sdk/client-ec2';
import { deployment, fact, rehearsal } from 'sandtable';
import type { Ending, Expectation, Scene } from 'sandtable';
import { targetsOf } from '../looks.ts';
import { deploy, finished, MINUTE, prepareWebFleet, updateDeploymentGroup } from './web-fleet.ts';
import type { WebFleet, WebFleetOptions } from './web-fleet.ts';

type Breakage = (scene: Scene, fleet: WebFleet) => Promise<void>;

async function release(scene: Scene, options: WebFleetOptions, breakIt?: Breakage): Promise<Ending> {
  const fleet = await prepareWebFleet(scene, {
    size: 2,
    deployFirst: false,
    deregistrationDelaySeconds: 0,
    ...options,
  });
  // Agents are installed by then, where they are.
  await scene.clock.sleep(5 * MINUTE);
  await breakIt?.(scene, fleet);
  const { deploymentId } = await deploy(scene, 'v1', { deploymentConfigName: 'CodeDeployDefault.AllAtOnce' });
  const ended = await finished(scene, deploymentId);
  const targets = await targetsOf(scene, deploymentId);
  const events = targets.flatMap((target) => target.events);
  return {
    ended: ended.status ?? '',
    startedAt: Number(ended.createTime),
    endedAt: Number(ended.completeTime),
    deploymentIds: [deploymentId],
    facts: {
      error: ended.errorInformation,
      instances: targets.map(({ status }) => status),
      events: [...new Set(events.map(({ status }) => status))],
      first: [
        ...new Set(targets.map((target) => `${target.events[0]?.errorCode}: ${target.events[0]?.message}`)),
      ],
      minutes: Math.floor((Number(ended.completeTime) - Number(ended.createTime)) / MINUTE),
    },
  };
}

/** Only other ports than 443 stay open on the way out. */
async function noWayOut(scene: Scene, { webGroupId: GroupId }: WebFleet): Promise<void> {
  const ec2 = scene.aws.client(EC2Client);
  await ec2.send(
    new RevokeSecurityGroupEgressCommand({
      GroupId,
      SecurityGroupRuleIds: await ruleIds(scene, GroupId, true),
    }),
  );
  await ec2.send(
    new AuthorizeSecurityGroupEgressCommand({
      GroupId,
      IpPermissions: [{ IpProtocol: 'tcp', FromPort: 80, ToPort: 80, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
    }),
  );
}

async function noRoute(scene: Scene, { subnetIds }: WebFleet): Promise<void> {
  const ec2 = scene.aws.client(EC2Client);
  const { RouteTables = [] } = await ec2.send(new DescribeRouteTablesCommand({}));
  for (const { RouteTableId, Routes = [] } of RouteTables) {
    if (subnetIds.length === 0 || !Routes.some((route) => route.GatewayId?.startsWith('igw-'))) continue;
    await ec2.send(new DeleteRouteCommand({ RouteTableId, DestinationCidrBlock: '0.0.0.0/0' }));
  }
}

/** Nothing may reach the instances; CodeDeploy does not need to. */
async function noWayIn(scene: Scene, { webGroupId: GroupId }: WebFleet): Promise<void> {
  const ec2 = scene.aws.client(EC2Client);
  await ec2.send(
    new RevokeSecurityGroupIngressCommand({
      GroupId,
      SecurityGroupRuleIds: await ruleIds(scene, GroupId, false),
    }),
  );
  await updateDeploymentGroup(scene, {
    deploymentStyle: { deploymentType: 'IN_PLACE', deploymentOption: 'WITHOUT_TRAFFIC_CONTROL' },
  });
}

async function ruleIds(scene: Scene, groupId: string, egress: boolean): Promise<string[]> {
  const { SecurityGroupRules = [] } = await scene.aws
    .client(EC2Client)
    .send(new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: 'group-id', Values: [groupId] }] }));
  return SecurityGroupRules.filter((rule) => rule.IsEgress === egress).map(
    (rule) => rule.SecurityGroupRuleId ?? '',
  );
}

const skipped: Expectation[] = [
  deployment.endedAs('Failed'),
  fact('error', {
    code: 'HEALTH_CONSTRAINTS',
    message:
      'The overall deployment failed because too many individual instances failed deployment, too few healthy instances are ' +
      'available for deployment, or some instances in your deployment group are experiencing problems.',
  }),
  fact('instances', ['Failed', 'Failed']),
  fact('events', ['Skipped']),
  fact('first', [
    'UnknownError: CodeDeploy agent was not able to receive the lifecycle event. Check the CodeDeploy agent logs on your host ' +
      'and make sure the agent is running and can connect to the CodeDeploy server.',
  ]),
  fact('minutes', 5),
];

const FOUND =
  'no agent, no instance profile for it, or nothing that lets it out: the agent asks, so it is outbound 443 and a route that ' +
  'count, and nothing inbound is needed';

export default rehearsal({
  title: 'A deployment whose events are all skipped',
  claim: { id: 'deploy/all-events-skipped', verdict: `corrected: ${FOUND}` },
  variants: {
    'no agent': {
      run: (scene) => release(scene, { userData: '#!/bin/bash\ndnf upgrade -y\n' }),
      expect: skipped,
    },
    'no way out: security group': { run: (scene) => release(scene, {}, noWayOut), expect: skipped },
    'no way out: route': { run: (scene) => release(scene, {}, noRoute), expect: skipped },
    'no role': { run: (scene) => release(scene, { instanceProfile: false }), expect: skipped },
    'no way in': {
      run: (scene) => release(scene, {}, noWayIn),
      expect: [deployment.endedAs('Succeeded'), fact('instances', ['Succeeded', 'Succeeded'])],
    },
  },
});
