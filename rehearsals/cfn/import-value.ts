// Exports and ImportValue: stacks of different teams, each with a lifecycle of its own. What is in use cannot change or go.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html

import { fact, rehearsal } from 'sandtable';
import type { Ending, Scene } from 'sandtable';
import { chronicle, create, outputsOf, remove, stackOf, update } from './stacks.ts';
import type { TemplateParts } from './stacks.ts';

/** The platform team's stack: a topic that others use. */
function platform(DisplayName: string, exported: boolean, TopicName?: string): TemplateParts {
  const named = TopicName === undefined ? {} : { TopicName };
  return {
    Resources: { Orders: { Type: 'AWS::SNS::Topic', Properties: { DisplayName, ...named } } },
    Outputs: { Topic: { Value: { Ref: 'Orders' }, ...(exported && { Export: { Name: 'orders-topic' } }) } },
  };
}

/** The shop team's stack. */
const shop: TemplateParts = {
  Resources: { Inbox: { Type: 'AWS::SNS::Topic', Properties: { DisplayName: 'inbox' } } },
  Outputs: { Uses: { Value: { 'Fn::ImportValue': 'orders-topic' } } },
};

async function last(scene: Scene, name: string, pattern: RegExp): Promise<string> {
  const found = (await chronicle(scene, name)).findLast((event) => pattern.test(event)) ?? '';
  return found.replace(/^\S+ \S+ /, '');
}

async function locked(scene: Scene): Promise<Ending> {
  const tooEarly = await create(scene, 'early', shop);
  const whyEarly = await last(scene, 'early', /No export/);
  await create(scene, 'platform', platform('orders', true));
  const created = await create(scene, 'shop', shop);
  const { Uses } = await outputsOf(scene, 'shop');
  const { Topic } = await outputsOf(scene, 'platform');
  // Its own team may go on as long as the value stays the same.
  const harmless = await update(scene, 'platform', platform('new orders', true));
  const changed = await update(scene, 'platform', platform('new orders', true, 'other'));
  const whyNotChanged = await last(scene, 'platform', /cannot be updated/);
  const dropped = await update(scene, 'platform', platform('newer orders', false));
  const whyNotDropped = await last(scene, 'platform', /cannot be deleted/);
  await remove(scene, 'platform');
  const stillThere = (await stackOf(scene, 'platform'))?.StackStatus;
  const whyNotDeleted = await last(scene, 'platform', /Delete canceled/);
  await remove(scene, 'shop');
  return {
    ended: await remove(scene, 'platform'),
    facts: {
      tooEarly,
      whyEarly,
      created,
      same: Uses === Topic,
      harmless,
      changed,
      whyNotChanged,
      dropped,
      whyNotDropped,
      stillThere,
      whyNotDeleted,
    },
  };
}

export default rehearsal({
  title: 'Exports that other stacks import',
  claim: { id: 'cfn/import-value', verdict: 'holds' },
  run: locked,
  expect: [
    fact('tooEarly', 'ROLLBACK_COMPLETE'),
    fact('whyEarly', 'No export named orders-topic found. Rollback requested by user.'),
    fact('created', 'CREATE_COMPLETE'),
    fact('same', true),
    fact('harmless', 'UPDATE_COMPLETE'),
    fact('changed', 'UPDATE_ROLLBACK_COMPLETE'),
    fact('whyNotChanged', 'Export orders-topic cannot be updated as it is in use by shop'),
    fact('dropped', 'UPDATE_ROLLBACK_COMPLETE'),
    fact('whyNotDropped', 'Export orders-topic cannot be deleted as it is in use by shop'),
    fact('stillThere', 'UPDATE_ROLLBACK_COMPLETE'),
    fact('whyNotDeleted', 'Delete canceled. Cannot delete export orders-topic as it is in use by shop.'),
  ],
});
