// How long Route 53 takes.

import { timing } from '#cloud/timing.ts';
import type { Timing } from '#cloud/timing.ts';

/** From a change to the moment at which all name servers answer by it. */
export const propagation: Timing = timing(
  'route53/propagation',
  60_000,
  'documented',
  'https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html#changes-propagation: generally within 60 seconds',
);

/** From the creation of a health check to the first look of its checkers. */
export const firstLook: Timing = timing(
  'route53/first-look',
  [1000, 10_000],
  'assumed',
  'AWS says that checkers begin within seconds: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-creating.html',
);
