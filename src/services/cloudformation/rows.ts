// Stacks, their resources, and what is remembered of both.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import type { ResourceStatus, StackStatus } from '#generated/contracts/cloudformation.ts';
import type { Principal } from '#cloud/principal.ts';
import type { Tags } from '#cloud/tags.ts';
import type { Fields, ParameterValue, Value } from './template/template.ts';

export type { ResourceStatus, StackStatus };

/** What a stack is to look like: everything that an update can change and a rollback brings back. */
export interface Definition {
  /** Blob of the template as it was given. */
  readonly templateBlob: string;
  /** Blob of the same as JSON with its transforms applied. */
  readonly processedBlob: string;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  readonly capabilities: readonly string[];
  readonly tags: Tags;
  readonly notificationArns: readonly string[];
  readonly rollbackTriggers: readonly RollbackTrigger[];
  readonly monitoringMinutes: number;
  readonly outputs: readonly StackOutput[];
}

export interface RollbackTrigger {
  readonly arn: string;
  readonly type: string;
}

export interface StackOutput {
  readonly key: string;
  readonly value: string;
  readonly description?: string;
  readonly exportName?: string;
}

export type Phase =
  /** Resources become what the template says. */
  | 'apply'
  /** Everything stands; rollback triggers are watched for some time. */
  | 'monitor'
  /** A nested stack is updated and waits until its root is, too. */
  | 'hold'
  /** What an update did is undone. */
  | 'revert'
  /** Resources that are no longer needed go. The last phase of an update, of its rollback and of a deletion. */
  | 'remove';

/** What goes on with a stack. */
export interface Operation {
  /** `OperationId`, and the mark on rows that belong to it. */
  readonly id: string;
  readonly kind: 'create' | 'update' | 'delete' | 'import' | 'rollback';
  readonly phase: Phase;
  /** The token that the client gave, for its events. */
  readonly token?: string;
  /** What failed, in the order in which it did. */
  readonly failures: readonly {
    readonly logicalId: string;
    readonly verb: 'create' | 'update' | 'delete' | 'import';
  }[];
  /** Why the whole operation failed, where no resource did. */
  readonly reason?: string;
  /** Failed resources stay as they are, and so does all that stands. */
  readonly preserve: boolean;
  /** Resources that a deletion leaves alone, or a continued rollback takes for reverted. */
  readonly skip: readonly string[];
  /** When the phase `monitor` ends, epoch ms. */
  readonly watchedUntil?: number;
  /** What the operation makes and takes back is deleted whatever its policy says. */
  readonly retainExceptOnCreate?: true;
  /** When the last look comes that ends it, epoch ms. */
  readonly closesAt?: number;
  /** The change set that is executed. */
  readonly changeSetId?: string;
  /** Physical ids of resources that are imported, by logical id. */
  readonly imports?: Readonly<Record<string, string>>;
  /** Stack policy for this update only. */
  readonly policy?: string;
}

export interface Stack {
  readonly id: string;
  readonly name: string;
  readonly status: StackStatus;
  readonly statusReason?: string;
  readonly detailedStatus?: 'CONFIGURATION_COMPLETE' | 'VALIDATION_FAILED';
  readonly createdAt: number;
  readonly updatedAt?: number;
  readonly deletedAt?: number;
  readonly definition: Definition;
  /** The definition that stood before the operation that goes on, or that failed and was not undone. */
  readonly before?: Definition;
  readonly roleArn?: string;
  /** As whom its resources are made where no role is given: whoever asked last. */
  readonly caller: Principal;
  readonly onFailure: 'ROLLBACK' | 'DELETE' | 'DO_NOTHING';
  /** How long the creation may take (ms). */
  readonly timeoutMs?: number;
  readonly terminationProtection: boolean;
  readonly policy?: string;
  /** Of a nested stack: the stack and the resource that it is. */
  readonly parent?: { readonly stackId: string; readonly rootId: string; readonly logicalId: string };
  /** Change set that made it or changed it last. */
  readonly changeSetId?: string;
  readonly operation?: Operation;
  /** The operation whose rollback failed and can be continued. */
  readonly reverting?: string;
  /** Operations so far, newest last. */
  readonly lastOperations: readonly { readonly id: string; readonly type: string }[];
  readonly drift?: { readonly status: 'DRIFTED' | 'IN_SYNC' | 'UNKNOWN'; readonly checkedAt: number };
}

export const stacks: Table<Stack> = table<Stack>('cloudformation/stacks', (row) => row.id, {
  /** A name may have many deleted stacks, and one that lives. */
  name: (row) => (row.status === 'DELETE_COMPLETE' ? undefined : row.name),
});

