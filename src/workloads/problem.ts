// What can be wrong with a revision or a command: a lifecycle event fails with it. Anything else is our own bug.

import { AppSpecError } from './appspec.ts';
import { BundleError } from './archive.ts';
import { InstallError } from './install.ts';
import { ManifestError } from './manifest.ts';

/** A command that fails for another reason than its revision or a script. */
export class AgentError extends Error {
  override readonly name = 'AgentError';
}

/** The message of a problem, as the agent reports it. Our own bugs are thrown on. */
export function problemOf(error: unknown): string {
  if (error instanceof ManifestError) return error.text;
  for (const kind of [AgentError, AppSpecError, BundleError, InstallError]) {
    if (error instanceof kind) return error.message;
  }
  throw error;
}
