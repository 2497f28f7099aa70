// The types of AWS::SQS, which are all modelled.

import type { Provider } from '../provider.ts';
import { queuePolicies } from './queue-policy.ts';
import { queue } from './queue.ts';

export const sqsProviders: readonly Provider[] = [queue, ...queuePolicies];
