// The types of AWS::SecretsManager that are modelled.

import type { Provider } from '../provider.ts';
import { secretSettings } from './secret-settings.ts';
import { secret } from './secret.ts';

export const secretsManagerProviders: readonly Provider[] = [secret, ...secretSettings];
