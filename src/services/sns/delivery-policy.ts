// Delivery policies of topics and of HTTP(S) subscriptions: what SNS takes, what holds in the end, and when it tries again. Pure.
// https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html

import { isObject, parsedObject } from '#cloud/json.ts';
import type { Json, JsonObject } from '#cloud/json.ts';

type Backoff = 'linear' | 'arithmetic' | 'geometric' | 'exponential';

/** Seconds and counts. */
export interface RetryPolicy {
  readonly minDelayTarget: number;
  readonly maxDelayTarget: number;
  readonly numRetries: number;
  readonly numMaxDelayRetries: number;
  readonly numNoDelayRetries: number;
  readonly numMinDelayRetries: number;
  readonly backoffFunction: Backoff;
}

/** What holds for a subscription. */
export interface DeliveryPolicy {
  readonly healthyRetryPolicy: RetryPolicy;
  readonly sicklyRetryPolicy: null;
  readonly throttlePolicy: { readonly maxReceivesPerSecond: number } | null;
  readonly requestPolicy: { readonly headerContentType: string };
  readonly guaranteed: false;
}

const DEFAULT_RETRIES: RetryPolicy = {
  minDelayTarget: 20,
  maxDelayTarget: 20,
  numRetries: 3,
  numMaxDelayRetries: 0,
  numNoDelayRetries: 0,
  numMinDelayRetries: 0,
  backoffFunction: 'linear',
};
const DEFAULT_CONTENT_TYPE = 'text/plain; charset=UTF-8';

const BACKOFFS: readonly string[] = ['linear', 'arithmetic', 'geometric', 'exponential'];
const CONTENT_TYPES: readonly string[] = [
  'application/atom+xml',
  'application/json',
  'application/octet-stream',
  'application/soap+xml',
  'application/x-www-form-urlencoded',
  'application/xhtml+xml',
  'application/xml',
  'text/css',
  'text/csv',
  'text/html',
  'text/plain',
  'text/xml',
];
const MOST_RETRIES = 100;
/** Seconds over which all retries may stretch. */
const LONGEST = 3600;

/** The members of a topic's policy, under `http`, and what they are called in a subscription's. */
const OF_TOPICS: Readonly<Record<string, string>> = {
  defaultHealthyRetryPolicy: 'healthyRetryPolicy',
  defaultSicklyRetryPolicy: 'sicklyRetryPolicy',
  defaultThrottlePolicy: 'throttlePolicy',
  defaultRequestPolicy: 'requestPolicy',
};

/** What is wrong with a topic's policy, or nothing. */
export function problemOfTopicPolicy(text: string): string | undefined {
  const policy = parsedObject(text);
  if (!policy) return 'failed to parse JSON.';
  const { http, ...others } = policy;
  if (Object.keys(others).length > 0) return `Unexpected JSON member: ${Object.keys(others)[0] ?? ''}`;
  if (http === undefined || http === null) return undefined;
  if (!isObject(http)) return 'http must be an object';
  const { disableSubscriptionOverrides: disabled, ...rest } = http;
  if (disabled !== undefined && typeof disabled !== 'boolean')
    return 'disableSubscriptionOverrides must be true or false';
  const unknown = Object.keys(rest).find((name) => !Object.hasOwn(OF_TOPICS, name));
  if (unknown !== undefined) return `Unexpected JSON member: ${unknown}`;
  return problemOfMembers(renamed(rest));
}

/** What is wrong with a subscription's policy, or nothing. */
export function problemOfSubscriptionPolicy(text: string): string | undefined {
  const policy = parsedObject(text);
  if (!policy) return 'failed to parse JSON.';
  const known = [...Object.values(OF_TOPICS), 'guaranteed'];
  const unknown = Object.keys(policy).find((name) => !known.includes(name));
  return unknown === undefined ? problemOfMembers(policy) : `Unexpected JSON member: ${unknown}`;
}

