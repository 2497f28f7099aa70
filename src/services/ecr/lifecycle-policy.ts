// Lifecycle policies: which images of a repository expire. Pure.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html

import { Fault } from '#contract/fault.ts';
import { isList, isObject, parsedObject } from '#cloud/json.ts';
import type { JsonObject } from '#cloud/json.ts';
import { invalidParameter, matchesWildcard } from './repository.ts';
import type { Image } from './tables.ts';

const DAY_MS = 86_400_000;

interface Rule {
  readonly rulePriority: number;
  readonly selection: {
    readonly tagStatus: 'tagged' | 'untagged' | 'any';
    readonly tagPrefixList?: readonly string[];
    readonly tagPatternList?: readonly string[];
    readonly countType: 'imageCountMoreThan' | 'sinceImagePushed';
    readonly countNumber: number;
  };
}

const invalid = (why: string): Fault =>
  invalidParameter('LifecyclePolicyText', `Lifecycle policy validation failure: ${why}`);

/** The rules of a policy, first the ones that count most. Throws ECR's error for what is no policy. */
export function rulesOf(text: string): Rule[] {
  const policy = parsedObject(text);
  if (!policy) throw invalid('Could not map policyString into LifecyclePolicy.');
  const { rules } = policy;
  if (!isList(rules)) throw invalid('object has missing required properties (["rules"])');
  for (const rule of rules) checkRule(rule);
  const checked = (rules as unknown as readonly Rule[]).toSorted(
    (left, right) => left.rulePriority - right.rulePriority,
  );
  if (new Set(checked.map(({ rulePriority }) => rulePriority)).size < checked.length)
    throw invalid('rulePriority must be unique');
  const any = checked.findIndex(({ selection }) => selection.tagStatus === 'any');
  if (any >= 0 && any < checked.length - 1)
    throw invalid('tagStatus=ANY can only be used with the lowest priority rule');
  return checked;
}

function checkMembers(value: unknown, required: readonly string[], optional: readonly string[]): JsonObject {
  if (!isObject(value))
    throw invalid('instance type does not match any allowed primitive type (allowed: ["object"])');
  const missing = required.filter((name) => value[name] === undefined);
  if (missing.length > 0)
    throw invalid(`object has missing required properties (${JSON.stringify(missing.toSorted())})`);
  const unknown = Object.keys(value).filter((name) => ![...required, ...optional].includes(name));
  if (unknown.length > 0) {
    throw invalid(
      `object instance has properties which are not allowed by the schema: (${JSON.stringify(unknown)})`,
    );
  }
  return value;
}

function checkRule(value: unknown): void {
  const rule = checkMembers(value, ['rulePriority', 'selection', 'action'], ['description']);
  if (!Number.isInteger(rule['rulePriority']) || (rule['rulePriority'] as number) < 1)
    throw invalid('rulePriority must be a positive integer');
  const { type } = checkMembers(rule['action'], ['type'], ['targetStorageClass']);
  if (type === 'transition')
    throw new Fault('NotImplemented', 'Lifecycle rules that archive images are not modelled by Sandtable.');
  if (type !== 'expire')
    throw invalid(`instance value (${JSON.stringify(type)}) not found in enum (possible values: ["expire"])`);
  checkSelection(rule['selection']);
}

function checkSelection(value: unknown): void {
  const selection = checkMembers(
    value,
    ['tagStatus', 'countType', 'countNumber'],
    ['tagPrefixList', 'tagPatternList', 'countUnit', 'storageClass'],
  );
  const { tagStatus, countType, countUnit, countNumber } = selection;
  if (
    countType === 'sinceImagePulled' ||
    countType === 'sinceImageTransitioned' ||
    selection['storageClass'] !== undefined
  )
    throw new Fault(
      'NotImplemented',
      'Lifecycle rules by pulls and by storage class are not modelled by Sandtable.',
    );
  if (!['tagged', 'untagged', 'any'].includes(tagStatus as string)) {
    throw invalid(
      `instance value (${JSON.stringify(tagStatus)}) not found in enum (possible values: ["any","tagged","untagged"])`,
    );
  }
  const byAge = countType === 'sinceImagePushed';
  if (!byAge && countType !== 'imageCountMoreThan')
    throw invalid('instance failed to match exactly one schema (matched 0 out of 2)');
  if (byAge !== (countUnit === 'days'))
    throw invalid('countUnit must be days with sinceImagePushed, and only with that');
  if (!Number.isInteger(countNumber) || (countNumber as number) < 1) {
    throw invalid(
      `numeric instance is lower than the required minimum (minimum: 1, found: ${JSON.stringify(countNumber)})`,
    );
  }
  const lists = [selection['tagPrefixList'], selection['tagPatternList']].filter(
    (list) => list !== undefined,
  );
  const areTexts = lists.every(
    (list) => Array.isArray(list) && list.length > 0 && list.every((one) => typeof one === 'string'),
  );
  if (!areTexts || lists.length !== (tagStatus === 'tagged' ? 1 : 0)) {
    throw invalid(
      'tagged images, and only those, are selected by either a tagPrefixList or a tagPatternList',
    );
  }
}

function selects({ selection }: Rule, { tags }: Image): boolean {
  const { tagStatus, tagPrefixList, tagPatternList } = selection;
  if (tagStatus === 'any') return true;
  if (tagStatus === 'untagged') return tags.length === 0;
  // An image has to have a tag for each of the prefixes or patterns.
  const prefixes = (tagPrefixList ?? []).every((prefix) => tags.some((tag) => tag.startsWith(prefix)));
  const patterns = (tagPatternList ?? []).every((pattern) =>
    tags.some((tag) => matchesWildcard(pattern, tag)),
  );
  return tags.length > 0 && prefixes && patterns;
}

/**
 * The images that expire now. A rule never expires what one of higher priority selects, but counts it.
 * https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html#lp_evaluation_rules
 */
export function expired(rules: readonly Rule[], images: readonly Image[], now: number): Image[] {
  const newestFirst = images.toSorted((left, right) => right.pushedAt - left.pushedAt);
  const selected = new Set<string>();
  const gone: Image[] = [];
  for (const rule of rules) {
    const { countType, countNumber } = rule.selection;
    const identified = newestFirst.filter((image) => selects(rule, image));
    const over =
      countType === 'imageCountMoreThan'
        ? identified.slice(countNumber)
        : identified.filter(({ pushedAt }) => pushedAt + countNumber * DAY_MS <= now);
    gone.push(...over.filter(({ digest }) => !selected.has(digest)));
    for (const { digest } of identified) selected.add(digest);
  }
  return gone;
}

/** The next instant after `now` at which an image reaches the age of a rule. */
export function nextAge(rules: readonly Rule[], images: readonly Image[], now: number): number | undefined {
  const instants = rules
    .filter(({ selection }) => selection.countType === 'sinceImagePushed')
    .flatMap((rule) =>
      images
        .filter((image) => selects(rule, image))
        .map(({ pushedAt }) => pushedAt + rule.selection.countNumber * DAY_MS),
    )
    .filter((instant) => instant > now);
  return instants.length === 0 ? undefined : Math.min(...instants);
}
