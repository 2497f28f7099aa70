import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Shape } from '../../src/contract/contract.ts';
import { loadContract } from '../../src/contract/load.ts';
import { loadServiceActions } from '../../src/cloud/iam/load.ts';
import { services } from '../../src/services/index.ts';

const folder = join(import.meta.dirname, '../../src/services');

/** All of a service's own source text: where a member is honoured, its name stands somewhere. Resource types are no part of it. */
function sourceOf(contract: string): string {
  const place = contract === 'codedeploy-commands' ? 'codedeploy' : contract;
  const names = readdirSync(join(folder, place), { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !name.startsWith('providers'),
  );
  const own = names.map((name) => readFileSync(join(folder, place, name), 'utf8'));
  return [...own, readFileSync(join(folder, '../cloud/tags.ts'), 'utf8')].join('\n');
}

/** Dotted paths of all members of an input, through lists and maps; recursive shapes are followed once. */
function* paths(shape: Shape, prefix: string, above: readonly string[]): Generator<string> {
  for (const { name, shape: inner } of shape.members) {
    const path = prefix ? `${prefix}.${name}` : name;
    yield path;
    let element = inner;
    let within = path;
    while (element.kind === 'list' || element.kind === 'map') {
      if (element.kind === 'map') within = `${within}.*`;
      element = element.item.shape;
    }
    if (element.kind !== 'structure' || above.includes(element.name)) continue;
    yield* paths(element, within, [...above, element.name]);
  }
}

describe.each(services.map((service) => [service.contract, service] as const))('%s', (id, service) => {
  const contract = loadContract(id);
  const operations = Object.keys(service.operations);

  it('has only operations that its contract has', () => {
    expect(operations.filter((name) => !contract.operation(name))).toEqual([]);
  });

  it('honours, refuses or explains every parameter of its operations', () => {
    const source = sourceOf(id);
    const words = new Set(source.match(/[A-Za-z][A-Za-z0-9]*/g));
    const forgotten = operations.flatMap((name) => {
      const input = contract.operation(name)?.input;
      if (!input) return [];
      const settled = [...(service.refused[name] ?? []), ...Object.keys(service.withoutEffect[name] ?? {})];
      return [...paths(input, '', [input.name])]
        .filter((path) => !settled.some((one) => path === one || path.startsWith(`${one}.`)))
        .filter((path) => !words.has(path.slice(path.lastIndexOf('.') + 1)))
        .map((path) => `${name}.${path}`);
    });
    expect(forgotten).toEqual([]);
  });

  it('refuses only parameters that exist', () => {
    const unknown = operations.flatMap((name) => {
      const input = contract.operation(name)?.input;
      const known = new Set(input ? paths(input, '', [input.name]) : []);
      const named = [...(service.refused[name] ?? []), ...Object.keys(service.withoutEffect[name] ?? {})];
      return named.filter((path) => !known.has(path)).map((path) => `${name}.${path}`);
    });
    expect(unknown).toEqual([]);
  });

  it('explains in its README what it accepts without effect', () => {
    const readme = readFileSync(
      join(folder, id === 'codedeploy-commands' ? 'codedeploy' : id, 'README.md'),
      'utf8',
    );
    const unexplained = Object.values(service.withoutEffect)
      .flatMap((members) => Object.keys(members))
      .filter((path) => !readme.includes(path.slice(path.lastIndexOf('.') + 1)));
    expect(unexplained).toEqual([]);
  });

  it('names the resources of operations whose IAM action cannot do without them', () => {
    const actions = loadServiceActions(service.actionPrefix);
    expect(actions).toBeDefined();
    const nameless = operations.filter((name) => {
      const rule = service.authorization[name];
      if (rule?.resources || rule?.actions) return false;
      const facts = actions?.action(name);
      return facts?.resources.some((resource) => resource.required) ?? false;
    });
    expect(nameless).toEqual([]);
  });
});

it('is listed for every folder', () => {
  const folders = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
  const listed = new Set(
    services.map(({ contract }) => (contract === 'codedeploy-commands' ? 'codedeploy' : contract)),
  );
  expect(folders.filter((name) => !listed.has(name as never))).toEqual([]);
});
