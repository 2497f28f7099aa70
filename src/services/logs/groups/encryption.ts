// Encryption of log groups with KMS keys. A group keeps a data key, wrapped by KMS; whoever writes or reads events needs it
// unwrapped, so that a key that is disabled, gone or closed to CloudWatch Logs has its consequences.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html

import { Fault } from '#contract/fault.ts';
import { base64, fromBase64 } from '#contract/protocols/bytes.ts';
import type { ServicePrincipal } from '#cloud/principal.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { logGroups } from '../tables.ts';
import type { LogGroup } from '../tables.ts';
import { groupByIdentifier, invalidParameter } from './log-group.ts';

/** Key policies name the service with its region. */
function principal(ctx: Ctx, groupArn: string): ServicePrincipal {
  return {
    type: 'service',
    service: `logs.${ctx.region}.amazonaws.com`,
    account: ctx.account,
    sourceArn: groupArn,
  };
}

const contextOf = (groupArn: string): Record<string, string> => ({ 'aws:logs:arn': groupArn });

/** What a group remembers of its key. Throws AWS's error for a key that cannot be used. */
export function keyFor(
  ctx: Ctx,
  groupArn: string,
  kmsKeyId: string,
): Required<Pick<LogGroup, 'kmsKeyId' | 'dataKey'>> {
  const input = { KeyId: kmsKeyId, KeySpec: 'AES_256', EncryptionContext: contextOf(groupArn) } as const;
  const made = ctx.call('kms', 'GenerateDataKey', input, principal(ctx, groupArn));
  if (made.ok && made.output.CiphertextBlob)
    return { kmsKeyId: made.output.KeyId ?? kmsKeyId, dataKey: base64(made.output.CiphertextBlob) };
  if (!made.ok && made.fault.shape === 'NotImplemented') throw made.fault;
  throw invalidParameter(
    `The specified KMS key does not exist or is not allowed to be used with Arn '${groupArn}'`,
  );
}

/** Throws where the data keys under which events were stored can no longer be unwrapped. */
export function checkKeys(ctx: Ctx, groupArn: string, dataKeys: Iterable<string | undefined>): void {
  for (const dataKey of new Set(dataKeys)) {
    const CiphertextBlob = dataKey === undefined ? undefined : fromBase64(dataKey);
    if (!CiphertextBlob) continue;
    const input = { CiphertextBlob, EncryptionContext: contextOf(groupArn) };
    const opened = ctx.call('kms', 'Decrypt', input, principal(ctx, groupArn));
    if (opened.ok) continue;
    throw new Fault(
      'AccessDeniedException',
      `CloudWatch Logs cannot use the KMS key of the log group: ${opened.fault.message}`,
    );
  }
}

interface Named {
  readonly logGroupName?: string | undefined;
  readonly resourceIdentifier?: string | undefined;
}

function named(ctx: Ctx, { logGroupName, resourceIdentifier }: Named): LogGroup {
  if ((logGroupName === undefined) === (resourceIdentifier === undefined))
    throw invalidParameter('Either logGroupName or resourceIdentifier is required, but not both.');
  if (resourceIdentifier !== undefined && resourceIdentifier.endsWith(':query-result:*'))
    throw new Fault('NotImplemented', 'Encryption of query results is not modelled by Sandtable.');
  return groupByIdentifier(ctx, logGroupName ?? resourceIdentifier ?? '');
}

export const encryptionOperations: Operations<'logs'> = {
  AssociateKmsKey(ctx, { kmsKeyId, ...which }) {
    const group = named(ctx, which);
    ctx.update(logGroups, group, keyFor(ctx, group.arn, kmsKeyId));
  },

  /** What is stored stays encrypted. */
  DisassociateKmsKey(ctx, which) {
    const { kmsKeyId: _, dataKey: __, ...rest } = named(ctx, which);
    ctx.put(logGroups, rest);
  },
};
