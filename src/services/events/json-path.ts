// JSON paths, as far as EventBridge takes them: names, positions and wildcards. Pure.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html

import { isList, isObject } from '#cloud/json.ts';
import type { Json } from '#cloud/json.ts';

/** One step from a value to what is inside it. */
type Step = string | number | null;
/** A wildcard. */
const ALL = null;

const STEP = /^(?:\.\*|\[\*\]|\.([A-Za-z0-9_/-]+)|\['([^']+)'\]|\["([^"]+)"\]|\[(\d+)\])/;

/** The steps of a path; nothing where it is none. */
export function parsePath(path: string): readonly Step[] | undefined {
  if (!path.startsWith('$')) return undefined;
  const steps: Step[] = [];
  for (let rest = path.slice(1); rest !== '';) {
    const found = STEP.exec(rest);
    if (!found) return undefined;
    const [text, name, quoted, twice, position] = found;
    steps.push(position === undefined ? (name ?? quoted ?? twice ?? ALL) : Number(position));
    rest = rest.slice(text.length);
  }
  return steps;
}

/** What a path leads to; nothing where there is nothing. A wildcard leads to a list. */
export function valueAt(document: Json, steps: readonly Step[]): Json | undefined {
  let found: readonly Json[] = [document];
  for (const step of steps) found = found.flatMap((value) => inside(value, step));
  return steps.includes(ALL) ? found : found[0];
}

function inside(value: Json, step: Step): readonly Json[] {
  if (step === ALL) return isList(value) ? value : isObject(value) ? Object.values(value) : [];
  if (typeof step === 'number') return isList(value) ? value.slice(step, step + 1) : [];
  return isObject(value) && Object.hasOwn(value, step) ? [value[step] as Json] : [];
}
