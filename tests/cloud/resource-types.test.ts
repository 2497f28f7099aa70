// Every provider honours, passes on, refuses or explains every property that AWS publishes for its type.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadResourceType } from '../../src/contract/load.ts';
import type { PropertyFacts, PropertyKind, ResourceType } from '../../src/contract/resource-types.ts';
import { providedTypes } from '#services/cloudformation/providers/index.ts';

const PROVIDERS = 'src/services/cloudformation/providers';

/** The text of all providers of a namespace: `AWS::EC2::VPC` is in `providers/ec2/`. */
function sourceOf(type: string): string {
  const folder = join(PROVIDERS, type.split('::')[1]?.toLowerCase() ?? '');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('\n');
}

function inside(kind: PropertyKind): readonly PropertyKind[] {
  if (kind.kind === 'list' || kind.kind === 'map') return inside(kind.of);
  return kind.kind === 'either' ? kind.of.flatMap(inside) : [kind];
}

/** Dotted paths of all properties; what is inside a structure that contains itself only once. */
function pathsOf(
  type: ResourceType,
  properties: ReadonlyMap<string, PropertyFacts>,
  above: string,
  seen: readonly number[],
): string[] {
  return [...properties].flatMap(([name, facts]) => {
    const path = above === '' ? name : `${above}.${name}`;
    const nested = inside(facts.type).flatMap((kind) =>
      kind.kind === 'structure' && !seen.includes(kind.number)
        ? pathsOf(type, type.structure(kind.number), path, [...seen, kind.number])
        : [],
    );
    return [path, ...nested];
  });
}

describe.each(providedTypes().map((provider) => [provider.type as string, provider] as const))(
  '%s',
  (name, provider) => {
    const type = loadResourceType(name) as ResourceType;
    const paths = pathsOf(type, type.properties, '', []);

    it('accounts for every published property', () => {
      const source = sourceOf(name);
      const explained = [
        ...(provider.refused ?? []),
        ...(provider.passedOn ?? []),
        ...Object.keys(provider.withoutEffect ?? {}),
      ];
      const covered = (path: string): boolean =>
        explained.some((one) => path === one || path.startsWith(`${one}.`)) ||
        new RegExp(`\\b${path.split('.').at(-1)}\\b`).test(source);
      expect(paths.filter((path) => !covered(path))).toEqual([]);
    });

    it('names only published properties', () => {
      const named = [
        ...(provider.refused ?? []),
        ...(provider.passedOn ?? []),
        ...Object.keys(provider.withoutEffect ?? {}),
      ];
      expect(named.filter((path) => !paths.includes(path))).toEqual([]);
    });
  },
);
