// How long ECR takes.

import { timing } from '#cloud/timing.ts';
import type { Timing } from '#cloud/timing.ts';

export const lifecycleEvaluation: Timing = timing(
  'ecr/lifecycle-evaluation',
  [3_600_000, 86_400_000],
  'documented',
  'images expire within 24 hours: https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html',
);
