// Reads contracts/iam-actions/<prefix>.json and contracts/managed-policies.json, once each: the only file of
// this folder that touches the disk.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  serviceActionsFromJson,
  type ManagedPolicyFacts,
  type ServiceActions,
  type ServiceActionsJson,
} from './actions.ts';

let folder: string | undefined;
let managed: ReadonlyMap<string, ManagedPolicyFacts> | undefined;
const loaded = new Map<string, ServiceActions | undefined>();

/**
 * The same from the source tree and from a bundle: the nearest folder upwards that holds
 * contracts/managed-policies.json.
 */
function contractsFolder(): string {
  if (folder !== undefined) return folder;
  let at = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(at, 'contracts', 'managed-policies.json'))) {
    const parent = dirname(at);
    if (parent === at) throw new Error(`no contracts/managed-policies.json above ${import.meta.url}`);
    at = parent;
  }
  folder = join(at, 'contracts');
  return folder;
}

/** Undefined when there are no facts for this action prefix. */
export function loadServiceActions(prefix: string): ServiceActions | undefined {
  if (loaded.has(prefix)) return loaded.get(prefix);
  const file = join(contractsFolder(), 'iam-actions', `${prefix}.json`);
  const known = /^[a-z0-9-]+$/.test(prefix) && existsSync(file);
  const actions = known
    ? serviceActionsFromJson(JSON.parse(readFileSync(file, 'utf8')) as ServiceActionsJson)
    : undefined;
  // Only prefixes that exist are kept: the others come from requests, and there is no end of them.
  if (actions !== undefined) loaded.set(prefix, actions);
  return actions;
}

interface ManagedPolicyJson extends Omit<ManagedPolicyFacts, 'document'> {
  readonly document: object;
}

/** The AWS managed policies that are modelled, by name. */
export function loadManagedPolicies(): ReadonlyMap<string, ManagedPolicyFacts> {
  if (managed !== undefined) return managed;
  const text = readFileSync(join(contractsFolder(), 'managed-policies.json'), 'utf8');
  const { policies } = JSON.parse(text) as { policies: Record<string, ManagedPolicyJson> };
  managed = new Map(
    Object.entries(policies).map(([name, policy]) => [
      name,
      { ...policy, document: JSON.stringify(policy.document, null, 4) },
    ]),
  );
  return managed;
}
