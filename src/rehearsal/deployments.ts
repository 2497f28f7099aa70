// Deployments as the report shows them, read through CodeDeploy's own public operations.

import { rootOf } from '#cloud/principal.ts';
import type { Input, OperationName, Output } from '#cloud/contracts.ts';
import type { DeploymentReport, EventReport, TargetReport } from './result.ts';
import type { Scene } from './scene.ts';

/** Targets that one call of BatchGetDeploymentTargets takes. */
const BATCH = 25;

type Info = NonNullable<Output<'codedeploy', 'GetDeployment'>['deploymentInfo']>;
type Target = NonNullable<Output<'codedeploy', 'BatchGetDeploymentTargets'>['deploymentTargets']>[number];

export function deploymentReports(scene: Scene, ids: readonly string[]): DeploymentReport[] {
  return ids.map((deploymentId) => {
    const info = ask(scene, 'GetDeployment', { deploymentId }).deploymentInfo ?? {};
    return { ...summary(deploymentId, info), targets: targetsOf(scene, deploymentId) };
  });
}

function summary(deploymentId: string, info: Info): Omit<DeploymentReport, 'targets'> {
  const { completeTime, errorInformation, rollbackInfo } = info;
  return {
    deploymentId,
    creator: info.creator ?? '',
    status: info.status ?? '',
    createdAt: info.createTime ?? 0,
    ...(completeTime === undefined ? {} : { completedAt: completeTime }),
    ...(errorInformation?.code === undefined ? {} : { errorCode: errorInformation.code }),
    ...(errorInformation?.message === undefined ? {} : { errorMessage: errorInformation.message }),
    ...(rollbackInfo?.rollbackMessage === undefined ? {} : { rollbackMessage: rollbackInfo.rollbackMessage }),
  };
}

function targetsOf(scene: Scene, deploymentId: string): TargetReport[] {
  const ids: string[] = [];
  let nextToken: string | undefined;
  do {
    const page: Output<'codedeploy', 'ListDeploymentTargets'> = ask(scene, 'ListDeploymentTargets', {
      deploymentId,
      ...(nextToken === undefined ? {} : { nextToken }),
    });
    ids.push(...(page.targetIds ?? []));
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  const found: TargetReport[] = [];
  for (let from = 0; from < ids.length; from += BATCH) {
    const targetIds = ids.slice(from, from + BATCH);
    const { deploymentTargets = [] } = ask(scene, 'BatchGetDeploymentTargets', { deploymentId, targetIds });
    found.push(...deploymentTargets.map(target));
  }
  return found;
}

function target({ instanceTarget, lambdaTarget }: Target): TargetReport {
  const { targetId = '', status = '', lifecycleEvents = [] } = instanceTarget ?? lambdaTarget ?? {};
  const instanceLabel = instanceTarget?.instanceLabel;
  return {
    instanceId: targetId,
    ...(instanceLabel === undefined ? {} : { label: instanceLabel }),
    status,
    events: lifecycleEvents.map(event),
  };
}

function event(
  given: NonNullable<NonNullable<Target['instanceTarget']>['lifecycleEvents']>[number],
): EventReport {
  const { lifecycleEventName = '', status = '', startTime, endTime, diagnostics } = given;
  const failed = diagnostics?.errorCode !== undefined && diagnostics.errorCode !== 'Success';
  return {
    name: lifecycleEventName,
    status,
    ...(startTime === undefined ? {} : { startedAt: startTime }),
    ...(endTime === undefined ? {} : { endedAt: endTime }),
    ...(failed ? { error: `${diagnostics.errorCode}: ${diagnostics.message ?? ''}` } : {}),
  };
}

function ask<O extends OperationName<'codedeploy'>>(
  scene: Scene,
  operation: O,
  input: Input<'codedeploy', O>,
): Output<'codedeploy', O> {
  return scene.look((ctx) => {
    const outcome = ctx.cloud.run(ctx, 'codedeploy', operation, input, rootOf(ctx.account));
    if (!outcome.ok) throw outcome.fault;
    return outcome.output as Output<'codedeploy', O>;
  });
}
