// What a provider is: it makes, changes and removes resources of one type, with the public operations of their service, as
// the stack's principal. One small file for each type or family of types.

import type { Fault } from '#contract/fault.ts';
import type { Json, ResourceProperties } from '#generated/resource-types.ts';
import type { Input, OperationName, Output, ServiceId } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { tagList } from '#cloud/tags.ts';
import type { Principal } from '#cloud/principal.ts';
import { physicalName } from '../engine/names.ts';
import type { NameRules } from '../engine/names.ts';
import type { Policies } from '../rows.ts';
import type { Fields, Value } from '../template/template.ts';

export type { Json };
export type TypeName = keyof ResourceProperties;
export type Properties<T extends TypeName> = ResourceProperties[T];

/** Why something could not be done with a resource: the reason in its event. */
export class ResourceFailure extends Error {
  /** How the registry calls it. */
  readonly code: string;
  /** The fault of the service, where one answered. */
  readonly fault: Fault | undefined;
  constructor(message: string, code: string = 'GeneralServiceException', fault?: Fault) {
    super(message);
    this.name = 'ResourceFailure';
    this.code = code;
    this.fault = fault;
  }
}

/** Not there yet: look again (ms from now), or sleep until woken, by `deadline` (epoch ms) at the latest. */
export type Pending = { readonly again: number } | { readonly asleep: true; readonly deadline?: number };

/** Whether a resource stands (or is gone): `done`, under another physical id if one is given, or not yet. */
export type Progress = 'done' | { readonly physicalId: string } | Pending;

/** The stack around a resource. */
export interface StackFacts {
  readonly id: string;
  readonly name: string;
  /** The stack's own tags, which all its resources get. */
  readonly tags: Readonly<Record<string, string>>;
  readonly notificationArns: readonly string[];
  readonly disableRollback: boolean;
  readonly rootId: string;
}

interface TagPair {
  Key: string;
  Value: string;
}

interface TagChoice {
  /** `false` where CloudFormation does not add `aws:cloudformation:…`, as the type's schema in the registry says. */
  readonly system?: boolean;
}

/** One step of work on one resource. */
export class Work<T extends TypeName = TypeName> {
  readonly ctx: Ctx;
  readonly stack: StackFacts;
  readonly logicalId: string;
  /**
   * As the template says, in the types that the registry declares, with what dynamic references stand for. Throws `Fault` where
   * one of them stands for nothing (any more): what does not look at them can go on.
   */
  declare readonly properties: Properties<T>;
  /** As they were before this update. */
  readonly previous: Properties<T> | undefined;
  readonly #physicalId: string | undefined;
  /** `Custom::…` for custom resources. */
  readonly typeName: string;
  readonly policies: Policies;
  /** The stack's principal. Throws `Fault` where its role cannot be assumed (any more). */
  declare readonly as: Principal;
  /** Idempotency token of this work. */
  readonly token: string;
  readonly startedAt: number;
  /** The update takes back what an earlier one did. */
  readonly reverting: boolean;
  #memory: Fields;
  readonly #tell: (reason: string) => void;

  constructor(given: {
    ctx: Ctx;
    stack: StackFacts;
    logicalId: string;
    typeName: string;
    properties: () => Fields;
    previous?: Fields | undefined;
    physicalId?: string | undefined;
    policies: Policies;
    as: () => Principal;
    token: string;
    startedAt: number;
    reverting: boolean;
    memory: Fields;
    tell: (reason: string) => void;
  }) {
    this.ctx = given.ctx;
    this.stack = given.stack;
    this.logicalId = given.logicalId;
    this.typeName = given.typeName;
    let properties: Fields | undefined;
    Object.defineProperty(this, 'properties', { get: () => (properties ??= given.properties()) });
    this.previous = given.previous as Properties<T> | undefined;
    this.#physicalId = given.physicalId;
    this.policies = given.policies;
    let as: Principal | undefined;
    Object.defineProperty(this, 'as', { get: () => (as ??= given.as()) });
    this.token = given.token;
    this.startedAt = given.startedAt;
    this.reverting = given.reverting;
    this.#memory = given.memory;
    this.#tell = given.tell;
  }