function problemOfMembers(policy: JsonObject): string | undefined {
  const { healthyRetryPolicy: retries, throttlePolicy: throttle, requestPolicy: request } = policy;
  if (policy['sicklyRetryPolicy'] || policy['guaranteed'])
    return 'sicklyRetryPolicy and guaranteed are not supported';
  if (isObject(retries)) {
    const problem = problemOfRetries(retries);
    if (problem !== undefined) return problem;
  }
  const rate = isObject(throttle) ? throttle['maxReceivesPerSecond'] : undefined;
  if (rate !== undefined && rate !== null && !isWhole(rate, 1, Infinity))
    return 'throttlePolicy.maxReceivesPerSecond must be greater than or equal to 1';
  const type = isObject(request) ? request['headerContentType'] : undefined;
  if (type === undefined || type === null) return undefined;
  const [media = ''] = typeof type === 'string' ? type.split(';') : [];
  return CONTENT_TYPES.includes(media.trim())
    ? undefined
    : `requestPolicy.headerContentType: ${JSON.stringify(type)} is not supported`;
}

function problemOfRetries(given: JsonObject): string | undefined {
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(DEFAULT_RETRIES, name));
  if (unknown !== undefined) return `Unexpected JSON member: ${unknown}`;
  const policy = retriesOf(given);
  const { minDelayTarget: min, maxDelayTarget: max, numRetries, backoffFunction } = policy;
  if (!isWhole(max, 1, LONGEST)) return 'maxDelayTarget must be between 1 and 3600';
  if (!isWhole(min, 1, max)) return 'minDelayTarget must be between 1 and maxDelayTarget';
  if (!isWhole(numRetries, 0, MOST_RETRIES)) return 'numRetries must be between 0 and 100';
  const phases = [policy.numNoDelayRetries, policy.numMinDelayRetries, policy.numMaxDelayRetries];
  if (!phases.every((phase) => isWhole(phase, 0, MOST_RETRIES)))
    return 'numbers of retries must not be negative';
  if (phases.reduce((sum, phase) => sum + phase, 0) > numRetries)
    return 'numRetries must not be less than the retries of all phases';
  if (!BACKOFFS.includes(backoffFunction)) return `backoffFunction must be one of ${BACKOFFS.join(', ')}`;
  let total = 0;
  for (let failure = 1; failure <= numRetries; failure += 1) total += retryAfterMs(policy, failure) ?? 0;
  return total > LONGEST * 1000 ? 'the total policy retry time must not exceed 3600 seconds' : undefined;
}

/** What a topic's policy comes to, as `EffectiveDeliveryPolicy` shows it. */
export function effectiveTopicPolicy(text: string | undefined): object {
  const { healthy, throttle, request, disabled } = ofTopic(text);
  return {
    http: {
      defaultHealthyRetryPolicy: retriesOf(healthy ?? {}),
      disableSubscriptionOverrides: disabled,
      ...(throttle ? { defaultThrottlePolicy: throttle } : {}),
      defaultRequestPolicy: request ?? { headerContentType: DEFAULT_CONTENT_TYPE },
    },
  };
}

/** A topic's policy as SNS gives it back. */
export function shownTopicPolicy(text: string): object {
  const http = (parsedObject(text)?.['http'] ?? {}) as JsonObject;
  const given = Object.entries(http).filter(([, value]) => value !== null);
  return { http: { ...Object.fromEntries(given), disableSubscriptionOverrides: ofTopic(text).disabled } };
}

/** A subscription's policy as SNS gives it back. */
export function shownSubscriptionPolicy(text: string): object {
  const { healthyRetryPolicy, throttlePolicy = null, requestPolicy = null } = parsedObject(text) ?? {};
  return {
    healthyRetryPolicy: isObject(healthyRetryPolicy) ? retriesOf(healthyRetryPolicy) : null,
    sicklyRetryPolicy: null,
    throttlePolicy,
    requestPolicy,
    guaranteed: false,
  };
}