/** What is being done to a resource. */
export interface Task {
  readonly kind: 'create' | 'update' | 'import' | 'revert';
  /** A new physical resource takes the place of the old one. */
  readonly replace?: true;
  readonly stage: 'begin' | 'settle';
  /** Idempotency token of the provider, in reasons of failures. */
  readonly token: string;
  readonly startedAt: number;
  readonly target: Fields;
  /** What the provider remembers between its steps. */
  readonly memory: Fields;
}

/** A resource as it was before the operation that goes on. */
export interface Before {
  readonly operation: string;
  /** Nothing: the operation created the resource. */
  readonly physicalId?: string;
  readonly properties: Fields;
  readonly attributes: Fields;
  readonly dependsOn: readonly string[];
  readonly imports: readonly string[];
  readonly policies: Policies;
  readonly metadata?: Value;
}

export interface Policies {
  readonly deletion: 'Delete' | 'Retain' | 'RetainExceptOnCreate' | 'Snapshot';
  readonly replace: 'Delete' | 'Retain' | 'Snapshot';
  readonly creation?: Fields;
  readonly update?: Fields;
}

export interface Resource {
  readonly stackId: string;
  readonly logicalId: string;
  readonly type: string;
  readonly physicalId?: string;
  readonly status: ResourceStatus;
  readonly statusReason?: string;
  readonly updatedAt: number;
  /** As last applied, with all functions evaluated. */
  readonly properties: Fields;
  /** Of `Fn::GetAtt`. */
  readonly attributes: Fields;
  /** Logical ids that it needs. */
  readonly dependsOn: readonly string[];
  /** Names of exports that it imports. */
  readonly imports: readonly string[];
  readonly policies: Policies;
  readonly metadata?: Value;
  /** How far the operation that goes on has come with it. */
  readonly progress?: {
    readonly operation: string;
    readonly state: 'running' | 'done' | 'failed';
    /** Why nothing happened to it, for `ListStackResources`. */
    readonly unchanged?: true;
    /** It is again what it was. */
    readonly reverted?: true;
  };
  readonly task?: Task;
  readonly before?: Before;
  /** It was deleted with its stack, or by its stack's rollback. */
  readonly gone?: true;
  readonly drift?: { readonly status: string; readonly checkedAt: number };
}

export const resourceKey = (stackId: string, logicalId: string): string => `${stackId} ${logicalId}`;

export const resources: Table<Resource> = table<Resource>(
  'cloudformation/resources',
  (row) => resourceKey(row.stackId, row.logicalId),
  { physicalId: (row) => row.physicalId },
);

/** Who looks after resources and removals: named here, so that whatever they wait for can wake them. */
export const RESOURCE_LIFE = { name: 'cloudformation/resource-life' } as const;
export const REMOVAL_LIFE = { name: 'cloudformation/removal-life' } as const;
export const STACK_LIFE = { name: 'cloudformation/stack-life' } as const;

/** What an operation has to walk through: worked out once, at its beginning. */
export interface Walk {
  readonly stackId: string;
  readonly operation: string;
  /** Logical ids in the order of the template. */
  readonly order: readonly string[];
  readonly dependsOn: Readonly<Record<string, readonly string[]>>;
  readonly dependents: Readonly<Record<string, readonly string[]>>;
}
export const walks: Table<Walk> = table<Walk>('cloudformation/walks', (row) => row.stackId);

/** How many resources of a walk are not done yet. */
export interface Remaining {
  readonly stackId: string;
  readonly count: number;
}
export const remaining: Table<Remaining> = table<Remaining>('cloudformation/remaining', (row) => row.stackId);

/** A physical resource that is to go. */
export interface Removal {
  readonly stackId: string;
  readonly id: string;
  readonly operation: string;
  readonly logicalId: string;
  readonly type: string;
  readonly physicalId: string;
  readonly properties: Fields;
  readonly attributes: Fields;
  /** Logical ids that it needed: they go after it. */
  readonly dependsOn: readonly string[];
  /** It is left standing: a policy says so. */
  readonly retain: boolean;
  /** It is the resource of its row, not one that was replaced. */
  readonly main: boolean;
  readonly state: 'waiting' | 'begin' | 'settle' | 'done' | 'failed';
  readonly attempts: number;
  readonly token: string;
  readonly memory: Fields;
}

export const removalKey = (stackId: string, id: string): string => `${stackId} ${id}`;

export const removals: Table<Removal> = table<Removal>('cloudformation/removals', (row) =>
  removalKey(row.stackId, row.id),
);

export interface StackEvent {
  readonly stackId: string;
  readonly ordinal: number;
  readonly eventId: string;
  readonly stackName: string;
  readonly logicalId: string;
  readonly physicalId: string;
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  /** JSON text of the properties as they were applied. */
  readonly properties?: string;
  readonly token?: string;
  readonly detailedStatus?: string;
  readonly operationId?: string;
  readonly at: number;
}

