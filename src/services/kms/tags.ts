// Tags of keys. KMS spells them `TagKey` and `TagValue`.

import { Fault } from '#contract/fault.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { mergeTags, removeTags, tagList } from '#cloud/tags.ts';
import type { Tags } from '#cloud/tags.ts';
import { invalidMarker } from './faults.ts';
import { checkStaying, keyById } from './key.ts';
import { keys } from './tables.ts';
import { MOST_TAGS } from './timings.ts';

const PAGE_SIZE = 50;

interface WireTag {
  readonly TagKey: string;
  readonly TagValue: string;
}

export function tagsOf(tags: Tags, added: readonly WireTag[]): Tags {
  return mergeTags(
    tags,
    added.map(({ TagKey, TagValue }) => ({ Key: TagKey, Value: TagValue })),
  );
}

/** Throws where KMS would not take the tags in addition to those that are there. */
export function checkTags(present: Tags, added: readonly WireTag[]): void {
  const names = added.map(({ TagKey }) => TagKey);
  if (new Set(names).size < names.length) throw new Fault('TagException', 'Duplicate tag keys');
  if (names.some((name) => name.toLowerCase().startsWith('aws:')))
    throw new Fault('TagException', 'Tags beginning with aws: are reserved');
  if (Object.keys(tagsOf(present, added)).length > MOST_TAGS)
    throw new Fault('TagException', 'Too many tags');
}

export const tagOperations: Operations<'kms'> = {
  TagResource(ctx, { KeyId, Tags: added }) {
    const { at, key } = keyById(ctx, KeyId);
    checkStaying(key);
    checkTags(key.tags, added);
    at.update(keys, key, { tags: tagsOf(key.tags, added) });
  },

  UntagResource(ctx, { KeyId, TagKeys }) {
    const { at, key } = keyById(ctx, KeyId);
    checkStaying(key);
    at.update(keys, key, { tags: removeTags(key.tags, TagKeys) });
  },

  ListResourceTags(ctx, { KeyId, Limit = PAGE_SIZE, Marker }) {
    const { key } = keyById(ctx, KeyId);
    const tags = tagList(key.tags);
    const request = { token: Marker, limit: Limit, invalidToken: invalidMarker };
    const { items, next } = pageOf(tags, ({ Key }) => Key, request);
    return {
      Tags: items.map(({ Key, Value }) => ({ TagKey: Key, TagValue: Value })),
      ...(next === undefined ? {} : { NextMarker: next }),
      Truncated: next !== undefined,
    };
  },
};
