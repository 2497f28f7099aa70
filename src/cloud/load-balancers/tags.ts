// Tags of both generations of load balancers.

import { Fault } from '#contract/fault.ts';
import { mergeTags } from '../tags.ts';
import type { Tags } from '../tags.ts';

export type WireTags = readonly { Key: string; Value?: string | undefined }[];

/**
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-tags.html
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/add-remove-tags.html
 */
const MOST_TAGS = 50;

/** Tags with some added or overwritten. `tooMany`: what AWS says where that makes more than 50. */
export function tagsWith(tags: Tags, wanted: WireTags, tooMany: string): Tags {
  const keys = wanted.map(({ Key }) => Key);
  const twice = keys.find((key, i) => keys.indexOf(key) !== i);
  if (twice !== undefined)
    throw new Fault('DuplicateTagKeysException', `Tag key was specified more than once: ${twice}`);
  const merged = mergeTags(tags, wanted);
  if (Object.keys(merged).length > MOST_TAGS) throw new Fault('TooManyTagsException', tooMany);
  return merged;
}

/** In the order in which they were given, as AWS's examples of DescribeTags show them. */
export function tagsShown(tags: Tags): { Key: string; Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}
