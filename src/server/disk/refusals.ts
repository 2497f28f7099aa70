// What is said of data that cannot be opened, wherever that shows.

import { UserError } from '#cloud/user-error.ts';

/** Not what was last written there. */
export function damaged(folder: string, what: string): UserError {
  return new UserError('data-damaged', `The data in ${folder} is damaged: ${what}.`, {
    hint: 'Put back a copy of the folder, or give another one with --data, with a snapshot if you like. Nothing was removed.',
  });
}

/** What a later release has written. */
export function newer(folder: string, what: string): UserError {
  return new UserError('data-newer', `The data in ${folder} is of another release: ${what}.`, {
    hint: 'Open it with the release that wrote it, or with a newer one.',
  });
}
