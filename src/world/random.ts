// Random numbers are addressed, not drawn in sequence: each is a function of (seed, stream, key, ordinal). A new use never
// shifts another, and variants of one rehearsal that ask for the same address get the same number.

/** Finaliser of MurmurHash3: every input bit reaches every output bit. */
function mix(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** 64 bits of a text as two words, by two multiplicative lanes that feed each other at the end. */
function digest(text: string, seed: number): [number, number] {
  let a = 0xdeadbeef ^ seed;
  let b = 0x41c6ce57 ^ seed;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 2654435761);
    b = Math.imul(b ^ unit, 1597334677);
  }
  return [mix(a ^ Math.imul(b, 0x9e3779b1)), mix(b ^ Math.imul(a, 0x85ebca77))];
}

/** A stream of numbers, each found by its ordinal. */
export interface RandomStream {
  /** A number in [0, 1) with 53 random bits. */
  (ordinal: number): number;
}

/** The stream at (seed, name, key). Making it costs a pass over the texts; each number after that a few multiplications. */
export function randomStream(seed: string, name: string, key: string): RandomStream {
  const [a, b] = digest(`${seed}\u0000${name}\u0000${key}`, 0);
  return (ordinal) => {
    const high = Math.floor(ordinal / 0x100000000);
    // Both words go into the first half: two streams that share one of them must not run in step.
    const first = mix(a ^ mix((ordinal >>> 0) ^ Math.imul(high + 1, 0x9e3779b1) ^ b));
    const second = mix(b ^ mix(first ^ Math.imul((ordinal >>> 0) + 0x6d2b79f5, 0xc2b2ae3d)));
    return ((first >>> 5) * 67108864 + (second >>> 6)) / 9007199254740992;
  };
}
