// What the six protocols have in common: where a request goes, how a fault is described, what a codec does.
import type { Contract, Operation, Protocol, Shape, Structure } from '../contract.ts';
import { commonSpelling, type Dialect, type Fault } from '../fault.ts';
import type { Body, WireRequest, WireResponse } from '../wire.ts';

/** A query request's parameters as a tree: `A.member.1` is three levels. */
export interface FormNode {
  value: string | undefined;
  children: Map<string, FormNode> | undefined;
}

/** Which operation a request is for, and what was learnt on the way there. */
export interface Route {
  readonly contract: Contract;
  readonly protocol: Protocol;
  readonly operation: Operation;
  /** Decoded labels of the URI template, in the REST protocols. */
  readonly labels: Readonly<Record<string, string>>;
  /** Decoded parameters, in the query protocols. */
  readonly form: FormNode | undefined;
}

/** Where an answer goes back to: the same three things, of which the operation may be unknown. */
export interface ReplyTo {
  readonly contract: Contract;
  readonly protocol: Protocol;
  readonly operation?: Operation | undefined;
  readonly requestId: string;
}

export interface Codec {
  /** Throws a Fault when the request is malformed. */
  read(route: Route, wire: WireRequest, body: Body | undefined): Record<string, unknown>;
  write(to: ReplyTo & { readonly operation: Operation }, output: Structure): WireResponse;
  writeFault(to: ReplyTo, fault: Fault): WireResponse;
}

export interface FaultFacts {
  /** What the client reads as the name of the error. */
  readonly code: string;
  /** The code of the query protocol, for services that also show it to JSON clients. */
  readonly queryCode: string;
  readonly status: number;
  readonly server: boolean;
  /** The error's shape in the model; a common error has none. */
  readonly shape: Shape | undefined;
}

/**
 * A fault as this service spells it in this dialect: from its own model, else from the errors all services
 * share.
 */
export function describeFault(contract: Contract, fault: Fault, dialect: Dialect): FaultFacts {
  const spelled = dialect === 'json' || dialect === 'rest-json' ? 'name' : 'code';
  let shape = contract.errorShape(fault.shape);
  const common = shape === undefined ? commonSpelling(fault.shape, dialect) : undefined;
  if (common !== undefined) shape = contract.errorShape(common.code);
  const error = shape?.error;
  if (shape !== undefined && error !== undefined) {
    const code = spelled === 'name' ? shape.name : error.code;
    return { code, queryCode: error.code, status: fault.status ?? error.status, server: error.server, shape };
  }
  const code = common?.code ?? fault.shape;
  const status = fault.status ?? common?.status ?? 400;
  const queryCode = commonSpelling(fault.shape, 'query')?.code ?? code;
  return { code, queryCode, status, server: status >= 500, shape: undefined };
}

/** The fields of a fault that its shape has besides the message. */
export function faultFields(facts: FaultFacts, fault: Fault): Structure {
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fault.fields)) {
    if (facts.shape?.member(name) !== undefined) fields[name] = value;
  }
  return fields;
}
