// CodeDeploy's API spells members with a small letter first, templates with a capital one.

/** A structure of a template as the API spells it, through lists. */
export function spelled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(spelled);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      `${key.charAt(0).toLowerCase()}${key.slice(1)}`,
      spelled(inner),
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
