// Looks ahead in a script: what it would do where all goes well.

import { Interpreter } from '../shell/interpreter.ts';
import type { Action, Result } from './actions.ts';
import type { StartScript } from './cloud-init.ts';
import { MachineMeaning } from './meaning.ts';
import type { Surroundings } from './meaning.ts';

/** Whether one of the commands of a script is the one that starts its application, which listens on this port. */
export function startsByCommand({ text, errexit }: StartScript, around: Surroundings, port: number): boolean {
  const meaning = new MachineMeaning({ ...around, application: { port, startsByCommand: () => true } });
  const running = new Interpreter(meaning, { errexit }).run(text);
  for (let next = running.next(); !next.done; next = running.next(well(next.value)))
    if (next.value.kind === 'starts') return true;
  return false;
}

function well({ kind }: Action): Result {
  return { status: kind === 'look' ? 200 : 0 };
}
