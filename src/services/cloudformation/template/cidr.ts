// Fn::Cidr: blocks of a block.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-cidr.html

import { templateError } from './faults.ts';

const MOST = 256;

/** `bits` is how many bits of an address are left within one block: 8 gives /24 blocks of IPv4. */
export function cidrBlocks(block: string, count: number, bits: number): readonly string[] {
  const [address, length] = block.split('/');
  const width = (address ?? '').includes(':') ? 128 : 32;
  const base = width === 128 ? parseIpv6(address ?? '') : parseIpv4(address ?? '');
  const prefix = /^\d{1,3}$/.test(length ?? '') ? Number(length) : Number.NaN;
  if (base === undefined || !(prefix <= width))
    throw templateError(`Fn::Cidr requires a valid CIDR block, not ${block}`);
  if (!Number.isInteger(count) || count < 1 || count > MOST)
    throw templateError(`Fn::Cidr requires a count between 1 and ${MOST}`);
  const mask = width - bits;
  if (!Number.isInteger(bits) || bits < 0 || mask < prefix || count > 2 ** Math.min(mask - prefix, 9))
    throw templateError(`Fn::Cidr cannot make ${count} blocks of ${bits} bits of ${block}`);
  const free = BigInt(width - prefix);
  const first = (base >> free) << free;
  const blocks: string[] = [];
  for (let at = 0; at < count; at += 1) {
    const start = first + (BigInt(at) << BigInt(bits));
    blocks.push(`${width === 128 ? formatIpv6(start) : formatIpv4(start)}/${mask}`);
  }
  return blocks;
}

function parseIpv4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256))
    return undefined;
  return parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

function formatIpv4(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
}

function parseIpv6(text: string): bigint | undefined {
  const halves = text.split('::');
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')));
  const given = groups.flat();
  const missing = 8 - given.length;
  if (halves.length > 2 || !given.every((group) => /^[\da-fA-F]{1,4}$/.test(group))) return undefined;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const all = [...(groups[0] as string[]), ...Array<string>(missing).fill('0'), ...(groups[1] ?? [])];
  return all.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}

/** The longest run of zeros is shortened (RFC 5952). */
function formatIpv6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, at) =>
    ((value >> BigInt(112 - 16 * at)) & 0xffffn).toString(16),
  );
  let longest = { from: 0, length: 1 };
  for (let from = 0; from < 8; from += 1) {
    let length = 0;
    while (groups[from + length] === '0') length += 1;
    if (length > longest.length) longest = { from, length };
  }
  if (longest.length < 2) return groups.join(':');
  const after = groups.slice(longest.from + longest.length);
  return `${groups.slice(0, longest.from).join(':')}::${after.join(':')}`;
}
