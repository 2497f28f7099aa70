// GetRandomPassword: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html

import { Fault } from '#contract/fault.ts';
import type { Operations } from '#cloud/service.ts';

const LOWERCASE = 'abcdefghijklmnopqrstuvwxyz';
const NUMBERS = '0123456789';
const PUNCTUATION = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';
const USUAL_LENGTH = 32;

export const passwordOperations: Operations<'secretsmanager'> = {
  GetRandomPassword(ctx, input) {
    const {
      PasswordLength: length = USUAL_LENGTH,
      ExcludeCharacters = '',
      RequireEachIncludedType = true,
    } = input;
    const types = [
      input.ExcludeLowercase ? '' : LOWERCASE,
      input.ExcludeUppercase ? '' : LOWERCASE.toUpperCase(),
      input.ExcludeNumbers ? '' : NUMBERS,
      input.ExcludePunctuation ? '' : PUNCTUATION,
    ]
      .map((type) => without(type, ExcludeCharacters))
      .filter((type) => type !== '');
    // A space is of no type that could be required.
    const all = types.join('') + (input.IncludeSpace ? without(' ', ExcludeCharacters) : '');
    if (all === '') {
      throw new Fault(
        'InvalidParameterException',
        'The request excludes every character that a password may have.',
      );
    }
    if (RequireEachIncludedType && length < types.length) {
      throw new Fault(
        'InvalidParameterException',
        'Password length is too short based on the required types.',
      );
    }
    // Each password has a stream of its own: characters first, then the places of those that are required.
    const draw = ctx.random('secretsmanager/password', ctx.id('password'));
    const pick = (from: string, ordinal: number): string =>
      from[Math.floor(draw(ordinal) * from.length)] as string;
    const characters = Array.from({ length }, (_, place) => pick(all, place));
    if (RequireEachIncludedType) {
      const places = shuffled(length, (ordinal) => draw(length + ordinal));
      for (const [index, type] of types.entries())
        characters[places[index] as number] = pick(type, 2 * length + index);
    }
    return { RandomPassword: characters.join('') };
  },
};

function without(characters: string, excluded: string): string {
  return characters
    .split('')
    .filter((character) => !excluded.includes(character))
    .join('');
}

/** The numbers below `count` in random order. */
function shuffled(count: number, draw: (ordinal: number) => number): number[] {
  const numbers = Array.from({ length: count }, (_, number) => number);
  for (let last = count - 1; last > 0; last -= 1) {
    const other = Math.floor(draw(last) * (last + 1));
    [numbers[last], numbers[other]] = [numbers[other] as number, numbers[last] as number];
  }
  return numbers;
}
