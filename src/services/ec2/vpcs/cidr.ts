// IPv4 addresses and blocks. Pure. Addresses are integers below 2^32; a block is its first and last address.

export interface Block {
  readonly first: number;
  readonly last: number;
}

/**
 * A block of addresses, or nothing where the text is none. Host bits may be set, as AWS accepts them in
 * rules.
 */
export function parseBlock(text: string): Block | undefined {
  const [address = '', length = '32', ...rest] = text.split('/');
  const bits = /^\d{1,2}$/.test(length) ? Number(length) : 33;
  const at = parseAddress(address);
  if (at === undefined || bits > 32 || rest.length > 0) return undefined;
  const size = 2 ** (32 - bits);
  const first = at - (at % size);
  return { first, last: first + size - 1 };
}

/**
 * A block whose text names its first address, as VPCs and subnets want it; `lengths` bounds the prefix
 * length.
 */
export function parseNetwork(
  text: string,
): (Block & { readonly bits: number; readonly canonical: boolean }) | undefined {
  const block = parseBlock(text);
  if (!block || !text.includes('/')) return undefined;
  return {
    ...block,
    bits: Number(text.split('/')[1]),
    canonical: parseAddress(text.split('/')[0] ?? '') === block.first,
  };
}

export function parseAddress(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0;
  for (const part of parts) {
    if (!/^\d{1,3}$/.test(part) || Number(part) > 255) return undefined;
    value = value * 256 + Number(part);
  }
  return value;
}

export function formatAddress(address: number): string {
  const byte = (shift: number): number => Math.floor(address / 2 ** shift) % 256;
  return `${byte(24)}.${byte(16)}.${byte(8)}.${byte(0)}`;
}

/** The block as text, with its prefix length. */
export function formatBlock({ first, last }: Block): string {
  let bits = 32;
  for (let size = last - first + 1; size > 1; size /= 2) bits -= 1;
  return `${formatAddress(first)}/${bits}`;
}

export function covers(outer: Block, inner: Block): boolean {
  return outer.first <= inner.first && inner.last <= outer.last;
}

export function overlaps(left: Block, right: Block): boolean {
  return left.first <= right.last && right.first <= left.last;
}
