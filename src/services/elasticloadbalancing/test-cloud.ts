// A cloud for the tests of this folder: Elastic Load Balancing between stand-ins for EC2, IAM, machines,
// CloudWatch and traffic.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import { Cloud } from '#cloud/cloud.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { parsePolicy } from '#cloud/iam/policy.ts';
import { provide } from '#cloud/port.ts';
import { identity } from '#cloud/ports/identity.ts';
import { instanceChanged, instances } from '#cloud/ports/instances.ts';
import { machineChanged, machines } from '#cloud/ports/machines.ts';
import { metrics } from '#cloud/ports/metrics.ts';
import { traffic } from '#cloud/ports/traffic.ts';
import type { InstanceFacts, InstanceState } from '#cloud/ports/instances.ts';
import type { ProbeResult } from '#cloud/ports/machines.ts';
import { defineService } from '#cloud/service.ts';
import { newTable } from '../../../tests/table.ts';
import type { TestTable } from '../../../tests/table.ts';
import { service } from './elasticloadbalancing.ts';

interface Machine {
  instanceId: string;
  state: InstanceState;
  zone: string;
  vpcId: string;
  answer: ProbeResult | 'later';
  reachable: boolean;
  probes: number;
}
const machineRows: Table<Machine> = table<Machine>('test/machines', (row) => row.instanceId);
interface Level {
  name: string;
  value: number;
}
const levelRows: Table<Level> = table<Level>('test/levels', (row) => row.name);
interface Settlement {
  at: number;
}
const settlements: Table<Settlement> = table<Settlement>('test/settlements', (row) => String(row.at));

export const OK: ProbeResult = { kind: 'status', status: 200, latencyMs: 5, steady: true };
export const status = (code: number): ProbeResult => ({
  kind: 'status',
  status: code,
  latencyMs: 5,
  steady: true,
});

const SUBNETS = [
  { SubnetId: 'subnet-a', AvailabilityZone: 'us-east-1a', VpcId: 'vpc-1' },
  { SubnetId: 'subnet-b', AvailabilityZone: 'us-east-1b', VpcId: 'vpc-1' },
  { SubnetId: 'subnet-b2', AvailabilityZone: 'us-east-1b', VpcId: 'vpc-1' },
  { SubnetId: 'subnet-c', AvailabilityZone: 'us-east-1c', VpcId: 'vpc-1' },
  { SubnetId: 'subnet-x', AvailabilityZone: 'us-east-1a', VpcId: 'vpc-2' },
];
const GROUPS = [
  { GroupId: 'sg-default', GroupName: 'default', VpcId: 'vpc-1' },
  { GroupId: 'sg-web', GroupName: 'web', VpcId: 'vpc-1' },
  { GroupId: 'sg-other', GroupName: 'other', VpcId: 'vpc-2' },
];

const ec2 = defineService({
  contract: 'ec2',
  tables: [machineRows],
  operations: {
    DescribeSubnets(_, { SubnetIds = [] }) {
      const missing = SubnetIds.find((id) => !SUBNETS.some(({ SubnetId }) => SubnetId === id));
      if (missing) throw new Fault('InvalidSubnetID.NotFound', `The subnet ID '${missing}' does not exist`);
      return { Subnets: SUBNETS.filter(({ SubnetId }) => SubnetIds.includes(SubnetId)) };
    },
    DescribeSecurityGroups(_, { GroupIds = ['sg-default'] }) {
      const missing = GroupIds.find((id) => !GROUPS.some(({ GroupId }) => GroupId === id));
      if (missing) throw new Fault('InvalidGroup.NotFound', `The security group '${missing}' does not exist`);
      return { SecurityGroups: GROUPS.filter(({ GroupId }) => GroupIds.includes(GroupId)) };
    },
    DescribeVpcs: () => ({ Vpcs: [] }),
    DescribeInternetGateways: () => ({ InternetGateways: [{ InternetGatewayId: 'igw-1' }] }),
  },
  provides: [
    provide(instances, {
      facts(ctx, instanceId) {
        return ctx.get(machineRows, instanceId) as unknown as InstanceFacts | undefined;
      },
      hardware: () => undefined,
      tagged: () => [],
      instanceMs: () => 0,
      at: () => undefined,
      lend() {
        throw new Error('Nothing lends interfaces here.');
      },
      giveBack() {},
      lent: () => undefined,
      reachEndpoint: () => ({ ok: true }),
      reachInstance: (ctx, _, instanceId) =>
        ctx.get(machineRows, instanceId)?.reachable ? { ok: true } : { ok: false, blockedBy: 'sg-web' },
    }),
    provide(machines, {
      power() {},
      shutDown: () => 0,
      off() {},
      statusOk: () => true,
      probe(ctx, { instanceId }) {
        const row = ctx.get(machineRows, instanceId) as Machine;
        ctx.update(machineRows, row, { probes: row.probes + 1 });
        return row.answer === 'later' ? undefined : row.answer;
      },
    }),
  ],
});

