// A cloud for the tests of this folder: EC2 between stand-ins for IAM, machines, CloudWatch, load balancing
// and traffic.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import { Cloud } from '#cloud/cloud.ts';
import { parsePolicy } from '#cloud/iam/policy.ts';
import { injectionChanged, injections } from '#cloud/injections.ts';
import type { Injection } from '#cloud/injections.ts';
import { provide } from '#cloud/port.ts';
import { identity } from '#cloud/ports/identity.ts';
import { machineChanged, machines, probes } from '#cloud/ports/machines.ts';
import { metrics } from '#cloud/ports/metrics.ts';
import { routing } from '#cloud/ports/routing.ts';
import { traffic } from '#cloud/ports/traffic.ts';
import { defineService } from '#cloud/service.ts';
import { newTable } from '../../../tests/table.ts';
import type { TestTable } from '../../../tests/table.ts';
import { service } from './ec2.ts';

export const ACCOUNT = '000000000000';
export const PROFILE_ARN = `arn:aws:iam::${ACCOUNT}:instance-profile/web/servers`;
export const ROLE_ARN = `arn:aws:iam::${ACCOUNT}:role/servers`;

/** Whoever has this key may do what `limitTo` said last. */
export const LIMITED = { accessKeyId: 'AKIALIMITED000000001', secretAccessKey: 'not-so-secret' };

interface Policy {
  id: 'limited';
  document: string;
}
const policies: Table<Policy> = table<Policy>('test/policies', (row) => row.id);

/** What has been told to a machine, in order. */
interface Machine {
  instanceId: string;
  told: readonly string[];
  answers: boolean;
}
const machineRows: Table<Machine> = table<Machine>('test/machines', (row) => row.instanceId);

interface Level {
  key: string;
  value: number;
}
const levels: Table<Level> = table<Level>('test/levels', (row) => row.key);

const SHUTDOWN_MS = 20_000;

const iam = defineService({
  contract: 'iam',
  global: true,
  tables: [],
  operations: {
    GetInstanceProfile(ctx, { InstanceProfileName }) {
      if (InstanceProfileName !== 'servers') {
        throw new Fault('NoSuchEntityException', `Instance Profile ${InstanceProfileName} cannot be found.`);
      }
      const common = { Path: '/', CreateDate: ctx.now };
      const Roles = [{ ...common, RoleName: 'servers', RoleId: 'AROATEST', Arn: ROLE_ARN }];
      const named = { InstanceProfileName, InstanceProfileId: 'AIPATEST', Arn: PROFILE_ARN };
      return { InstanceProfile: { ...common, ...named, Roles } };
    },
  },
});

const standIns = {
  name: 'test',
  tables: [policies, machineRows, levels] as unknown as readonly Table[],
  provides: [
    provide(identity, {
      accessKey: (_, accessKeyId) =>
        accessKeyId === LIMITED.accessKeyId
          ? {
              accessKeyId,
              secret: LIMITED.secretAccessKey,
              active: true,
              principal: {
                type: 'user',
                account: ACCOUNT,
                arn: `arn:aws:iam::${ACCOUNT}:user/limited`,
                name: 'limited',
                id: 'AIDATEST',
              },
            }
          : undefined,
      policies: (ctx) => ({
        identity: [parsePolicy(ctx.everywhere.get(policies, 'limited')?.document ?? '', 'identity')],
      }),
      assumeFor() {
        throw new Fault('AccessDenied', 'No role is assumed in these tests.');
      },
      profileCredentials: () => undefined,
      profileRole: () => ROLE_ARN,
      serviceLinkedRole: () => ROLE_ARN,
    }),
    provide(machines, {
      power(ctx, instanceId, firstBoot) {
        const told = ctx.get(machineRows, instanceId)?.told ?? [];
        ctx.put(machineRows, {
          instanceId,
          told: [...told, firstBoot ? 'first boot' : 'boot'],
          answers: true,
        });
      },
      shutDown(ctx, instanceId) {
        const row = ctx.get(machineRows, instanceId) as Machine;
        ctx.update(machineRows, row, { told: [...row.told, 'shut down'] });
        return SHUTDOWN_MS;
      },
      off(ctx, instanceId, terminated) {
        const row = ctx.get(machineRows, instanceId) ?? { instanceId, told: [], answers: false };
        ctx.put(machineRows, { ...row, told: [...row.told, terminated ? 'gone' : 'off'], answers: false });
      },
      probe: () => undefined,
      statusOk: (ctx, instanceId) => ctx.get(machineRows, instanceId)?.answers ?? false,
    }),
    provide(metrics, {
      publish() {},
      level(ctx, { name, dimensions }, _, value) {
        const key = `${dimensions['InstanceId']} ${name}`;
        if (value === undefined) ctx.delete(levels, key);
        else ctx.put(levels, { key, value });
      },
    }),
    provide(probes, { answered() {} }),
    provide(routing, { plan: () => undefined, hosts: () => [] }),
    provide(traffic, { settle() {} }),
  ],
};

/** A table with EC2 on it and timings as in AWS. */
export function ec2Table(): TestTable {
  return newTable({ cloud: new Cloud([service, iam], [standIns]) });
}

export function limitTo(sand: TestTable, statements: readonly object[]): void {
  const document = JSON.stringify({ Version: '2012-10-17', Statement: statements });
  sand.act((ctx) => ctx.everywhere.put(policies, { id: 'limited', document }));
}

export function told(sand: TestTable, instanceId: string): readonly string[] {
  return sand.read((ctx) => ctx.get(machineRows, instanceId)?.told ?? []);
}

/** The machine's operating system hangs, or answers again. */
export function answer(sand: TestTable, instanceId: string, answers: boolean): void {
  sand.act((ctx) => {
    ctx.update(machineRows, ctx.get(machineRows, instanceId) as Machine, { answers });
    ctx.emit(machineChanged, { instanceId });
  });
}

/** The value at which a metric of an instance stands. */
export function level(sand: TestTable, instanceId: string, name: string): number | undefined {
  return sand.read((ctx) => ctx.get(levels, `${instanceId} ${name}`)?.value);
}

export function inject(sand: TestTable, injection: Injection): () => void {
  sand.act((ctx) => {
    ctx.everywhere.put(injections, { id: 'one', injection, startedAt: ctx.now });
    ctx.emit(injectionChanged, { injection, active: true });
  });
  return () =>
    sand.act((ctx) => {
      ctx.everywhere.delete(injections, 'one');
      ctx.emit(injectionChanged, { injection, active: false });
    });
}
