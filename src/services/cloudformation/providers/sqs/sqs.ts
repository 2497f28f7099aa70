// The types of AWS::SQS, which are all modelled.

import type { Provider } from '../provider.ts';
import { queue } from './queue.ts';
import { queuePolicies } from './queue-policy.ts';

export const sqsProviders: readonly Provider[] = [queue, ...queuePolicies];
