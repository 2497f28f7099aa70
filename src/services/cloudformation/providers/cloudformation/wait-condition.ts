// AWS::CloudFormation::WaitConditionHandle and WaitCondition: a stack that waits until somebody says that it may go on.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-waitcondition.html

import { handleUrl } from '../../responses.ts';
import { signals } from '../../rows.ts';
import type { Signal } from '../../rows.ts';
import { provider, ResourceFailure } from '../provider.ts';
import type { Provider, Work } from '../provider.ts';

const waitConditionHandle = provider({
  type: 'AWS::CloudFormation::WaitConditionHandle',
  create: (work) => handleUrl(work.ctx, work.stack.id, work.logicalId),
  delete() {},
});

type Condition = Work<'AWS::CloudFormation::WaitCondition'>;

/** Longest that a wait condition waits, in seconds. */
const LONGEST = 43_200;

function signalsFor(work: Condition): Signal[] {
  const { Handle = '' } = work.properties;
  // The handle's logical id ends its URL.
  const logicalId = /\/([A-Za-z0-9]+)$/.exec(Handle)?.[1] ?? '';
  return work.ctx.scan(signals, { prefix: `${work.stack.id} ${logicalId} ` });
}

const waitCondition = provider({
  type: 'AWS::CloudFormation::WaitCondition',
  create(work) {
    return `${work.stack.id}/${work.logicalId}`;
  },
  stands(work) {
    const { Handle, Timeout = '0', Count = 1 } = work.properties;
    // Without a handle its CreationPolicy says what it waits for.
    if (Handle === undefined) return 'done';
    const found = signalsFor(work);
    const failed = found.find(({ status }) => status === 'FAILURE');
    if (failed) {
      const { reason = '', uniqueId } = failed;
      throw new ResourceFailure(
        `WaitCondition received failed message: '${reason}' for uniqueId: ${uniqueId}`,
      );
    }
    if (found.length >= Count) return 'done';
    const deadline = work.startedAt + Math.min(Number(Timeout), LONGEST) * 1000;
    if (work.ctx.now < deadline) return { asleep: true, deadline };
    throw new ResourceFailure(
      `WaitCondition timed out. Received ${found.length} conditions when expecting ${Count}`,
    );
  },
  update() {
    throw new ResourceFailure('Update to resource type AWS::CloudFormation::WaitCondition is not supported.');
  },
  delete() {},
  attributes(work) {
    const data = signalsFor(work).map(({ uniqueId, data: text = '' }) => [uniqueId, text]);
    return { Data: JSON.stringify(Object.fromEntries(data)) };
  },
});

export const waitConditions: readonly Provider[] = [waitConditionHandle, waitCondition];
