// AWS::CloudFormation::CustomResource and Custom::…: whatever a function or a subscriber of a topic makes of it.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref.html

import { jsonIn } from '#contract/json-text.ts';
import { customRequests, REQUEST, responseUrl } from '../../responses.ts';
import { isFields } from '../../template/template.ts';
import type { Fields, Value } from '../../template/template.ts';
import { provider, ResourceFailure } from '../provider.ts';
import type { Json, Progress, Provider, Work } from '../provider.ts';

type Custom = Work<'AWS::CloudFormation::CustomResource'>;

const LONGEST = 255;
/** Seconds that a custom resource has to answer, unless it asks for fewer. */
const DEFAULT_TIMEOUT = 3600;

/** Custom resources get every value as text. */
function stringified(value: Value): Value {
  if (Array.isArray(value)) return value.map((item) => stringified(item as Value));
  if (isFields(value))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, stringified(item)]));
  return value === null ? '' : String(value);
}

/** The properties are the resource's own affair, but for these two: nobody has checked them. */
function serviceToken(work: Custom): string {
  const token: unknown = work.properties.ServiceToken;
  if (typeof token === 'string') return token;
  throw new ResourceFailure('Value of property ServiceToken must be of type String', 'InvalidRequest');
}

function secondsToAnswer(work: Custom): number {
  const seconds = Number(work.properties.ServiceTimeout ?? DEFAULT_TIMEOUT);
  if (seconds >= 1 && seconds <= DEFAULT_TIMEOUT) return seconds;
  throw new ResourceFailure(
    `Value of property ServiceTimeout must be between 1 and ${DEFAULT_TIMEOUT}`,
    'InvalidRequest',
  );
}

function send(work: Custom, RequestType: 'Create' | 'Update' | 'Delete', physicalId?: string): void {
  const { ctx, stack, logicalId, typeName } = work;
  const [token, seconds] = [serviceToken(work), secondsToAnswer(work)];
  const requestId = ctx.uuid('custom-resource');
  const request = { requestId, stackId: stack.id, logicalId };
  ctx.put(customRequests, request);
  const message = JSON.stringify({
    RequestType,
    ServiceToken: token,
    ResponseURL: responseUrl(ctx, request),
    StackId: stack.id,
    RequestId: requestId,
    LogicalResourceId: logicalId,
    ...(physicalId !== undefined && { PhysicalResourceId: physicalId }),
    ResourceType: typeName,
    ResourceProperties: stringified(work.properties as unknown as Fields),
    ...(RequestType === 'Update' && { OldResourceProperties: stringified((work.previous ?? {}) as Fields) }),
  });
  work.remember({ requestId, deadline: ctx.now + seconds * 1000 });
  const [, , service] = token.split(':');
  if (service === 'sns') {
    work.call('sns', 'Publish', {
      TopicArn: token,
      Message: message,
      Subject: 'AWS CloudFormation custom resource request',
    });
  } else if (service === 'lambda') {
    const Payload = new TextEncoder().encode(message);
    work.call('lambda', 'Invoke', { FunctionName: token, InvocationType: 'Event', Payload });
  } else {
    throw new ResourceFailure(`Invalid service token: ${token}`, 'InvalidRequest');
  }
}

interface Answer {
  readonly Status?: string;
  readonly Reason?: string;
  readonly PhysicalResourceId?: string;
  readonly Data?: Readonly<Record<string, Json>>;
}

/** The answer, or how long to wait for it. */
function answered(work: Custom): { readonly answer: Answer } | { readonly wait: Progress } {
  const requestId = String(work.memory['requestId']);
  const text = work.ctx.get(customRequests, requestId)?.answer;
  const deadline = Number(work.memory['deadline']);
  if (text === undefined) {
    if (work.ctx.now < deadline) return { wait: { asleep: true, deadline } };
    throw new ResourceFailure(
      'CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId ' +
        `[${requestId}]. If you are using the Python cfn-response module, you may need to update your Lambda function ` +
        'code so that CloudFormation can attach the updated version.',
      'NotStabilized',
    );
  }
  let answer: Answer;
  try {
    answer = jsonIn(text) as Answer;
  } catch {
    throw new ResourceFailure(`Invalid response object: ${text.slice(0, LONGEST)}`, 'InvalidRequest');
  }
  if (typeof answer?.PhysicalResourceId !== 'string' || answer.PhysicalResourceId === '')
    throw new ResourceFailure('Invalid PhysicalResourceId', 'InvalidRequest');
  if (answer.Status !== 'SUCCESS') {
    throw new ResourceFailure(
      `Received response status [FAILED] from custom resource. Message returned: ${answer.Reason ?? ''} (RequestId: ${requestId})`,
    );
  }
  return { answer };
}

export const customResource: Provider = provider({
  type: 'AWS::CloudFormation::CustomResource',
  namedLate: true,
  create(work) {
    send(work, 'Create');
    // Until the answer names it. A deletion after a creation without answer bears this id.
    return work.name({ longest: LONGEST });
  },
  update(work) {
    if (work.previous?.ServiceToken !== work.properties.ServiceToken)
      throw new ResourceFailure('Modifying service token is not allowed.', 'NotUpdatable');
    send(work, 'Update', work.physicalId);
  },
  stands(work) {
    const found = answered(work);
    if ('wait' in found) return found.wait;
    const { PhysicalResourceId = '', Data = {} } = found.answer;
    work.remember({ data: Data as Fields });
    return { physicalId: PhysicalResourceId };
  },
  delete(work) {
    send(work, 'Delete', work.physicalId);
  },
  gone(work) {
    const found = answered(work);
    return 'wait' in found ? found.wait : 'done';
  },
  attributes: ({ memory }) => ({
    ...(memory['data'] as Readonly<Record<string, Json>> | undefined),
    [REQUEST]: String(memory['requestId']),
  }),
});
