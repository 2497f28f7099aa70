// Functions whose code really runs, inside the world: an invocation is an effect, and what came of it goes back to Lambda.

import type { EffectHandler } from '#world/index.ts';
import type { CloudPart } from '#cloud/cloud.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { functionHost, functionResults } from '#cloud/ports/functions.ts';
import type { FunctionHost, FunctionResult } from '#cloud/ports/functions.ts';
import { provide } from '#cloud/port.ts';
import { invokeFunction, retireEnvironment } from './effects.ts';
import type { Invocation, Retirement } from './effects.ts';

const host: FunctionHost = {
  run(ctx, run) {
    ctx.perform(invokeFunction, { ...run, region: ctx.region, startedAt: ctx.now });
  },
  retire(ctx, environmentId) {
    ctx.perform(retireEnvironment, { environmentId });
  },
};

const onInvoked: EffectHandler<Invocation, FunctionResult, Ctx> = {
  kind: invokeFunction,
  done: (ctx, result, { requestId }) => ctx.port(functionResults).ended(ctx, requestId, result),
  // Its process went with ours, and Lambda sees that as it sees any process that is killed.
  lost: () => ({
    outcome: {
      kind: 'crash',
      errorType: 'Runtime.ExitError',
      message: 'Runtime exited with error: signal: killed',
    },
    durationMs: 0,
    maxMemoryMb: 0,
    log: [],
  }),
};

const onRetired: EffectHandler<Retirement, null, Ctx> = {
  kind: retireEnvironment,
  done() {},
  lost: () => null,
};

export const processFunctions: CloudPart = {
  name: 'workloads/functions/process',
  effects: [onInvoked, onRetired] as never,
  provides: [provide(functionHost, host)],
};
