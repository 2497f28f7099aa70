// Reminders: sent now, delivered later by a consumer that polls for as long as it runs.

import { DeleteMessageCommand, ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';

export async function remind(sqs, QueueUrl, text, delaySeconds) {
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: text, DelaySeconds: delaySeconds }));
}

/** Delivers reminders until the signal is given. */
export async function deliver(sqs, QueueUrl, tell, signal) {
  while (!signal.aborted) {
    try {
      const poll = new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 });
      const { Messages = [] } = await sqs.send(poll, { abortSignal: signal });
      for (const { Body, ReceiptHandle } of Messages) {
        tell(Body);
        await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      }
    } catch (error) {
      if (error.name !== 'AbortError') throw error;
    }
  }
}
