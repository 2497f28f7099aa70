// Functions that validate a deployment of a function.
// https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html#appspec-hooks-lambda

import { PutLifecycleEventHookExecutionStatusCommand } from '@aws-sdk/client-codedeploy';
import { describe, expect, it } from 'vitest';
import { MINUTE, SECOND } from '../../../../tests/lambda-stand.ts';
import { appSpec, ROLLS_BACK, shop } from '../test-lambda-stand.ts';
import type { Shop } from '../test-lambda-stand.ts';
import { lambdaTargets } from './targets.ts';

describe('a validation function', () => {
  const HOOKS = { BeforeAllowTraffic: 'CodeDeployHook_before', AfterAllowTraffic: 'CodeDeployHook_after' };

  async function withHooks(before: string, after: string = 'Succeeded'): Promise<Shop> {
    const made = await shop({ autoRollbackConfiguration: ROLLS_BACK });
    await made.active(HOOKS.BeforeAllowTraffic, before);
    await made.active(HOOKS.AfterAllowTraffic, `function: { lifecycleHook: ${after} }`);
    return made;
  }

  it('lets the deployment go on where it reports success', async () => {
    const made = await withHooks('function: { lifecycleHook: Succeeded, duration: 2s }');
    const id = await made.deploy(appSpec({}, HOOKS));
    expect(await made.ended(id)).toMatchObject({ status: 'Succeeded' });
    const { lifecycleEvents = [] } = await made.target(id);
    const [before] = lifecycleEvents;
    expect(Number(before?.endTime) - Number(before?.startTime)).toBeGreaterThanOrEqual(2 * SECOND);
    expect(await made.events(id)).toEqual([
      'BeforeAllowTraffic Succeeded',
      'AllowTraffic Succeeded',
      'AfterAllowTraffic Succeeded',
    ]);
  });

  // Code and message as GetDeployment was seen to answer them.
  it('ends the deployment before any traffic is shifted where it reports a failure', async () => {
    const made = await withHooks('function: { lifecycleHook: Failed }');
    const id = await made.deploy(appSpec({}, HOOKS));
    expect((await made.ended(id)).errorInformation).toEqual({
      code: 'HOOK_EXECUTION_FAILURE',
      message:
        'The deployment failed because one or more of the lifecycle event validation functions failed.',
    });
    expect(await made.events(id)).toEqual([
      'BeforeAllowTraffic Failed',
      'AllowTraffic Skipped',
      'AfterAllowTraffic Skipped',
    ]);
    expect(await made.alias()).toBe('1');
  });

  it('takes the traffic back where it reports a failure after the shift', async () => {
    const made = await withHooks('function: { lifecycleHook: Succeeded }', 'Failed');
    const id = await made.deploy(appSpec({}, HOOKS));
    const info = await made.ended(id);
    expect(info).toMatchObject({ status: 'Failed', errorInformation: { code: 'HOOK_EXECUTION_FAILURE' } });
    expect(await made.alias()).toBe('2');
    await made.ended(info.rollbackInfo?.rollbackDeploymentId ?? '', 10 * SECOND);
    expect(await made.alias()).toBe('1');
  });

  it('has an hour to report', async () => {
    const made = await withHooks('function: { answers: nothing reported }');
    const id = await made.deploy(appSpec({}, HOOKS));
    made.table.advance(59 * MINUTE);
    expect((await made.info(id)).status).toBe('InProgress');
    expect(await made.ended(id, 2 * MINUTE)).toMatchObject({
      status: 'Failed',
      errorInformation: { code: 'TIMEOUT', message: /within one hour/ },
    });
  });

  it('is invoked under the service role, whose managed policy knows hooks by their name', async () => {
    const made = await shop();
    await made.active('validate', 'function: { lifecycleHook: Succeeded }');
    const id = await made.deploy(appSpec({}, { BeforeAllowTraffic: 'validate' }));
    expect((await made.ended(id)).errorInformation).toMatchObject({
      code: 'IAM_ROLE_PERMISSIONS',
      message: /AWS service: AWSLambda\./,
    });
  });

  it('reports once, one of two results, under the id that it was given', async () => {
    const made = await withHooks('function: { answers: nothing reported }');
    const deploymentId = await made.deploy(appSpec({}, HOOKS));
    made.table.advance(10 * SECOND);
    const put = (lifecycleEventHookExecutionId: string, status: 'Succeeded' | 'Unknown') =>
      made.codedeploy.send(
        new PutLifecycleEventHookExecutionStatusCommand({
          deploymentId,
          lifecycleEventHookExecutionId,
          status,
        }),
      );
    const hook =
      made.table.read((ctx) => ctx.get(lambdaTargets, deploymentId))?.events[0]?.hookExecutionId ?? '';
    await expect(put(hook, 'Unknown')).rejects.toMatchObject({
      name: 'InvalidLifecycleEventHookExecutionStatusException',
    });
    await expect(put('x', 'Succeeded')).rejects.toMatchObject({
      name: 'InvalidLifecycleEventHookExecutionIdException',
    });
    expect(await put(hook, 'Succeeded')).toMatchObject({ lifecycleEventHookExecutionId: hook });
    await expect(put(hook, 'Succeeded')).rejects.toMatchObject({
      name: 'LifecycleEventAlreadyCompletedException',
    });
  });
});
