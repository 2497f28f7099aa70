// Topics with a key of KMS: whoever publishes needs a data key. Messages themselves stay as they are, since nobody sees how
// they are kept; the permissions are what can fail.
// https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html

import { Fault } from '#contract/fault.ts';
import type { Outcome } from '#cloud/caller.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { forwarded } from '#cloud/principal.ts';
import type { Topic } from './tables.ts';
import { homeOf } from './topics.ts';

const SHAPES: Readonly<Record<string, string>> = {
  AccessDenied: 'KMSAccessDeniedException',
  DisabledException: 'KMSDisabledException',
  KMSInvalidStateException: 'KMSInvalidStateException',
  NotFoundException: 'KMSNotFoundException',
};

/** Lets the principal of `ctx` encrypt for a topic, or throws SNS's error. */
export function checkEncrypts(ctx: Ctx, topic: Topic): void {
  const id = topic.attributes['KmsMasterKeyId'];
  if (!id) return;
  const home = homeOf(ctx, topic.arn);
  // Ids and aliases are those of the topic's account, whoever publishes.
  const KeyId = id.startsWith('arn:') ? id : home.arn('kms', id.startsWith('alias/') ? id : `key/${id}`);
  const EncryptionContext = { 'aws:sns:topicArn': topic.arn };
  const as = forwarded(ctx.principal, 'sns.amazonaws.com');
  const made = value(
    home.call('kms', 'GenerateDataKey', { KeyId, KeySpec: 'AES_256', EncryptionContext }, as),
  );
  value(
    home.call('kms', 'Decrypt', { CiphertextBlob: made.CiphertextBlob as Uint8Array, EncryptionContext }, as),
  );
}

function value<Q>(outcome: Outcome<Q>): Q {
  if (outcome.ok) return outcome.output;
  const { shape, message } = outcome.fault;
  throw new Fault(SHAPES[shape] ?? shape, message);
}
