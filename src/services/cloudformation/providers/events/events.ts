// The types of AWS::Events that are modelled.

import type { Provider } from '../provider.ts';
import { archive } from './archive.ts';
import { eventBus, eventBusPolicy } from './event-bus.ts';
import { rule } from './rule.ts';

export const eventsProviders: readonly Provider[] = [archive, eventBus, eventBusPolicy, rule];
