// Confirming subscriptions by token, and what SNS writes to endpoints about it.
// https://docs.aws.amazon.com/sns/latest/dg/SendMessageToHttp.confirm.html

import { timer } from '#world/index.ts';
import type { TimerHandler, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { dispatch } from './delivery.ts';
import { checkArn, invalid } from './faults.ts';
import { subscriptions, tokens } from './tables.ts';
import type { Letter, Subscription } from './tables.ts';
import { confirmationTime, deliveryDelay } from './timings.ts';
import { homeOf } from './topics.ts';

const TOKEN_LENGTH = 288;
const TOKEN = /^[0-9a-f]{288}$/;

const confirmationOver: TimerKind<{ token: string }> = timer<{ token: string }>('sns/confirmation-over', {
  background: true,
});

/** Deletes a subscription that nobody confirmed in time, and a token that is no longer good. */
export const expire: TimerHandler<{ token: string }, Ctx> = {
  kind: confirmationOver,
  live: (home, { token }) => home.get(tokens, token) !== undefined,
  fire(home, { token }) {
    const arn = home.get(tokens, token)?.subscription.arn ?? '';
    home.delete(tokens, token);
    const newer = home.list(tokens).some(({ subscription }) => subscription.arn === arn);
    if (!newer && home.get(subscriptions, arn)?.pending) home.delete(subscriptions, arn);
  },
};

/** Who hears of SNS by SNS itself: e-mail is not sent. */
const WRITTEN_TO: readonly string[] = ['http', 'https', 'sqs'];

/** Makes a token for what a subscription is to be, and sends it where the protocol allows. */
export function write(home: Ctx, type: Letter['type'], subscription: Subscription): void {
  const token = home.id('token', TOKEN_LENGTH);
  const until = home.now + home.duration(confirmationTime, subscription.arn);
  home.put(tokens, { token, topicArn: subscription.topicArn, subscription, until });
  home.schedule(confirmationOver, until, { token });
  if (!WRITTEN_TO.includes(subscription.protocol)) return;
  const id = home.id('delivery');
  const letter = { type, token, to: subscription };
  const plain = { message: '', attributes: {}, publishedAt: home.now, failures: 0 };
  const row = { id, subscriptionArn: subscription.arn, messageId: home.uuid('message'), letter, ...plain };
  dispatch(home, row, home.duration(deliveryDelay, id));
}

export const confirmationOperations: Operations<'sns'> = {
  ConfirmSubscription(ctx, { TopicArn, Token: given, AuthenticateOnUnsubscribe = 'false' }) {
    checkArn(TopicArn, 'TopicArn');
    if (!TOKEN.test(given)) throw new Fault('InvalidParameterException', 'Invalid token');
    const signed = ctx.principal.type !== 'anonymous';
    const guarded = AuthenticateOnUnsubscribe === 'true';
    if (guarded && !signed) {
      throw new Fault(
        'AuthorizationErrorException',
        'AuthenticateOnUnsubscribe can only be set by a request that is signed',
      );
    }
    const home = homeOf(ctx, TopicArn);
    const token = home.get(tokens, given);
    if (!token) throw invalid('Token');
    if (token.topicArn !== TopicArn) throw invalid('Topic');
    const { arn } = token.subscription;
    const now = home.get(subscriptions, arn);
    // Confirming twice changes nothing. A subscription that was ended begins again as it was.
    if (!now || now.pending)
      home.put(subscriptions, {
        ...(now ?? token.subscription),
        pending: false,
        authenticated: signed,
        guarded,
      });
    return { SubscriptionArn: arn };
  },
};
