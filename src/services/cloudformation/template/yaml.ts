// YAML as CloudFormation reads it: short forms become long ones, aliases are refused.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html

import { isAlias, isMap, isScalar, isSeq, parseDocument } from 'yaml';
import type { Node, ParsedNode } from 'yaml';
import { formatError, templateError } from './faults.ts';
import { DEEPEST } from './json.ts';
import { plainScalar } from './scalars.ts';
import { isFields } from './template.ts';
import type { Value } from './template.ts';

/** Short forms whose long form is not `Fn::` and the same word. */
const LONG: Readonly<Record<string, string>> = { '!Ref': 'Ref', '!Condition': 'Condition' };
const SHORT = new Set(
  `And Base64 Cidr Contains EachMemberEquals EachMemberIn Equals FindInMap GetAZs GetAtt If ImportValue Join Length
  Not Or RefAll Select Split Sub ToJsonString Transform ValueOf ValueOfAll`.split(/\s+/),
);
const STANDARD = 'tag:yaml.org,2002:';

export function parseYaml(text: string): Value {
  // Scalars are typed here and not by a schema, because numbers have to keep the text they were written in.
  const document = parseDocument(text, {
    schema: 'failsafe',
    logLevel: 'silent',
    prettyErrors: false,
    uniqueKeys: false,
  });
  const [error] = document.errors;
  if (error !== undefined) throw malformed(text, error.pos[0]);
  return new Converter(text).value(document.contents, 0);
}

function malformed(text: string, at: number): Error {
  const lines = text.slice(0, at).split('\n');
  const column = (lines.at(-1) as string).length + 1;
  return formatError(`YAML not well-formed. (line ${lines.length}, column ${column})`);
}

class Converter {
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  value(node: Node | null, depth: number): Value {
    if (node === null) return null;
    if (depth > DEEPEST) throw formatError('unsupported structure.');
    // Without aliases a template cannot grow beyond its text, so no document is a bomb.
    if (isAlias(node)) throw templateError('YAML aliases are not allowed in CloudFormation templates');
    const tag = node.tag;
    if (tag === undefined || tag === '!' || tag.startsWith(STANDARD)) return this.untagged(node, depth, tag);
    const name = LONG[tag] ?? (SHORT.has(tag.slice(1)) ? `Fn::${tag.slice(1)}` : undefined);
    if (name === undefined || !tag.startsWith('!')) throw malformed(this.text, (node as ParsedNode).range[0]);
    const argument = this.untagged(node, depth, isScalar(node) ? '!' : undefined);
    return { [name]: name === 'Fn::GetAtt' ? attributePath(argument) : argument };
  }

  private untagged(node: Node, depth: number, tag: string | undefined): Value {
    if (isScalar(node)) return scalar(node as ScalarNode, tag);
    if (isSeq(node)) return node.items.map((item) => this.value(item as Node | null, depth + 1));
    if (!isMap(node)) throw malformed(this.text, 0);
    const members: [string, Value][] = [];
    for (const { key, value } of node.items) {
      if (!isScalar(key)) throw malformed(this.text, (key as ParsedNode | null)?.range[0] ?? 0);
      members.push([String(key.value ?? ''), this.value(value as Node | null, depth + 1)]);
    }
    return Object.fromEntries(members);
  }
}

interface ScalarNode {
  readonly value: unknown;
  readonly type?: string | null | undefined;
}

function scalar({ value, type }: ScalarNode, tag: string | undefined): Value {
  const text = String(value ?? '');
  if (type !== 'PLAIN' || tag === `${STANDARD}str`) return text;
  // A word after `!Ref` and its like is a name, whatever it looks like; nothing after it is nothing.
  if (tag === '!') return text;
  return plainScalar(text);
}

/** `!GetAtt Queue.Arn` and `!GetAtt Nested.Outputs.Url`: the name ends at the first dot. */
function attributePath(argument: Value): Value {
  if (typeof argument !== 'string' || isFields(argument)) return argument;
  const dot = argument.indexOf('.');
  return dot < 0 ? [argument] : [argument.slice(0, dot), argument.slice(dot + 1)];
}
