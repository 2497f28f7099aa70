// A world for somebody's own tests: the composition of `createWorld`.

import type { EmbeddedWorld, WorldOptions } from '#rehearsal/embedded/world.ts';

/**
 * A fresh local AWS inside this process: no server, no socket, nothing to clean up but `close()`.
 *
 * ```ts
 * await using world = await createWorld();
 * const sqs = world.client(SQSClient);
 * ```
 *
 * Its time stands unless `world.clock` moves it. What is not modelled answers `NotImplemented` and names itself.
 */
export async function createWorld(options: WorldOptions = {}): Promise<EmbeddedWorld> {
  // Rehearsals import this package too, and need none of it.
  const [{ embed }, { composeRehearsal }] = await Promise.all([
    import('#rehearsal/embedded/world.ts'),
    import('#sandtable'),
  ]);
  return embed(composeRehearsal('modelled', { functions: options.functions ?? 'modelled' }), options);
}
