// Nested stacks: tiers that belong together, in one lifecycle. They stand, change and fall with their root.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-nested-stacks.html

import { CloudFormationClient, DescribeStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { fact, rehearsal } from 'sandtable';
import type { Ending, Scene } from 'sandtable';
import { chronicle, create, outputsOf, remove, settled, update } from './stacks.ts';
import type { TemplateParts } from './stacks.ts';

/** A tier: a queue whose messages become visible again after so many seconds. */
function tier(seconds: number): TemplateParts {
  return {
    Resources: { Work: { Type: 'AWS::SQS::Queue', Properties: { VisibilityTimeout: seconds } } },
    Outputs: { Url: { Value: { Ref: 'Work' } } },
  };
}

/** Not a number of seconds that SQS takes: more than 12 hours. */
const TOO_LONG = 50_000;

function nested(key: string, more: object = {}): object {
  const TemplateURL = `https://templates.s3.us-east-1.amazonaws.com/${key}`;
  return { Type: 'AWS::CloudFormation::Stack', Properties: { TemplateURL }, ...more };
}

function root(backend: string, frontend: string): TemplateParts {
  return {
    Resources: { Backend: nested(backend), Frontend: nested(frontend, { DependsOn: 'Backend' }) },
    Outputs: { Backend: { Value: { 'Fn::GetAtt': ['Backend', 'Outputs.Url'] } } },
  };
}

async function prepare(scene: Scene): Promise<undefined> {
  const s3 = scene.aws.client(S3Client);
  await s3.send(new CreateBucketCommand({ Bucket: 'templates' }));
  const files = { 'ten.json': tier(10), 'twenty.json': tier(20), 'bad.json': tier(TOO_LONG) };
  for (const [Key, template] of Object.entries(files))
    await s3.send(new PutObjectCommand({ Bucket: 'templates', Key, Body: JSON.stringify(template) }));
  return undefined;
}

async function queues(scene: Scene): Promise<number> {
  const { QueueUrls = [] } = await scene.aws.client(SQSClient).send(new ListQueuesCommand({}));
  return QueueUrls.length;
}

async function together(scene: Scene): Promise<Ending> {
  const created = await create(scene, 'shop', root('ten.json', 'ten.json'));
  const { Backend = '' } = await outputsOf(scene, 'shop');
  const standing = await queues(scene);
  // The backend takes the update; the frontend cannot, and takes it back with it.
  const updated = await update(scene, 'shop', root('twenty.json', 'bad.json'));
  const events = await chronicle(scene, 'shop');
  const why = events.find((event) => event.startsWith('Frontend UPDATE_FAILED')) ?? '';
  const parts = await partsOf(scene);
  const deleted = await remove(scene, 'shop');
  return {
    ended: deleted,
    facts: {
      created,
      isHandedOver: /^https?:\/\/.*\/shop-Backend-\w+-Work-\w+$/.test(Backend),
      standing,
      updated,
      failsByName: /was not successfully updated.*UPDATE_ROLLBACK_IN_PROGRESS.*\[Work\]/.test(why),
      parts,
      left: await queues(scene),
    },
  };
}

/** How the nested stacks stand. */
async function partsOf(scene: Scene): Promise<string[]> {
  const client = scene.aws.client(CloudFormationClient);
  const { StackResources = [] } = await client.send(new DescribeStackResourcesCommand({ StackName: 'shop' }));
  const statuses: string[] = [];
  for (const { PhysicalResourceId = '' } of StackResources)
    statuses.push(await settled(scene, PhysicalResourceId));
  return statuses;
}

export default rehearsal({
  title: 'Tiers as nested stacks',
  claim: { id: 'cfn/nested-stacks', verdict: 'holds' },
  prepare,
  run: together,
  expect: [
    fact('created', 'CREATE_COMPLETE'),
    fact('isHandedOver', true),
    fact('standing', 2),
    fact('updated', 'UPDATE_ROLLBACK_COMPLETE'),
    fact('failsByName', true),
    fact('parts', ['UPDATE_ROLLBACK_COMPLETE', 'UPDATE_ROLLBACK_COMPLETE']),
    fact('left', 0),
  ],
});
