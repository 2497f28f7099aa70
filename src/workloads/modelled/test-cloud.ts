// A cloud for the tests of machines and agents: the modelled driver as it is, and stand-ins for what it talks to.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import { Cloud } from '#cloud/cloud.ts';
import type { CloudPart } from '#cloud/cloud.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { injectionChanged, injections } from '#cloud/injections.ts';
import type { Injection } from '#cloud/injections.ts';
import { parsePolicy } from '#cloud/iam/policy.ts';
import { provide } from '#cloud/port.ts';
import { identity } from '#cloud/ports/identity.ts';
import { instances, networkChanged } from '#cloud/ports/instances.ts';
import { machines, probes } from '#cloud/ports/machines.ts';
import { metrics } from '#cloud/ports/metrics.ts';
import { routing } from '#cloud/ports/routing.ts';
import { traffic } from '#cloud/ports/traffic.ts';
import type { InstanceFacts } from '#cloud/ports/instances.ts';
import type { Machines } from '#cloud/ports/machines.ts';
import { defineService } from '#cloud/service.ts';
import type { Service } from '#cloud/service.ts';
import { newTable } from '../../../tests/table.ts';
import type { TestTable } from '../../../tests/table.ts';
import { applicationOn } from '../application.ts';
import type { Application } from '../application.ts';
import { packBundle } from '../bundle.ts';
import type { Packable } from '../bundle.ts';
import { modelled } from './modelled.ts';

const ROLE = 'arn:aws:iam::000000000000:role/web';
const PROFILE = 'arn:aws:iam::000000000000:instance-profile/web';
const INSTALLER = `#!/bin/bash
dnf install -y ruby wget
wget https://aws-codedeploy-us-east-1.s3.us-east-1.amazonaws.com/latest/install
chmod +x ./install
./install auto
`;

interface Launched extends InstanceFacts {
  readonly blocked: readonly string[];
}
const launched: Table<Launched> = table<Launched>('test/instances', (row) => row.instanceId);

interface Stored {
  key: string;
  blob: string;
}
const objects: Table<Stored> = table<Stored>('test/objects', (row) => row.key);

interface Sent {
  id: string;
  host: string;
  event: string;
  payload: object;
  polled: boolean;
  acknowledged?: string;
  status?: string;
  diagnostics?: string;
  endedAt?: number;
}
const sent: Table<Sent> = table<Sent>('test/commands', (row) => row.id, { host: (row) => row.host });

function commandOf(ctx: Ctx, id: string): Sent {
  const command = ctx.get(sent, id);
  if (!command) throw new Fault('ClientException', `No command ${id}`);
  return command;
}

const codedeployCommands = defineService({
  contract: 'codedeploy-commands',
  tables: [sent],
  operations: {
    PollHostCommand(ctx, { HostIdentifier: host }) {
      const next = ctx.list(sent, 'host', host).find(({ polled }) => !polled);
      if (!next) return ctx.wait(host, ctx.now + 86_400_000);
      ctx.update(sent, next, { polled: true });
      const { id: HostCommandIdentifier, event: CommandName } = next;
      const DeploymentExecutionId = `a/b/c/${next.id}`;
      return {
        HostCommand: { HostCommandIdentifier, CommandName, DeploymentExecutionId, HostIdentifier: host },
      };
    },
    GetDeploymentSpecification(ctx, { DeploymentExecutionId }) {
      const { payload } = commandOf(ctx, DeploymentExecutionId.split('/')[3] ?? '');
      const GenericEnvelope = { Format: 'TEXT/JSON', Payload: JSON.stringify(payload) };
      return { DeploymentSystem: 'CodeDeploy', DeploymentSpecification: { GenericEnvelope } };
    },
    PutHostCommandAcknowledgement(ctx, { HostCommandIdentifier, Diagnostics }) {
      ctx.update(sent, commandOf(ctx, HostCommandIdentifier), { acknowledged: Diagnostics?.Payload ?? '' });
      return { CommandStatus: 'InProgress' as const };
    },
    PutHostCommandComplete(ctx, { HostCommandIdentifier, CommandStatus: status, Diagnostics }) {
      const end = { status, diagnostics: Diagnostics?.Payload ?? '', endedAt: ctx.now };
      ctx.update(sent, commandOf(ctx, HostCommandIdentifier), end);
    },
  },
});

