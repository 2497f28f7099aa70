// The types of AWS::SSM that are modelled.

import type { Provider } from '../provider.ts';
import { document } from './document.ts';
import { parameter } from './parameter.ts';

export const ssmProviders: readonly Provider[] = [document, parameter];
