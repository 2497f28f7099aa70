// The parts that functions often play: behind a CloudFormation custom resource, and in the lifecycle hooks of CodeDeploy and
// Auto Scaling.

import type { Ctx } from '#cloud/ctx.ts';
import { customResources } from '#cloud/ports/stacks.ts';
import type { FunctionRun } from '#cloud/ports/functions.ts';
import type { CustomResources } from '#cloud/ports/stacks.ts';
import { parsed } from '#cloud/json.ts';
import { called } from './calls.ts';
import { REQUEST_TYPES } from './function-manifest.ts';
import type { FunctionManifest } from './function-manifest.ts';
import { filled, found } from './placeholders.ts';
import type { Given } from './placeholders.ts';

/** What a part leaves behind: lines of the log, and the error with which the function fails, if it does. */
export interface Played {
  readonly log: readonly string[];
  readonly error?: { readonly errorType: string; readonly errorMessage: string };
}

const NOTHING: Played = { log: [] };

/** An event that came through SNS is in the message. */
function within(given: Given): unknown {
  return found(given, 'event.Records.0.Sns.Message') ?? given.event;
}

function fieldsOf(value: unknown): Record<string, unknown> {
  const read = typeof value === 'string' ? parsed(value) : value;
  return typeof read === 'object' && read !== null ? (read as Record<string, unknown>) : {};
}

/**
 * Answers a request of CloudFormation at its response URL.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref-responses.html
 */
export function customResource(ctx: Ctx, run: FunctionRun, manifest: FunctionManifest, given: Given): Played {
  const request = fieldsOf(within(given));
  const type = REQUEST_TYPES.find((one) => one === String(request['RequestType']).toLowerCase());
  const url = request['ResponseURL'];
  if (!manifest.customResource || !type || typeof url !== 'string') return NOTHING;
  const answer = manifest.customResource[type];
  if (answer.silent) return { log: ['No answer is sent to the response URL.'] };
  const asked = { ...given, event: request };
  const id = filled(answer.physicalResourceId, asked) ?? request['PhysicalResourceId'] ?? run.logStream;
  const { fails, noEcho, data } = answer;
  const body = JSON.stringify({
    Status: fails === undefined ? 'SUCCESS' : 'FAILED',
    Reason: fails === undefined ? `See the log stream ${run.logStream}` : filled(fails, asked),
    PhysicalResourceId: id,
    StackId: request['StackId'],
    RequestId: request['RequestId'],
    LogicalResourceId: request['LogicalResourceId'],
    NoEcho: noEcho ?? false,
    ...(data === undefined ? {} : { Data: filled(data, asked) }),
  });
  const arrived = behindUrls(ctx)?.answer(ctx, url, body) ?? false;
  return { log: arrived ? [`Answered ${body}`] : [`Nobody waits for an answer at ${url}.`] };
}

/** Nothing in a cloud without CloudFormation. */
function behindUrls(ctx: Ctx): CustomResources | undefined {
  try {
    return ctx.port(customResources);
  } catch {
    return undefined;
  }
}

/** Ends a lifecycle hook of CodeDeploy's or of Auto Scaling's, whichever the event is about. */
export function lifecycleHook(ctx: Ctx, run: FunctionRun, manifest: FunctionManifest, given: Given): Played {
  const status = manifest.lifecycleHook;
  if (!status) return NOTHING;
  const event = fieldsOf(within(given));
  const as = run.credentials.principal;
  if (event['LifecycleEventHookExecutionId'] !== undefined) {
    const input = {
      deploymentId: event['DeploymentId'],
      lifecycleEventHookExecutionId: event['LifecycleEventHookExecutionId'],
      status,
    };
    return played(called(ctx, as, 'codedeploy', 'PutLifecycleEventHookExecutionStatus', input));
  }
  const action = fieldsOf(event['detail'] ?? event);
  if (action['LifecycleHookName'] === undefined) return NOTHING;
  const { LifecycleHookName, AutoScalingGroupName, LifecycleActionToken, EC2InstanceId: InstanceId } = action;
  const input = {
    LifecycleHookName,
    AutoScalingGroupName,
    ...(LifecycleActionToken === undefined ? {} : { LifecycleActionToken }),
    ...(InstanceId === undefined ? {} : { InstanceId }),
    LifecycleActionResult: status === 'Succeeded' ? 'CONTINUE' : 'ABANDON',
  };
  return played(called(ctx, as, 'autoscaling', 'CompleteLifecycleAction', input));
}

function played(error: { errorType: string; errorMessage: string } | undefined): Played {
  return error ? { log: [`${error.errorType}: ${error.errorMessage}`], error } : NOTHING;
}

/** Makes the requests that the manifest lists, in their order, until one fails that may not. */
export function calls(ctx: Ctx, run: FunctionRun, manifest: FunctionManifest, given: Given): Played {
  const log: string[] = [];
  for (const { service, operation, input, mayFail } of manifest.calls) {
    const error = called(ctx, run.credentials.principal, service, operation, filled(input, given));
    if (!error) continue;
    log.push(`${service} ${operation}: ${error.errorType}: ${error.errorMessage}`);
    if (!mayFail) return { log, error };
  }
  return { log };
}
