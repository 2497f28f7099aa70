// EventBridge's errors and its words for them.

import { Fault } from '#contract/fault.ts';

export const invalid = (message: string): Fault => new Fault('ValidationException', message);

export const absentBus = (name: string): Fault =>
  new Fault('ResourceNotFoundException', `Event bus ${name} does not exist.`);

export const absentRule = (name: string, bus: string): Fault =>
  new Fault('ResourceNotFoundException', `Rule ${name} does not exist on EventBus ${bus}.`);

export const tooMany = (): Fault =>
  new Fault('LimitExceededException', 'The requested resource exceeds the maximum number allowed.');

/** Throws where a list is to be filtered in more than one way. */
export function atMostOneFilter(operation: string, filters: readonly unknown[]): void {
  if (filters.filter((filter) => filter !== undefined).length <= 1) return;
  throw invalid(
    `At most one filter is allowed for ${operation}. Use either : State, EventSourceArn, or NamePrefix.`,
  );
}

export const notModelled = (what: string): Fault =>
  new Fault('NotImplemented', `${what} is not modelled by Sandtable.`);
