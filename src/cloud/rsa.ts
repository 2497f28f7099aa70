// RSA in numbers: key pairs of 2048 bits as a function of random bytes, and encryption to them.

/** As many bytes as asked for, the same for the same label. */
export type RandomBytes = (label: string, length: number) => Uint8Array;

export interface RsaKey {
  readonly n: bigint;
  readonly e: bigint;
  readonly d: bigint;
  readonly p: bigint;
  readonly q: bigint;
}

const PRIME_BYTES = 128;
const EXPONENT = 65_537n;
/** Most numbers that are no primes have one of these as a factor. */
const SMALL_PRIMES = smallPrimes(4000);
/** For numbers of 1024 bits, four bases leave an error of less than 2^-100. https://www.rfc-editor.org/rfc/rfc4086 */
const WITNESSES = [2n, 3n, 5n, 7n, 11n, 13n];

function smallPrimes(below: number): number[] {
  const found: number[] = [];
  for (let one = 3; one < below; one += 2) if (found.every((prime) => one % prime !== 0)) found.push(one);
  return found;
}

export function integerOf(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = value * 256n + BigInt(byte);
  return value;
}

/** Big-endian, with zeros in front up to `length`. */
export function bytesOf(value: bigint, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let rest = value;
  for (let at = length - 1; at >= 0; at -= 1) {
    bytes[at] = Number(rest % 256n);
    rest /= 256n;
  }
  return bytes;
}

function powerModulo(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (const bit of exponent.toString(2)) {
    result = (result * result) % modulus;
    if (bit === '1') result = (result * base) % modulus;
  }
  return result;
}

/** The test of Miller and Rabin. */
function isPrime(candidate: bigint): boolean {
  let odd = candidate - 1n;
  let halvings = 0;
  while (odd % 2n === 0n) {
    odd /= 2n;
    halvings += 1;
  }
  return WITNESSES.every((witness) => {
    let power = powerModulo(witness, odd, candidate);
    if (power === 1n) return true;
    for (let i = 0; i < halvings; i += 1) {
      if (power === candidate - 1n) return true;
      power = (power * power) % candidate;
    }
    return false;
  });
}

/** The first prime from a random number on, whose two highest bits are set so that two of them make 2048 bits. */
function primeFrom(bytes: Uint8Array): bigint {
  const start = integerOf(bytes) | (3n << BigInt(PRIME_BYTES * 8 - 2)) | 1n;
  const remainders = SMALL_PRIMES.map((prime) => Number(start % BigInt(prime)));
  for (let step = 0; ; step += 2) {
    const divisible = SMALL_PRIMES.some((prime, at) => ((remainders[at] as number) + step) % prime === 0);
    if (divisible) continue;
    const candidate = start + BigInt(step);
    if ((candidate - 1n) % EXPONENT !== 0n && isPrime(candidate)) return candidate;
  }
}

/** The inverse by Euclid's algorithm. */
export function inverse(value: bigint, modulus: bigint): bigint {
  let [left, right] = [modulus, value % modulus];
  let [before, now] = [0n, 1n];
  while (right > 0n) {
    const times = left / right;
    [left, right] = [right, left - times * right];
    [before, now] = [now, before - times * now];
  }
  return ((before % modulus) + modulus) % modulus;
}

export function makeRsaKey(random: RandomBytes): RsaKey {
  const p = primeFrom(random('p', PRIME_BYTES));
  const q = primeFrom(random('q', PRIME_BYTES));
  return { n: p * q, e: EXPONENT, d: inverse(EXPONENT, (p - 1n) * (q - 1n)), p, q };
}

/** RSAES-PKCS1-v1_5. https://www.rfc-editor.org/rfc/rfc8017#section-7.2.1 */
export function encryptTo(
  { n, e }: Pick<RsaKey, 'n' | 'e'>,
  message: Uint8Array,
  random: RandomBytes,
): Uint8Array {
  const length = Math.ceil(n.toString(16).length / 2);
  const padding = random('padding', length - message.length - 3).map((byte) => byte || 1);
  const block = Uint8Array.of(0, 2, ...padding, 0, ...message);
  return bytesOf(powerModulo(integerOf(block), e, n), length);
}
