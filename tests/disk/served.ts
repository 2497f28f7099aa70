// Served worlds with a data folder, in this process: restarted, and copied as they lie there at an instant, which is what is left
// of them where their process is killed.

import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serve } from '#server/serve.ts';
import type { Served, ServeOptions } from '#server/serve.ts';

export class Folders {
  readonly #made: string[] = [];
  readonly #served: Served[] = [];
  /** Our own bugs that clients got `InternalFailure` for. */
  readonly crashes: unknown[] = [];

  fresh(): string {
    const path = mkdtempSync(join(tmpdir(), 'sandtable-data-'));
    this.#made.push(path);
    return path;
  }

  /** What another process would find if the one that has the folder were gone now. */
  asKilled(folder: string): string {
    const copy = this.fresh();
    cpSync(folder, copy, { recursive: true });
    return copy;
  }

  async serve(options: Partial<ServeOptions> = {}): Promise<Served> {
    const served = await serve({
      port: 0,
      clock: 'manual',
      version: 'test',
      crashed: (error) => void this.crashes.push(error),
      ...options,
    });
    this.#served.push(served);
    return served;
  }

  /** Closes what is still served and removes all folders. */
  async done(): Promise<void> {
    for (const served of this.#served.splice(0)) await served.close().catch(() => {});
    for (const path of this.#made.splice(0)) rmSync(path, { recursive: true, force: true });
  }
}

/** What a request to the control API answers. */
export async function control(
  { url }: Pick<Served, 'url'>,
  path: string,
  wish?: object,
): Promise<Record<string, unknown>> {
  // The next one to be served at this port is another.
  const headers = { connection: 'close' };
  const init = wish ? { method: 'POST', body: JSON.stringify(wish), headers } : { headers };
  const response = await fetch(`${url}/_sandtable/${path}`, init);
  return (await response.json()) as Record<string, unknown>;
}
