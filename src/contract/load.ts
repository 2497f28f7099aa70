// Reads contracts/<id>.json from the package, once each: the only file of this floor that touches the disk.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Contract, contractFromJson } from './contract.ts';
import type { ContractHeader, ContractJson } from './contract-json.ts';

let folder: string | undefined;
let index: readonly ContractHeader[] | undefined;
const loaded = new Map<string, Contract>();

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
