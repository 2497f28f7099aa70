// Tags of certificates. A tag may have a key alone; it is shown as it was given.

import { Fault } from '#contract/fault.ts';
import type { Input } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { actsForAws } from '#cloud/principal.ts';
import type { Operations } from '#cloud/service.ts';
import { certificateOf, certificates } from './tables.ts';
import type { Tags } from './tables.ts';

type Given = Input<'acm', 'AddTagsToCertificate'>['Tags'];

/** https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html */
const MOST_TAGS = 50;

export const tagOperations: Operations<'acm'> = {
  AddTagsToCertificate(ctx, { CertificateArn, Tags }) {
    const row = certificateOf(ctx, CertificateArn);
    ctx.update(certificates, row, { tags: withTags(ctx, row.tags, Tags) });
  },

  RemoveTagsFromCertificate(ctx, { CertificateArn, Tags }) {
    const row = certificateOf(ctx, CertificateArn);
    checkKeys(ctx, Tags);
    // A value that is given has to be the tag's own.
    const gone = Tags.filter(({ Key, Value }) => Value === undefined || row.tags[Key] === Value);
    const left = Object.entries(row.tags).filter(([key]) => !gone.some(({ Key }) => Key === key));
    ctx.update(certificates, row, { tags: Object.fromEntries(left) });
  },

  ListTagsForCertificate(ctx, { CertificateArn }) {
    const { tags } = certificateOf(ctx, CertificateArn);
    const sorted = Object.entries(tags).toSorted(([left], [right]) => (left < right ? -1 : 1));
    return { Tags: sorted.map(([Key, value]) => (value === null ? { Key } : { Key, Value: value })) };
  },
};

/** Tags with some added or overwritten. The wording of both errors is known from moto's tests alone. */
export function withTags(ctx: Ctx, tags: Tags, added: Given | undefined = []): Tags {
  checkKeys(ctx, added);
  const all = { ...tags, ...Object.fromEntries(added.map(({ Key, Value = null }) => [Key, Value])) };
  if (Object.keys(all).filter((key) => !key.startsWith('aws:')).length <= MOST_TAGS) return all;
  const text = Object.entries(all).map(([key, value]) => `${key}=${value ?? ''}`);
  throw new Fault('TooManyTagsException', `the TagSet: '{${text.join(', ')}}' contains too many Tags`);
}

/** https://docs.aws.amazon.com/acm/latest/APIReference/API_AddTagsToCertificate.html: InvalidTagException */
function checkKeys(ctx: Ctx, tags: Given): void {
  if (actsForAws(ctx.principal)) return;
  const own = tags.find(({ Key }) => Key.toLowerCase().startsWith('aws:'));
  if (!own) return;
  throw new Fault(
    'InvalidTagException',
    `Invalid Tag Key: "${own.Key}". AWS internal tags cannot be changed with this API`,
  );
}
