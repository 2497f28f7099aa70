// A table of CloudWatch, SNS and SQS alone, with nothing behind the ports of the services that are not there.

import { Cloud } from '#cloud/cloud.ts';
import { provide } from '#cloud/port.ts';
import { identity } from '#cloud/ports/identity.ts';
import { instances } from '#cloud/ports/instances.ts';
import { machines, probes } from '#cloud/ports/machines.ts';
import { routing } from '#cloud/ports/routing.ts';
import { traffic } from '#cloud/ports/traffic.ts';
import type { Service } from '#cloud/service.ts';
import { service as monitoring } from '#services/monitoring/monitoring.ts';
import { service as sns } from '#services/sns/sns.ts';
import { service as sqs } from '#services/sqs/sqs.ts';
import { newTable } from './table.ts';
import type { TableOptions, TestTable } from './table.ts';

const nothing = (): undefined => undefined;

/** CloudWatch, SNS, SQS and what a test adds. */
export function monitoringTable(options: TableOptions = {}, ...others: readonly Service[]): TestTable {
  const provides = [
    provide(identity, {
      accessKey: nothing,
      policies: () => ({ identity: [] }),
      assumeFor: () => {
        throw new Error('There are no roles here.');
      },
      profileCredentials: nothing,
      profileRole: nothing,
      serviceLinkedRole: () => '',
    }),
    provide(instances, {} as never),
    provide(machines, {} as never),
    provide(probes, {} as never),
    provide(routing, {} as never),
    provide(traffic, { settle: nothing }),
  ];
  const cloud = new Cloud([monitoring, sns, sqs, ...others], [{ name: 'nothing', provides }]);
  return newTable({ ...options, cloud });
}
