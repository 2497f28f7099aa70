// Tags of hosted zones and health checks: written a few at a time.

import type { Work } from '../provider.ts';

interface TagPair {
  Key: string;
  Value: string;
}
type Tagged = 'AWS::Route53::HostedZone' | 'AWS::Route53::HealthCheck';
type ResourceType = 'hostedzone' | 'healthcheck';

/** https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeTagsForResource.html */
const AT_ONCE = 10;

/** Writes the tags of a resource, and takes away those that the template had before. */
export function retag<T extends Tagged>(
  work: Work<T>,
  resource: { readonly ResourceType: ResourceType; readonly ResourceId: string },
  own: readonly TagPair[] | undefined = [],
  before: readonly TagPair[] | undefined = [],
): void {
  const kept = new Set([...own.map(({ Key }) => Key), ...Object.keys(work.stack.tags)]);
  const gone = before.map(({ Key }) => Key).filter((key) => !kept.has(key));
  const all = work.tags(own);
  for (let i = 0; i < all.length; i += AT_ONCE)
    work.call('route53', 'ChangeTagsForResource', { ...resource, AddTags: all.slice(i, i + AT_ONCE) });
  for (let i = 0; i < gone.length; i += AT_ONCE)
    work.call('route53', 'ChangeTagsForResource', { ...resource, RemoveTagKeys: gone.slice(i, i + AT_ONCE) });
}
