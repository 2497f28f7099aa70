// Composes a cloud from services, workloads and traffic. Rehearsals, the server and tests are handed this composition.

import { Cloud } from '#cloud/cloud.ts';
import type { CloudPart } from '#cloud/cloud.ts';
import { services } from '#services/index.ts';

/** How machines run what is deployed on them. */
export type Driver = 'modelled' | 'process';

/** A cloud with all services, on one driver. */
export function composeCloud(): Cloud {
  return new Cloud(services, workloadParts);
}

const workloadParts: readonly CloudPart[] = [];
