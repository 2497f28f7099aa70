// The strings of Fn::Sub.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-sub.html

import { templateError } from './faults.ts';

export interface SubPart {
  /** What stands between variables, as it is to appear. */
  readonly text: string;
  /** What follows it: a name of the map, a parameter, a resource, or a resource and its attribute. */
  readonly variable?: string;
}

const NAME = /^[A-Za-z0-9_.:]+$/;

export function subParts(string: string): readonly SubPart[] {
  const parts: SubPart[] = [];
  let text = '';
  let from = 0;
  for (;;) {
    const start = string.indexOf('${', from);
    const end = start < 0 ? -1 : string.indexOf('}', start);
    if (end < 0) break;
    text += string.slice(from, start);
    const name = string.slice(start + 2, end);
    from = end + 1;
    if (name.startsWith('!')) {
      // `${!Literal}` is how `${Literal}` is written.
      text += `\${${name.slice(1)}}`;
      continue;
    }
    if (!NAME.test(name))
      throw templateError(
        'variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, periods, and colons',
      );
    parts.push({ text, variable: name });
    text = '';
  }
  parts.push({ text: text + string.slice(from) });
  return parts;
}
