// Disturbances by messages, metrics and alarms.

import { subscriptions } from '#services/sns/tables.ts';
import { ALARM, queueArn, QUEUES, queueUrl, TOPIC } from './fleet.ts';
import type { Disturb } from './stage.ts';

const anyQueue = ['work', 'work', 'work.fifo', 'dead', 'notices'] as const;

export const messagingDisturbances: Readonly<Record<string, Disturb>> = {
  'send messages': (stage, draw) => {
    const name = draw.pick(QUEUES);
    const fifo = name.endsWith('.fifo');
    stage.call('sqs', 'SendMessage', {
      QueueUrl: queueUrl(name),
      MessageBody: `sent at ${stage.now}`,
      ...(fifo
        ? { MessageGroupId: draw.pick(['a', 'b']), MessageDeduplicationId: String(draw.whole(1, 50)) }
        : { DelaySeconds: draw.pick([0, 0, 0, 5, 60]) }),
    });
  },
  'receive messages': (stage, draw) => {
    const QueueUrl = queueUrl(draw.pick(anyQueue));
    const received = stage.call('sqs', 'ReceiveMessage', {
      QueueUrl,
      MaxNumberOfMessages: draw.whole(1, 10),
      WaitTimeSeconds: draw.pick([0, 0, 5, 20]),
      ...(draw.chance(0.5) ? { VisibilityTimeout: draw.pick([0, 10, 600]) } : {}),
    });
    if (!received.ok) return;
    for (const { ReceiptHandle = '' } of received.output.Messages ?? []) {
      const what = draw.number();
      if (what < 0.5) stage.call('sqs', 'DeleteMessage', { QueueUrl, ReceiptHandle });
      else if (what < 0.7) {
        const VisibilityTimeout = draw.pick([0, 15, 3600]);
        stage.call('sqs', 'ChangeMessageVisibility', { QueueUrl, ReceiptHandle, VisibilityTimeout });
      }
    }
  },
  'purge queues': (stage, draw) => {
    if (draw.chance(0.2)) stage.call('sqs', 'PurgeQueue', { QueueUrl: queueUrl(draw.pick(QUEUES)) });
  },
  publish: (stage) => {
    stage.call('sns', 'Publish', { TopicArn: TOPIC, Message: `told at ${stage.now}` });
  },
  'subscribe and unsubscribe': (stage, draw) => {
    const all = stage.look((ctx) => ctx.list(subscriptions));
    if (all.length > 1 && draw.chance(0.5))
      stage.call('sns', 'Unsubscribe', { SubscriptionArn: draw.pick(all).arn });
    else {
      const Endpoint = queueArn(draw.pick(['work', 'notices', 'dead']));
      stage.call('sns', 'Subscribe', { TopicArn: TOPIC, Protocol: 'sqs', Endpoint });
    }
  },
  'flip the alarm': (stage, draw) => {
    const StateValue = draw.pick(['OK', 'ALARM', 'INSUFFICIENT_DATA']);
    stage.call('monitoring', 'SetAlarmState', { AlarmName: ALARM, StateValue, StateReason: 'simulated' });
  },
  'put metrics': (stage, draw) => {
    stage.call('monitoring', 'PutMetricData', {
      Namespace: 'Simulation',
      MetricData: [{ MetricName: 'Trouble', Value: draw.whole(0, 10), Unit: 'Count' }],
    });
  },
};
