// SNS's errors in its own words, as AWS gave them in the answers that LocalStack's tests record:
// https://github.com/localstack/localstack/blob/main/tests/aws/services/sns/test_sns.snapshot.json

import { Fault } from '#contract/fault.ts';

/** `what` follows "Invalid parameter: ". */
export const invalid = (what: string): Fault =>
  new Fault('InvalidParameterException', `Invalid parameter: ${what}`);

export const notModelled = (what: string): Fault =>
  new Fault('NotImplemented', `${what} not modelled by Sandtable.`);

/** Throws SNS's error for what has too few parts to be an ARN. */
export function checkArn(arn: string, name: string): void {
  const { length } = arn.split(':');
  if (length < 6) throw invalid(`${name} Reason: An ARN must have at least 6 elements, not ${length}`);
}
