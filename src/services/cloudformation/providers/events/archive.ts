// AWS::Events::Archive.

import { documentLike, documentText } from '../policy-document.ts';
import { handlerFailure, provider } from '../provider.ts';
import type { Provider } from '../provider.ts';

const LONGEST = 48;

export const archive: Provider = provider({
  type: 'AWS::Events::Archive',
  refused: ['KmsKeyIdentifier'],
  create(work) {
    const { Description, EventPattern, RetentionDays, SourceArn: EventSourceArn } = work.properties;
    const ArchiveName = work.properties.ArchiveName ?? work.name({ longest: LONGEST });
    work.call('events', 'CreateArchive', {
      ArchiveName,
      EventSourceArn,
      Description,
      RetentionDays,
      ...(EventPattern !== undefined && { EventPattern: documentText(EventPattern) }),
    });
    return ArchiveName;
  },
  update(work) {
    const { Description = '', EventPattern, RetentionDays = 0 } = work.properties;
    if (EventPattern === undefined && work.changed('EventPattern')) {
      const why = 'Sandtable does not model that an archive loses its EventPattern.';
      throw handlerFailure(work, why, 'NotImplemented');
    }
    work.call('events', 'UpdateArchive', {
      ArchiveName: work.physicalId,
      Description,
      RetentionDays,
      ...(EventPattern !== undefined && { EventPattern: documentText(EventPattern) }),
    });
  },
  delete(work) {
    work.find('events', 'DeleteArchive', { ArchiveName: work.physicalId });
  },
  attributes({ ctx, physicalId }) {
    return { Arn: ctx.arn('events', `archive/${physicalId}`) };
  },
  read(work) {
    const found = work.find('events', 'DescribeArchive', { ArchiveName: work.physicalId });
    if (!found) return undefined;
    const { Description, EventPattern, RetentionDays = 0, EventSourceArn = '' } = found;
    return {
      ArchiveName: work.physicalId,
      SourceArn: EventSourceArn,
      RetentionDays,
      ...(Description !== undefined && Description !== '' && { Description }),
      ...(EventPattern !== undefined && {
        EventPattern: documentLike(work.properties.EventPattern, EventPattern),
      }),
    };
  },
});
