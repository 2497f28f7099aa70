// Rows of EventBridge and the tables that keep them.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import type { Input } from '#cloud/contracts.ts';
import type { Tags } from '#cloud/tags.ts';

/** The bus that every account has in every Region, whether or not there is a row of it. */
export const DEFAULT_BUS = 'default';

export interface EventBus {
  name: string;
  arn: string;
  description?: string;
  /** JSON text. */
  policy?: string;
  tags: Tags;
  /** Absent for the bus that was always there. */
  createdAt?: number;
  modifiedAt?: number;
}
export const buses: Table<EventBus> = table<EventBus>('events/buses', (row) => row.name);

export interface Rule {
  name: string;
  bus: string;
  arn: string;
  /** JSON text. */
  pattern?: string;
  /** Sources that the pattern names; absent where it takes any, or describes them otherwise. */
  sources?: readonly string[];
  schedule?: string;
  enabled: boolean;
  description?: string;
  roleArn?: string;
  /** Account of whoever made it. */
  createdBy: string;
  tags: Tags;
  /** When a schedule comes about next, in the millisecond that it stands for. */
  nextAt?: number;
}

export function ruleKey(bus: string, name: string): string {
  return `${bus}|${name}`;
}

export const rules: Table<Rule> = table<Rule>('events/rules', (row) => ruleKey(row.bus, row.name), {
  /** Rules that look at events at all. */
  listening: (row) => (row.enabled && row.pattern !== undefined ? row.bus : undefined),
});

type WireTarget = Input<'events', 'PutTargets'>['Targets'][number];

/** A target, as the request spelled it. */
export interface Target extends WireTarget {
  readonly rule: string;
  readonly bus: string;
}

export const targets: Table<Target> = table<Target>(
  'events/targets',
  (row) => `${ruleKey(row.bus, row.rule)}|${row.Id}`,
  { rule: (row) => ruleKey(row.bus, row.rule), arn: (row) => `${row.bus}|${row.Arn}` },
);

/** An event on its way to one target, which stays as it was when the rule matched. */
export interface Delivery {
  id: string;
  bus: string;
  rule: string;
  ruleArn: string;
  target: Omit<Target, 'rule' | 'bus'>;
  /** JSON text. */
  event: string;
  takenAt: number;
  /** Attempts that failed so far. */
  failures: number;
}
export const deliveries: Table<Delivery> = table<Delivery>('events/deliveries', (row) => row.id);

export interface Archive {
  name: string;
  arn: string;
  bus: string;
  /** ARN of the bus, as the request spelled it. */
  source: string;
  description?: string;
  /** JSON text. */
  pattern?: string;
  /** 0: for ever. */
  retentionDays: number;
  createdAt: number;
}
export const archives: Table<Archive> = table<Archive>('events/archives', (row) => row.name, {
  bus: (row) => row.bus,
});

/** An event in an archive. */
export interface ArchivedEvent {
  /** Archive, instant and id. */
  key: string;
  /** JSON text. */
  event: string;
  occurredAt: number;
  /** From when on the archive has it. */
  arrivesAt: number;
}
export const archivedEvents: Table<ArchivedEvent> = table<ArchivedEvent>(
  'events/archived-events',
  (row) => row.key,
);

export interface Replay {
  name: string;
  arn: string;
  description?: string;
  archive: string;
  /** ARN of the archive, and of the bus. */
  source: string;
  destination: string;
  /** ARNs of the rules that get the events; all of them where it is absent. */
  filterArns?: readonly string[];
  /** Between which instants events happened. */
  from: number;
  to: number;
  /** Key behind which the next event stands. */
  cursor: string;
  state: 'STARTING' | 'RUNNING' | 'CANCELLING' | 'COMPLETED' | 'CANCELLED';
  startedAt: number;
  endedAt?: number;
  lastAt?: number;
}
export const replays: Table<Replay> = table<Replay>('events/replays', (row) => row.name);
