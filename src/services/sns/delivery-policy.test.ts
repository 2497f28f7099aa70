// https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html#creating-delivery-policy

import { describe, expect, it } from 'vitest';
import { effectivePolicy, problemOfSubscriptionPolicy, retryAfterMs } from './delivery-policy.ts';

const delays = (healthyRetryPolicy: object): (number | undefined)[] => {
  const text = JSON.stringify({ healthyRetryPolicy });
  expect(problemOfSubscriptionPolicy(text)).toBeUndefined();
  const { healthyRetryPolicy: policy } = effectivePolicy(undefined, text);
  return Array.from({ length: policy.numRetries + 1 }, (_, n) => retryAfterMs(policy, n + 1));
};

describe('delivery policies', () => {
  it('go through four phases', () => {
    const policy = {
      minDelayTarget: 1,
      maxDelayTarget: 60,
      numRetries: 9,
      numNoDelayRetries: 2,
      numMinDelayRetries: 2,
      numMaxDelayRetries: 2,
    };
    expect(delays(policy)).toEqual([0, 0, 1000, 1000, 1000, 30_500, 60_000, 60_000, 60_000, undefined]);
  });

  it.each([
    ['linear', [1000, 4750, 8500, 12_250, 16_000]],
    ['arithmetic', [1000, 2500, 5500, 10_000, 16_000]],
    ['geometric', [1000, 2000, 4000, 8000, 16_000]],
    ['exponential', [1000, 2000, 4000, 8000, 16_000]],
  ])('back off by the %s function', (backoffFunction, expected) => {
    const policy = { minDelayTarget: 1, maxDelayTarget: 16, numRetries: 5, backoffFunction };
    expect(delays(policy)).toEqual([...expected, undefined]);
  });

  it('of a subscription give way to the topic that does not let it override its own', () => {
    const own = JSON.stringify({ healthyRetryPolicy: { numRetries: 7 } });
    const topic = (disableSubscriptionOverrides: boolean) =>
      JSON.stringify({
        http: { defaultHealthyRetryPolicy: { numRetries: 1 }, disableSubscriptionOverrides },
      });
    const retries = (text: string) => effectivePolicy(text, own).healthyRetryPolicy.numRetries;
    expect([retries(topic(false)), retries(topic(true))]).toEqual([7, 1]);
  });

  it.each([
    [{ healthyRetryPolicy: { numRetries: 101 } }],
    [{ healthyRetryPolicy: { minDelayTarget: 30, maxDelayTarget: 20 } }],
    [{ healthyRetryPolicy: { numRetries: 2, numNoDelayRetries: 3 } }],
    [{ healthyRetryPolicy: { backoffFunction: 'wild' } }],
    [{ healthyRetryPolicy: { numRetries: 4, minDelayTarget: 1000, maxDelayTarget: 1000 } }],
    [{ throttlePolicy: { maxReceivesPerSecond: 0 } }],
    [{ requestPolicy: { headerContentType: 'image/png' } }],
    [{ haste: true }],
  ])('are refused: %o', (policy) => {
    expect(problemOfSubscriptionPolicy(JSON.stringify(policy))).toBeTypeOf('string');
  });
});
