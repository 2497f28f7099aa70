// A stack of 50 resources, ten each of five types that every server with CloudFormation has, and how long it takes to stand.

import { CreateStackCommand, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import type { Clients } from './operations.ts';

/** How often the stack is looked at (ms). */
const LOOK_MS = 5;
/** A stack that takes longer is taken for one that never stands (ms). */
const LONGEST_MS = 60_000;

const TRUST = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
};

/** Each of ten groups: a topic, a queue, a bucket, a role and a parameter that names the queue. */
const TEMPLATE: string = JSON.stringify({
  Resources: Object.fromEntries(
    Array.from({ length: 10 }, (_, n) => [
      [`Topic${n}`, { Type: 'AWS::SNS::Topic', Properties: { DisplayName: `topic ${n}` } }],
      [`Queue${n}`, { Type: 'AWS::SQS::Queue', Properties: { VisibilityTimeout: 60 } }],
      [`Bucket${n}`, { Type: 'AWS::S3::Bucket' }],
      [`Role${n}`, { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: TRUST } }],
      [
        `Parameter${n}`,
        {
          Type: 'AWS::SSM::Parameter',
          Properties: {
            Name: { 'Fn::Sub': `\${AWS::StackName}-${n}` },
            Type: 'String',
            Value: { 'Fn::GetAtt': [`Queue${n}`, 'Arn'] },
          },
        },
      ],
    ]).flat(),
  ),
});

/** Wall time from CreateStack to CREATE_COMPLETE (ms). */
export async function stackMs({ cloudformation }: Clients, name: string): Promise<number> {
  const from = performance.now();
  await cloudformation.send(
    new CreateStackCommand({ StackName: name, TemplateBody: TEMPLATE, Capabilities: ['CAPABILITY_IAM'] }),
  );
  while (performance.now() - from < LONGEST_MS) {
    const found = await cloudformation.send(new DescribeStacksCommand({ StackName: name }));
    const status = (found as { Stacks?: { StackStatus?: string }[] }).Stacks?.[0]?.StackStatus;
    if (status === 'CREATE_COMPLETE') return performance.now() - from;
    if (status !== 'CREATE_IN_PROGRESS') throw new Error(`the stack is ${status}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  throw new Error(`the stack does not stand within ${LONGEST_MS / 1000} s`);
}
