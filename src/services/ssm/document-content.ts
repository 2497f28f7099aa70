// What stands in a document: read as JSON or YAML, and held against the schema of its type.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-schemas-features.html

import { parse, stringify } from 'yaml';
import { jsonIn } from '#contract/json-text.ts';
import { Fault } from '#contract/fault.ts';
import { utf8 } from '#contract/protocols/bytes.ts';

export type Format = 'JSON' | 'YAML';

type Content = Readonly<Record<string, unknown>>;

/** Bytes. */
const LARGEST = 65_536;

/** Schema versions of the types of documents that may be made here. */
const SCHEMAS: Readonly<Record<string, readonly string[]>> = {
  Command: ['1.2', '2.0', '2.2'],
  Automation: ['0.3'],
  Session: ['1.0'],
  Policy: ['2.0'],
};

const SESSION_TYPES = ['Standard_Stream', 'InteractiveCommands', 'NonInteractiveCommands', 'Port'];
const PARAMETER_TYPES =
  /^(String|StringList|Boolean|Integer|MapList|StringMap|AWS::[A-Za-z0-9:]+|List<AWS::[A-Za-z0-9:]+>)$/;

const invalid = (): Fault =>
  new Fault('InvalidDocumentContent', 'The content for the document is not valid.');

/** The document's top-level members. Throws where the text is not of the format or not a document of the type. */
export function checkedContent(text: string, format: Format, type: string): Content {
  if (utf8(text).length > LARGEST)
    throw new Fault('MaxDocumentSizeExceeded', 'The size limit of a document is 64 KB.');
  const content = parsedContent(text, format);
  const known = SCHEMAS[type];
  if (!known)
    throw new Fault('NotImplemented', `Documents of the type ${type} are not modelled by Sandtable.`);
  const { schemaVersion } = content;
  if (typeof schemaVersion !== 'string') throw invalid();
  if (!known.includes(schemaVersion)) {
    throw new Fault('InvalidDocumentSchemaVersion', "The version of the document schema isn't supported.");
  }
  checkParameters(content['parameters']);
  if (type === 'Session') checkSession(content);
  else if (type === 'Policy' || schemaVersion === '1.2') checkPlugins(content, schemaVersion);
  else checkSteps(content['mainSteps'], schemaVersion);
  return content;
}

export function parsedContent(text: string, format: Format): Content {
  let content: unknown;
  try {
    // YAML can say what JSON cannot, such as a list that holds itself; no document may.
    content = jsonIn(format === 'JSON' ? text : JSON.stringify(parse(text)));
  } catch {
    throw invalid();
  }
  if (!isObject(content)) throw invalid();
  return content;
}

/** The text of a document in another format than it was given in. */
export function converted(text: string, from: Format, to: Format): string {
  if (from === to) return text;
  const content = parsedContent(text, from);
  return to === 'JSON' ? JSON.stringify(content, undefined, 2) : stringify(content);
}

function isObject(value: unknown): value is Content {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function checkParameters(parameters: unknown): void {
  if (parameters === undefined || parameters === null) return;
  if (!isObject(parameters)) throw invalid();
  for (const parameter of Object.values(parameters)) {
    if (!isObject(parameter) || !PARAMETER_TYPES.test(String(parameter['type']))) throw invalid();
  }
}

function checkSession({ sessionType }: Content): void {
  if (!SESSION_TYPES.includes(String(sessionType))) throw invalid();
}

/** Schema 1.2 has its plugins under `runtimeConfig`; policies may name theirs in either way. */
function checkPlugins({ runtimeConfig, mainSteps }: Content, schemaVersion: string): void {
  if (schemaVersion !== '1.2' && mainSteps !== undefined) return checkSteps(mainSteps, schemaVersion);
  if (!isObject(runtimeConfig) || Object.keys(runtimeConfig).length === 0) throw invalid();
}

function checkSteps(steps: unknown, schemaVersion: string): void {
  if (!Array.isArray(steps) || steps.length === 0) throw invalid();
  const names = new Set<string>();
  for (const step of steps as unknown[]) {
    if (!isObject(step)) throw invalid();
    const { action, name, inputs } = step;
    if (typeof action !== 'string' || !action.startsWith('aws:')) throw invalid();
    if (typeof name !== 'string' || names.has(name)) throw invalid();
    if (inputs !== undefined && inputs !== null && !isObject(inputs)) throw invalid();
    // In automations a step such as aws:sleep or aws:approve has inputs too, but not all need any.
    if (schemaVersion !== '0.3' && !isObject(inputs)) throw invalid();
    names.add(name);
  }
}

/** Parameters as DescribeDocument lists them. */
export function documentParameters(content: Content): {
  Name: string;
  Type: 'String' | 'StringList';
  Description?: string;
  DefaultValue?: string;
}[] {
  const { parameters } = content;
  if (!isObject(parameters)) return [];
  return Object.entries(parameters).map(([Name, parameter]) => {
    const { type, description, default: value } = parameter as Content;
    return {
      Name,
      Type: type === 'StringList' ? ('StringList' as const) : ('String' as const),
      ...(typeof description === 'string' ? { Description: description } : {}),
      ...(value === undefined
        ? {}
        : { DefaultValue: typeof value === 'string' ? value : JSON.stringify(value) }),
    };
  });
}

/** Platforms on which a document's plugins run. */
export function platformsOf(content: Content): ('Windows' | 'Linux' | 'MacOS')[] {
  const text = JSON.stringify(content['mainSteps'] ?? content['runtimeConfig'] ?? []);
  const windows = /aws:(runPowerShellScript|psModule|applications|domainJoin|cloudWatch)"/.test(text);
  const unix = text.includes('aws:runShellScript');
  if (windows && !unix) return ['Windows'];
  return unix && !windows ? ['Linux', 'MacOS'] : ['Windows', 'Linux', 'MacOS'];
}