/** What holds for a subscription: its own policy, unless the topic does not let it, and the topic's for the rest. */
export function effectivePolicy(topicText: string | undefined, ownText: string | undefined): DeliveryPolicy {
  const topic = ofTopic(topicText);
  const own = topic.disabled || !ownText ? {} : (parsedObject(ownText) ?? {});
  const pick = (name: string, otherwise: JsonObject | undefined): JsonObject | undefined => {
    const value = own[name];
    return isObject(value) ? value : otherwise;
  };
  const throttle = pick('throttlePolicy', topic.throttle);
  const request = pick('requestPolicy', topic.request);
  return {
    healthyRetryPolicy: retriesOf(pick('healthyRetryPolicy', topic.healthy) ?? {}),
    sicklyRetryPolicy: null,
    throttlePolicy: throttle ? { maxReceivesPerSecond: throttle['maxReceivesPerSecond'] as number } : null,
    requestPolicy: { headerContentType: (request?.['headerContentType'] as string) ?? DEFAULT_CONTENT_TYPE },
    guaranteed: false,
  };
}

/** Milliseconds before the retry that follows the failed attempt `failure`, counted from 1; nothing after the last one. */
export function retryAfterMs(policy: RetryPolicy, failure: number): number | undefined {
  const { minDelayTarget: min, maxDelayTarget: max, numRetries, numMaxDelayRetries } = policy;
  if (failure > numRetries) return undefined;
  const before = policy.numNoDelayRetries + policy.numMinDelayRetries;
  if (failure <= policy.numNoDelayRetries) return 0;
  if (failure <= before) return min * 1000;
  const steps = numRetries - before - numMaxDelayRetries;
  if (failure - before > steps) return max * 1000;
  return Math.round(backoff(policy.backoffFunction, min, max, failure - before - 1, steps) * 1000);
}

/** AWS draws how its functions rise from the least to the greatest delay and gives no formulas: these have the shapes drawn. */
function backoff(kind: Backoff, min: number, max: number, step: number, steps: number): number {
  if (steps <= 1 || min === max) return min;
  const last = steps - 1;
  switch (kind) {
    case 'linear':
      return min + ((max - min) * step) / last;
    case 'arithmetic':
      return min + ((max - min) * step * (step + 1)) / (last * (last + 1));
    case 'geometric':
      return min * power(ratio(max / min, last), step);
    case 'exponential':
      return Math.min(max, min * power(2, step));
  }
}

function power(base: number, exponent: number): number {
  let found = 1;
  for (let i = 0; i < exponent; i += 1) found *= base;
  return found;
}

/** The number whose power `exponent` is `whole`, by halving: roots of Math differ between engines. */
function ratio(whole: number, exponent: number): number {
  let [low, high] = [1, whole];
  for (let i = 0; i < 60; i += 1) {
    const middle = (low + high) / 2;
    if (power(middle, exponent) < whole) low = middle;
    else high = middle;
  }
  return high;
}

interface OfTopic {
  readonly healthy: JsonObject | undefined;
  readonly throttle: JsonObject | undefined;
  readonly request: JsonObject | undefined;
  readonly disabled: boolean;
}

function ofTopic(text: string | undefined): OfTopic {
  const http = text ? parsedObject(text)?.['http'] : undefined;
  const given: JsonObject = isObject(http) ? http : {};
  const { healthyRetryPolicy: healthy, throttlePolicy: throttle, requestPolicy: request } = renamed(given);
  return {
    healthy: isObject(healthy) ? healthy : undefined,
    throttle: isObject(throttle) ? throttle : undefined,
    request: isObject(request) ? request : undefined,
    disabled: given['disableSubscriptionOverrides'] === true,
  };
}

function renamed(http: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(http).map(([name, value]) => [OF_TOPICS[name] ?? name, value]));
}

function retriesOf(given: JsonObject): RetryPolicy {
  const set = Object.entries(given).filter(([, value]) => value !== null);
  return { ...DEFAULT_RETRIES, ...Object.fromEntries(set) };
}

function isWhole(value: Json, least: number, most: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
}
