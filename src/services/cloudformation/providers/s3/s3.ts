// The types of AWS::S3 that are modelled.

import type { Provider } from '../provider.ts';
import { bucketPolicy } from './bucket-policy.ts';
import { bucket } from './bucket.ts';

export const s3Providers: readonly Provider[] = [bucket, bucketPolicy];
