// A log event's message as filter patterns look at it: text, JSON, or fields between spaces. Pure.

import { parsed } from '#cloud/json.ts';
import type { Json } from '#cloud/json.ts';

export class LogMessage {
  readonly text: string;
  #json: Json | undefined;
  #parsed = false;
  #fields: readonly string[] | undefined;

  constructor(text: string) {
    this.text = text;
  }

  /** Nothing where the message is no JSON object. */
  get json(): Json | undefined {
    if (this.#parsed) return this.#json;
    this.#parsed = true;
    if (this.text.trimStart().startsWith('{')) this.#json = parsed(this.text);
    return this.#json;
  }

  /** What stands between square brackets or double quotes is one field. */
  get fields(): readonly string[] {
    this.#fields ??= (this.text.match(/\[[^\]]*\]|"[^"]*"|\S+/g) ?? []).map(unwrapped);
    return this.#fields;
  }
}

function unwrapped(field: string): string {
  const closed =
    field.length > 1 &&
    ((field.startsWith('"') && field.endsWith('"')) || (field.startsWith('[') && field.endsWith(']')));
  return closed ? field.slice(1, -1) : field;
}
