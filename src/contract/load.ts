// Reads contracts/<id>.json from the package, once each: the only file of this floor that touches the disk.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Contract, contractFromJson } from './contract.ts';
import type { ContractHeader, ContractJson } from './contract-json.ts';
import { resourceTypesFrom } from './resource-types.ts';
import type { ResourceType, ResourceTypesJson } from './resource-types.ts';

let folder: string | undefined;
let index: readonly ContractHeader[] | undefined;
const loaded = new Map<string, Contract>();
const loadedTypes = new Map<string, ReadonlyMap<string, ResourceType>>();
let typeNames: ReadonlySet<string> | undefined;

/**
 * The same from the source tree and from a bundle in dist/: the nearest folder upwards that holds
 * contracts/index.json.
 */
function contractsFolder(): string {
  if (folder !== undefined) return folder;
  let at = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(at, 'contracts', 'index.json'))) {
    const parent = dirname(at);
    if (parent === at) throw new Error(`no contracts/index.json above ${fileURLToPath(import.meta.url)}`);
    at = parent;
  }
  folder = join(at, 'contracts');
  return folder;
}

function read(file: string): unknown {
  return JSON.parse(readFileSync(join(contractsFolder(), file), 'utf8'));
}

/** What there is to route to, without loading any of it. */
export function contractHeaders(): readonly ContractHeader[] {
  index ??= read('index.json') as ContractHeader[];
  return index;
}

export function loadContract(id: string): Contract {
  const known = loaded.get(id);
  if (known !== undefined) return known;
  if (!contractHeaders().some((header) => header.id === id))
    throw new Error(`there is no contract for ${id}`);
  const contract = contractFromJson(read(`${id}.json`) as ContractJson);
  loaded.set(id, contract);
  return contract;
}

/** Names of all resource types that CloudFormation publishes, modelled or not. */
export function resourceTypeNames(): ReadonlySet<string> {
  typeNames ??= new Set(read('resource-types/names.json') as string[]);
  return typeNames;
}

/** What AWS publishes about a resource type of a service that stands. */
export function loadResourceType(name: string): ResourceType | undefined {
  const [, namespace = ''] = name.split('::');
  let types = loadedTypes.get(namespace);
  if (!types) {
    const file = `resource-types/${namespace}.json`;
    const there = /^\w+$/.test(namespace) && existsSync(join(contractsFolder(), file));
    types = there ? resourceTypesFrom(read(file) as ResourceTypesJson) : new Map<string, ResourceType>();
    loadedTypes.set(namespace, types);
  }
  return types.get(name);
}
