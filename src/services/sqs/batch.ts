// Batches: the checks that concern the whole request, and one outcome for each entry.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import { LARGEST_BATCH, LARGEST_MESSAGE } from './timings.ts';

type Failed = NonNullable<Output<'sqs', 'SendMessageBatch'>['Failed']>[number];

const ID = /^[A-Za-z0-9_-]{1,80}$/;

/** Runs `one` for each entry; what fails leaves nothing behind and is listed with its error. */
export function inBatch<Q, E extends { readonly Id: string }>(
  ctx: Ctx,
  operation: string,
  entries: readonly E[],
  sizeBytes: number,
  one: (entry: E) => Q,
): { Successful: Q[]; Failed: Failed[] } {
  check(
    operation,
    entries.map(({ Id }) => Id),
    sizeBytes,
  );
  const Successful: Q[] = [];
  const Failed: Failed[] = [];
  for (const entry of entries) {
    try {
      Successful.push(ctx.savepoint(() => one(entry)));
    } catch (error) {
      if (!(error instanceof Fault) || error.shape === 'NotImplemented') throw error;
      Failed.push({ Id: entry.Id, SenderFault: true, Code: error.shape, Message: error.message });
    }
  }
  // AWS leaves an empty list out, although its model requires it (recorded: test_send_message_batch_with_oversized_contents…).
  return Failed.length > 0
    ? { Successful, Failed }
    : ({ Successful } as { Successful: Q[]; Failed: Failed[] });
}

export function emptyBatch(operation: string): Fault {
  const message = `There should be at least one ${operation}RequestEntry in the request.`;
  return new Fault('EmptyBatchRequest', message);
}

function check(operation: string, ids: readonly string[], sizeBytes: number): void {
  if (ids.length === 0) throw emptyBatch(operation);
  if (ids.length > LARGEST_BATCH) {
    throw new Fault(
      'TooManyEntriesInBatchRequest',
      `Maximum number of entries per request are ${LARGEST_BATCH}. You have sent ${ids.length}.`,
    );
  }
  if (ids.some((id) => !ID.test(id))) {
    throw new Fault(
      'InvalidBatchEntryId',
      'A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.',
    );
  }
  const twice = ids.find((id, index) => ids.indexOf(id) < index);
  if (twice !== undefined) throw new Fault('BatchEntryIdsNotDistinct', `Id ${twice} repeated.`);
  if (sizeBytes > LARGEST_MESSAGE) {
    throw new Fault(
      'BatchRequestTooLong',
      `Batch requests cannot be longer than ${LARGEST_MESSAGE} bytes. You have sent ${sizeBytes} bytes.`,
    );
  }
}
