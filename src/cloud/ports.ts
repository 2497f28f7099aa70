// Ports without which a cloud refuses to start. What parts of the cloud tell and ask each other behind AWS's public APIs, facts
// that AWS knows internally, is in ./ports/.

import type { Port } from './port.ts';
import { functionHost, functionResults } from './ports/functions.ts';
import { identity, sessions } from './ports/identity.ts';
import { instances } from './ports/instances.ts';
import { machines, probes } from './ports/machines.ts';
import { metrics } from './ports/metrics.ts';
import { routing } from './ports/routing.ts';
import { traffic } from './ports/traffic.ts';

export const required: readonly Port<object>[] = [
  identity,
  sessions,
  instances,
  machines,
  probes,
  routing,
  metrics,
  functionHost,
  functionResults,
  traffic,
];
