// Machines without processes, as rows: how far each has booted, and what is on its disk.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import type { DeploymentRoot } from '../codedeploy-agent/deployment-root.ts';
import { ecsAgents } from '../ecs-agent/agent-rows.ts';
import type { ManifestApplication } from '../manifest.ts';

/** `lost`: the hardware is gone. `off`: the instance is stopped. */
export type Phase = 'booting' | 'user-data' | 'up' | 'shutting-down' | 'off' | 'lost';

export interface Machine {
  readonly instanceId: string;
  /** Group and ordinal: what stays the same in another run in which ids differ. */
  readonly identity: string;
  readonly zone: string;
  /** Boots slower. */
  readonly windows?: true;
  readonly phase: Phase;
  /** When the phase ends by itself, epoch ms. */
  readonly until?: number;
  /** Boots so far: what belongs to an earlier one is stale. */
  readonly boots: number;
  /** User data runs on the first boot only. */
  readonly userDataDone: boolean;
  /** Whether the CodeDeploy agent is installed. */
  readonly codedeployAgent: boolean;
  /** What stands in `/etc/ecs/ecs.config`; nothing where its image carries no container agent. */
  readonly ecsConfiguration?: string;
  /** Something in user data that could not be done, for people. */
  readonly problem?: string;
  /** Its servers really run, so that none can be started that is only modelled. */
  readonly real?: true;
}

export const machineRows: Table<Machine> = table<Machine>('workloads/machines', (row) => row.instanceId, {
  zone: (row) => row.zone,
});

/** What came of an action of a script: texts as the blobs that hold them. */
export interface StoredResult {
  readonly status: number;
  readonly text?: string;
  readonly previous?: string;
  /** Milliseconds that it took; 0 unless given. */
  readonly ms?: number;
}

/** A script that a machine goes through. What it has done so far stands in its results: the script is read again from there. */
export interface ScriptRun {
  readonly instanceId: string;
  readonly name: 'user-data' | 'cfn-hup';
  readonly boots: number;
  /** Of cfn-hup's actions. */
  readonly script?: string;
  readonly results: readonly StoredResult[];
  /** When what it does now began: the end of what it did before. Epoch ms; 0 in worlds that did not keep it. */
  readonly at: number;
  /** It waits until it sees something else: what it looks at stands in the script. */
  readonly waits?: Waits;
}

export interface Waits {
  readonly everyMs: number;
  /** Epoch ms. */
  readonly until?: number;
  /** All that it looks at is about its own machine. */
  readonly own: boolean;
  /** It has got errors instead of answers, which nobody tells when they are over. */
  readonly failing: boolean;
}

/** In the index of what waits: runs that look at more than their own machine. */
export const ANYBODY = '*';

export const runKey = (instanceId: string, name: ScriptRun['name']): string => `${instanceId} ${name}`;

export const scriptRuns: Table<ScriptRun> = table<ScriptRun>(
  'workloads/script-runs',
  (row) => runKey(row.instanceId, row.name),
  { waits: ({ waits, instanceId }) => waits && (waits.own ? instanceId : ANYBODY) },
  { version: 2, upgrade: (row) => ({ ...(row as ScriptRun), at: 0 }) },
);

/** The metadata that cfn-init applied last, for each resource. */
export interface Applied {
  readonly instanceId: string;
  /** Stack and resource. */
  readonly of: string;
  readonly blob: string;
}

export const appliedMetadata: Table<Applied> = table<Applied>(
  'workloads/applied-metadata',
  (row) => `${row.instanceId} ${row.of}`,
);

/** Files on a machine that an installation or a script put there, in order. */
export interface Disk {
  readonly instanceId: string;
  readonly files: readonly string[];
}

export const disks: Table<Disk> = table<Disk>('workloads/disks', (row) => row.instanceId);

/**
 * An application that was started on a machine at some time: a service of it starts again when the machine
 * boots.
 */
export interface Installed {
  readonly instanceId: string;
  readonly version: string;
  readonly application: ManifestApplication;
  /** Starts so far: what belongs to an earlier one is stale. */
  readonly starts: number;
}

export const installed: Table<Installed> = table<Installed>(
  'workloads/installed-applications',
  (row) => `${row.instanceId}:${row.application.port}`,
  { instance: (row) => row.instanceId },
);

/**
 * What an image made from an instance carries. Other images carry nothing: no public one comes with the
 * CodeDeploy agent.
 */
export interface Image {
  readonly imageId: string;
  /** Of a copy: what it is a copy of in the end. */
  readonly original?: string;
  readonly codedeployAgent: boolean;
  readonly ecsConfiguration?: string;
  readonly files: readonly string[];
  readonly installed: readonly Installed[];
  readonly deploymentRoot?: DeploymentRoot;
}

export const images: Table<Image> = table<Image>('workloads/images', (row) => row.imageId);

/** How many machines of a group there have been. */
export interface GroupSize {
  readonly group: string;
  readonly machines: number;
}

export const groupSizes: Table<GroupSize> = table<GroupSize>('workloads/group-sizes', (row) => row.group);

/** What both drivers keep of machines. */
export const machineTables: readonly Table[] = [
  machineRows,
  disks,
  installed,
  images,
  groupSizes,
  scriptRuns,
  appliedMetadata,
  ecsAgents,
];
