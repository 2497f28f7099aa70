// Rules about single rows: they are JSON, and states follow each other only along the documented paths.

import type { Change } from '#world/index.ts';

/** Throws where a value would not survive a journey through JSON. */
export function checkPlain(value: unknown, where: string): void {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return;
  if (typeof value === 'number') {
    if (!Number.isFinite(value) || Object.is(value, -0))
      throw new Error(`${where} is ${value}, which JSON has not.`);
    return;
  }
  if (typeof value !== 'object') throw new Error(`${where} is ${typeof value}, which JSON has not.`);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (Array.isArray(value)) value.forEach((one, at) => checkPlain(one, `${where}.${at}`));
  else if (prototype !== Object.prototype && prototype !== null)
    throw new Error(`${where} is of a class, which JSON has not.`);
  else for (const [key, one] of Object.entries(value)) checkPlain(one, `${where}.${key}`);
}

type Paths = Readonly<Record<string, readonly string[]>>;

/** https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-lifecycle.html */
const MEMBER: Paths = {
  '': ['Pending'],
  Pending: ['Pending:Wait', 'InService', 'Terminating'],
  'Pending:Wait': ['Pending:Proceed', 'Terminating'],
  'Pending:Proceed': ['InService', 'Terminating'],
  InService: ['Terminating', 'EnteringStandby', 'Detaching'],
  EnteringStandby: ['Standby', 'Terminating'],
  Standby: ['Pending', 'Detaching', 'Terminating'],
  Detaching: ['Detached', 'Terminating'],
  Detached: [''],
  Terminating: ['Terminating:Wait', 'Terminated'],
  'Terminating:Wait': ['Terminating:Proceed', 'Terminating'],
  'Terminating:Proceed': ['Terminated'],
  Terminated: [''],
};

/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html */
const INSTANCE: Paths = {
  '': ['pending'],
  pending: ['running', 'shutting-down', 'terminated'],
  running: ['stopping', 'shutting-down'],
  stopping: ['stopped', 'shutting-down'],
  stopped: ['pending', 'shutting-down', 'terminated'],
  'shutting-down': ['terminated'],
  terminated: [''],
};

/** https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_DeploymentInfo.html */
const DEPLOYMENT: Paths = {
  '': ['Created'],
  Created: ['Queued', 'InProgress', 'Failed', 'Stopped', 'Succeeded'],
  Queued: ['InProgress', 'Failed', 'Stopped'],
  InProgress: ['Ready', 'Succeeded', 'Failed', 'Stopped'],
  Ready: ['InProgress', 'Succeeded', 'Failed', 'Stopped'],
  Succeeded: [''],
  Failed: [''],
  Stopped: [''],
};

const DEPLOYED: Paths = {
  '': ['Pending'],
  Pending: ['InProgress', 'Skipped'],
  InProgress: ['Succeeded', 'Failed', 'Ready'],
  Ready: ['InProgress'],
  // The same instances once more: out of the environment that is replaced.
  Succeeded: ['InProgress', ''],
  Failed: [''],
  Skipped: [''],
};

const PATHS: Readonly<Record<string, readonly [member: string, paths: Paths]>> = {
  'autoscaling/instances': ['state', MEMBER],
  'ec2/instances': ['state', INSTANCE],
  'codedeploy/deployments': ['status', DEPLOYMENT],
  'codedeploy/targets': ['status', DEPLOYED],
};

/** Throws where a row goes from one state to another that does not follow it. */
export function checkPath({ table, key, before, after }: Change): void {
  const [member, paths] = PATHS[table] ?? [];
  if (member === undefined || !paths) return;
  const of = (row: object | undefined): string => (row as Record<string, string> | undefined)?.[member] ?? '';
  const [from, to] = [of(before), of(after)];
  if (from !== to && !paths[from]?.includes(to))
    throw new Error(`${table} ${key} went from '${from}' to '${to}'.`);
  if (table === 'autoscaling/instances' && before && after) {
    const [old, now] = [before, after] as { group: string }[];
    if (old?.group !== now?.group)
      throw new Error(`Instance ${key} changed from group ${old?.group} to ${now?.group}.`);
  }
}
