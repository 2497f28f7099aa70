// Ranges of IP addresses, for filter policies. Pure.

interface Address {
  readonly bits: bigint;
  readonly width: 32 | 128;
}

/** Nothing where the text is no address in the usual notation. */
function addressOf(text: string): Address | undefined {
  return text.includes(':') ? version6(text) : version4(text);
}

function version4(text: string): Address | undefined {
  if (!/^\d{1,3}(?:\.\d{1,3}){3}$/.test(text)) return undefined;
  const numbers = text.split('.').map(Number);
  if (numbers.some((number) => number > 255)) return undefined;
  return { bits: numbers.reduce((bits, number) => bits * 256n + BigInt(number), 0n), width: 32 };
}

function version6(text: string): Address | undefined {
  const [head = '', tail, ...more] = text.split('::');
  if (more.length > 0) return undefined;
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = 8 - left.length - right.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...left, ...Array.from({ length: missing }, () => '0'), ...right];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return { bits: groups.reduce((bits, group) => bits * 65_536n + BigInt(`0x${group}`), 0n), width: 128 };
}

/** What is wrong with a range, in SNS's words. */
export function problemOfCidr(text: string): string | undefined {
  const parts = text.split('/');
  if (parts.length !== 2) return "Malformed CIDR, one '/' required";
  const [base = '', mask = ''] = parts;
  if (!/^\d+$/.test(mask)) return 'Malformed CIDR, mask bits must be an integer';
  const address = addressOf(base);
  if (!address) return `Nonstandard IP address: ${base}`;
  return Number(mask) > address.width ? 'Malformed CIDR, mask bits must be an integer' : undefined;
}

/** Whether an address lies in a range that has no problem. */
export function contains(range: string, text: string): boolean {
  const [base = '', mask = ''] = range.split('/');
  const [first, address] = [addressOf(base), addressOf(text)];
  if (!first || !address || first.width !== address.width) return false;
  const rest = BigInt(first.width - Number(mask));
  return first.bits >> rest === address.bits >> rest;
}
