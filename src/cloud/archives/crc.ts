// Cyclic redundancy checks, and the CRC of two texts from the CRCs of each. CRC-32, CRC-32C (Castagnoli) and CRC-64/NVME, all
// reflected: reveng.sourceforge.io/crc-catalogue/all.htm

interface Kind {
  readonly bits: bigint;
  /** The polynomial with its bits reversed. */
  readonly polynomial: bigint;
}

const KINDS: Readonly<Record<'CRC32' | 'CRC32C' | 'CRC64NVME', Kind>> = {
  CRC32: { bits: 32n, polynomial: 0xedb88320n },
  CRC32C: { bits: 32n, polynomial: 0x82f63b78n },
  CRC64NVME: { bits: 64n, polynomial: 0x9a6c9329ac4bc9b5n },
};

/** The remainder of each byte, as high and low words. */
function remainders({ polynomial }: Kind): { high: Uint32Array; low: Uint32Array } {
  const high = new Uint32Array(256);
  const low = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte += 1) {
    let rest = BigInt(byte);
    for (let bit = 0; bit < 8; bit += 1) rest = rest & 1n ? (rest >> 1n) ^ polynomial : rest >> 1n;
    high[byte] = Number(rest >> 32n);
    low[byte] = Number(rest & 0xffffffffn);
  }
  return { high, low };
}

const nvme = remainders(KINDS.CRC64NVME);

function of32Bits(kind: Kind): (bytes: Uint8Array) => number {
  const { low } = remainders(kind);
  return (bytes) => {
    let crc = 0xffffffff;
    for (const byte of bytes) crc = (low[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8);
    return (crc ^ 0xffffffff) >>> 0;
  };
}

/** Where a context is at hand, the runtime's own (`primitives.crc32`) is faster. */
export const crc32: (bytes: Uint8Array) => number = of32Bits(KINDS.CRC32);
export const crc32c: (bytes: Uint8Array) => number = of32Bits(KINDS.CRC32C);

export function crc64nvme(bytes: Uint8Array): bigint {
  let high = 0xffffffff;
  let low = 0xffffffff;
  for (const byte of bytes) {
    const entry = (low ^ byte) & 0xff;
    low = ((low >>> 8) | (high << 24)) ^ (nvme.low[entry] as number);
    high = (high >>> 8) ^ (nvme.high[entry] as number);
  }
  return (BigInt(~high >>> 0) << 32n) | BigInt(~low >>> 0);
}

/** CRC of the parts in a row: each one before the last is multiplied by x to the power of the bits that follow. */
export function combined(
  name: keyof typeof KINDS,
  parts: readonly { crc: bigint; sizeBytes: number }[],
): bigint {
  const kind = KINDS[name];
  let whole = 0n;
  for (const { crc, sizeBytes } of parts) whole = multiplied(kind, whole, shift(kind, sizeBytes)) ^ crc;
  return whole;
}

/** x to the power of the bits of so many bytes, modulo the polynomial. */
function shift(kind: Kind, sizeBytes: number): bigint {
  const one = 1n << (kind.bits - 1n);
  let result = one;
  let square = one >> 8n;
  for (let rest = sizeBytes; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = multiplied(kind, result, square);
    square = multiplied(kind, square, square);
  }
  return result;
}

/** Product of two polynomials over GF(2), modulo the polynomial; the highest bit is the power zero. */
function multiplied({ bits, polynomial }: Kind, left: bigint, right: bigint): bigint {
  let product = 0n;
  let term = right;
  for (let bit = bits - 1n; bit >= 0n; bit -= 1n) {
    if ((left >> bit) & 1n) product ^= term;
    term = term & 1n ? (term >> 1n) ^ polynomial : term >> 1n;
  }
  return product;
}
