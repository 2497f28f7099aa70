// The least that passes.

import { CreateTopicCommand, SNSClient } from '@aws-sdk/client-sns';
import { deployment, rehearsal } from 'sandtable';

export default rehearsal({
  title: 'A topic is made',
  claim: { id: 'deploy/boot-time', verdict: 'holds' },
  expect: [deployment.endedAs('made'), deployment.takesAtMost(120_000)],
  async run({ aws, clock }) {
    await aws.client(SNSClient).send(new CreateTopicCommand({ Name: 'news' }));
    await clock.sleep(60_000);
    return { ended: 'made' };
  },
});
