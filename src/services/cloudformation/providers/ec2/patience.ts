// Deletions that wait for what still stands in their way: addresses of instances that shut down, interfaces that go.

import { timing } from '#cloud/timing.ts';
import type { Timing } from '#cloud/timing.ts';
import { ResourceFailure } from '../provider.ts';
import type { Progress, Provider, TypeName, Work } from '../provider.ts';

const patience: Timing = timing(
  'cloudformation/dependency-patience',
  600_000,
  'assumed',
  'CloudFormation tries again while EC2 answers DependencyViolation; AWS says nowhere for how long',
  600_000,
);

/** What EC2 answers while something else still needs a resource. */
const IN_USE = new Set(['DependencyViolation', 'InvalidIPAddress.InUse']);

function inUse(error: unknown): boolean {
  if (!(error instanceof ResourceFailure) || !error.fault) return false;
  const { shape, message } = error.fault;
  // Network interfaces have no code of their own for it.
  return IN_USE.has(shape) || (shape === 'InvalidParameterValue' && message.endsWith('is currently in use.'));
}

/** `delete` and `gone` of a resource that may be in use for a while. */
export function patiently<T extends TypeName>(
  remove: (work: Work<T>) => void,
): Required<Pick<Provider<T>, 'delete' | 'gone'>> {
  return {
    delete(work) {
      try {
        remove(work);
      } catch (error) {
        if (!inUse(error)) throw error;
        const until = work.ctx.now + work.ctx.duration(patience, `${work.stack.name}/${work.logicalId}`);
        work.remember({ until: work.memory['until'] ?? until });
      }
    },
    gone(work): Progress {
      const until = work.memory['until'];
      if (until === undefined) return 'done';
      try {
        remove(work);
      } catch (error) {
        if (!inUse(error) || work.ctx.now >= Number(until)) throw error;
        return { again: 0 };
      }
      return 'done';
    },
  };
}
