// The wall clock and the event loop behind the world's port.

import type { Host } from '#world/index.ts';

const realSetTimeout = globalThis.setTimeout;
const realClearTimeout = globalThis.clearTimeout;
const realSetImmediate = globalThis.setImmediate;
const realNow = Date.now;

/** The functions are taken when this module loads, so that a rehearsal's own clock never gets in between. */
export const host: Host = {
  wall: () => realNow(),
  after(ms, run) {
    if (ms <= 0) {
      const immediate = realSetImmediate(run);
      return () => clearImmediate(immediate);
    }
    const timer = realSetTimeout(run, ms);
    return () => realClearTimeout(timer);
  },
};