  /** By which the resource is found again, and what `Ref` gives unless the provider says otherwise. */
  get physicalId(): string {
    if (this.#physicalId === undefined) throw new Error(`${this.logicalId} has no physical id yet.`);
    return this.#physicalId;
  }

  /** What the steps of one task tell the next ones. */
  get memory(): Fields {
    return this.#memory;
  }

  remember(more: Fields): void {
    this.#memory = { ...this.#memory, ...more };
  }

  /** Tells the stack's events how far this is, without a new status. */
  tell(reason: string): void {
    this.#tell(reason);
  }

  /** Calls an operation as the stack's principal. What the service refuses fails the resource. */
  call<S extends ServiceId, O extends OperationName<S>>(
    service: S,
    operation: O,
    input: Input<S, O>,
  ): Output<S, O> {
    // What a template says may be anything; services count on what the gateway checks for them.
    const plain = given(input);
    const problem = this.ctx.cloud.problemOf(service, operation, plain as Fields);
    const outcome = problem
      ? { ok: false as const, fault: problem }
      : this.ctx.call(service, operation, plain, this.as);
    if (outcome.ok) return outcome.output;
    throw failureOf(service, outcome.fault, this.token, this.ctx.uuid('provider-request'));
  }

  /** The same, where what is asked for may be gone: nothing then. */
  find<S extends ServiceId, O extends OperationName<S>>(
    service: S,
    operation: O,
    input: Input<S, O>,
  ): Output<S, O> | undefined {
    try {
      return this.call(service, operation, input);
    } catch (error) {
      if (error instanceof ResourceFailure && error.code === 'NotFound') return undefined;
      throw error;
    }
  }

  /** A name for a resource that the template does not name. */
  name(rules: NameRules): string {
    return physicalName(this.ctx, this.stack.name, this.logicalId, rules);
  }

  /** Tags of the template over those of the stack, and CloudFormation's own where the service takes them. */
  tags(own: readonly TagPair[] | undefined = [], { system = true }: TagChoice = {}): TagPair[] {
    const { id, name, tags } = this.stack;
    const systemTags = {
      'aws:cloudformation:stack-name': name,
      'aws:cloudformation:logical-id': this.logicalId,
      'aws:cloudformation:stack-id': id,
    };
    const all: Record<string, string> = { ...(system ? systemTags : {}), ...tags };
    for (const { Key, Value } of own) all[Key] = Value;
    return tagList(all);
  }

  /** The same as an object, as many services want them. */
  tagMap(own: readonly TagPair[] | undefined = [], choice: TagChoice = {}): Record<string, string> {
    return Object.fromEntries(this.tags(own, choice).map(({ Key, Value }) => [Key, Value]));
  }

  /** How tags change: those to write, and the keys to take away. */
  tagChanges(choice: TagChoice = {}): { put: TagPair[]; remove: string[] } {
    const tagsIn = (properties: unknown): readonly TagPair[] =>
      ((properties as { Tags?: readonly TagPair[] } | undefined)?.Tags ?? []) as readonly TagPair[];
    const after = tagsIn(this.properties);
    const kept = new Set([...after.map(({ Key }) => Key), ...Object.keys(this.stack.tags)]);
    const remove = tagsIn(this.previous)
      .map(({ Key }) => Key)
      .filter((key) => !kept.has(key));
    return { put: this.tags(after, choice), remove };
  }

  /** Whether a property differs from what it was. */
  changed(...names: readonly (keyof Properties<T> & string)[]): boolean {
    const [before, after] = [this.previous ?? {}, this.properties] as Record<string, unknown>[];
    return names.some((name) => JSON.stringify(before?.[name]) !== JSON.stringify(after?.[name]));
  }
}

/** An input without the members that a template left out: they would end up in rows. */
function given<V>(value: V): V {
  if (Array.isArray(value)) return value.map((item: unknown) => given(item)) as V;
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([name, member]) => [name, given(member as unknown)])) as V;
}

