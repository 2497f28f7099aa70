// Requests that a modelled function makes, under its role: IAM decides as for any request.

import type { Contract, Operation, Shape } from '#contract/contract.ts';
import { Fault } from '#contract/fault.ts';
import { loadContract } from '#contract/load.ts';
import { utf8 } from '#contract/protocols/bytes.ts';
import { validate, validationFault } from '#contract/validate.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Principal } from '#cloud/principal.ts';
import { Waiting } from '#cloud/waiting.ts';

/** Why a request could not even be made. */
class CallError extends Error {}

/** Makes one request. Returns what went wrong, as an error of the function's. */
export function called(
  ctx: Ctx,
  as: Principal,
  service: string,
  operation: string,
  input: unknown,
): { errorType: string; errorMessage: string } | undefined {
  try {
    const { contract, known } = operationOf(service, operation);
    const request = known.input ? shaped(known.input, input, operation) : {};
    const violations = validate(contract, known, request as Record<string, unknown>);
    if (violations.length > 0) throw validationFault(contract, violations);
    return ctx.savepoint(() => {
      const outcome = ctx.cloud.run(ctx, service, operation, request, as);
      if (!outcome.ok) throw outcome.fault;
      if (outcome.output instanceof Waiting) {
        throw new CallError(
          `${service} ${operation} waits for its answer, which a modelled function does not.`,
        );
      }
      return undefined;
    });
  } catch (error) {
    if (error instanceof Fault) return { errorType: error.shape, errorMessage: error.message };
    if (error instanceof CallError)
      return { errorType: 'Sandtable.InvalidCall', errorMessage: error.message };
    throw error;
  }
}

function operationOf(service: string, operation: string): { contract: Contract; known: Operation } {
  let contract: Contract;
  try {
    contract = loadContract(service);
  } catch {
    throw new CallError(`There is no service ${service}.`);
  }
  const known = contract.operation(operation);
  if (!known) throw new CallError(`${service} has no operation ${operation}.`);
  return { contract, known };
}

/** A value of a manifest as the operation expects it: bytes from text, numbers and flags from what was filled in. */
function shaped(shape: Shape, value: unknown, at: string): unknown {
  switch (shape.kind) {
    case 'structure':
      return structure(shape, value, at);
    case 'list':
      if (!Array.isArray(value)) throw wrong(at, 'a list');
      return value.map((item, index) => shaped(shape.item.shape, item, `${at}.${index}`));
    case 'map': {
      const entries = Object.entries(fields(value, at));
      return Object.fromEntries(
        entries.map(([key, inner]) => [key, shaped(shape.item.shape, inner, `${at}.${key}`)]),
      );
    }
    case 'blob': {
      const bytes = utf8(text(value));
      return shape.streaming ? { bytes } : bytes;
    }
    case 'string':
      return text(value);
    case 'boolean':
      if (value === true || value === 'true') return true;
      if (value === false || value === 'false') return false;
      throw wrong(at, 'true or false');
    case 'document':
      return value;
    default: {
      const number = typeof value === 'number' ? value : Number(text(value));
      if (!Number.isFinite(number)) throw wrong(at, 'a number');
      return number;
    }
  }
}

function structure(shape: Shape, value: unknown, at: string): Record<string, unknown> {
  const built: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(fields(value, at))) {
    const member = shape.member(name);
    if (!member) throw new CallError(`${at} has no member ${name}.`);
    if (inner === null || inner === undefined) continue;
    built[name] =
      member.streaming && member.shape.kind === 'blob'
        ? { bytes: utf8(text(inner)) }
        : shaped(member.shape, inner, `${at}.${name}`);
  }
  return built;
}

function fields(value: unknown, at: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw wrong(at, 'a map');
}

/** What is not text becomes JSON, as functions do with bodies. */
function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function wrong(at: string, what: string): CallError {
  return new CallError(`${at} is not ${what}.`);
}
