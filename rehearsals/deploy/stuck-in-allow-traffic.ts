// AllowTraffic waits for the load balancer to find the instance healthy; nothing on the instance says why it does not.
// https://docs.aws.amazon.com/codedeploy/latest/userguide/troubleshooting-deployments.html

import {
  EC2Client,
  RevokeSecurityGroupIngressCommand,
  DescribeSecurityGroupRulesCommand,
} from '@aws-sdk/client-ec2';
import { deployment, fact, rehearsal } from 'sandtable';
import type { Ending, Scene } from 'sandtable';
import { targetHealth, targetsOf } from '../looks.ts';
import { deploy, finished, MINUTE, prepareWebFleet, upload } from './web-fleet.ts';
import type { WebFleet } from './web-fleet.ts';

/** Everything about version 2 is well but the answer that the load balancer asks for. */
const UNWELL = `version: v2
application:
  port: 8080
  start: 1s
  health: { path: /health, status: 503 }
hooks:
  scripts/stop.sh: { seconds: 200ms, stops: true }
  scripts/start.sh: { seconds: 100ms, starts: true }
  scripts/validate.sh: { seconds: 200ms, stdout: the process is there }
`;

async function release(scene: Scene, fleet: WebFleet): Promise<Ending> {
  const { deploymentId } = await deploy(scene, 'v2');
  await scene.clock.sleep(30 * MINUTE);
  const [health] = [...(await targetHealth(scene, fleet.targetGroupArn)).values()];
  const ended = await finished(scene, deploymentId, 5 * MINUTE);
  const [target] = await targetsOf(scene, deploymentId);
  const events = target?.events ?? [];
  const failed = events.find(({ name }) => name === 'AllowTraffic');
  return {
    ended: ended.status ?? '',
    deploymentIds: [deploymentId],
    facts: {
      error: ended.errorInformation?.code,
      before: [
        ...new Set(
          events
            .slice(
              0,
              events.findIndex((one) => one === failed),
            )
            .map(({ status }) => status),
        ),
      ],
      allowTraffic: failed?.status,
      minutes: failed && (failed.endedAt - failed.startedAt) / MINUTE,
      after: events.at(-1)?.status,
      health,
    },
  };
}

async function unwell(scene: Scene, fleet: WebFleet): Promise<Ending> {
  await upload(scene, 'v2', 'v2', { 'sandtable.yml': UNWELL });
  return release(scene, fleet);
}

/** The instances' security group no longer lets the load balancer in. */
async function blocked(scene: Scene, fleet: WebFleet): Promise<Ending> {
  const ec2 = scene.aws.client(EC2Client);
  const { SecurityGroupRules = [] } = await ec2.send(
    new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: 'group-id', Values: [fleet.webGroupId] }] }),
  );
  const inbound = SecurityGroupRules.filter(({ IsEgress }) => !IsEgress);
  await ec2.send(
    new RevokeSecurityGroupIngressCommand({
      GroupId: fleet.webGroupId,
      SecurityGroupRuleIds: inbound.map((rule) => rule.SecurityGroupRuleId ?? ''),
    }),
  );
  return release(scene, fleet);
}

export default rehearsal<WebFleet>({
  title: 'A deployment that stops at AllowTraffic',
  claim: { id: 'deploy/stuck-in-allow-traffic', verdict: 'holds' },
  prepare: (scene) => prepareWebFleet(scene, { size: 1, deregistrationDelaySeconds: 0 }),
  expect: [
    deployment.endedAs('Failed'),
    fact('error', 'HEALTH_CONSTRAINTS'),
    fact('before', ['Succeeded']),
    fact('allowTraffic', 'Failed'),
    fact('minutes', 60),
    fact('after', 'Skipped'),
  ],
  variants: {
    'the application answers with an error': {
      run: unwell,
      expect: [
        fact('health', {
          State: 'unhealthy',
          Reason: 'Target.ResponseCodeMismatch',
          Description: 'Health checks failed with these codes: [503]',
        }),
      ],
    },
    'the security group keeps the load balancer out': {
      run: blocked,
      expect: [
        fact('health', { State: 'unhealthy', Reason: 'Target.Timeout', Description: 'Request timed out' }),
      ],
    },
  },
});
