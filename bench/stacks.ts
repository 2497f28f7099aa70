// What stacks cost: reading and planning templates, and creating them, with 50, 200 and 500 resources.

import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStacksCommand,
} from '@aws-sdk/client-cloudformation';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { newTable } from '../tests/table.ts';

/** Topics that name one another, ten in parallel. */
function templateOf(resources: number): string {
  const topics = Array.from({ length: resources }, (_, n) => {
    const before = `\${T${n - 10}.TopicName}`;
    const DisplayName = n < 10 ? 'first' : { 'Fn::Sub': `after ${before}` };
    return [`T${n}`, { Type: 'AWS::SNS::Topic', Properties: { DisplayName } }];
  });
  return JSON.stringify({ Resources: Object.fromEntries(topics) });
}

interface Cost {
  /** Of CreateStack: reading, checking, planning (ms). */
  readonly planMs: number;
  /** Of everything until the stack stands (ms). */
  readonly createMs: number;
}

async function timed(resources: number): Promise<Cost> {
  const table = newTable();
  const cloudformation = table.client(CloudFormationClient);
  const s3 = table.client(S3Client);
  await s3.send(new CreateBucketCommand({ Bucket: 'templates' }));
  await s3.send(new PutObjectCommand({ Bucket: 'templates', Key: 't', Body: templateOf(resources) }));
  const TemplateURL = 'https://templates.s3.us-east-1.amazonaws.com/t';
  const from = performance.now();
  await cloudformation.send(new CreateStackCommand({ StackName: 'bench', TemplateURL }));
  const planned = performance.now();
  table.advance(3_600_000);
  const done = performance.now();
  const { Stacks = [] } = await cloudformation.send(new DescribeStacksCommand({ StackName: 'bench' }));
  if (Stacks[0]?.StackStatus !== 'CREATE_COMPLETE')
    throw new Error(`The stack is ${Stacks[0]?.StackStatus}.`);
  return { planMs: planned - from, createMs: done - planned };
}

/** The best of five: the least disturbed by whatever else the machine does. */
async function best(resources: number): Promise<Cost> {
  const costs: Cost[] = [];
  for (let run = 0; run < 5; run += 1) costs.push(await timed(resources));
  return {
    planMs: Math.min(...costs.map(({ planMs }) => planMs)),
    createMs: Math.min(...costs.map(({ createMs }) => createMs)),
  };
}

const sizes = [50, 200, 500] as const;
const costs = new Map<number, Cost>();
for (const size of sizes) costs.set(size, await best(size));
for (const [size, { planMs, createMs }] of costs) {
  console.log(
    `${size} resources: read and planned in ${planMs.toFixed(1)} ms, created in ${createMs.toFixed(0)} ms, ` +
      `${(createMs / size).toFixed(2)} ms a resource`,
  );
}
const perResource = (size: number): number => (costs.get(size)?.createMs ?? 0) / size;
console.log(`a resource of 500 over one of 50: ${(perResource(500) / perResource(50)).toFixed(2)}`);
