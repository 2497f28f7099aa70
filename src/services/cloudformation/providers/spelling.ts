// The APIs of CodeDeploy and Amazon ECS spell members with a small letter first, templates with a capital one.

/**
 * A structure of a template as the API spells it, through lists. Maps of free names stay as they are under the members named by
 * `free`.
 */
export function spelled(value: unknown, free: ReadonlySet<string> = new Set()): unknown {
  if (Array.isArray(value)) return value.map((one) => spelled(one, free));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      `${key.charAt(0).toLowerCase()}${key.slice(1)}`,
      free.has(key) ? inner : spelled(inner, free),
    ]),
  );
}

/** The way back, for drift detection. */
export function capitalised(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(capitalised);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      `${key.charAt(0).toUpperCase()}${key.slice(1)}`,
      capitalised(inner),
    ]),
  );
}
