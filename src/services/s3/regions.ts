// The Regions that have S3. https://docs.aws.amazon.com/general/latest/gr/s3.html

import type { WireRequest } from '#contract/wire.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { bucketNamed } from './bucket.ts';
import { invalidRequest } from './faults.ts';

const NAMES = [
  'us-east-1 us-east-2 us-west-1 us-west-2 ca-central-1 ca-west-1 mx-central-1 sa-east-1',
  'eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3',
  'ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2',
  'ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7',
  'af-south-1 il-central-1 me-central-1 me-south-1',
];
const REGIONS: ReadonlySet<string> = new Set(NAMES.flatMap((some) => some.split(' ')));

/** Those that opened before 2014 take Signature Version 2 too. */
const OLD: ReadonlySet<string> = new Set(
  'us-east-1 us-west-1 us-west-2 eu-west-1 sa-east-1 ap-northeast-1 ap-southeast-1 ap-southeast-2'.split(' '),
);

/** Where the bucket of a request is that bears such a signature, which names no region. */
export function regionOfOldSignature(ctx: Ctx, { path }: WireRequest): string | undefined {
  const region = bucketNamed(ctx, path.split('/')[1] ?? '')?.bucket.region;
  if (region === undefined || OLD.has(region)) return region;
  throw invalidRequest(
    'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.',
  );
}

export function isRegion(name: string): boolean {
  return REGIONS.has(name);
}
