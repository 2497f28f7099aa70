// What a read gives of an item.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ProjectionExpressions.html

import { Findings } from './findings.ts';
import { checkApart, readPath } from './path.ts';
import type { Path } from './path.ts';
import type { Placeholders } from './placeholders.ts';
import { Reader } from './tokens.ts';

export function parseProjection(source: string, placeholders: Placeholders): readonly Path[] {
  const reader = new Reader('ProjectionExpression', source);
  const findings = new Findings();
  const paths = [readPath(reader, placeholders, findings)];
  while (reader.skip(',')) paths.push(readPath(reader, placeholders, findings));
  reader.end();
  checkApart(paths, findings);
  findings.check(reader);
  return paths;
}