const s3 = defineService({
  contract: 's3',
  tables: [objects],
  operations: {
    GetObject(ctx, { Key }) {
      const object = ctx.get(objects, Key);
      if (!object) throw new Fault('NoSuchKey', 'The specified key does not exist.');
      const sizeBytes = ctx.blob(object.blob).length;
      return { Body: { blob: object.blob, sizeBytes }, ETag: `"${object.blob.slice(0, 8)}"` };
    },
  },
});

const ec2 = defineService({
  contract: 'ec2',
  tables: [],
  operations: {
    DescribeInstances(ctx) {
      const Instances = ctx.list(launched).map(({ instanceId, tags }) => ({
        InstanceId: instanceId,
        Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
      }));
      return { Reservations: [{ Instances }] };
    },
  },
});

const ALLOW = parsePolicy(
  '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
  'identity',
);

const standIns: CloudPart = {
  name: 'test',
  tables: [launched],
  provides: [
    provide(instances, {
      facts: (ctx, id) => ctx.get(launched, id),
      hardware: () => undefined,
      tagged: () => [],
      instanceMs: () => 0,
      at: () => undefined,
      lend() {
        throw new Error('Nothing lends interfaces here.');
      },
      giveBack() {},
      lent: () => undefined,
      reachEndpoint(ctx, id, host) {
        const blocked = ctx.get(launched, id)?.blocked.some((part) => host.startsWith(part)) ?? true;
        return blocked ? { ok: false, blockedBy: 'sg-1' } : { ok: true };
      },
      reachInstance: () => ({ ok: true }),
    }),
    provide(identity, {
      accessKey: () => undefined,
      policies: () => ({ identity: [ALLOW] }),
      assumeFor: (_, { roleArn, sessionName }) => ({
        type: 'role',
        account: '000000000000',
        arn: `arn:aws:sts::000000000000:assumed-role/web/${sessionName}`,
        roleArn,
        roleId: 'AROA',
        sessionName,
      }),
      profileCredentials: () => undefined,
      profileRole: () => ROLE,
      serviceLinkedRole: () => '',
    }),
    provide(probes, { answered: () => {} }),
    provide(routing, { plan: () => undefined, hosts: () => [] }),
    provide(metrics, { publish: () => {}, level: () => {} }),
    provide(traffic, { settle: () => {} }),
  ],
};

/** A fresh table with machines on it and a CodeDeploy that does what the test says. */
export class MachineTable {
  readonly table: TestTable;
  #commands = 0;

  /** With the stand-in for CodeDeploy's agent API, or with the services given; on modelled machines, or on others. */
  constructor(services: readonly Service[] = [codedeployCommands], driver: CloudPart = modelled) {
    this.table = newTable({ cloud: new Cloud([...services, s3, ec2], [driver, standIns]) });
  }

  /** Launches an instance that boots at once. */
  launch(instanceId: string, facts: Partial<Launched> = {}): string {
    this.table.act((ctx) => {
      ctx.put(launched, {
        instanceId,
        state: 'running',
        imageId: 'ami-1',
        instanceType: 't3.micro',
        zone: 'us-east-1a',
        subnetId: 'subnet-1',
        vpcId: 'vpc-1',
        privateIp: '10.0.0.1',
        privateDnsName: 'ip-10-0-0-1.ec2.internal',
        securityGroupIds: [],
        instanceProfileArn: PROFILE,
        userData: INSTALLER,
        launchedAt: ctx.now,
        tags: { Name: 'web' },
        blocked: [],
        ...facts,
      });
      ctx.port(machines).power(ctx, instanceId, true);
    });
    return instanceId;
  }

  /** Lets packets through or not: hosts that begin with one of these are cut off. */
  block(instanceId: string, ...blocked: string[]): void {
    this.table.act((ctx) => {
      ctx.update(launched, ctx.get(launched, instanceId) as Launched, { blocked });
      ctx.emit(networkChanged, { vpcId: 'vpc-1' });
    });
  }

