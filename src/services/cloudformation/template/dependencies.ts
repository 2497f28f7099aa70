// What has to stand before what.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-dependson.html

import type { Evaluation } from './evaluation.ts';
import { formatError, invalid } from './faults.ts';
import { partsOf } from './read.ts';
import { eachReference } from './references.ts';
import type { Choice } from './references.ts';
import type { ResourceDeclaration, Template } from './template.ts';

/**
 * For every resource of the stack, in the order of the template, those that it needs. Without an evaluation all
 * resources and both branches of every `Fn::If` count.
 */
export function dependenciesOf(template: Template, evaluation?: Evaluation): Map<string, readonly string[]> {
  const resources = evaluation?.resources() ?? Object.values(template.resources);
  const present = new Set(resources.map(({ logicalId }) => logicalId));
  const choice: Choice = evaluation === undefined ? undefined : (condition) => evaluation.holds(condition);
  const dependencies = new Map<string, readonly string[]>();
  const missing = new Set<string>();
  for (const resource of resources) {
    const needed = neededBy(resource, template, choice);
    for (const name of needed) if (!present.has(name)) missing.add(name);
    dependencies.set(resource.logicalId, [...needed]);
  }
  if (missing.size > 0)
    throw formatError(
      `Unresolved resource dependencies [${[...missing].join(', ')}] in the Resources block of the template`,
    );
  refuseCircles(dependencies);
  return dependencies;
}

/** What the conditions leave out has no output. CloudFormation says so without the usual beginning. */
export function checkOutputs(template: Template, evaluation: Evaluation): void {
  const present = new Set(evaluation.resources().map(({ logicalId }) => logicalId));
  const missing = new Set<string>();
  for (const { value } of evaluation.outputs()) {
    eachReference(
      value,
      (condition) => evaluation.holds(condition),
      ({ name }) => {
        if (Object.hasOwn(template.resources, name) && !present.has(name)) missing.add(name);
      },
    );
  }
  if (missing.size > 0)
    throw invalid(
      `Unresolved resource dependencies [${[...missing].join(', ')}] in the Outputs block of the template`,
    );
}

function neededBy(resource: ResourceDeclaration, template: Template, choice: Choice): ReadonlySet<string> {
  const needed = new Set<string>(resource.dependsOn);
  for (const part of partsOf(resource)) {
    eachReference(part, choice, ({ name }) => {
      if (Object.hasOwn(template.resources, name)) needed.add(name);
    });
  }
  return needed;
}

/** Whatever is never free of needs is in a circle, or needs something that is. */
function refuseCircles(dependencies: ReadonlyMap<string, readonly string[]>): void {
  const open = new Map([...dependencies].map(([name, needed]) => [name, needed.length]));
  const dependents = new Map<string, string[]>();
  for (const [name, needed] of dependencies)
    for (const other of needed) {
      const list = dependents.get(other);
      if (list === undefined) dependents.set(other, [name]);
      else list.push(name);
    }
  const free = [...open].filter(([, count]) => count === 0).map(([name]) => name);
  for (let name = free.pop(); name !== undefined; name = free.pop()) {
    open.delete(name);
    for (const dependent of dependents.get(name) ?? []) {
      const count = (open.get(dependent) as number) - 1;
      open.set(dependent, count);
      if (count === 0) free.push(dependent);
    }
  }
  if (open.size > 0) throw invalid(`Circular dependency between resources: [${[...open.keys()].join(', ')}]`);
}
