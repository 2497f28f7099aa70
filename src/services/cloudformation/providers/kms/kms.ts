// The types of AWS::KMS that are modelled.

import type { Provider } from '../provider.ts';
import { alias, key } from './key.ts';

export const kmsProviders: readonly Provider[] = [alias, key];
