// IPv6 blocks as text. Nothing here has an IPv6 address, so all that matters is when two texts mean the same block. Pure.

const GROUPS = 8;
const BITS = 16;

/** The groups of one side of `::`, or nothing where the text is none. */
function groupsOf(text: string): number[] | undefined {
  if (text === '') return [];
  const groups = text.split(':');
  return groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))
    ? groups.map((group) => Number.parseInt(group, 16))
    : undefined;
}

/** All eight groups of an address. */
function addressOf(text: string): number[] | undefined {
  const sides = text.split('::');
  if (sides.length > 2) return undefined;
  const [head, tail] = [groupsOf(sides[0] ?? ''), groupsOf(sides[1] ?? '')];
  if (!head || !tail) return undefined;
  const missing = GROUPS - head.length - tail.length;
  if (sides.length === 1 ? missing !== 0 : missing < 1) return undefined;
  return [...head, ...Array.from({ length: missing }, () => 0), ...tail];
}

/** The first `bits` bits of an address; the others are 0. */
function masked(groups: readonly number[], bits: number): number[] {
  return groups.map((group, at) => {
    const kept = Math.min(BITS, Math.max(0, bits - at * BITS));
    const size = 2 ** (BITS - kept);
    return group - (group % size);
  });
}

/** As RFC 5952 writes it: the first longest run of zeros becomes `::`. */
function format(groups: readonly number[]): string {
  let run = { at: 0, length: 0 };
  for (let at = 0; at < GROUPS; at += 1) {
    let length = 0;
    while (at + length < GROUPS && groups[at + length] === 0) length += 1;
    if (length > run.length && length > 1) run = { at, length };
  }
  const text = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  if (run.length === 0) return text(groups);
  return `${text(groups.slice(0, run.at))}::${text(groups.slice(run.at + run.length))}`;
}

/** A block in the one way in which it is kept, or nothing where the text is none. */
export function ipv6Block(text: string): string | undefined {
  const [address = '', length = '', ...rest] = text.split('/');
  const groups = addressOf(address);
  const bits = /^\d{1,3}$/.test(length) ? Number(length) : Infinity;
  if (!groups || bits > GROUPS * BITS || rest.length > 0) return undefined;
  return `${format(masked(groups, bits))}/${bits}`;
}
