// Functions that validate a deployment of a function: CodeDeploy invokes them and waits until they tell how they ended.
// https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html#appspec-hooks-lambda

import { Fault } from '#contract/fault.ts';
import { utf8 } from '#contract/protocols/bytes.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { HOOK_STATUS } from '../faults.ts';
import { deploymentLook, deploymentOf } from '../rows.ts';
import type { Deployment } from '../rows.ts';
import { callAs, deniedMessage, isDenied, Trouble } from '../service-role.ts';
import { endLambdaEvent, lambdaTargets } from './targets.ts';

const HOOK_FAILED =
  'The deployment failed because one or more of the lifecycle event validation functions failed.';

export function hookFailed(): Trouble {
  return new Trouble('HOOK_EXECUTION_FAILURE', HOOK_FAILED);
}

/** https://docs.aws.amazon.com/codedeploy/latest/userguide/troubleshooting-ecs.html#troubleshooting-ecs-timeout-callback */
export function hookSilent(): Trouble {
  return new Trouble(
    'TIMEOUT',
    'The deployment timed out while waiting for a status callback. CodeDeploy expects a status callback within one hour ' +
      'after a deployment hook is invoked.',
  );
}

/** Invokes the function behind an event under the service role. Nobody waits for its answer: it has to call back. */
export function invokeHook(
  ctx: Ctx,
  deployment: Deployment,
  FunctionName: string,
  LifecycleEventHookExecutionId: string,
): void {
  const Payload = utf8(JSON.stringify({ DeploymentId: deployment.id, LifecycleEventHookExecutionId }));
  const input = { FunctionName, InvocationType: 'Event', Payload } as const;
  const asked = callAs(ctx, deployment, 'lambda', 'Invoke', input);
  if (asked.ok) return;
  if (isDenied(asked.fault)) throw new Trouble('IAM_ROLE_PERMISSIONS', deniedMessage(deployment, 'lambda'));
  throw hookFailed();
}

export const hookOperations: Operations<'codedeploy'> = {
  PutLifecycleEventHookExecutionStatus(ctx, { deploymentId, lifecycleEventHookExecutionId: id, status }) {
    const deployment = deploymentOf(ctx, deploymentId);
    if (!deployment.computePlatform) {
      throw new Fault(
        'UnsupportedActionForDeploymentTypeException',
        'A call was submitted that is not supported for the specified deployment type.',
      );
    }
    if (status !== 'Succeeded' && status !== 'Failed') throw new Fault(HOOK_STATUS[0], HOOK_STATUS[1]);
    const target = ctx.get(lambdaTargets, deployment.id);
    const event = target?.events.find(({ hookExecutionId }) => hookExecutionId === id);
    if (!target || !event || id === undefined) {
      throw new Fault(
        'InvalidLifecycleEventHookExecutionIdException',
        'A lifecycle event hook is invalid. Review the hooks section in your AppSpec file to ensure the lifecycle events and ' +
          'hooks functions are valid.',
      );
    }
    if (event.status !== 'InProgress') {
      throw new Fault(
        'LifecycleEventAlreadyCompletedException',
        'An attempt to return the status of an already completed lifecycle event occurred.',
      );
    }
    endLambdaEvent(ctx, target, event.name, status);
    ctx.wake(deploymentLook, deployment.id);
    return { lifecycleEventHookExecutionId: id };
  },
};
