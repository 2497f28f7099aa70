// Plain scalars of YAML, and numbers of both notations, as CloudFormation takes them.

import type { Value } from './template.ts';

const NUMBER = /^[-+]?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/;
const TRUE = new Set(['true', 'True', 'TRUE', 'yes', 'Yes', 'YES', 'on', 'On', 'ON']);
const FALSE = new Set(['false', 'False', 'FALSE', 'no', 'No', 'NO', 'off', 'Off', 'OFF']);
const NULL = new Set(['', '~', 'null', 'Null', 'NULL']);

/**
 * A number, if the number says no less than its text: `1.10`, `1e3` and numbers of more digits than a double has stay
 * text, because CloudFormation hands them on as they were written.
 */
export function numberOf(text: string): number | string {
  const value = Number(text);
  return String(value) === text ? value : text;
}

/**
 * A scalar without quotes. CloudFormation reads YAML 1.1 in part: words such as `yes` are booleans, while dates and
 * numbers with leading zeros (account ids) stay text.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
 */
export function plainScalar(text: string): Value {
  if (NULL.has(text)) return null;
  if (TRUE.has(text)) return true;
  if (FALSE.has(text)) return false;
  return NUMBER.test(text) ? numberOf(text) : text;
}

/** The string that CloudFormation makes of a scalar. */
export function textOf(value: string | number | boolean): string {
  return String(value);
}
