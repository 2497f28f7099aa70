// Tags of clusters, services, tasks, task definitions and container instances.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html

import type { Ctx } from '#cloud/ctx.ts';
import { actsForAws } from '#cloud/principal.ts';
import type { FurtherAction, Operations } from '#cloud/service.ts';
import { removeTags } from '#cloud/tags.ts';
import type { Tags } from '#cloud/tags.ts';
import { clusterNotFound, invalidParameter } from './faults.ts';
import { clusters, containerInstances, services, taskDefinitions, tasks } from './tables.ts';

const MOST_TAGS = 50;

export interface WireTag {
  readonly key?: string | undefined;
  readonly value?: string | undefined;
}

/** Tags with some added or overwritten. */
export function withTags(ctx: Ctx, tags: Tags, added: readonly WireTag[] = []): Tags {
  const merged = { ...tags, ...Object.fromEntries(added.map(({ key = '', value = '' }) => [key, value])) };
  const reserved = Object.keys(merged).some((key) => /^aws:/i.test(key) && !(key in tags));
  if (reserved && !actsForAws(ctx.principal))
    throw invalidParameter('Some of the provided tags are invalid: tag keys must not begin with aws:');
  if (Object.keys(merged).length > MOST_TAGS)
    throw invalidParameter(`Member must have length less than or equal to ${MOST_TAGS}`);
  return merged;
}

export function tagsShown(tags: Tags): { key: string; value: string }[] {
  return Object.entries(tags).map(([key, value]) => ({ key, value }));
}

/** Tags that are given at creation need the permission to tag. */
export function tagging(tags: readonly WireTag[] | undefined, resource: string): readonly FurtherAction[] {
  if (!tags || tags.length === 0) return [];
  const values = tags.map(({ key = '', value = '' }) => [`aws:RequestTag/${key}`, value] as const);
  const conditions = { ...Object.fromEntries(values), 'aws:TagKeys': tags.map(({ key = '' }) => key) };
  return [{ action: 'ecs:TagResource', resource, conditions }];
}

interface Tagged {
  readonly tags: Tags;
  set(tags: Tags): void;
}

/** What an ARN names, with its tags. */
export function findTagged(ctx: Ctx, arn: string): Tagged | undefined {
  const [, , , , , resource = ''] = arn.split(':');
  const kind = resource.slice(0, resource.indexOf('/'));
  if (kind === 'cluster') {
    const row = ctx.get(clusters, resource.slice('cluster/'.length));
    return row && { tags: row.tags, set: (tags) => void ctx.update(clusters, row, { tags }) };
  }
  if (kind === 'service') {
    const [row] = ctx.list(services, 'arn', arn);
    return row && { tags: row.tags, set: (tags) => void ctx.update(services, row, { tags }) };
  }
  if (kind === 'task') {
    const row = ctx.get(tasks, arn);
    return row && { tags: row.tags, set: (tags) => void ctx.update(tasks, row, { tags }) };
  }
  if (kind === 'container-instance') {
    const row = ctx.get(containerInstances, arn);
    return row && { tags: row.tags, set: (tags) => void ctx.update(containerInstances, row, { tags }) };
  }
  const row = ctx.get(taskDefinitions, arn);
  return row && { tags: row.tags, set: (tags) => void ctx.update(taskDefinitions, row, { tags }) };
}

function taggedOf(ctx: Ctx, arn: string): Tagged {
  const found = findTagged(ctx, arn);
  if (found) return found;
  if (arn.includes(':cluster/')) throw clusterNotFound();
  throw invalidParameter('The specified resource cannot be found. Check the ARN and try again.');
}

export const tagOperations: Operations<'ecs'> = {
  TagResource(ctx, { resourceArn, tags }) {
    const tagged = taggedOf(ctx, resourceArn);
    tagged.set(withTags(ctx, tagged.tags, tags));
  },

  UntagResource(ctx, { resourceArn, tagKeys }) {
    const tagged = taggedOf(ctx, resourceArn);
    tagged.set(removeTags(tagged.tags, tagKeys));
  },

  ListTagsForResource(ctx, { resourceArn }) {
    return { tags: tagsShown(taggedOf(ctx, resourceArn).tags) };
  },
};
