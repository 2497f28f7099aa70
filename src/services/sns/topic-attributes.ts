// Checks of topic attributes. https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html

import type { Fault } from '#contract/fault.ts';
import { parsePolicy } from '#cloud/iam/policy.ts';
import { problemOfTopicPolicy } from './delivery-policy.ts';
import { invalid, notModelled } from './faults.ts';

/** Attributes that SNS knows and that are not modelled: logs of deliveries, archives. */
const REFUSED =
  /^(?:(?:Lambda|SQS|HTTP|Application|Firehose)(?:Success|Failure)FeedbackRoleArn|ArchivePolicy|BeginningArchiveTime|MaximumMessageSize)$/;

/** How many of the successful deliveries are logged, in per cent. A topic logs none without a role to do it with. */
const SAMPLE_RATE = /^(?:Lambda|SQS|HTTP|Application|Firehose)SuccessFeedbackSampleRate$/;

const CHOICES: Readonly<Record<string, readonly string[]>> = {
  SignatureVersion: ['1', '2'],
  TracingConfig: ['PassThrough', 'Active'],
  ContentBasedDeduplication: ['true', 'false'],
  FifoThroughputScope: ['Topic', 'MessageGroup'],
};
const FIFO_ONLY: readonly string[] = ['ContentBasedDeduplication', 'FifoThroughputScope'];
const LONGEST_NAME = 100;

/** Throws SNS's error for an attribute that a topic cannot have. `wrong` words it for the request. */
export function checkAttribute(
  { fifo }: { readonly fifo: boolean },
  name: string,
  value: string,
  wrong: (reason: string) => Fault,
): void {
  if (REFUSED.test(name)) throw notModelled(`The topic attribute ${name} is`);
  const choices = CHOICES[name];
  if (choices) {
    if (FIFO_ONLY.includes(name) && !fifo) throw wrong(`${name} can only be set for FIFO topics`);
    if (!choices.includes(value)) throw wrong(`${name}: Invalid value [${value}].`);
  } else if (name === 'Policy') {
    if (value !== '') parsePolicy(value, 'resource', 'InvalidParameterException');
  } else if (name === 'DeliveryPolicy') {
    const problem = value === '' ? undefined : problemOfTopicPolicy(value);
    if (problem !== undefined) throw wrong(`DeliveryPolicy: ${problem}`);
  } else if (name === 'DisplayName') {
    if (value.length > LONGEST_NAME) throw wrong('DisplayName: Invalid value.');
  } else if (SAMPLE_RATE.test(name)) {
    if (!/^(?:\d{1,2}|100)$/.test(value)) throw wrong(`${name}: Invalid value [${value}].`);
  } else if (name !== 'KmsMasterKeyId') {
    throw invalid('AttributeName');
  }
}
