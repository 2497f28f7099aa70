// Tags of buses and rules.

import type { Ctx } from '#cloud/ctx.ts';
import { actsForAws } from '#cloud/principal.ts';
import type { Operations } from '#cloud/service.ts';
import { mergeTags, removeTags, tagList } from '#cloud/tags.ts';
import type { Tags } from '#cloud/tags.ts';
import { busOf } from './bus.ts';
import { absentRule, invalid, tooMany } from './faults.ts';
import { buses, DEFAULT_BUS, ruleKey, rules } from './tables.ts';

const MOST_TAGS = 50;

interface WireTag {
  readonly Key: string;
  readonly Value: string;
}

/** Throws for tags that EventBridge would not take beside those that are there. */
export function checkTags({ principal }: Ctx, tags: readonly WireTag[], known: Tags = {}): void {
  if (new Set(tags.map(({ Key }) => Key)).size < tags.length)
    throw invalid('Invalid parameter: Duplicated keys are not allowed.');
  if (!actsForAws(principal) && tags.some(({ Key }) => Key.toLowerCase().startsWith('aws:')))
    throw invalid('Tag keys must not begin with aws:, which is reserved for AWS.');
  const own = Object.keys(mergeTags(known, tags)).filter((key) => !key.startsWith('aws:'));
  if (own.length > MOST_TAGS) throw tooMany();
}

interface Tagged {
  readonly tags: Tags;
  write(tags: Tags): void;
}

/** Splits `rule/name` and `rule/bus/name`. */
export function ruleOfArn(arn: string): { bus: string; name: string } | undefined {
  const [, path = ''] = /:rule\/(.+)$/.exec(arn) ?? [];
  if (path === '') return undefined;
  const parts = path.split('/');
  const name = parts.pop() ?? '';
  return { bus: parts.length === 0 ? DEFAULT_BUS : parts.join('/'), name };
}

function taggedBy(ctx: Ctx, arn: string): Tagged {
  const place = ruleOfArn(arn);
  if (!place) {
    const { home, bus } = busOf(ctx, arn);
    return { tags: bus.tags, write: (tags) => void home.put(buses, { ...bus, tags }) };
  }
  const row = ctx.get(rules, ruleKey(place.bus, place.name));
  if (!row) throw absentRule(place.name, place.bus);
  return { tags: row.tags, write: (tags) => void ctx.update(rules, row, { tags }) };
}

export const tagOperations: Operations<'events'> = {
  TagResource(ctx, { ResourceARN, Tags }) {
    const tagged = taggedBy(ctx, ResourceARN);
    checkTags(ctx, Tags, tagged.tags);
    tagged.write(mergeTags(tagged.tags, Tags));
  },

  UntagResource(ctx, { ResourceARN, TagKeys }) {
    const tagged = taggedBy(ctx, ResourceARN);
    tagged.write(removeTags(tagged.tags, TagKeys));
  },

  ListTagsForResource(ctx, { ResourceARN }) {
    return { Tags: tagList(taggedBy(ctx, ResourceARN).tags) };
  },
};
