// Resources of Amazon Route 53.

import type { Provider } from '../provider.ts';
import { healthCheck } from './health-check.ts';
import { hostedZone } from './hosted-zone.ts';
import { recordSets } from './record-set.ts';

export const route53Providers: readonly Provider[] = [healthCheck, hostedZone, ...recordSets];
