// How long credentials last that nobody asked a duration for.

import { timing } from '#cloud/timing.ts';
import type { Timing } from '#cloud/timing.ts';

const HOUR = 3_600_000;

/** What an instance gets from its metadata service. Never 0: an expired credential would end every agent's work. */
export const instanceCredentialsLifetime: Timing = timing(
  'iam/instance-credentials-lifetime',
  6 * HOUR,
  'observed',
  'Expirations about six hours ahead in published metadata answers, such as those of ' +
    'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html',
  6 * HOUR,
);

/** New ones are there "at least five minutes before the expiration of the old" (same page). */
export const REFRESH_BEFORE_EXPIRY_MS = 300_000;
