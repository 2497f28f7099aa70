// What `Fn::GetAtt` may ask of a resource: the attributes of its type, and its properties.

import { loadResourceType } from '#contract/load.ts';
import type { Evaluation } from '../template/evaluation.ts';
import { templateError } from '../template/faults.ts';
import { partsOf } from '../template/read.ts';
import { eachReference } from '../template/references.ts';
import type { Template, Value } from '../template/template.ts';

/** LocalStack's test_change_set_fn_get_attr.py recorded that properties are attributes, too. */
export function isProperty(type: string, name: string): boolean {
  return loadResourceType(type)?.properties.has(name) ?? false;
}

function isAttribute(type: string, name: string): boolean {
  const found = loadResourceType(type);
  // Nested stacks and custom resources have what they say, and types that are not modelled are nobody's to judge.
  if (!found || found.attributes.length === 0 || type.startsWith('AWS::CloudFormation::')) return true;
  const [first = ''] = name.split('.');
  return [...found.attributes, ...found.properties.keys()].some(
    (known) => known === name || known === first || known.startsWith(`${first}.`),
  );
}

/** Throws for the first attribute that its type does not have, which is known before there is a stack. */
export function checkAttributes(template: Template, evaluation: Evaluation): void {
  const values: Value[] = [
    ...evaluation.resources().flatMap(partsOf),
    ...evaluation.outputs().map(({ value }) => value),
  ];
  for (const value of values) {
    eachReference(
      value,
      (condition) => evaluation.holds(condition),
      ({ name, attribute }) => {
        const type = template.resources[name]?.type;
        if (type !== undefined && attribute !== undefined && !isAttribute(type, attribute))
          throw templateError(`resource ${name} does not support attribute type ${attribute} in Fn::GetAtt`);
      },
    );
  }
}
