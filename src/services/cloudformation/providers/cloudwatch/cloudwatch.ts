// The types of AWS::CloudWatch that are modelled.

import type { Provider } from '../provider.ts';
import { alarm, compositeAlarm } from './alarm.ts';
import { dashboard } from './dashboard.ts';

export const cloudWatchProviders: readonly Provider[] = [alarm, compositeAlarm, dashboard];
