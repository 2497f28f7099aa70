// How long CloudFormation takes, apart from what the services themselves take.

import { timing } from '#cloud/timing.ts';
import type { Timing } from '#cloud/timing.ts';

const HANDLERS =
  'AWS gives no figures; stack events in public logs show about a second before a resource is begun and some seconds until ' +
  'it is found to stand';

/** From a request to the first resource. */
export const planning: Timing = timing('cloudformation/planning', [2000, 4000], 'assumed', HANDLERS);

/** From the event that a resource is in progress until its service is asked. */
export const beginning: Timing = timing('cloudformation/beginning', [500, 1500], 'assumed', HANDLERS);

/** From the service's answer until CloudFormation has seen that the resource stands. */
export const settling: Timing = timing('cloudformation/settling', [1000, 5000], 'assumed', HANDLERS);

/** Between two looks at a resource that does not stand yet. */
export const lookingAgain: Timing = timing(
  'cloudformation/looking-again',
  [4000, 6000],
  'assumed',
  HANDLERS,
  250,
);

/** From a deletion's answer until the resource is seen to be gone. */
export const removing: Timing = timing('cloudformation/removing', [500, 2000], 'assumed', HANDLERS);

/** From the last resource to the end of the stack's operation. */
export const closing: Timing = timing('cloudformation/closing', [500, 1500], 'assumed', HANDLERS);

/** From CreateChangeSet until the change set is there. */
export const changeSetPlanning: Timing = timing(
  'cloudformation/change-set-planning',
  [2000, 6000],
  'assumed',
  HANDLERS,
);

/** From DetectStackDrift until every resource was looked at. */
export const driftDetection: Timing = timing(
  'cloudformation/drift-detection',
  [10_000, 30_000],
  'assumed',
  HANDLERS,
);

/** How long launches of a new group may fail before the group does. */
export const groupLaunching: Timing = timing(
  'cloudformation/group-launching',
  900_000,
  'assumed',
  'AWS publishes no figure; groups whose launches fail are reported to fail after some minutes',
  900_000,
);

/** How long a resource may take to stand where its type says nothing else. */
export const handlerTimeout: Timing = timing(
  'cloudformation/handler-timeout',
  7_200_000,
  'documented',
  'timeoutInMinutes is 120 by default (https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html)',
  7_200_000,
);

/** How long a group may take to become empty before its deletion fails. */
export const groupEmptying: Timing = timing(
  'cloudformation/group-emptying',
  3_600_000,
  'assumed',
  'AWS publishes no figure; instances that are protected from scale-in, or wait for a hook, keep a group',
  3_600_000,
);
