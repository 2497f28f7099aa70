// Refusal of parameters that an operation does not model: a clear `NotImplemented` instead of silence.

import { Fault } from '#contract/fault.ts';
import type { Service } from './service.ts';

/** The answer to an operation that is not modelled. It names itself, so that nobody has to guess. */
export function notModelled(service: string, operation: string, parameter?: string): Fault {
  const what = parameter
    ? `The parameter ${parameter} of ${service}:${operation}`
    : `The operation ${service}:${operation}`;
  return new Fault(
    'NotImplemented',
    `${what} is not modelled by Sandtable. See docs/coverage.md for what is.`,
  );
}

/**
 * Throws for the first refused member that the input gives. Paths are dotted; lists are looked through, and `*` stands for the
 * keys of a map.
 */
export function refuseUnmodelled(service: Service, operation: string, input: Record<string, unknown>): void {
  for (const path of service.refused[operation] ?? []) {
    if (given(input, path.split('.'), 0)) throw notModelled(service.contract, operation, path);
  }
}

function given(value: unknown, path: readonly string[], depth: number): boolean {
  if (value === undefined || value === null) return false;
  if (Array.isArray(value)) return value.some((item) => given(item, path, depth));
  if (depth === path.length) return true;
  if (typeof value !== 'object') return false;
  if (path[depth] === '*') return Object.values(value).some((item) => given(item, path, depth + 1));
  return given((value as Record<string, unknown>)[path[depth] as string], path, depth + 1);
}
