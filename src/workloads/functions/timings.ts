// How long functions take of which nobody says more.

import { timing } from '#cloud/timing.ts';
import type { Timing } from '#cloud/timing.ts';

/** Start of an environment: the sandbox, the runtime and the code outside the handler. */
export const functionInit: Timing = timing(
  'functions/init',
  [120, 350],
  'assumed',
  'depends on runtime and code; say it in sandtable.yml',
);

export const functionDuration: Timing = timing(
  'functions/duration',
  [2, 20],
  'assumed',
  'depends on the code; say it in sandtable.yml',
);
