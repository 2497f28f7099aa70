// Changes of Route 53 that a resource waits for.

import type { Progress, TypeName, Work } from '../provider.ts';

/** Keeps the change that has to arrive before the resource stands, or is gone. */
export function awaitChange<T extends TypeName>(work: Work<T>, change: { Id: string } | undefined): void {
  if (change) work.remember({ change: change.Id });
}

/** Whether all name servers have it. */
export function arrived<T extends TypeName>(work: Work<T>): Progress {
  const { change } = work.memory;
  if (typeof change !== 'string') return 'done';
  const { ChangeInfo } = work.call('route53', 'GetChange', { Id: change });
  return ChangeInfo.Status === 'INSYNC' ? 'done' : { again: 0 };
}
