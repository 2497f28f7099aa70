// Tags on applications and deployment groups.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { mergeTags, removeTags, tagList } from '#cloud/tags.ts';
import type { Tags } from '#cloud/tags.ts';
import { applicationOf, applications, deploymentGroups, groupOf } from './rows.ts';

interface Tagged {
  tags: Tags;
  retag(tags: Tags): void;
}

function tagged(ctx: Ctx, arn: string): Tagged {
  const [, , service, , , kind, name = ''] = arn.split(':');
  if (service !== 'codedeploy' || !kind || name === '') {
    throw new Fault('InvalidArnException', 'The specified ARN is not in a valid format.');
  }
  if (kind === 'application') {
    const row = applicationOf(ctx, name);
    return { tags: row.tags, retag: (tags) => void ctx.update(applications, row, { tags }) };
  }
  if (kind === 'deploymentgroup') {
    const [applicationName = '', groupName = ''] = name.split('/');
    const row = groupOf(ctx, applicationName, groupName);
    return { tags: row.tags, retag: (tags) => void ctx.update(deploymentGroups, row, { tags }) };
  }
  throw new Fault(
    'ArnNotSupportedException',
    'The specified ARN is not supported. For example, it might be an ARN for a resource that is not expected.',
  );
}

export const tagOperations: Operations<'codedeploy'> = {
  TagResource(ctx, { ResourceArn, Tags }) {
    const { tags, retag } = tagged(ctx, ResourceArn);
    retag(mergeTags(tags, Tags));
  },

  UntagResource(ctx, { ResourceArn, TagKeys }) {
    const { tags, retag } = tagged(ctx, ResourceArn);
    retag(removeTags(tags, TagKeys));
  },

  ListTagsForResource(ctx, { ResourceArn }) {
    return { Tags: tagList(tagged(ctx, ResourceArn).tags) };
  },
};
