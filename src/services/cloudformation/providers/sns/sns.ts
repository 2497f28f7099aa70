// The types of AWS::SNS, which are all modelled.

import type { Provider } from '../provider.ts';
import { subscription } from './subscription.ts';
import { topic } from './topic.ts';
import { topicPolicies } from './topic-policy.ts';

export const snsProviders: readonly Provider[] = [subscription, topic, ...topicPolicies];
