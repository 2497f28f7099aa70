// Checks of queue attributes. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html

import { jsonIn } from '#contract/json-text.ts';
import { Fault } from '#contract/fault.ts';
import { parsePolicy } from '#cloud/iam/policy.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { parsedObject } from '#cloud/json.ts';
import type { JsonObject } from '#cloud/json.ts';
import { queueByArn, redriveIn } from './queue.ts';

/** Least and most of what is a whole number. */
const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  VisibilityTimeout: [0, 43_200],
  MaximumMessageSize: [1024, 1_048_576],
  MessageRetentionPeriod: [60, 1_209_600],
  DelaySeconds: [0, 900],
  ReceiveMessageWaitTimeSeconds: [0, 20],
  KmsDataKeyReusePeriodSeconds: [60, 86_400],
};

const CHOICES: Readonly<Record<string, readonly string[]>> = {
  SqsManagedSseEnabled: ['true', 'false'],
  FifoQueue: ['true'],
  ContentBasedDeduplication: ['true', 'false'],
  DeduplicationScope: ['queue', 'messageGroup'],
  FifoThroughputLimit: ['perQueue', 'perMessageGroupId'],
};

/** Names are the client's: some mean something to JavaScript. */
function choicesOf(name: string): readonly string[] | undefined {
  return Object.hasOwn(CHOICES, name) ? CHOICES[name] : undefined;
}

const FIFO_ONLY: readonly string[] = [
  'FifoQueue',
  'ContentBasedDeduplication',
  'DeduplicationScope',
  'FifoThroughputLimit',
];
const HIGH_THROUGHPUT: readonly string[] = ['DeduplicationScope', 'FifoThroughputLimit'];
const MOST_RECEIVES = 1000;

const invalidValue = (name: string, reason = ''): Fault =>
  new Fault(
    'InvalidAttributeValue',
    `Invalid value for the parameter ${name}.${reason === '' ? '' : ` Reason: ${reason}`}`,
  );

interface Target {
  readonly arn: string;
  readonly fifo: boolean;
}

/** Throws SQS's error for attributes that a queue cannot have. */
export function checkAttributes(ctx: Ctx, queue: Target, attributes: Readonly<Record<string, string>>): void {
  if (attributes['KmsMasterKeyId'] && attributes['SqsManagedSseEnabled'] === 'true') {
    throw new Fault(
      'InvalidAttributeName',
      'You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.',
    );
  }
  for (const [name, value] of Object.entries(attributes)) {
    if (FIFO_ONLY.includes(name) && !queue.fifo) {
      const reason = HIGH_THROUGHPUT.includes(name)
        ? `You can specify the ${name} only when FifoQueue is set to true.`
        : `Unknown Attribute ${name}.`;
      throw new Fault('InvalidAttributeName', reason);
    }
    checkAttribute(ctx, queue, name, value);
  }
}

function checkAttribute(ctx: Ctx, queue: Target, name: string, value: string): void {
  const range = RANGES[name];
  if (range) {
    const number = /^\d{1,9}$/.test(value) ? Number(value) : -1;
    if (number < range[0] || number > range[1]) throw invalidValue(name);
    return;
  }
  const choices = choicesOf(name);
  if (choices) {
    const reason = name === 'FifoQueue' ? 'Modifying queue type is not supported.' : '';
    if (!choices.includes(value)) throw invalidValue(name, reason);
    return;
  }
  if (name === 'KmsMasterKeyId') return; // Whether there is such a key is found out when it is used.
  if (name === 'Policy') {
    if (value !== '') parsePolicy(value, 'resource', 'InvalidAttributeValue');
  } else if (name === 'RedrivePolicy') {
    if (value !== '') checkRedrive(ctx, queue, value);
  } else if (name === 'RedriveAllowPolicy') {
    if (value !== '') checkRedriveAllow(value);
  } else {
    throw new Fault('InvalidAttributeName', `Unknown Attribute ${name}.`);
  }
}

/** Truth values in lower case: AWS takes `True` as well, as LocalStack's validated tests of FIFO queues send it. */
export function inLowerCase(attributes: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [
      name,
      choicesOf(name)?.includes('true') && /^(?:true|false)$/i.test(value) ? value.toLowerCase() : value,
    ]),
  );
}

/** A number of receives that was given as text is kept as a number. */
export function normalized(attributes: Readonly<Record<string, string>>): Record<string, string> {
  const redrive = redriveIn(attributes);
  if (!redrive || hasNumber(attributes['RedrivePolicy'])) return { ...attributes };
  return { ...attributes, RedrivePolicy: JSON.stringify(redrive) };
}

const hasNumber = (text = '{}'): boolean => typeof parsedObject(text)?.['maxReceiveCount'] === 'number';

function policyIn(name: string, value: string): JsonObject {
  const policy = parsedObject(value);
  if (!policy) throw invalidValue(name, 'Redrive policy is not a valid JSON map.');
  return policy;
}

function checkRedrive(ctx: Ctx, queue: Target, value: string): void {
  const { deadLetterTargetArn: target, maxReceiveCount: most, ...others } = policyIn('RedrivePolicy', value);
  const wrong = (reason: string): Fault =>
    new Fault(
      'InvalidParameterValue',
      `Value ${value} for parameter RedrivePolicy is invalid. Reason: ${reason}`,
    );
  if (Object.keys(others).length > 0)
    throw wrong('Only following attributes are supported: [deadLetterTargetArn, maxReceiveCount].');
  if (typeof target !== 'string')
    throw wrong('Redrive policy does not contain mandatory attribute: deadLetterTargetArn.');
  if (most === undefined)
    throw wrong('Redrive policy does not contain mandatory attribute: maxReceiveCount.');
  const count = Number(most);
  if (!Number.isInteger(count) || count < 1 || count > MOST_RECEIVES) {
    throw wrong(
      `Invalid value for maxReceiveCount: ${String(most)}, valid values are from 1 to ${MOST_RECEIVES} both inclusive.`,
    );
  }
  const dead = queueByArn(ctx, target)?.queue;
  const [here, there] = [queue.arn.split(':'), target.split(':')];
  if (here[3] !== there[3] || here[4] !== there[4] || !dead)
    throw wrong('Dead letter target does not exist.');
  if (dead.fifo !== queue.fifo) throw wrong(`Dead-letter queue must be same type of queue as the source.`);
  if (!allows(dead.attributes['RedriveAllowPolicy'], queue.arn)) {
    throw wrong('The dead letter target does not allow this queue to use it.');
  }
}

/** What a dead-letter queue's RedriveAllowPolicy says of a source queue. */
function allows(policy: string | undefined, source: string): boolean {
  if (!policy) return true;
  const { redrivePermission = 'allowAll', sourceQueueArns = [] } = jsonIn(policy) as {
    redrivePermission?: string;
    sourceQueueArns?: string[];
  };
  return (
    redrivePermission === 'allowAll' || (redrivePermission === 'byQueue' && sourceQueueArns.includes(source))
  );
}

function checkRedriveAllow(value: string): void {
  const { redrivePermission, sourceQueueArns } = policyIn('RedriveAllowPolicy', value);
  const known = ['allowAll', 'denyAll', 'byQueue'].includes(redrivePermission as string);
  if (!known || (redrivePermission === 'byQueue') !== Array.isArray(sourceQueueArns))
    throw invalidValue('RedriveAllowPolicy');
}
