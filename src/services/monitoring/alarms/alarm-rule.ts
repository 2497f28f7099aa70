// The rules of composite alarms. Pure.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html

import { Fault } from '#contract/fault.ts';
import type { StateValue } from './missing-data.ts';

export type Rule =
  | { readonly is: 'constant'; readonly value: boolean }
  | { readonly is: 'state'; readonly state: StateValue; readonly alarm: string }
  | { readonly is: 'not'; readonly rule: Rule }
  | { readonly is: 'and' | 'or'; readonly rules: readonly Rule[] };

const MOST_CHILDREN = 100;
/** AWS's limit on the elements of a rule. */
const MOST_ELEMENTS = 500;
const FUNCTIONS: readonly string[] = ['ALARM', 'OK', 'INSUFFICIENT_DATA'];
const TOKEN = /\s*(?:([()])|"([^"]*)"|'([^']*)'|([^\s()"']+))/y;

interface Token {
  readonly text: string;
  readonly quoted: boolean;
}

/** Throws AWS's `ValidationError` for what is no rule. Alarms are named by name or ARN, with or without quotes. */
export function parseRule(text: string): Rule {
  if (text.trim() !== text || text === '') {
    throw new Fault(
      'ValidationError',
      'AlarmRule must not contain leading or trailing whitespace or be null',
    );
  }
  const tokens = tokensOf(text);
  if (tokens.length > MOST_ELEMENTS * 2) throw wrong('it has too many elements');
  let at = 0;
  const peek = (): string | undefined => (tokens[at]?.quoted ? undefined : tokens[at]?.text);
  const take = (): Token => {
    const token = tokens[at];
    if (!token) throw wrong('it ends too early');
    at += 1;
    return token;
  };
  const expect = (wanted: string): void => {
    const { text: found } = take();
    if (found !== wanted) throw wrong(`'${wanted}' is expected where '${found}' stands`);
  };
  const several = (is: 'and' | 'or', word: string, one: () => Rule): Rule => {
    const rules = [one()];
    while (peek() === word) {
      take();
      rules.push(one());
    }
    return rules.length === 1 ? (rules[0] as Rule) : { is, rules };
  };
  const anyOf = (): Rule => several('or', 'OR', allOf);
  const allOf = (): Rule => several('and', 'AND', single);
  const single = (): Rule => {
    const { text: word, quoted } = take();
    if (quoted) throw wrong(`'${word}' is not expected`);
    if (word === 'NOT') return { is: 'not', rule: single() };
    if (word === 'TRUE' || word === 'FALSE') return { is: 'constant', value: word === 'TRUE' };
    if (word === '(') {
      const inner = anyOf();
      expect(')');
      return inner;
    }
    if (!FUNCTIONS.includes(word)) throw wrong(`'${word}' is not expected`);
    expect('(');
    const { text: name } = take();
    expect(')');
    return { is: 'state', state: word as StateValue, alarm: nameOf(name) };
  };
  const rule = anyOf();
  if (at < tokens.length) throw wrong(`'${tokens[at]?.text}' is not expected`);
  if (alarmsOf(rule).length > MOST_CHILDREN) throw wrong(`it names more than ${MOST_CHILDREN} alarms`);
  return rule;
}

function tokensOf(text: string): Token[] {
  const found: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const match = TOKEN.exec(text);
    if (!match) throw wrong('a quotation mark is missing');
    const [, bracket, double, single, bare] = match;
    found.push({
      text: bracket ?? double ?? single ?? (bare as string),
      quoted: double !== undefined || single !== undefined,
    });
  }
  return found;
}

/** The alarm's name in an ARN, or the name itself. */
function nameOf(text: string): string {
  return /^arn:aws:cloudwatch:[^:]*:\d{12}:alarm:(.+)$/.exec(text)?.[1] ?? text;
}

function wrong(reason: string): Fault {
  return new Fault('ValidationError', `AlarmRule is invalid: ${reason}.`);
}

/** Names of the alarms in a rule, each once, in order of appearance. */
export function alarmsOf(rule: Rule): string[] {
  switch (rule.is) {
    case 'constant':
      return [];
    case 'state':
      return [rule.alarm];
    case 'not':
      return alarmsOf(rule.rule);
    default:
      return [...new Set(rule.rules.flatMap(alarmsOf))];
  }
}

export function holds(rule: Rule, stateOf: (alarm: string) => StateValue | undefined): boolean {
  switch (rule.is) {
    case 'constant':
      return rule.value;
    case 'state':
      return stateOf(rule.alarm) === rule.state;
    case 'not':
      return !holds(rule.rule, stateOf);
    case 'and':
      return rule.rules.every((one) => holds(one, stateOf));
    case 'or':
      return rule.rules.some((one) => holds(one, stateOf));
  }
}
