import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { finds, fits } from '#cloud/expressions/automaton.ts';
import { javaExpression } from '#cloud/expressions/java.ts';
import { BadExpression } from '#cloud/expressions/problem.ts';
import { fitsWildcards, wild } from '#cloud/wildcards.ts';

/** Expressions whose meaning Java and JavaScript share, over few letters, so that many texts fit. */
const { pattern } = fc.letrec<{ pattern: string }>((tie) => {
  const leaf = fc.constantFrom(
    'a',
    'b',
    '.',
    '[ab]',
    '[^a]',
    '[a-c]',
    String.raw`\w`,
    String.raw`\d`,
    String.raw`\b`,
  );
  const inner = tie('pattern');
  return {
    pattern: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      leaf,
      fc.tuple(inner, inner).map((two) => two.join('')),
      fc.tuple(inner, inner).map(([one, other]) => `(?:${one}|${other})`),
      fc
        .tuple(inner, fc.constantFrom('*', '+', '?', '{2}', '{1,3}', '{2,}', '*?', '+?'))
        .map(([one, times]) => `(${one})${times}`),
      fc.tuple(inner, fc.constantFrom('=', '!', '<=', '<!')).map(([one, kind]) => `(?${kind}${one})`),
      fc.constantFrom('^', '$', '|'),
    ),
  };
});
const text = fc.array(fc.constantFrom('a', 'b', 'c', '1', ' '), { maxLength: 7 }).map((all) => all.join(''));

describe('regular expressions of users', () => {
  it('mean what they mean to the language’s own engine', () => {
    fc.assert(
      fc.property(pattern, text, (source, given) => {
        const expression = javaExpression(source);
        expect(fits(expression, given)).toBe(new RegExp(`^(?:${source})$`, 'u').test(given));
        expect(finds(expression, given)).toBe(new RegExp(source, 'u').test(given));
      }),
      { numRuns: 2000 },
    );
  });

  // https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/util/regex/Pattern.html
  it.each([
    ['(?i)abc', 'aBC', true],
    ['a(?i:b)c', 'aBc', true],
    ['a(?i:b)c', 'aBC', false],
    ['[a-z&&[^aeiou]]+', 'xyz', true],
    ['[a-z&&[^aeiou]]+', 'xaz', false],
    ['[a-d[m-p]]+', 'dam', true],
    [String.raw`\p{Alnum}+`, 'a1', true],
    [String.raw`\p{Lu}\P{Lu}`, 'Éa', true],
    [String.raw`\p{IsLatin}`, 'é', true],
    [String.raw`\Aab\z`, 'ab', true],
    [String.raw`\Qa.b\E+`, 'a.bb', true],
    [String.raw`\Qa.b\E+`, 'axb', false],
    [String.raw`\x41\u0042\x{1F600}\0103`, 'AB😀C', true],
    [String.raw`[\w-.]+`, 'a-.b', true],
    ['[]a]+', ']a', true],
    ['.', '\n', false],
    ['(?s).', '\n', true],
    ['^$|^a$', '', true],
    [String.raw`^((\d{1,3})\.){3}\d{1,3}/\d{1,2}$`, '10.0.0.0/16', true],
    ['^(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9]).{8,}$', 'Passw0rd', true],
    ['^(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9]).{8,}$', 'password', false],
    [String.raw`[\x20-\x7E]{1,4096}`, 'x'.repeat(4096), true],
    [String.raw`[\x20-\x7E]{1,4096}`, 'x'.repeat(4097), false],
  ])('%s on %j: %s', (source, given, expected) => {
    expect(fits(javaExpression(source), given)).toBe(expected);
  });

  it.each([
    ['(a+)+$', `${'a'.repeat(4000)}!`],
    ['(a|a)*b', 'a'.repeat(4000)],
    ['(.*a){20}', 'a'.repeat(19)],
    [`${'a*'.repeat(30)}b`, 'a'.repeat(4000)],
    [String.raw`^(([a-zA-Z0-9])+(\.)*)+@$`, 'a'.repeat(4000)],
    ['(?:(?=(a+)+$)b)*', `${'a'.repeat(4000)}!`],
  ])('%s does not go back over its text again and again', (source, given) => {
    const from = performance.now();
    expect(fits(javaExpression(source), given)).toBe(false);
    expect(performance.now() - from).toBeLessThan(1000);
  });

  it.each([
    [String.raw`(a)\1`, true],
    ['a++', true],
    ['(?>a)', true],
    ['(?x)a', true],
    ['(a{1,1000}){1,1000}', true],
    ['('.repeat(5000), true],
    ['['.repeat(5000), true],
    ['(a', false],
    ['a)', false],
    ['[a', false],
    ['*a', false],
    ['a**', false],
    ['a{2,1}', false],
    ['[z-a]', false],
    [String.raw`\y`, false],
    ['\\', false],
  ])('%s is refused; Java takes it: %s', (source, valid) => {
    const refusal = (): unknown => {
      try {
        return javaExpression(source);
      } catch (error) {
        return error;
      }
    };
    expect(refusal()).toBeInstanceOf(BadExpression);
    expect((refusal() as BadExpression).valid).toBe(valid);
  });
});

describe('wildcards', () => {
  it('fit whole texts, and do not go back over them again and again', () => {
    expect(fitsWildcards(wild('a*c?'), 'abbcd')).toBe(true);
    expect(fitsWildcards(wild('a*c?'), 'abbc')).toBe(false);
    expect(fitsWildcards(wild(`${'*a'.repeat(50)}*b`), 'a'.repeat(20_000))).toBe(false);
  });
});
