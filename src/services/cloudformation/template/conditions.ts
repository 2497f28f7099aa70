// The section Conditions.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/conditions-section-structure.html

import { formatError, templateError } from './faults.ts';
import { checkFunctions, isBoolean } from './functions.ts';
import type { Surroundings } from './functions.ts';
import { referencesOf } from './references.ts';
import { isFields } from './template.ts';
import type { Value } from './template.ts';

/** Throws for conditions that could not be decided, whatever the parameters are. */
export function checkConditions(around: Surroundings, parameters: ReadonlySet<string>): void {
  const { conditions, resources } = around;
  for (const value of Object.values(conditions)) {
    if (!isBoolean(value))
      throw formatError('Conditions can only be boolean operations on parameters and other conditions');
    checkFunctions(value, around);
  }
  const names = Object.values(conditions).flatMap((value) => referencesOf(value).map(({ name }) => name));
  const unresolved = [...new Set(names)].filter((name) => !parameters.has(name));
  if (unresolved.some((name) => resources.has(name)))
    throw formatError(
      `Unresolved dependencies [${unresolved.join(', ')}]. ` +
        'Cannot reference resources in the Conditions block of the template',
    );
  if (unresolved.length > 0)
    throw formatError(
      `Unresolved dependencies [${unresolved.join(', ')}] in the Conditions block of the template`,
    );
  checkOrder(conditions);
}

/** Conditions that a condition is made of. */
function conditionsIn(value: Value): readonly string[] {
  if (Array.isArray(value)) return (value as readonly Value[]).flatMap(conditionsIn);
  if (!isFields(value)) return [];
  const { Condition: name, 'Fn::If': choice } = value;
  const own = typeof name === 'string' ? [name] : [];
  const chosen = Array.isArray(choice) && typeof choice[0] === 'string' ? [choice[0]] : [];
  return [...own, ...chosen, ...Object.values(value).flatMap(conditionsIn)];
}

/** Throws for conditions that are not there, and for those that go round in a circle. */
function checkOrder(conditions: Readonly<Record<string, Value>>): void {
  const settled = new Set<string>();
  const path = new Set<string>();
  const visit = (name: string): void => {
    if (settled.has(name)) return;
    if (path.has(name)) {
      const circle = [...path];
      throw templateError(
        `Found circular condition dependency: [${circle.slice(circle.indexOf(name)).join(', ')}]`,
      );
    }
    path.add(name);
    for (const needed of conditionsIn(conditions[name] as Value)) {
      if (!Object.hasOwn(conditions, needed))
        throw formatError(
          `Unresolved condition dependencies [${needed}] in the Conditions block of the template`,
        );
      visit(needed);
    }
    path.delete(name);
    settled.add(name);
  };
  for (const name of Object.keys(conditions)) visit(name);
}
