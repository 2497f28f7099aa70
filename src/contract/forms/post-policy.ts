// The policy of an upload from a form: until when it is good, and what the form may say.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html

import { Fault } from '../fault.ts';
import { fromBase64, textOf } from '../protocols/bytes.ts';

/** What a policy is held against. */
export interface Posted {
  readonly bucket: string;
  /** By lower-case name. */
  readonly fields: ReadonlyMap<string, { readonly value: string }>;
  readonly sizeBytes: number;
}

/** Fields that no condition has to allow. */
const FREE = new Set(['policy', 'signature', 'x-amz-signature', 'awsaccesskeyid', 'file', 'bucket']);

const invalid = (detail: string): Fault =>
  new Fault('InvalidPolicyDocument', `Invalid Policy: ${detail}`, { status: 400 });

const denied = (detail: string): Fault =>
  new Fault('AccessDenied', `Invalid according to Policy: ${detail}`, { status: 403 });

interface Condition {
  readonly operator: string;
  readonly operands: readonly unknown[];
}

function conditionOf(given: unknown): Condition {
  if (Array.isArray(given)) {
    const [operator, ...operands] = given as unknown[];
    if (typeof operator !== 'string' || operands.length !== 2) throw invalid('Invalid JSON.');
    return { operator: operator.toLowerCase(), operands };
  }
  const entries = Object.entries((given ?? {}) as Record<string, unknown>);
  const [only] = entries;
  if (typeof given !== 'object' || !only || entries.length > 1) {
    throw invalid('Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.');
  }
  return { operator: 'eq', operands: [`$${only[0]}`, only[1]] };
}

/** As S3 prints a condition in its errors. */
function printed({ operator, operands }: Condition): string {
  return `[${[operator, ...operands].map((one) => JSON.stringify(one)).join(', ')}]`;
}

function checkLength({ operator, operands }: Condition, { sizeBytes }: Posted): void {
  const [least, most] = operands.map(Number) as [number, number];
  if (!Number.isInteger(least) || !Number.isInteger(most))
    throw denied(`Policy Condition failed: ${printed({ operator, operands })}`);
  if (sizeBytes < least) {
    throw new Fault('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size', {
      status: 400,
      fields: { ProposedSize: sizeBytes, MinSizeAllowed: least },
    });
  }
  if (sizeBytes <= most) return;
  throw new Fault('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size', {
    status: 400,
    fields: { ProposedSize: sizeBytes, MaxSizeAllowed: most },
  });
}

/** Whether a condition about a field holds; its name counts in any case. */
function holds({ operator, operands }: Condition, { bucket, fields }: Posted): boolean {
  const [field, wanted] = operands;
  if (typeof field !== 'string' || typeof wanted !== 'string' || !field.startsWith('$')) return false;
  const name = field.slice(1).toLowerCase();
  const value = name === 'bucket' ? bucket : fields.get(name)?.value;
  if (value === undefined) return false;
  if (operator === 'eq') return value === wanted;
  return operator === 'starts-with' && value.startsWith(wanted);
}

function documentOf(policy: string): { expiration: string; conditions: unknown[] } {
  let document: unknown;
  try {
    document = JSON.parse(textOf(fromBase64(policy) ?? new Uint8Array(0)) ?? '');
  } catch {
    throw invalid('Invalid JSON.');
  }
  const { expiration, conditions } = (document ?? {}) as Record<string, unknown>;
  if (typeof expiration !== 'string') throw invalid('Policy missing expiration.');
  if (!Array.isArray(conditions)) throw invalid('Policy missing conditions.');
  return { expiration, conditions };
}

/** Throws for what the policy does not allow. `nowMs`: the wall clock of the edge, where there is one. */
export function checkPostPolicy(policy: string, posted: Posted, nowMs: number | undefined): void {
  const { expiration, conditions: given } = documentOf(policy);
  const endMs = Date.parse(expiration);
  if (Number.isNaN(endMs)) throw invalid(`Invalid 'expiration' value: '${expiration}'`);
  if (nowMs !== undefined && nowMs >= endMs) throw denied('Policy expired.');
  const conditions = given.map(conditionOf);
  const allowed = new Set(FREE);
  for (const condition of conditions) {
    if (condition.operator === 'content-length-range') continue;
    if (!holds(condition, posted)) throw denied(`Policy Condition failed: ${printed(condition)}`);
    allowed.add(String(condition.operands[0]).slice(1).toLowerCase());
  }
  const extra = [...posted.fields.keys()].filter(
    (name) => !allowed.has(name) && !name.startsWith('x-ignore-'),
  );
  if (extra.length > 0) throw denied(`Extra input fields: ${extra.join(', ')}`);
  for (const condition of conditions)
    if (condition.operator === 'content-length-range') checkLength(condition, posted);
}
