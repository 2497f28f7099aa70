// Continuation tokens: the last key that was shown, so spelled that nobody takes it for more than a token.

import { base64, fromBase64, textOf, utf8 } from '#contract/protocols/bytes.ts';
import { invalidArgument } from '../faults.ts';

const MARK = '1';

export function tokenOf(key: string): string {
  return MARK + base64(utf8(key)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '.');
}

export function keyOfToken(token: string): string {
  const bytes = token.startsWith(MARK)
    ? fromBase64(token.slice(1).replaceAll('-', '+').replaceAll('_', '/').replaceAll('.', '='))
    : undefined;
  const key = bytes && textOf(bytes);
  if (key === undefined)
    throw invalidArgument('continuation-token', undefined, 'The continuation token provided is incorrect');
  return key;
}
