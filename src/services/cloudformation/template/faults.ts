// CloudFormation's refusals of templates. Every one is a ValidationError; they differ in how the sentence begins.

import { Fault } from '#contract/fault.ts';

export function invalid(message: string): Fault {
  return new Fault('ValidationError', message);
}

/** The structure is wrong. */
export function formatError(message: string): Fault {
  return invalid(`Template format error: ${message}`);
}

/** A function is wrong, in its arguments or in what it comes to. */
export function templateError(message: string): Fault {
  return invalid(`Template error: ${message}`);
}
