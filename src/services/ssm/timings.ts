// How long Systems Manager takes.

import { timing } from '#cloud/timing.ts';
import type { Timing } from '#cloud/timing.ts';

export const imageValidation: Timing = timing(
  'ssm/image-validation',
  [500, 2000],
  'assumed',
  'asynchronous: https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-ec2-aliases.html; no figure',
);

export const documentCreation: Timing = timing(
  'ssm/document-creation',
  [500, 2000],
  'assumed',
  'a new document is Creating before it is Active; AWS publishes no figure',
);
