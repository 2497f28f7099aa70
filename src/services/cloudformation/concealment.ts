// Values of parameters that a template declares NoEcho, where calls describe a stack, its events or its changes.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html: "masked as asterisks for any
// calls that describe the stack or stack events".

import { jsonIn } from '#contract/json-text.ts';
import { fromBase64, textOf } from '#contract/protocols/bytes.ts';
import type { Definition } from './rows.ts';
import { isFields } from './template/template.ts';
import type { Value } from './template/template.ts';

/** What stands for a value that must not be echoed. */
export const MASK = '****';

/** Shorter values are masked where they stand alone: within other words they would be found everywhere. */
const SHORTEST = 4;

export interface Concealment {
  /** A text of any kind. */
  text(text: string): string;
  /** A JSON document. */
  json(document: string): string;
}

/** Of some definitions of one stack: an update that changes such a value tells neither the new one nor the old. */
export function concealmentOf(...definitions: readonly (Definition | undefined)[]): Concealment {
  const secrets = [...new Set(definitions.flatMap(secretsOf))].toSorted((a, b) => b.length - a.length);
  if (secrets.length === 0) return { text: (text) => text, json: (document) => document };
  const masked = (text: string): string => {
    if (secrets.includes(text)) return MASK;
    let shown = text;
    for (const secret of secrets.filter(({ length }) => length >= SHORTEST))
      for (const spelled of [secret, JSON.stringify(secret).slice(1, -1)])
        shown = shown.replaceAll(spelled, MASK);
    return shown === text && hides(text, secrets) ? MASK : shown;
  };
  const all = (value: Value): Value => {
    if (Array.isArray(value)) return (value as readonly Value[]).map(all);
    if (isFields(value))
      return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, all(member)]));
    if (typeof value !== 'string' && typeof value !== 'number') return value;
    const shown = masked(String(value));
    return shown === String(value) ? value : shown;
  };
  return { text: masked, json: (document) => JSON.stringify(all(jsonIn(document) as Value)) };
}

function secretsOf(definition: Definition | undefined): string[] {
  return Object.values(definition?.parameters ?? {})
    .filter(({ noEcho }) => noEcho)
    .flatMap(({ text, resolved = '', value }) => [text, resolved, ...[value].flat()])
    .filter((text) => text !== '');
}

/** User data is Base64. */
function hides(text: string, secrets: readonly string[]): boolean {
  if (!/^[A-Za-z0-9+/]{8,}={0,2}$/.test(text)) return false;
  const bytes = fromBase64(text);
  const inside = bytes && textOf(bytes);
  return (
    inside !== undefined && secrets.some((secret) => secret.length >= SHORTEST && inside.includes(secret))
  );
}