  /** Puts a bundle of these files under a key. */
  store(key: string, files: Packable): void {
    this.storeBytes(key, packBundle(files));
  }

  storeBytes(key: string, bytes: Uint8Array): void {
    this.table.act((ctx) => ctx.put(objects, { key, blob: ctx.putBlob(bytes) }));
  }

  /** Sends one lifecycle event to an instance. Returns the command's id. */
  send(instanceId: string, event: string, deployment: object): string {
    const id = `command-${(this.#commands += 1)}`;
    this.table.act((ctx) => {
      const host = ctx.arn('ec2', `instance/${instanceId}`);
      ctx.put(sent, { id, host, event, payload: deployment, polled: false });
      ctx.wakeWaiting(host);
    });
    return id;
  }

  command(id: string): Sent {
    return this.table.read((ctx) => ctx.get(sent, id)) as Sent;
  }

  /** Sends an event and lets time pass until it ends. Returns how it ended, with the agent's diagnostics. */
  run(instanceId: string, event: string, deployment: object, withinMs: number = 3_700_000): Ended {
    const id = this.send(instanceId, event, deployment);
    const tookMs = this.table.until((ctx) => ctx.get(sent, id)?.status !== undefined, withinMs);
    const { status = '', diagnostics = '{}' } = this.command(id);
    return { status, tookMs, ...(JSON.parse(diagnostics) as Omit<Ended, 'status' | 'tookMs'>) };
  }

  /** All events of an in-place deployment without a load balancer; stops at the first that fails. */
  deploy(instanceId: string, deployment: object): [event: string, Ended][] {
    const ended: [string, Ended][] = [];
    for (const event of EVENTS) {
      ended.push([event, this.run(instanceId, event, deployment)]);
      if (ended.at(-1)?.[1].status !== 'Succeeded') break;
    }
    return ended;
  }

  inject(injection: Injection, activeNow: boolean): void {
    this.table.act((ctx) => {
      const row = { id: 'injection', injection, startedAt: ctx.now };
      if (activeNow) ctx.everywhere.put(injections, row);
      else ctx.everywhere.delete(injections, row.id);
      ctx.emit(injectionChanged, { injection, active: activeNow });
    });
  }

  application(instanceId: string, port: number = 8080): Application | undefined {
    return this.table.read((ctx) => applicationOn(ctx, instanceId, port));
  }

  port<Q>(look: (ctx: Ctx, port: Machines) => Q): Q {
    return this.table.act((ctx) => look(ctx, ctx.port(machines)));
  }
}

export interface Ended {
  status: string;
  tookMs: number;
  error_code: number;
  script_name: string;
  message: string;
  log: string;
}

export const EVENTS: readonly string[] = [
  'ApplicationStop',
  'DownloadBundle',
  'BeforeInstall',
  'Install',
  'AfterInstall',
  'ApplicationStart',
  'ValidateService',
];

/** A deployment specification's payload. */
export function deployment(id: string, key: string, more: object = {}): object {
  return {
    DeploymentId: id,
    DeploymentGroupId: 'group-1',
    DeploymentGroupName: 'production',
    ApplicationName: 'web',
    Revision: { RevisionType: 'S3', S3Revision: { Bucket: 'bundles', Key: key, BundleType: 'zip' } },
    ...more,
  };
}

const APPSPEC = `version: 0.0
os: linux
files:
  - source: app
    destination: /srv/web
hooks:
  ApplicationStop:
    - location: scripts/stop.sh
      timeout: 30
  ApplicationStart:
    - location: scripts/start.sh
      timeout: 60
  ValidateService:
    - location: scripts/validate.sh
      timeout: 120
`;

/** A small web application's bundle. */
export function web(manifest: string, more: Packable = {}): Packable {
  return {
    'appspec.yml': APPSPEC,
    'app/server.mjs': 'server',
    'scripts/stop.sh': '#!/bin/sh',
    'scripts/start.sh': '#!/bin/sh',
    'scripts/validate.sh': '#!/bin/sh',
    'sandtable.yml': manifest,
    ...more,
  };
}
