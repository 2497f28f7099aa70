// Amazon Route 53: hosted zones, records with routing policies, health checks, and the answers of its name servers.

import type { Reconciler, Row, TimerHandler } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { provide } from '#cloud/port.ts';
import { dns } from '#cloud/ports/dns.ts';
import { defineService } from '#cloud/service.ts';
import type { Service } from '#cloud/service.ts';
import { nameServers } from './answers.ts';
import { authorization } from './authorization.ts';
import { batchOperations } from './change-batch.ts';
import { arrive, changeOperations } from './changes.ts';
import { delegationSetOperations } from './delegation-sets.ts';
import { healthCheckOperations } from './health-checks.ts';
import { healthLooks } from './health.ts';
import { limitOperations } from './limits.ts';
import { recordSetOperations } from './record-sets.ts';
import {
  changes,
  delegationSets,
  healthChecks,
  healths,
  hostedZones,
  looks,
  records,
  served,
  zoneNames,
} from './tables.ts';
import { tagOperations } from './tags.ts';
import { testAnswerOperations } from './test-answer.ts';
import { vpcOperations } from './vpcs.ts';
import { zoneOperations } from './zones.ts';

const NO_LATENCY = 'checkers take no time, so there is no latency to graph';
const NO_TLS = 'TLS is not modelled, so a server name changes no answer';
const unmodelledRecord = (name: string): string => `ChangeBatch.Changes.ResourceRecordSet.${name}`;

export const service: Service = defineService({
  contract: 'route53',
  global: true,
  tables: [hostedZones, delegationSets, zoneNames, records, served, changes, healthChecks, healths, looks],
  operations: {
    ...zoneOperations,
    ...delegationSetOperations,
    ...vpcOperations,
    ...recordSetOperations,
    ...batchOperations,
    ...changeOperations,
    ...healthCheckOperations,
    ...tagOperations,
    ...testAnswerOperations,
    ...limitOperations,
  },
  timers: [arrive as TimerHandler<unknown, Ctx>],
  reconcilers: [healthLooks as unknown as Reconciler<Row, Ctx>],
  provides: [provide(dns, nameServers)],
  authorization,
  // Route 53 reads XML by its schema, which says what an enumeration holds.
  invalid(_, [first]) {
    if (first?.constraint !== 'enum' || first.members[0] !== 'ChangeBatch') return undefined;
    const known = [...(first.shape.enumeration ?? [])].join(', ');
    return new Fault(
      'InvalidInput',
      `Invalid XML ; cvc-enumeration-valid: Value '${String(first.value)}' is not facet-valid with respect to enumeration '[${known}]'. It must be a value from the enumeration.`,
    );
  },
  refused: {
    ChangeResourceRecordSets: [
      unmodelledRecord('TrafficPolicyInstanceId'),
      unmodelledRecord('CidrRoutingConfig'),
      unmodelledRecord('GeoProximityLocation'),
    ],
    CreateHealthCheck: [
      'HealthCheckConfig.IPAddress',
      'HealthCheckConfig.SearchString',
      'HealthCheckConfig.RoutingControlArn',
    ],
    UpdateHealthCheck: ['IPAddress', 'SearchString'],
    TestDNSAnswer: ['ResolverIP', 'EDNS0ClientSubnetIP', 'EDNS0ClientSubnetMask'],
  },
  withoutEffect: {
    CreateHealthCheck: {
      'HealthCheckConfig.MeasureLatency': NO_LATENCY,
      'HealthCheckConfig.EnableSNI': NO_TLS,
    },
    UpdateHealthCheck: { EnableSNI: NO_TLS },
  },
});