/** Makes, changes and removes resources of one type. */
export interface Provider<T extends TypeName = TypeName> {
  readonly type: T;
  /** Published properties that are not honoured, as dotted paths: a template that gives one fails, naming it. */
  readonly refused?: readonly string[];
  /** Properties whose whole structure goes to the service as it is: the service refuses what it does not model. */
  readonly passedOn?: readonly string[];
  /** Properties that change nothing here, each with the reason. */
  readonly withoutEffect?: Readonly<Record<string, string>>;
  /** An update of the stack updates it even where no property differs, as a nested stack's template may. */
  readonly alwaysUpdates?: boolean;
  /** Only what answers tells the physical id: until then events show none. */
  readonly namedLate?: boolean;
  /** Makes the resource and returns its physical id. What it throws undoes all of it. */
  create(work: Work<T>): string;
  /** Whether the resource stands after `create` or `update`; at once where this is missing. */
  stands?(work: Work<T>): Progress;
  /** Changes the resource in place. May return another physical id: the old one is then deleted in the end. */
  update?(work: Work<T>): string | void;
  /** Removes the resource. One that is already gone is no failure. */
  delete(work: Work<T>): void;
  /** Whether it is gone after `delete`; at once where this is missing. */
  gone?(work: Work<T>): Progress;
  /** What `Ref` gives, where that is not the physical id. */
  ref?(work: Work<T>): string;
  /** What `Fn::GetAtt` gives. */
  attributes?(work: Work<T>): Readonly<Record<string, Json>>;
  /** Whether a change that may replace the resource does. */
  replaces?(work: Work<T>, path: readonly string[]): boolean;
  /** Whether an update replaces the resource although none of its properties asks for that, as a policy may. */
  replacesBecause?(work: Work<T>): boolean;
  /** The engine waits no longer for it, because something else failed: ends what was begun only for the time of the work. */
  cancelled?(work: Work<T>): void;
  /**
   * The properties that the resource really has, for drift detection and import; nothing where it is gone. An undefined one is
   * known to be unset; one that is left out is not looked at.
   */
  read?(work: Work<T>): Readonly<Record<string, Json | undefined>> | undefined;
}

/** Declares a provider: types its properties by the type's name. */
export function provider<T extends TypeName>(definition: Provider<T>): Provider {
  return definition as unknown as Provider;
}

/** Words in the codes of services for what is not there. */
const ABSENT = /NotFound|NoSuch|DoesNotExist|NonExistent|NotExist|UnknownResource|ResourceNotFound/;
const THERE = /AlreadyExist|EntityAlreadyExists|Duplicate|InUse|Conflict/;

function handlerCode({ shape }: Fault): string {
  if (shape === 'NotImplemented') return 'NotImplemented';
  if (ABSENT.test(shape)) return 'NotFound';
  if (/AccessDenied|UnauthorizedOperation|NotAuthorized|AuthFailure/.test(shape)) return 'AccessDenied';
  if (/AlreadyExist|Duplicate|BucketAlready/.test(shape)) return 'AlreadyExists';
  if (/Throttl|TooManyRequests|RequestLimitExceeded/.test(shape)) return 'Throttling';
  if (/LimitExceeded|Quota/.test(shape)) return 'ServiceLimitExceeded';
  if (THERE.test(shape)) return 'ResourceConflict';
  return /Invalid|Validation|Malformed|Missing|BadRequest/.test(shape)
    ? 'InvalidRequest'
    : 'GeneralServiceException';
}

const NAMES: Readonly<Record<string, string>> = {
  autoscaling: 'AutoScaling',
  codedeploy: 'CodeDeploy',
  dynamodb: 'DynamoDb',
  ec2: 'Ec2',
  elasticloadbalancing: 'ElasticLoadBalancingV2',
  'elasticloadbalancing-classic': 'ElasticLoadBalancing',
  events: 'EventBridge',
  logs: 'CloudWatchLogs',
  monitoring: 'CloudWatch',
  route53: 'Route53',
  secretsmanager: 'SecretsManager',
};

/** A service's fault as resource handlers report it. */
function failureOf(service: string, fault: Fault, token: string, requestId: string): ResourceFailure {
  const name = NAMES[service] ?? `${service[0]?.toUpperCase() ?? ''}${service.slice(1)}`;
  const code = handlerCode(fault);
  const status = fault.status ?? 400;
  const said = `${fault.message} (Service: ${name}, Status Code: ${status}, Request ID: ${requestId})`;
  return new ResourceFailure(
    `Resource handler returned message: "${said}" (RequestToken: ${token}, HandlerErrorCode: ${code})`,
    code,
    fault,
  );
}

/** A failure in the words of a resource handler, without a service behind it. */
export function handlerFailure(
  work: Work,
  message: string,
  code: string = 'InvalidRequest',
): ResourceFailure {
  return new ResourceFailure(
    `Resource handler returned message: "${message}" (RequestToken: ${work.token}, HandlerErrorCode: ${code})`,
    code,
  );
}

export type { Value };
