// AWS::AutoScaling: groups, what they launch from, and what changes their size.

import type { Provider } from '../provider.ts';
import { autoScalingGroup } from './group.ts';
import { launchConfiguration } from './launch-configuration.ts';
import { scaling } from './scaling.ts';

export const autoScaling: readonly Provider[] = [autoScalingGroup, launchConfiguration, ...scaling];
