// A custom resource behind Lambda: the function is invoked for creation, update and deletion, and answers at the URL in the event.
// A function that fails without answering leaves CloudFormation waiting.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-custom-resources-lambda.html

import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { CreateFunctionCommand, GetFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { fact, rehearsal } from 'sandtable';
import type { Ending, Scene } from 'sandtable';
import { withDisk } from './custom-resources.ts';
import { chronicle, create, outputsOf, remove, update } from './stacks.ts';

interface Functions {
  readonly disk: string;
  readonly broken: string;
}

/** A function whose every invocation fails before it answers anybody. */
const BROKEN = `function:
  errors: 100%
  error: { type: Error, message: no disk driver }
`;

async function prepare(scene: Scene): Promise<Functions> {
  const trust = { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' };
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [trust] });
  const { Role } = await scene.aws
    .client(IAMClient)
    .send(new CreateRoleCommand({ RoleName: 'disks', AssumeRolePolicyDocument }));
  const make = async (FunctionName: string, instead: Record<string, string>): Promise<string> => {
    const lambda = scene.aws.client(LambdaClient);
    const ZipFile = await scene.revision('examples/functions/disk', instead);
    const { FunctionArn = '' } = await lambda.send(
      new CreateFunctionCommand({
        FunctionName,
        Role: Role?.Arn,
        Runtime: 'nodejs22.x',
        Handler: 'index.handler',
        Code: { ZipFile },
        Timeout: 30,
      }),
    );
    await scene.clock.until(
      async () => {
        const { Configuration } = await lambda.send(new GetFunctionCommand({ FunctionName }));
        return Configuration?.State === 'Active';
      },
      { within: 120_000 },
    );
    return FunctionArn;
  };
  return { disk: await make('disk', {}), broken: await make('broken', { 'sandtable.yml': BROKEN }) };
}

async function answers(scene: Scene, { disk }: Functions): Promise<Ending> {
  const created = await create(scene, 'shop', withDisk(disk, 10));
  const first = await outputsOf(scene, 'shop');
  const updated = await update(scene, 'shop', withDisk(disk, 20));
  const second = await outputsOf(scene, 'shop');
  const cleaned = (await chronicle(scene, 'shop')).filter((event) => event.startsWith('Disk DELETE'));
  return { ended: await remove(scene, 'shop'), facts: { created, first, updated, second, cleaned } };
}

async function fails(scene: Scene, { broken }: Functions): Promise<Ending> {
  const from = scene.clock.now;
  const ended = await create(scene, 'shop', withDisk(broken, 10, { ServiceTimeout: 600 }));
  const events = await chronicle(scene, 'shop');
  const why = events.find((event) => event.startsWith('Disk CREATE_FAILED')) ?? '';
  return {
    ended,
    facts: {
      said: why.includes('CloudFormation did not receive a response from your Custom Resource.'),
      // Ten minutes for the creation, and as long three times over for the deletion that nobody answers either.
      minutes: Math.floor((scene.clock.now - from) / 60_000),
    },
  };
}

export default rehearsal<Functions>({
  title: 'A custom resource behind Lambda',
  claim: { id: 'cfn/custom-resource-lambda', verdict: 'holds' },
  limitMs: 6 * 3_600_000,
  prepare,
  variants: {
    answers: {
      run: answers,
      expect: [
        fact('created', 'CREATE_COMPLETE'),
        fact('first', { Disk: 'disk-10', Path: '/disks/disk-10' }),
        fact('updated', 'UPDATE_COMPLETE'),
        fact('second', { Disk: 'disk-20', Path: '/disks/disk-20' }),
        fact('cleaned', ['Disk DELETE_IN_PROGRESS', 'Disk DELETE_COMPLETE']),
      ],
    },
    fails: { run: fails, expect: [fact('said', true), fact('minutes', 40)] },
  },
});
