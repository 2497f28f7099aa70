// The types of AWS::CodeDeploy, which are all modelled.

import type { Provider } from '../provider.ts';
import { application } from './application.ts';
import { deploymentConfig } from './deployment-config.ts';
import { deploymentGroup } from './deployment-group.ts';

export const codeDeployProviders: readonly Provider[] = [application, deploymentConfig, deploymentGroup];
