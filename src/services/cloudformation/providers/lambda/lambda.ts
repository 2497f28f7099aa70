// The types of AWS::Lambda that are modelled.

import type { Provider } from '../provider.ts';
import { alias } from './alias.ts';
import { eventInvokeConfig } from './event-invoke-config.ts';
import { eventSourceMapping } from './event-source-mapping.ts';
import { lambdaFunction } from './function.ts';
import { layerVersionPermission } from './layer-version-permission.ts';
import { layerVersion } from './layer-version.ts';
import { permission } from './permission.ts';
import { version } from './version.ts';

export const lambdaProviders: readonly Provider[] = [
  alias,
  eventInvokeConfig,
  eventSourceMapping,
  lambdaFunction,
  layerVersion,
  layerVersionPermission,
  permission,
  version,
];