const TEN = 10;
const eventKey = (stackId: string, ordinal: number): string =>
  `${stackId} ${String(ordinal).padStart(TEN, '0')}`;

export const stackEvents: Table<StackEvent> = table<StackEvent>('cloudformation/events', (row) =>
  eventKey(row.stackId, row.ordinal),
);

/** How many events a stack has. */
export interface EventCount {
  readonly stackId: string;
  readonly count: number;
}
export const eventCounts: Table<EventCount> = table<EventCount>(
  'cloudformation/event-counts',
  (row) => row.stackId,
);

/** An export of an account and region. */
export interface Export {
  readonly name: string;
  readonly value: string;
  readonly stackId: string;
}
export const exports: Table<Export> = table<Export>('cloudformation/exports', (row) => row.name, {
  stack: (row) => row.stackId,
});

/** That a stack uses an export. */
export interface Import {
  readonly name: string;
  readonly stackId: string;
}
export const imports: Table<Import> = table<Import>(
  'cloudformation/imports',
  (row) => `${row.name} ${row.stackId}`,
  { name: (row) => row.name, stack: (row) => row.stackId },
);

/** How one property of a resource changes, as a change set tells it. */
export interface PropertyChange {
  readonly attribute:
    | 'Properties'
    | 'Metadata'
    | 'Tags'
    | 'DeletionPolicy'
    | 'UpdatePolicy'
    | 'UpdateReplacePolicy'
    | 'CreationPolicy';
  readonly name?: string;
  readonly path?: string;
  readonly recreation: 'Never' | 'Conditionally' | 'Always';
  readonly before?: string;
  readonly after?: string;
  readonly evaluation: 'Static' | 'Dynamic';
  readonly source?:
    | 'DirectModification'
    | 'ParameterReference'
    | 'ResourceReference'
    | 'ResourceAttribute'
    | 'Automatic';
  readonly cause?: string;
}

export interface ResourceChange {
  readonly action: 'Add' | 'Modify' | 'Remove' | 'Import' | 'Dynamic';
  readonly policyAction?:
    | 'Delete'
    | 'Retain'
    | 'Snapshot'
    | 'ReplaceAndDelete'
    | 'ReplaceAndRetain'
    | 'ReplaceAndSnapshot';
  readonly logicalId: string;
  readonly physicalId?: string;
  readonly type: string;
  readonly replacement?: 'True' | 'False' | 'Conditional';
  readonly details: readonly PropertyChange[];
  readonly before?: string;
  readonly after?: string;
  /** Of a nested stack, where nested changes were asked for. */
  readonly changeSetId?: string;
  /** Why not all of its values could be told. */
  readonly unresolved?: string;
}

export interface ChangeSet {
  readonly id: string;
  readonly name: string;
  readonly stackId: string;
  readonly type: 'CREATE' | 'UPDATE' | 'IMPORT';
  readonly description?: string;
  readonly createdAt: number;
  readonly status: 'CREATE_PENDING' | 'CREATE_IN_PROGRESS' | 'CREATE_COMPLETE' | 'FAILED';
  readonly statusReason?: string;
  readonly executionStatus:
    | 'UNAVAILABLE'
    | 'AVAILABLE'
    | 'EXECUTE_IN_PROGRESS'
    | 'EXECUTE_COMPLETE'
    | 'EXECUTE_FAILED'
    | 'OBSOLETE';
  readonly definition: Definition;
  readonly changes: readonly ResourceChange[];
  readonly roleArn?: string;
  readonly onStackFailure?: Stack['onFailure'];
  readonly imports?: Readonly<Record<string, string>>;
  readonly caller: Principal;
  readonly clientToken?: string;
  /** Nested stacks get change sets of their own. */
  readonly includeNested?: true;
  /** What is there under the names that the template gives becomes the stack's. */
  readonly importExisting?: true;
  readonly parentChangeSetId?: string;
  readonly rootChangeSetId?: string;
}
export const changeSets: Table<ChangeSet> = table<ChangeSet>('cloudformation/change-sets', (row) => row.id, {
  stack: (row) => row.stackId,
});

/** A signal to a resource, from cfn-signal or by a wait condition's handle. */
export interface Signal {
  readonly stackId: string;
  readonly logicalId: string;
  readonly uniqueId: string;
  readonly status: 'SUCCESS' | 'FAILURE';
  readonly at: number;
  readonly data?: string;
  readonly reason?: string;
}
export const signals: Table<Signal> = table<Signal>(
  'cloudformation/signals',
  (row) => `${row.stackId} ${row.logicalId} ${row.uniqueId}`,
);

export const stackArn = (account: string, region: string, name: string, id: string): string =>
  `arn:aws:cloudformation:${region}:${account}:stack/${name}/${id}`;
