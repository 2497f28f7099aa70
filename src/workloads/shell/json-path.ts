// Values in JSON by a path of names and positions, as `--query` of the AWS CLI and jq take them. Of what else those can, nothing.
// https://jmespath.org/specification.html

import { isObject, parsed } from '#cloud/json.ts';
import type { Json } from '#cloud/json.ts';

const PIECE = /\.?(?:([A-Za-z_]\w*)|"([^"]*)"|\[(-?\d{1,6})\]|\[(\*?)\])/y;

/** Nothing where the text is no JSON or the path is no such path. What is not there is null. */
export function valueAt(text: string, path: string): { readonly value: Json } | undefined {
  let value = parsed(text);
  if (value === undefined) return undefined;
  const piece = new RegExp(PIECE);
  /** How many lists stand around the value. */
  let depth = 0;
  while (piece.lastIndex < path.length) {
    const found = piece.exec(path);
    if (!found) return undefined;
    const [, plain, quoted, position] = found;
    const name = plain ?? quoted;
    if (name === undefined && position === undefined) {
      if (depth > 0) return undefined;
      depth = 1;
      value = Array.isArray(value) ? value : null;
    } else {
      const step = (one: Json): Json =>
        name === undefined ? memberAt(one, Number(position)) : memberOf(one, name);
      if (depth === 0) value = step(value);
      else value = Array.isArray(value) ? value.map(step).filter((one) => one !== null) : null;
    }
  }
  return { value };
}

function memberOf(value: Json, name: string): Json {
  return isObject(value) ? (value[name] ?? null) : null;
}

function memberAt(value: Json, position: number): Json {
  return Array.isArray(value) ? ((value as readonly Json[]).at(position) ?? null) : null;
}
