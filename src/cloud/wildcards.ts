// Texts with wildcards, decided without going back over them again and again.

/**
 * Wildcards stand in patterns as two characters of the private use area, so that a literal `*`, however a service lets users
 * write it, is not taken for one.
 */
export const MANY = '\uE000';
export const ONE = '\uE001';

/** Finds the first wildcard. */
export const WILD: RegExp = /[\uE000\uE001]/;

/** `*` and `?` as the wildcards. */
export function wild(pattern: string): string {
  return pattern.replaceAll('*', MANY).replaceAll('?', ONE);
}

/** Wildcards in the whole text. Time is at most pattern times text: only the last `MANY` is ever tried again. */
export function fitsWildcards(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    const char = pattern[p];
    if (char === MANY) {
      star = p;
      p += 1;
      resume = t;
    } else if (p < pattern.length && (char === ONE || char === text[t])) {
      p += 1;
      t += 1;
    } else if (star >= 0) {
      p = star + 1;
      resume += 1;
      t = resume;
    } else return false;
  }
  while (pattern[p] === MANY) p += 1;
  return p === pattern.length;
}
