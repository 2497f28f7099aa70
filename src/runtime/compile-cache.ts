// Keeps compiled code between runs, so that the command starts about as fast as the runtime itself. The runtime writes its cache
// only on a clean exit, which servers rarely have, so it is written once everything is loaded.

import * as nodeModule from 'node:module';

/** How long after the start everything that `up` needs has been loaded (ms). */
const LOADED_MS = 1500;

/** Uses the runtime's compile cache, in the place where the runtime keeps it. Call before loading anything large. */
export function useCompileCache(): void {
  nodeModule.enableCompileCache?.();
  setTimeout(() => nodeModule.flushCompileCache?.(), LOADED_MS).unref();
}
