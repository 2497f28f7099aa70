// Ranges of IP addresses in patterns. Pure.

import { contains, parseAddress } from '../iam/values.ts';

/** An address alone, without a mask, and not one of version 6 that ends like one of version 4. */
const ADDRESS = /^(?:[\d.]+|[\da-f:]+)$/i;

function addressOf(text: string): ReturnType<typeof parseAddress> {
  return ADDRESS.test(text) ? parseAddress(text) : undefined;
}

/** What is wrong with a range, or nothing. */
export function problemOfRange(text: string): string | undefined {
  const parts = text.split('/');
  if (parts.length !== 2) return "Malformed CIDR, one '/' required";
  const [base = '', mask = ''] = parts;
  if (!/^\d+$/.test(mask)) return 'Malformed CIDR, mask bits must be an integer';
  const address = addressOf(base);
  if (!address) return `Nonstandard IP address: ${base}`;
  return Number(mask) > address.bits ? 'Malformed CIDR, mask bits must be an integer' : undefined;
}

/** Whether a text is an address in a range that has no problem. */
export function inRange(range: string, text: string): boolean {
  const [base = '', mask = ''] = range.split('/');
  const [first, address] = [addressOf(base), addressOf(text)];
  return first !== undefined && address !== undefined && contains({ ...first, bits: Number(mask) }, address);
}
