// What a target is told of an event: all of it, a part of it, something constant, or a text made of its parts. Pure.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
// What becomes of lists, objects and missing values in templates follows answers of AWS that LocalStack's tests recorded
// (test_events_inputs.snapshot.json).

import { isObject, parsed } from '#cloud/json.ts';
import type { Json, JsonObject } from '#cloud/json.ts';
import { parsePath, valueAt } from './json-path.ts';
import type { Target } from './tables.ts';

type Given = Pick<Target, 'Id' | 'Input' | 'InputPath' | 'InputTransformer'>;
type Transformer = NonNullable<Given['InputTransformer']>;

/** What EventBridge would not take of a target's input, or nothing. */
export function problemOfInput({ Id, Input, InputPath, InputTransformer }: Given): string | undefined {
  if ([Input, InputPath, InputTransformer].filter((one) => one !== undefined).length > 1)
    return `Only one of Input, InputPath, or InputTransformer must be provided for target ${Id}.`;
  if (Input !== undefined && parsed(Input) === undefined)
    return `JSON syntax error in input for target ${Id}.`;
  if (InputPath !== undefined && InputPath !== '' && !parsePath(InputPath))
    return `Invalid InputPath for target ${Id}.`;
  return InputTransformer && problemOfTransformer(Id, InputTransformer);
}

function problemOfTransformer(
  id: string,
  { InputPathsMap = {}, InputTemplate }: Transformer,
): string | undefined {
  const reserved = Object.keys(InputPathsMap).find((name) => name.toLowerCase().startsWith('aws'));
  if (reserved !== undefined) return `InputPathsMap for target ${id} contains reserved name ${reserved}.`;
  const wrong = Object.values(InputPathsMap).find((path) => !parsePath(path));
  if (wrong !== undefined) return `Invalid InputPathsMap for target ${id}: ${wrong} is no JSON path.`;
  for (const [, name = ''] of InputTemplate.matchAll(PLACEHOLDER))
    if (!Object.hasOwn(InputPathsMap, name) && !PREDEFINED.includes(name))
      return `InputTemplate for target ${id} contains invalid placeholder ${name}.`;
  const sample = filled(InputTemplate, () => 0);
  return isText(InputTemplate) || parsed(sample) !== undefined
    ? undefined
    : `Invalid InputTemplate for target ${id}.`;
}

const PLACEHOLDER = /<([A-Za-z0-9_.-]+)>/g;

const PREDEFINED: readonly string[] = [
  'aws.events.rule-arn',
  'aws.events.rule-name',
  'aws.events.event.ingestion-time',
  'aws.events.event',
  'aws.events.event.json',
];

/** Around an event, for the variables that are always there. */
export interface Occasion {
  readonly ruleArn: string;
  readonly ruleName: string;
  /** ISO 8601. */
  readonly takenAt: string;
}

/** JSON text for the target; nothing where no JSON comes of it, and the event is lost. */
export function inputFor(given: Given, event: JsonObject, occasion: Occasion): string | undefined {
  const { Input, InputPath, InputTransformer: transformer } = given;
  if (Input !== undefined) return Input;
  if (InputPath) {
    const value = valueAt(event, parsePath(InputPath) ?? []);
    return value === undefined ? undefined : JSON.stringify(value);
  }
  if (!transformer) return JSON.stringify(event);
  const text = filled(transformer.InputTemplate, (name) => variable(name, transformer, event, occasion));
  return isText(transformer.InputTemplate) || parsed(text) !== undefined ? text : undefined;
}

function variable(
  name: string,
  { InputPathsMap: paths = {} }: Transformer,
  event: JsonObject,
  { ruleArn, ruleName, takenAt }: Occasion,
): Json | undefined {
  switch (name) {
    case 'aws.events.rule-arn':
      return ruleArn;
    case 'aws.events.rule-name':
      return ruleName;
    case 'aws.events.event.ingestion-time':
      return takenAt;
    case 'aws.events.event.json':
      return event;
    case 'aws.events.event': {
      const { detail: _, 'detail-type': detailType = null, ...rest } = event;
      return { ...rest, detailType };
    }
    default:
      return valueAt(event, parsePath(paths[name] ?? '') ?? []);
  }
}

/** Quoted lines, which need be no JSON as a whole. */
function isText(template: string): boolean {
  return template.split('\n').every((line) => /^\s*"(?:[^"\\]|\\.)*"\s*$/.test(line));
}

/** A template with its variables replaced: as JSON where they stand by themselves, as text between quotes. */
function filled(template: string, valueOf: (name: string) => Json | undefined): string {
  const text = isText(template);
  let quoted = false;
  return template.replace(/\\.|"|<([A-Za-z0-9_.-]+)>/g, (found: string, name: string | undefined) => {
    if (name === undefined) {
      if (found === '"') quoted = !quoted;
      return found;
    }
    const value = valueOf(name);
    if (!quoted) return JSON.stringify(value ?? '');
    return between(value, text);
  });
}

/** Between quotes: objects lose the quotes that they have in a text, and spoil a JSON document. */
function between(value: Json | undefined, text: boolean): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return JSON.stringify(value).slice(1, -1);
  const json = JSON.stringify(value);
  return text && (isObject(value) || Array.isArray(value)) ? json.replaceAll('"', '') : json;
}
