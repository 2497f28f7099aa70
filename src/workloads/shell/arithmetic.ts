// Integer arithmetic of scripts: `$((…))`, `((…))`, `let` and `expr`, as far as scripts count with it.
// https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_06_04

export interface Calculated {
  readonly value: number;
  /** A variable that gets another value by it. */
  readonly assigned?: { readonly name: string; readonly value: number };
}

/** The value of a variable; nothing where it cannot be known. An empty one counts as 0. */
type Lookup = (name: string) => string | undefined;

const TOKEN = /\s*(\d+|[A-Za-z_]\w*|&&|\|\||[=!<>]=|[-+*/%<>()!])/y;

/** How tightly operators bind. */
const STRENGTH: Readonly<Record<string, number>> = {
  '||': 1,
  '&&': 2,
  '==': 3,
  '!=': 3,
  '<': 4,
  '<=': 4,
  '>': 4,
  '>=': 4,
  '+': 5,
  '-': 5,
  '*': 6,
  '/': 6,
  '%': 6,
};

/** Nothing where it cannot be told. */
export function calculate(text: string, lookup: Lookup): Calculated | undefined {
  const step = /^\s*(?:([A-Za-z_]\w*)(\+\+|--)|(\+\+|--)([A-Za-z_]\w*))\s*$/.exec(text);
  if (step)
    return stepped(step[1] ?? step[4] ?? '', (step[2] ?? step[3]) === '++', step[3] === undefined, lookup);
  const [, name, operator = '', right = ''] = /^\s*([A-Za-z_]\w*)\s*([-+*/%]?)=(?!=)(.*)$/s.exec(text) ?? [];
  if (name === undefined) {
    const value = evaluate(text, lookup);
    return value === undefined ? undefined : { value };
  }
  const value = evaluate(operator === '' ? right : `${name} ${operator} (${right})`, lookup);
  return value === undefined ? undefined : { value, assigned: { name, value } };
}

function stepped(name: string, up: boolean, after: boolean, lookup: Lookup): Calculated | undefined {
  const before = numberIn(lookup(name));
  if (before === undefined) return undefined;
  const value = before + (up ? 1 : -1);
  return { value: after ? before : value, assigned: { name, value } };
}

function numberIn(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const trimmed = text.trim();
  return trimmed === '' ? 0 : /^-?\d{1,15}$/.test(trimmed) ? Number(trimmed) : undefined;
}

function evaluate(text: string, lookup: Lookup): number | undefined {
  const tokens = tokensOf(text);
  if (!tokens) return undefined;
  let at = 0;
  const primary = (): number | undefined => {
    const token = tokens[at] ?? '';
    at += 1;
    if (token === '(') {
      const inner = climb(1);
      at += 1; // The closing bracket.
      return tokens[at - 1] === ')' ? inner : undefined;
    }
    if (token === '-' || token === '!' || token === '+') {
      const value = primary();
      if (value === undefined) return undefined;
      return token === '!' ? Number(value === 0) : token === '-' ? -value : value;
    }
    return /^\d/.test(token) ? numberIn(token) : /^\w/.test(token) ? numberIn(lookup(token)) : undefined;
  };
  const climb = (weakest: number): number | undefined => {
    let left = primary();
    for (let operator = tokens[at]; operator !== undefined; operator = tokens[at]) {
      const strength = STRENGTH[operator] ?? 0;
      if (strength < weakest) break;
      at += 1;
      left = apply(left, operator, climb(strength + 1));
    }
    return left;
  };
  const value = climb(1);
  return at === tokens.length ? value : undefined;
}

function tokensOf(text: string): string[] | undefined {
  const tokens: string[] = [];
  const trimmed = text.trim();
  const token = new RegExp(TOKEN);
  while (token.lastIndex < trimmed.length) {
    const found = token.exec(trimmed);
    if (!found || tokens.length > 100) return undefined;
    tokens.push(found[1] ?? '');
  }
  return tokens;
}

function apply(left: number | undefined, operator: string, right: number | undefined): number | undefined {
  if (left === undefined || right === undefined) return undefined;
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return right === 0 ? undefined : Math.trunc(left / right);
    case '%':
      return right === 0 ? undefined : left % right;
    case '&&':
      return Number(left !== 0 && right !== 0);
    case '||':
      return Number(left !== 0 || right !== 0);
    default:
      return Number(compares(left, operator, right));
  }
}

function compares(left: number, operator: string, right: number): boolean {
  if (operator === '==') return left === right;
  if (operator === '!=') return left !== right;
  if (operator === '<') return left < right;
  if (operator === '<=') return left <= right;
  return operator === '>' ? left > right : left >= right;
}