const everything = parsePolicy(
  JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } }),
  'identity',
);

const standIns = {
  name: 'test',
  tables: [levelRows, settlements],
  provides: [
    provide(identity, {
      accessKey: () => undefined,
      policies: () => ({ identity: [everything] }),
      assumeFor: (ctx, { roleArn, sessionName }) => ({
        type: 'role',
        account: ctx.account,
        arn: `${roleArn}/${sessionName}`,
        roleArn,
        roleId: 'AROA',
        sessionName,
      }),
      profileCredentials: () => undefined,
      profileRole: () => undefined,
      serviceLinkedRole: (ctx, name) => `arn:aws:iam::${ctx.account}:role/aws-service-role/${name}/ForTests`,
    }),
    provide(metrics, {
      publish() {},
      level(ctx, { name, dimensions }, _, value) {
        const key = `${name} ${dimensions['AvailabilityZone'] ?? ''}`.trim();
        if (value === undefined) ctx.delete(levelRows, key);
        else ctx.put(levelRows, { name: key, value });
      },
    }),
    provide(traffic, {
      settle(ctx) {
        ctx.everywhere.put(settlements, { at: ctx.now });
      },
    }),
  ],
};

export function loadBalancingTable(profile: 'typical' | 'instant' = 'instant'): TestTable {
  return newTable({ profile, cloud: new Cloud([service, ec2], [standIns as never]) });
}

/** Launches an instance whose application answers health checks with `answer`. */
export function launch(
  table: TestTable,
  instanceId: string,
  zone = 'us-east-1a',
  answer: Machine['answer'] = OK,
): void {
  const row: Machine = {
    instanceId,
    zone,
    vpcId: 'vpc-1',
    state: 'running',
    answer,
    reachable: true,
    probes: 0,
  };
  table.act((ctx) => ctx.put(machineRows, row));
}

/** Something happens to an instance or its application. */
export function change(table: TestTable, instanceId: string, changed: Partial<Machine>): void {
  table.act((ctx) => {
    ctx.update(machineRows, ctx.get(machineRows, instanceId) as Machine, changed);
    if (changed.state) ctx.emit(instanceChanged, { instanceId, state: changed.state });
    else ctx.emit(machineChanged, { instanceId });
  });
}

export function probesOf(table: TestTable, instanceId: string): number {
  return table.read((ctx) => ctx.get(machineRows, instanceId)?.probes ?? 0);
}

/** Metrics that stand, by name and zone. */
export function levelsOf(table: TestTable): Record<string, number> {
  return table.read((ctx) => Object.fromEntries(ctx.list(levelRows).map(({ name, value }) => [name, value])));
}

/** How often traffic was settled. */
export function settlementsOf(table: TestTable): number {
  return table.read((ctx: Ctx) => ctx.everywhere.list(settlements).length);
}
