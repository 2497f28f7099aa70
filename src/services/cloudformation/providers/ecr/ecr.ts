// The types of AWS::ECR that are modelled.

import type { Provider } from '../provider.ts';
import { repository } from './repository.ts';

export const ecrProviders: readonly Provider[] = [repository];
