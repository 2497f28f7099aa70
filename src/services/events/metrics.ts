// What EventBridge tells CloudWatch: counts by rule, as things happen.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html

import type { Ctx } from '#cloud/ctx.ts';
import { metrics } from '#cloud/ports/metrics.ts';
import { DEFAULT_BUS } from './tables.ts';

const MINUTE = 60_000;

type Count =
  | 'MatchedEvents'
  | 'TriggeredRules'
  | 'Invocations'
  | 'FailedInvocations'
  | 'RetryInvocationAttempts'
  | 'InvocationsSentToDLQ'
  | 'InvocationsFailedToBeSentToDLQ';

/** Counts one more in the minute that runs. `home`: the account and Region of the rule. */
export function count(home: Ctx, { name, bus }: { name: string; bus: string }, counted: Count): void {
  const dimensions = { ...(bus === DEFAULT_BUS ? {} : { EventBusName: bus }), RuleName: name };
  const metric = { namespace: 'AWS/Events', name: counted, dimensions };
  const at = home.now - (home.now % MINUTE);
  home.port(metrics).publish(home, metric, { at, unit: 'Count', values: [1], counts: [1] });
}
