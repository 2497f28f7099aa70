// The types of AWS::SNS, which are all modelled.

import type { Provider } from '../provider.ts';
import { subscription } from './subscription.ts';
import { topicPolicies } from './topic-policy.ts';
import { topic } from './topic.ts';

export const snsProviders: readonly Provider[] = [subscription, topic, ...topicPolicies];
