// A custom resource behind SNS: whoever reads the topic answers at the URL in the message. No answer within an hour is a failure.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-custom-resources-sns.html

import { fact, rehearsal } from 'sandtable';
import type { Ending, Scene } from 'sandtable';
import { answer, nextRequest, openDesk, withDisk } from './custom-resources.ts';
import type { Desk } from './custom-resources.ts';
import { chronicle, outputsOf, settled, start } from './stacks.ts';

async function answered(scene: Scene, desk: Desk): Promise<Ending> {
  await start(scene, 'shop', withDisk(desk.topicArn, 10));
  const request = await nextRequest(scene, desk);
  // People take their time.
  await scene.clock.sleep(20 * 60_000);
  const status = await answer(request, {
    Status: 'SUCCESS',
    PhysicalResourceId: 'disk-10',
    Data: { Path: '/disks/10' },
  });
  const ended = await settled(scene, 'shop');
  const { RequestType, ResourceProperties } = request;
  return {
    ended,
    facts: { RequestType, size: ResourceProperties['Size'], status, outputs: await outputsOf(scene, 'shop') },
  };
}

async function unanswered(scene: Scene, desk: Desk): Promise<Ending> {
  const from = scene.clock.now;
  await start(scene, 'shop', withDisk(desk.topicArn, 10));
  await nextRequest(scene, desk);
  const failedAt = await scene.clock.until(
    async () =>
      (await chronicle(scene, 'shop')).some((event) => event.includes('FAILED'))
        ? scene.clock.now
        : undefined,
    { within: 2 * 3_600_000 },
  );
  const why = (await chronicle(scene, 'shop')).find((event) => event.startsWith('Disk CREATE_FAILED')) ?? '';
  // The rollback asks for a deletion even of what nobody ever made.
  const deletion = await nextRequest(scene, desk);
  await answer(deletion, { Status: 'SUCCESS', PhysicalResourceId: deletion.PhysicalResourceId });
  return {
    ended: await settled(scene, 'shop'),
    facts: {
      hours: Math.round((failedAt - from) / 3_600_000),
      said: why.includes('CloudFormation did not receive a response from your Custom Resource.'),
      deletion: deletion.RequestType,
    },
  };
}

export default rehearsal<Desk>({
  title: 'A custom resource behind SNS',
  claim: { id: 'cfn/custom-resource-sns', verdict: 'holds' },
  limitMs: 6 * 3_600_000,
  prepare: openDesk,
  variants: {
    answered: {
      run: answered,
      expect: [
        fact('RequestType', 'Create'),
        fact('size', '10'),
        fact('status', 200),
        fact('outputs', { Disk: 'disk-10', Path: '/disks/10' }),
      ],
    },
    unanswered: {
      run: unanswered,
      expect: [fact('hours', 1), fact('said', true), fact('deletion', 'Delete')],
    },
  },
});
