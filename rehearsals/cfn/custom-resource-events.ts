// A custom resource must answer creation, update and deletion. An update that answers with another physical id is a replacement:
// the deletion of the old one comes in the clean-up. What does not answer a deletion keeps its stack.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref-requesttypes.html

import { fact, rehearsal } from 'sandtable';
import type { Ending, Scene } from 'sandtable';
import { CloudFormationClient, DeleteStackCommand, UpdateStackCommand } from '@aws-sdk/client-cloudformation';
import { answer, nextRequest, openDesk, withDisk } from './custom-resources.ts';
import type { CustomRequest, Desk } from './custom-resources.ts';
import { outputsOf, settled, stackOf, start } from './stacks.ts';

/** Answers as a service that makes a new disk for every size would. */
async function serve(scene: Scene, desk: Desk): Promise<CustomRequest> {
  const request = await nextRequest(scene, desk);
  const { RequestType, PhysicalResourceId, ResourceProperties } = request;
  const made = `disk-${ResourceProperties['Size'] ?? ''}`;
  const id = RequestType === 'Delete' ? PhysicalResourceId : made;
  await answer(request, { Status: 'SUCCESS', PhysicalResourceId: id, Data: { Path: `/${made}` } });
  return request;
}

async function all(scene: Scene, desk: Desk): Promise<Ending> {
  const cloudformation = scene.aws.client(CloudFormationClient);
  const change = async (size: number, more: object = {}): Promise<void> => {
    const TemplateBody = JSON.stringify(withDisk(desk.topicArn, size, more));
    await cloudformation.send(new UpdateStackCommand({ StackName: 'shop', TemplateBody }));
  };
  await start(scene, 'shop', withDisk(desk.topicArn, 10));
  const asked = [await serve(scene, desk)];
  await settled(scene, 'shop');
  await change(10, { Label: 'same disk' });
  asked.push(await serve(scene, desk));
  await settled(scene, 'shop');
  await change(20);
  asked.push(await serve(scene, desk));
  const cleaning = await scene.clock.until(
    async () => {
      const { StackStatus = '' } = (await stackOf(scene, 'shop')) ?? {};
      return StackStatus === 'UPDATE_IN_PROGRESS' ? undefined : StackStatus;
    },
    { within: 600_000 },
  );
  asked.push(await serve(scene, desk));
  await settled(scene, 'shop');
  const outputs = await outputsOf(scene, 'shop');
  await cloudformation.send(new DeleteStackCommand({ StackName: 'shop' }));
  asked.push(await serve(scene, desk));
  return {
    ended: await settled(scene, 'shop'),
    facts: {
      asked: asked.map(({ RequestType, PhysicalResourceId = '' }) =>
        `${RequestType} ${PhysicalResourceId}`.trim(),
      ),
      old: asked[2]?.OldResourceProperties?.['Size'],
      cleaning,
      outputs,
    },
  };
}

async function deaf(scene: Scene, desk: Desk): Promise<Ending> {
  await start(scene, 'shop', withDisk(desk.topicArn, 10));
  await serve(scene, desk);
  await settled(scene, 'shop');
  const from = scene.clock.now;
  await scene.aws.client(CloudFormationClient).send(new DeleteStackCommand({ StackName: 'shop' }));
  const ended = await settled(scene, 'shop', 6 * 3_600_000);
  return { ended, facts: { hours: Math.round((scene.clock.now - from) / 3_600_000) } };
}

export default rehearsal<Desk>({
  title: 'What a custom resource has to answer',
  claim: { id: 'cfn/custom-resource-events', verdict: 'holds' },
  limitMs: 12 * 3_600_000,
  prepare: openDesk,
  variants: {
    'create, update, delete': {
      run: all,
      expect: [
        fact('asked', ['Create', 'Update disk-10', 'Update disk-10', 'Delete disk-10', 'Delete disk-20']),
        fact('old', '10'),
        fact('cleaning', 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS'),
        fact('outputs', { Disk: 'disk-20', Path: '/disk-20' }),
      ],
    },
    // Three attempts of an hour each.
    'deaf to its deletion': { run: deaf, expect: [fact('hours', 3)] },
  },
});
