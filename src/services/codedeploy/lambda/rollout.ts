// A deployment of a function: validation before, the shift of an alias's traffic step by step, validation after.
// https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-steps-lambda.html

import type { Input, OperationName, Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { routingIn } from '../groups/deployment-configs.ts';
import { deploymentLook, deployments } from '../rows.ts';
import type { Deployment } from '../rows.ts';
import { callAs, deniedMessage, isDenied, Trouble } from '../service-role.ts';
import { hookEnd } from '../timings.ts';
import { appSpecText, invalidConfiguration, parseAppSpec } from './appspec.ts';
import { hookFailed, hookSilent, invokeHook } from './hooks.ts';
import { intervalMs, percentAfter } from './shift.ts';
import { changeEvent, endLambdaEvent, LAMBDA_EVENTS, lambdaTargets, openEvent } from './targets.ts';
import type { LambdaEvent, LambdaTarget, Shift } from './targets.ts';

/** Calls Lambda under the service role. Throws `Trouble` where it refuses. */
function demandOfLambda<O extends OperationName<'lambda'>>(
  ctx: Ctx,
  deployment: Deployment,
  operation: O,
  input: Input<'lambda', O>,
): Output<'lambda', O> {
  const outcome = callAs(ctx, deployment, 'lambda', operation, input);
  if (outcome.ok) return outcome.output;
  const { fault } = outcome;
  if (isDenied(fault)) throw new Trouble('IAM_ROLE_PERMISSIONS', deniedMessage(deployment, 'lambda'));
  if (fault.shape === 'ResourceNotFoundException') {
    throw new Trouble(
      'INVALID_LAMBDA_FUNCTION',
      `The deployment failed because the Lambda function, its version or its alias was not found. ${fault.message}`,
    );
  }
  throw invalidConfiguration(fault.message);
}

/** What the deployment is to do: as its AppSpec says, or the other way round what another one did. */
function shiftOf(ctx: Ctx, deployment: Deployment): Shift {
  const { restores, revision } = deployment;
  const undone = restores === undefined ? undefined : ctx.get(lambdaTargets, restores);
  if (!undone) return parseAppSpec(appSpecText(ctx, deployment, revision));
  const { functionName, alias, currentVersion, targetVersion } = undone;
  return { functionName, alias, currentVersion: targetVersion, targetVersion: currentVersion, hooks: {} };
}

/** Writes the target down. Throws `Trouble` for a revision that says nothing sensible. */
export function enlistFunction(ctx: Ctx, deployment: Deployment): void {
  const shift = shiftOf(ctx, deployment);
  const { functionName, alias } = shift;
  const arn = functionName.startsWith('arn:') ? functionName : ctx.arn('lambda', `function:${functionName}`);
  ctx.put(lambdaTargets, {
    ...shift,
    functionName: functionName.split(':').at(-1) ?? '',
    deploymentId: deployment.id,
    arn: `${arn}:${alias}`,
    status: 'Pending',
    events: LAMBDA_EVENTS.map((name) => ({ name, status: 'Pending' as const })),
    percent: 0,
    steps: 0,
    updatedAt: ctx.now,
  });
}

/** The alias must stand where the AppSpec says that it does. On the way back it stands wherever the shift had come. */
export function beginShifting(ctx: Ctx, deployment: Deployment): undefined {
  const target = ctx.get(lambdaTargets, deployment.id) as LambdaTarget;
  const { functionName: FunctionName, alias: Name } = target;
  const found = demandOfLambda(ctx, deployment, 'GetAlias', { FunctionName, Name });
  const shared = Object.keys(found.RoutingConfig?.AdditionalVersionWeights ?? {}).length > 0;
  if (deployment.restores === undefined) {
    if (found.FunctionVersion !== target.currentVersion) {
      throw invalidConfiguration(
        'The Lambda function alias version does not match the current version in AppSpec file.',
      );
    }
    // As a deployment leaves it that was stopped and not rolled back: user guide, troubleshooting-deployments-lambda.html.
    if (shared) throw invalidConfiguration('The Lambda function alias points to more than one version.');
  }
  ctx.update(lambdaTargets, target, { status: 'InProgress', updatedAt: ctx.now });
  ctx.update(deployments, deployment, { stage: 'shifting' });
  ctx.wake(deploymentLook, deployment.id);
}

interface Look {
  readonly done: boolean;
  readonly again: number | undefined;
}

/** Moves the target on as far as it gets now. Throws `Trouble` where it failed. */
export function shiftTraffic(ctx: Ctx, deployment: Deployment): Look {
  for (;;) {
    const target = ctx.get(lambdaTargets, deployment.id) as LambdaTarget;
    if (target.events.some(({ status }) => status === 'Failed')) throw hookFailed();
    const event = openEvent(target);
    if (!event) return { done: true, again: undefined };
    const hook = target.hooks[event.name];
    const again =
      event.name === 'AllowTraffic'
        ? allowTraffic(ctx, deployment, target, event)
        : hook === undefined
          ? pass(ctx, target, event)
          : validate(ctx, deployment, target, event, hook);
    if (again !== undefined) return { done: false, again };
  }
}

/** An event without a function is over at once. */
function pass(ctx: Ctx, target: LambdaTarget, { name }: LambdaEvent): undefined {
  endLambdaEvent(ctx, changeEvent(ctx, target, name, { startedAt: ctx.now }), name, 'Succeeded');
}

function validate(
  ctx: Ctx,
  deployment: Deployment,
  target: LambdaTarget,
  { name, startedAt }: LambdaEvent,
  hook: string,
): number {
  if (startedAt !== undefined) {
    const until = startedAt + ctx.duration(hookEnd, 'hook');
    if (ctx.now < until) return until;
    throw hookSilent();
  }
  const hookExecutionId = ctx.uuid('codedeploy/hook-execution');
  changeEvent(ctx, target, name, { status: 'InProgress', startedAt: ctx.now, hookExecutionId });
  invokeHook(ctx, deployment, hook, hookExecutionId);
  return ctx.now + ctx.duration(hookEnd, 'hook');
}

/** Raises the new version's share whenever its time has come. Nothing when it has all the traffic. */
function allowTraffic(
  ctx: Ctx,
  deployment: Deployment,
  target: LambdaTarget,
  { name, startedAt = ctx.now }: LambdaEvent,
): number | undefined {
  const routing = routingIn(ctx, deployment.configName);
  const interval = intervalMs(routing);
  const due = startedAt + target.steps * interval;
  if (ctx.now < due) return due;
  const begun = changeEvent(ctx, target, name, { status: 'InProgress', startedAt });
  const percent = percentAfter(routing, target.steps);
  setWeight(ctx, deployment, target, percent);
  const raised = ctx.update(lambdaTargets, begun, { percent, steps: target.steps + 1 });
  if (percent < 100) return due + interval;
  endLambdaEvent(ctx, raised, name, 'Succeeded');
  return undefined;
}

/** The alias stays with the old version until the new one has all. */
function setWeight(ctx: Ctx, deployment: Deployment, target: LambdaTarget, percent: number): void {
  const { functionName: FunctionName, alias: Name, currentVersion, targetVersion } = target;
  const whole = percent >= 100;
  demandOfLambda(ctx, deployment, 'UpdateAlias', {
    FunctionName,
    Name,
    FunctionVersion: whole ? targetVersion : currentVersion,
    RoutingConfig: { AdditionalVersionWeights: whole ? {} : { [targetVersion]: percent / 100 } },
  });
}
