// What a service is made of. A service folder exports one value of this; everything else about it (decoding, validation,
// authorization, refusal of what is not modelled, coverage) follows from the contract.

import type { EffectHandler, Reconciler, Row, Table, TimerHandler } from '#world/index.ts';
import type { Violation } from '#contract/validate.ts';
import type { Fault } from '#contract/fault.ts';
import type { WireRequest } from '#contract/wire.ts';
import type { Input, OperationName, Output, ServiceId } from './contracts.ts';
import type { Ctx } from './ctx.ts';
import type { Door } from './endpoint.ts';
import type { Decision } from './iam/evaluate.ts';
import type { Policy } from './iam/policy.ts';
import type { Provision } from './port.ts';
import type { Waiting } from './waiting.ts';

/** One API operation. Synchronous; throws `Fault` for AWS's errors. Operations that may wait return `ctx.wait(…)`. */
export type OperationHandler<S extends ServiceId, O extends OperationName<S>> = (
  ctx: Ctx,
  input: Input<S, O>,
) => Output<S, O> | Waiting;

/** The operations that a service models. What its contract has besides answers `NotImplemented`. */
export type Operations<S extends ServiceId> = { readonly [O in OperationName<S>]?: OperationHandler<S, O> };

/** An operation whose types have been forgotten. */
export type AnyOperation = (
  ctx: Ctx,
  input: Record<string, unknown>,
) => Record<string, unknown> | Waiting | void;

/** How IAM sees an operation, where it differs from `<prefix>:<Operation>` on `*`. */
export interface Authorization<S extends ServiceId, O extends OperationName<S>> {
  /** Actions that the caller needs; each is checked on each resource. Empty: no permission is needed. */
  actions?: readonly string[] | ((ctx: Ctx, input: Input<S, O>) => readonly string[]);
  /** ARNs of the resources that the operation touches; `*` where the action has no resource types. */
  resources?: (ctx: Ctx, input: Input<S, O>) => string | readonly string[];
  /** Further condition keys of this request, such as `s3:prefix`. */
  conditions?: (ctx: Ctx, input: Input<S, O>) => Readonly<Record<string, string | readonly string[]>>;
  /** Roles that the caller hands to a service, by ARN: `iam:PassRole` is checked on each. */
  passes?: (ctx: Ctx, input: Input<S, O>) => readonly PassedRole[];
  /** Further actions that the request needs, each on a resource of its own: tags given at creation. */
  further?: (ctx: Ctx, input: Input<S, O>) => readonly FurtherAction[];
}

/** An action that a request needs beside its own. */
export interface FurtherAction {
  readonly action: string;
  readonly resource: string;
  readonly conditions?: Readonly<Record<string, string | readonly string[]>>;
}

/** What IAM would deny, for services in which something beside policies may still allow it. */
export interface Request {
  readonly action: string;
  readonly resource: string;
  /** Condition keys of the request. */
  readonly conditions: Readonly<Record<string, string | readonly string[]>>;
  /** Nothing where another service asks what would be allowed. */
  readonly input: Readonly<Record<string, unknown>>;
}

/** What IAM denied, for services with words of their own. */
export interface Denial {
  readonly action: string;
  readonly resource: string;
  readonly decision: Decision;
  /** The usual sentence. */
  readonly message: string;
}

/** A role that is passed, and to whom. */
export interface PassedRole {
  readonly roleArn: string;
  readonly service: string;
}

