// Calls something that the model lacks.

import { KinesisClient, ListStreamsCommand } from '@aws-sdk/client-kinesis';
import { rehearsal } from 'sandtable';

export default rehearsal({
  title: 'Streams are listed',
  async run({ aws }) {
    await aws.client(KinesisClient).send(new ListStreamsCommand({}));
    return { ended: 'listed' };
  },
});
