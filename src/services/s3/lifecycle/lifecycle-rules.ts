// What S3 takes as lifecycle rules.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html

import type { Fault } from '#contract/fault.ts';
import { formatIso } from '#contract/protocols/timestamp.ts';
import type { Input } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { invalidArgument, invalidRequest, malformedXml } from '../faults.ts';
import type { LifecycleRule } from '../tables.ts';
import { DAY_MS } from '../timings.ts';
import { filterOf } from './expiration.ts';

type Wire = NonNullable<
  Input<'s3', 'PutBucketLifecycleConfiguration'>['LifecycleConfiguration']
>['Rules'][number];

const MOST_RULES = 1000;
const LONGEST_ID = 255;
/** Days that an object spends elsewhere before it may go to these classes. */
const LEAST_DAYS: Readonly<Record<string, number>> = { STANDARD_IA: 30, ONEZONE_IA: 30 };
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

const wrong = (message: string): Fault => invalidArgument('', undefined, message);

function checkDays(action: string, days: number | undefined): void {
  if (days !== undefined && days <= 0) throw wrong(`'Days' for ${action} action must be a positive integer`);
}

function checkDate(date: number | undefined): void {
  if (date !== undefined && date % DAY_MS !== 0)
    throw invalidArgument('Date', formatIso(date), "'Date' must be at midnight GMT");
}

function checkFilter(rule: Wire): void {
  const { Filter: filter, Prefix } = rule;
  if ((filter === undefined) === (Prefix === undefined)) throw malformedXml();
  if (!filter) return;
  const { And: both, ...single } = filter;
  const named = Object.values(single).filter((value) => value !== undefined).length;
  if (named + (both ? 1 : 0) > 1) throw malformedXml();
  if (!both) return;
  const { Tags = [], Prefix: prefix, ObjectSizeGreaterThan: over, ObjectSizeLessThan: under } = both;
  if (Tags.length + [prefix, over, under].filter((one) => one !== undefined).length < 2) throw malformedXml();
  if (new Set(Tags.map(({ Key }) => Key)).size < Tags.length)
    throw invalidRequest('Duplicate Tag Keys are not allowed.');
  if (over !== undefined && under !== undefined && over >= under)
    throw invalidRequest("'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'");
}

function checkExpiration({ Expiration: expiration }: Wire, tagged: boolean): void {
  if (!expiration) return;
  const { Days, Date: date, ExpiredObjectDeleteMarker: marker } = expiration;
  const given = [Days, date, marker].filter((value) => value !== undefined).length;
  if (given !== 1) throw malformedXml();
  checkDays('Expiration', Days);
  checkDate(date);
  if (marker !== undefined && tagged)
    throw invalidRequest('ExpiredObjectDeleteMarker cannot be specified with Tags.');
}

function checkTransitions(
  { Transitions: transitions = [], Expiration: expiration }: Wire,
  prefix: string,
): void {
  const classes = transitions.map(({ StorageClass }) => StorageClass);
  if (new Set(classes).size < classes.length)
    throw invalidRequest(
      `'StorageClass' must be different for 'Transition' actions in same 'Rule' with prefix '${prefix}'`,
    );
  for (const { Days, Date: date, StorageClass } of transitions) {
    if (StorageClass === undefined || (Days === undefined) === (date === undefined)) throw malformedXml();
    if (Days !== undefined && Days < 0) throw wrong("'Days' in Transition action must be nonnegative");
    checkDate(date);
    const least = LEAST_DAYS[StorageClass] ?? 0;
    if (Days !== undefined && Days < least)
      throw wrong(
        `'Days' in Transition action must be greater than or equal to ${least} for storageClass '${StorageClass}'`,
      );
    const expires = expiration?.Days;
    if (Days !== undefined && expires !== undefined && expires <= Days)
      throw wrong(
        `'Days' in the Expiration action for filter '(prefix=${prefix})' must be greater than 'Days' in the Transition action`,
      );
  }
}

function checkRule(rule: Wire): void {
  checkFilter(rule);
  const { prefix, tags } = filterOf(rule as LifecycleRule);
  const { NoncurrentVersionExpiration: expiration, NoncurrentVersionTransitions: transitions = [] } = rule;
  const { AbortIncompleteMultipartUpload: abort, Transitions = [], Expiration } = rule;
  const actions = [Expiration, expiration, abort, Transitions[0], transitions[0]];
  if (actions.every((action) => action === undefined))
    throw invalidRequest('At least one action needs to be specified in a rule');
  if ((rule.ID ?? '').length > LONGEST_ID) throw wrong('ID length should not exceed allowed limit of 255');
  checkExpiration(rule, tags.length > 0);
  checkTransitions(rule, prefix);
  if (expiration) {
    if (expiration.NoncurrentDays === undefined) throw malformedXml();
    checkDays('NoncurrentVersionExpiration', expiration.NoncurrentDays);
  }
  for (const { NoncurrentDays, StorageClass } of transitions)
    if (NoncurrentDays === undefined || StorageClass === undefined) throw malformedXml();
  if (!abort) return;
  if (tags.length > 0) throw invalidRequest('AbortIncompleteMultipartUpload cannot be specified with Tags.');
  if (abort.DaysAfterInitiation === undefined) throw malformedXml();
  if (abort.DaysAfterInitiation <= 0)
    throw wrong("'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive integer");
}

/** The rules, each with an id; throws for what S3 would not take. */
export function checkedRules(at: Ctx, rules: readonly Wire[]): LifecycleRule[] {
  if (rules.length === 0 || rules.length > MOST_RULES) throw malformedXml();
  for (const rule of rules) checkRule(rule);
  const ids = rules.flatMap(({ ID }) => (ID ? [ID] : []));
  if (new Set(ids).size < ids.length)
    throw wrong('Rule ID must be unique. Found same ID for more than one rule');
  return rules.map((rule) => ({ ...rule, ID: rule.ID || at.id('lifecycle-rule', 48, ALPHABET) }));
}