export interface ServiceDefinition<S extends ServiceId> {
  readonly contract: S;
  /** Prefix of its IAM actions, where that is not the contract's name. */
  readonly actionPrefix?: string;
  /** Who the service is when it acts for itself. */
  readonly principal?: string;
  /** Account-wide services keep their rows in no region. */
  readonly global?: boolean;
  readonly tables: readonly Table[];
  readonly operations: Operations<S>;
  readonly timers?: readonly TimerHandler<unknown, Ctx>[];
  readonly reconcilers?: readonly Reconciler<Row, Ctx>[];
  readonly effects?: readonly EffectHandler<unknown, unknown, Ctx>[];
  readonly provides?: readonly Provision[];
  readonly authorization?: { readonly [O in OperationName<S>]?: Authorization<S, O> };
  /** The policy of a resource of this service, for resources that carry one. */
  readonly resourcePolicy?: (ctx: Ctx, resourceArn: string) => Policy | undefined;
  /** Identity policies count only as far as the resource's policy lets the account in, as KMS's key policies do. */
  readonly resourcePolicyAlone?: boolean;
  /** Whether a grant of the resource allows what no policy does, as KMS's do. Explicit denials still win. */
  readonly granted?: (ctx: Ctx, request: Request) => boolean;
  /** Which account owns a resource whose ARN does not say, as S3's do not. */
  readonly ownerOf?: (ctx: Ctx, resourceArn: string) => string | undefined;
  /** Condition keys that a resource brings along, such as `aws:ResourceTag/Name`. */
  readonly resourceConditions?: (
    ctx: Ctx,
    resourceArn: string,
  ) => Readonly<Record<string, string | readonly string[]>>;
  /** Turns a denial by IAM into this service's own error; the default is AWS's usual one. */
  readonly denied?: (ctx: Ctx, denial: Denial) => Fault;
  /** Input members of modelled operations that are refused, as dotted paths: `{ RunInstances: ['CpuOptions'] }`. */
  readonly refused?: { readonly [O in OperationName<S>]?: readonly string[] };
  /** Input members that are accepted and change nothing, each with the reason; the README lists them too. */
  readonly withoutEffect?: { readonly [O in OperationName<S>]?: Readonly<Record<string, string>> };
  /** Turns violations of the contract's constraints into this service's own error; the default is AWS's usual one. */
  readonly invalid?: (operation: OperationName<S>, violations: readonly Violation[]) => Fault | undefined;
  /** Violations of the published constraints that AWS itself lets pass; the operation then checks for itself. */
  readonly tolerates?: (operation: OperationName<S>, violation: Violation) => boolean;
  /** What is wrong before it looks at the constraints of the contract: of a request that breaks them, this is told instead. */
  readonly before?: (
    ctx: Ctx,
    operation: OperationName<S>,
    input: Readonly<Record<string, unknown>>,
  ) => Fault | undefined;
  /** Where the resource of a request is whose signature names no region. Throws `Fault` where that takes no such signature. */
  readonly regionOf?: (ctx: Ctx, wire: WireRequest) => string | undefined;
  /** What it answers besides its API. */
  readonly doors?: readonly Door[];
  /** Headers for the answer to a web page of another origin (`Origin`). */
  readonly crossOrigin?: (ctx: Ctx, wire: WireRequest) => Readonly<Record<string, string>>;
}

/** A service whose contract has been forgotten: what the gateway and the composition handle. */
export interface Service {
  readonly contract: ServiceId;
  readonly actionPrefix: string;
  readonly principal: string;
  readonly global: boolean;
  readonly tables: readonly Table[];
  readonly operations: Readonly<Record<string, AnyOperation>>;
  readonly timers: readonly TimerHandler<unknown, Ctx>[];
  readonly reconcilers: readonly Reconciler<Row, Ctx>[];
  readonly effects: readonly EffectHandler<unknown, unknown, Ctx>[];
  readonly provides: readonly Provision[];
  readonly authorization: Readonly<Record<string, AnyAuthorization>>;
  readonly resourcePolicy?: (ctx: Ctx, resourceArn: string) => Policy | undefined;
  readonly resourcePolicyAlone?: boolean;
  readonly granted?: (ctx: Ctx, request: Request) => boolean;
  readonly ownerOf?: (ctx: Ctx, resourceArn: string) => string | undefined;
  readonly resourceConditions?: (
    ctx: Ctx,
    resourceArn: string,
  ) => Readonly<Record<string, string | readonly string[]>>;
  readonly denied?: (ctx: Ctx, denial: Denial) => Fault;
  readonly refused: Readonly<Record<string, readonly string[]>>;
  readonly withoutEffect: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly invalid?: (operation: string, violations: readonly Violation[]) => Fault | undefined;
  readonly tolerates?: (operation: string, violation: Violation) => boolean;
  readonly before?: (
    ctx: Ctx,
    operation: string,
    input: Readonly<Record<string, unknown>>,
  ) => Fault | undefined;
  readonly crossOrigin?: (ctx: Ctx, wire: WireRequest) => Readonly<Record<string, string>>;
  readonly regionOf?: (ctx: Ctx, wire: WireRequest) => string | undefined;
  readonly doors: readonly Door[];
}

interface AnyAuthorization {
  readonly actions?: readonly string[] | ((ctx: Ctx, input: Record<string, unknown>) => readonly string[]);
  readonly resources?: (ctx: Ctx, input: Record<string, unknown>) => string | readonly string[];
  readonly conditions?: (
    ctx: Ctx,
    input: Record<string, unknown>,
  ) => Readonly<Record<string, string | readonly string[]>>;
  readonly passes?: (ctx: Ctx, input: Record<string, unknown>) => readonly PassedRole[];
  readonly further?: (ctx: Ctx, input: Record<string, unknown>) => readonly FurtherAction[];
}

/** Makes a service from its definition. */
export function defineService<S extends ServiceId>(definition: ServiceDefinition<S>): Service {
  const { contract, ...rest } = definition;
  const plain = rest as unknown as Partial<Service>;
  return {
    actionPrefix: contract,
    principal: `${contract}.amazonaws.com`,
    global: false,
    timers: [],
    reconcilers: [],
    effects: [],
    provides: [],
    authorization: {},
    refused: {},
    withoutEffect: {},
    doors: [],
    ...plain,
    contract,
    tables: definition.tables,
    operations: definition.operations as unknown as Readonly<Record<string, AnyOperation>>,
  };
}
