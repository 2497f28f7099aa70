// Tags of groups, and which of them new instances get.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-tagging.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import { pageOf } from '#cloud/pagination.ts';
import { actsForAws } from '#cloud/principal.ts';
import type { Operations } from '#cloud/service.ts';
import { invalidToken } from './activities.ts';
import { changeGroup, groupOf, groups } from './group.ts';
import type { Group, GroupTag } from './group.ts';

type WireTags = NonNullable<Input<'autoscaling', 'CreateAutoScalingGroup'>['Tags']>;
type TagDescription = NonNullable<Output<'autoscaling', 'DescribeTags'>['Tags']>[number];

const RESOURCE_TYPE = 'auto-scaling-group';
const PAGE_SIZE = 100;
/** https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-tagging.html#tag_restrictions */
const MOST_TAGS = 50;

/** A group's tags with some added or overwritten. */
export function withTags(ctx: Ctx, tags: Group['tags'], added: WireTags): Group['tags'] {
  const merged: Record<string, GroupTag> = { ...tags };
  for (const { Key, Value = '', PropagateAtLaunch = false, ResourceType = RESOURCE_TYPE } of added) {
    if (Key.startsWith('aws:') && !actsForAws(ctx.principal)) {
      throw new Fault(
        'ValidationError',
        'The tag key cannot start with aws: as this is reserved for system tags.',
      );
    }
    if (ResourceType !== RESOURCE_TYPE) {
      throw new Fault(
        'ValidationError',
        `Invalid resource type: ${ResourceType}. Valid values are [${RESOURCE_TYPE}].`,
      );
    }
    merged[Key] = { value: Value, propagates: PropagateAtLaunch };
  }
  if (Object.keys(merged).filter((key) => !key.startsWith('aws:')).length > MOST_TAGS) {
    throw new Fault('LimitExceededFault', `A group may have no more than ${MOST_TAGS} tags.`);
  }
  return merged;
}

export function describeTags(group: Group): TagDescription[] {
  return Object.entries(group.tags)
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([Key, { value, propagates }]) => ({
      ResourceId: group.name,
      ResourceType: RESOURCE_TYPE,
      Key,
      Value: value,
      PropagateAtLaunch: propagates,
    }));
}

const READ: Readonly<Record<string, (tag: TagDescription) => string>> = {
  'auto-scaling-group': (tag) => tag.ResourceId ?? '',
  key: (tag) => tag.Key ?? '',
  value: (tag) => tag.Value ?? '',
  'propagate-at-launch': (tag) => String(tag.PropagateAtLaunch),
};

/** The groups that a list of tags names, each with its tags. */
function byGroup(ctx: Ctx, tags: WireTags): [Group, WireTags][] {
  const names = [...new Set(tags.map(({ ResourceId }) => ResourceId))];
  return names.map((name) => [groupOf(ctx, name), tags.filter(({ ResourceId }) => ResourceId === name)]);
}

export const tagOperations: Operations<'autoscaling'> = {
  CreateOrUpdateTags(ctx, { Tags }) {
    for (const [group, added] of byGroup(ctx, Tags))
      changeGroup(ctx, group.name, { tags: withTags(ctx, group.tags, added) });
  },

  DeleteTags(ctx, { Tags }) {
    for (const [group, removed] of byGroup(ctx, Tags)) {
      const kept = Object.entries(group.tags).filter(([key, { value }]) =>
        removed.every((tag) => tag.Key !== key || (tag.Value !== undefined && tag.Value !== value)),
      );
      changeGroup(ctx, group.name, { tags: Object.fromEntries(kept) });
    }
  },

  DescribeTags(ctx, { Filters = [], NextToken, MaxRecords = 50 }) {
    const all = ctx.list(groups).flatMap(describeTags);
    const wanted = all.filter((tag) =>
      Filters.every(({ Name = '', Values = [] }) => {
        const read = READ[Name];
        if (!read)
          throw new Fault(
            'ValidationError',
            `Filter type ${Name} is not correct. Allowed Filter types are: ${Object.keys(READ).join(', ')}`,
          );
        const wanted = Name === 'propagate-at-launch' ? Values.map((value) => value.toLowerCase()) : Values;
        return wanted.includes(read(tag));
      }),
    );
    const limit = Math.min(MaxRecords, PAGE_SIZE);
    const { items, next } = pageOf(wanted, (tag) => `${tag.Key} ${tag.ResourceId}`, {
      token: NextToken,
      limit,
      invalidToken,
    });
    return { Tags: items, NextToken: next };
  },
};
