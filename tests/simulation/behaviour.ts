// What can happen by itself in a composition: the timers and reconcilers of all of its parts, by name.

import type { Cloud } from '#cloud/cloud.ts';
import { waitDue } from '#cloud/waiting.ts';
import { part as traffic } from '#traffic/traffic.ts';
import { modelledFunctions } from '#workloads/functions/modelled.ts';
import { modelled } from '#workloads/modelled/modelled.ts';

export interface Behaviour {
  readonly timers: ReadonlySet<string>;
  readonly reconcilers: ReadonlySet<string>;
}

export function behaviourOf(cloud: Cloud): Behaviour {
  const parts = [...cloud.services.values(), modelled, modelledFunctions, traffic];
  return {
    timers: new Set([
      waitDue.name,
      ...parts.flatMap((part) => (part.timers ?? []).map(({ kind }) => kind.name)),
    ]),
    reconcilers: new Set(parts.flatMap((part) => (part.reconcilers ?? []).map(({ name }) => name))),
  };
}
