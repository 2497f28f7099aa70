// What rehearsals of custom resources share: a resource of a type of one's own, and who answers for it.

import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { Scene } from 'sandtable';
import type { TemplateParts } from './stacks.ts';

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref-requests.html */
export interface CustomRequest {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  readonly ResponseURL: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string;
  readonly ResourceProperties: Readonly<Record<string, string>>;
  readonly OldResourceProperties?: Readonly<Record<string, string>>;
}

/** A stack with a disk of so many gigabytes, which CloudFormation knows nothing of. */
export function withDisk(serviceToken: string, size: number, more: object = {}): TemplateParts {
  const properties = { ServiceToken: serviceToken, Size: size, ...more };
  return {
    Resources: { Disk: { Type: 'Custom::Disk', Properties: properties } },
    Outputs: { Disk: { Value: { Ref: 'Disk' } }, Path: { Value: { 'Fn::GetAtt': ['Disk', 'Path'] } } },
  };
}

/** A topic, and a queue that gets what is published to it. */
export interface Desk {
  readonly topicArn: string;
  readonly queueUrl: string;
}

export async function openDesk(scene: Scene): Promise<Desk> {
  const sns = scene.aws.client(SNSClient);
  const sqs = scene.aws.client(SQSClient);
  const { TopicArn: topicArn = '' } = await sns.send(new CreateTopicCommand({ Name: 'disks' }));
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: 'sns.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: '*',
        Condition: { ArnEquals: { 'aws:SourceArn': topicArn } },
      },
    ],
  });
  const { QueueUrl: queueUrl = '' } = await sqs.send(
    new CreateQueueCommand({ QueueName: 'disks', Attributes: { Policy } }),
  );
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['QueueArn'] }),
  );
  await sns.send(
    new SubscribeCommand({ TopicArn: topicArn, Protocol: 'sqs', Endpoint: Attributes?.QueueArn }),
  );
  return { topicArn, queueUrl };
}

/** The next request at the desk. */
export async function nextRequest(scene: Scene, { queueUrl: QueueUrl }: Desk): Promise<CustomRequest> {
  const sqs = scene.aws.client(SQSClient);
  for (;;) {
    const { Messages: [message] = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }),
    );
    if (!message) continue;
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle ?? '' }));
    const { Message } = JSON.parse(message.Body ?? '{}') as { Message: string };
    return JSON.parse(Message) as CustomRequest;
  }
}

/** Answers a request at its URL; returns the HTTP status. */
export async function answer(
  request: CustomRequest,
  said: Readonly<Record<string, unknown>>,
): Promise<number> {
  const { StackId, RequestId, LogicalResourceId, ResponseURL } = request;
  const body = JSON.stringify({ StackId, RequestId, LogicalResourceId, ...said });
  const { status } = await fetch(ResponseURL, { method: 'PUT', body, headers: { 'content-type': '' } });
  return status;
}
