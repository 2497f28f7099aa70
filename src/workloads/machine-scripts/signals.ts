// Signals to stacks and to wait conditions, as commands say them.

import { CFN_SIGNAL, readOptions } from '../cfn-bootstrap/options.ts';
import { UNKNOWN } from '../shell/expansion.ts';
import type { Action, StackResource } from './actions.ts';

/** What a command signals, and whether it says that all went well. */
export interface Signalling {
  readonly action: Extract<Action, { kind: 'signal' | 'put' }>;
  readonly success: boolean;
}

/** The helper scripts' own default, whatever the instance's region. */
const DEFAULT_REGION = 'us-east-1';

/** `cfn-signal`; nothing where its options cannot be used. */
export function cfnSignal(words: readonly string[], instanceId: string): Signalling | undefined {
  const options = readOptions(words, CFN_SIGNAL);
  if (!options) return undefined;
  const { success = 'true', 'exit-code': code, reason, data, id } = options.values;
  if (success !== 'true' && success !== 'false') return undefined;
  const exit = code === undefined ? Number(success === 'false') : exitOf(code);
  if (Number.isNaN(exit)) return undefined;
  const uniqueId = known(id ?? '') || instanceId;
  const status = exit === 0 ? 'SUCCESS' : 'FAILURE';
  const [url] = options.rest;
  if (url === undefined) {
    const action = { kind: 'signal', of: target(options.values), signal: { uniqueId, status } } as const;
    return { action, success: exit === 0 };
  }
  const body = {
    Status: status,
    UniqueId: uniqueId,
    Data: known(data ?? ''),
    Reason: known(reason ?? (exit === 0 ? '' : 'Configuration failed')),
  };
  return { action: { kind: 'put', url, body: JSON.stringify(body) }, success: exit === 0 };
}

/** `aws cloudformation signal-resource`; nothing where it names no status. */
export function resourceSignal(words: readonly string[], instanceId: string): Signalling | undefined {
  const value = (name: string): string => known(words[words.indexOf(`--${name}`) + 1] ?? '');
  const status = value('status');
  if (status !== 'SUCCESS' && status !== 'FAILURE') return undefined;
  const region = words.includes('--region') ? value('region') : '';
  const of = { stack: value('stack-name'), resource: value('logical-resource-id'), region, role: true };
  const signal = { uniqueId: value('unique-id') || instanceId, status } as const;
  return { action: { kind: 'signal', of, signal }, success: status === 'SUCCESS' };
}

/** What `curl` puts to a wait condition's handle; no success where it cannot be told. Nothing where it goes elsewhere. */
export function handlePut(
  words: readonly string[],
  input: string | undefined,
  files: ReadonlyMap<string, string>,
): (Signalling & { readonly told: boolean }) | undefined {
  const url = words.find((word) => word.includes('cloudformation-waitcondition-'));
  if (url === undefined) return undefined;
  const after = (...names: string[]): string | undefined => {
    const at = words.findIndex((word) => names.includes(word));
    return at < 0 ? undefined : words[at + 1];
  };
  const file = after('-T', '--upload-file');
  const data = after('-d', '--data', '--data-binary', '--data-raw', '--data-ascii', '--json');
  const from = file ?? (data?.startsWith('@') ? data.slice(1) : undefined);
  const body = from === undefined ? data : from === '-' ? input : files.get(from);
  const told = body !== undefined;
  return {
    action: { kind: 'put', url, body: known(body ?? '') },
    success: told && !body.includes('FAILURE'),
    told,
  };
}

/** The stack and the resource that options of a helper script name. */
export function target(values: Readonly<Record<string, string>>): StackResource {
  const { stack = '', resource = '', region = DEFAULT_REGION, role } = values;
  return {
    stack: known(stack),
    resource: known(resource),
    region: known(region),
    role: role !== undefined,
  };
}

/** A status that cannot be known is taken for success. */
function exitOf(text: string): number {
  return text.includes(UNKNOWN) || text === '' ? 0 : Number(text);
}

/** A text of which a part cannot be known says nothing. */
function known(text: string): string {
  return text.includes(UNKNOWN) ? '' : text;
}
