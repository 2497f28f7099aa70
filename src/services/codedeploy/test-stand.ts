// What CodeDeploy's tests stand on: a table with an application and a deployment group, and short ways to deploy.

import {
  CodeDeployClient,
  CreateApplicationCommand,
  CreateDeploymentCommand,
  CreateDeploymentGroupCommand,
  GetDeploymentCommand,
  GetDeploymentTargetCommand,
  ListDeploymentsCommand,
  ListDeploymentTargetsCommand,
} from '@aws-sdk/client-codedeploy';
import type {
  CreateDeploymentCommandInput,
  CreateDeploymentGroupCommandInput,
  DeploymentInfo,
  InstanceTarget,
  RevisionLocation,
} from '@aws-sdk/client-codedeploy';
import type { Ctx } from '#cloud/ctx.ts';
import { newTable } from '../../../tests/table.ts';
import type { TestTable } from '../../../tests/table.ts';
import { deployments, hasEnded } from './rows.ts';
import { addHost, ROLE, testCloud } from './test-cloud.ts';
import type { Host } from './test-cloud.ts';

export const MINUTE = 60_000;
export const HOUR = 3_600_000;

export function revision(key: string): RevisionLocation {
  return { revisionType: 'S3', s3Location: { bucket: 'releases', key, bundleType: 'zip' } };
}

export const LOAD_BALANCED: Partial<CreateDeploymentGroupCommandInput> = {
  deploymentStyle: { deploymentType: 'IN_PLACE', deploymentOption: 'WITH_TRAFFIC_CONTROL' },
  loadBalancerInfo: { targetGroupInfoList: [{ name: 'web' }] },
};

export class Stand {
  readonly table: TestTable = newTable({ cloud: testCloud() });
  readonly codedeploy: CodeDeployClient = this.table.client(CodeDeployClient);

  act<Q>(what: (ctx: Ctx) => Q): Q {
    return this.table.act(what);
  }

  /** Puts `count` tagged instances there. */
  hosts(count: number, more: Partial<Host> = {}): string[] {
    const ids = Array.from({ length: count }, (_, index) => `i-${String(index).padStart(17, '0')}`);
    this.act((ctx) => {
      for (const id of ids) addHost(ctx, id, more);
    });
    return ids;
  }

  /** Makes the application `shop` and the group `web`, which means the instances tagged `app=web`. */
  async group(more: Partial<CreateDeploymentGroupCommandInput> = {}): Promise<void> {
    await this.codedeploy.send(new CreateApplicationCommand({ applicationName: 'shop' }));
    await this.codedeploy.send(
      new CreateDeploymentGroupCommand({
        applicationName: 'shop',
        deploymentGroupName: 'web',
        serviceRoleArn: ROLE,
        ec2TagFilters: [{ Key: 'app', Value: 'web', Type: 'KEY_AND_VALUE' }],
        ...more,
      }),
    );
  }

  async deploy(key: string, more: Partial<CreateDeploymentCommandInput> = {}): Promise<string> {
    const input = { applicationName: 'shop', deploymentGroupName: 'web', revision: revision(key), ...more };
    const { deploymentId = '' } = await this.codedeploy.send(new CreateDeploymentCommand(input));
    return deploymentId;
  }

  /** Moves on until a deployment has ended. Returns how long that took (ms). */
  end(id: string, withinMs: number = 13 * HOUR): number {
    return this.table.until((ctx) => hasEnded(ctx.get(deployments, id) as never), withinMs);
  }

  async ended(id: string): Promise<DeploymentInfo> {
    this.end(id);
    return this.info(id);
  }

  async info(deploymentId: string): Promise<DeploymentInfo> {
    const { deploymentInfo } = await this.codedeploy.send(new GetDeploymentCommand({ deploymentId }));
    return deploymentInfo as DeploymentInfo;
  }

  async target(deploymentId: string, targetId: string): Promise<InstanceTarget> {
    const { deploymentTarget } = await this.codedeploy.send(
      new GetDeploymentTargetCommand({ deploymentId, targetId }),
    );
    return deploymentTarget?.instanceTarget as InstanceTarget;
  }

  /** Names and statuses of the events of an instance. */
  async events(deploymentId: string, targetId: string): Promise<string[]> {
    const { lifecycleEvents = [] } = await this.target(deploymentId, targetId);
    return lifecycleEvents.map(({ lifecycleEventName, status }) => `${lifecycleEventName} ${status}`);
  }

  async targets(deploymentId: string): Promise<string[]> {
    return (await this.codedeploy.send(new ListDeploymentTargetsCommand({ deploymentId }))).targetIds ?? [];
  }

  /** Ids of the group's deployments, latest first. */
  async deployments(): Promise<string[]> {
    const input = { applicationName: 'shop', deploymentGroupName: 'web' };
    return (await this.codedeploy.send(new ListDeploymentsCommand(input))).deployments ?? [];
  }
}
