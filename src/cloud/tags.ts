// Tags as rows keep them, and as most services spell them on the wire.

/** Tag values by key. */
export type Tags = Readonly<Record<string, string>>;

interface WireTag {
  Key?: string | undefined;
  Value?: string | undefined;
}

/** Tags with some added or overwritten. */
export function mergeTags(tags: Tags, added: readonly WireTag[] = []): Tags {
  const merged: Record<string, string> = { ...tags };
  for (const { Key, Value } of added) if (Key !== undefined) merged[Key] = Value ?? '';
  return merged;
}

/** Tags without some keys. */
export function removeTags(tags: Tags, keys: readonly string[]): Tags {
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !keys.includes(key)));
}

/** As `[{ Key, Value }]`, in the order of the keys. */
export function tagList(tags: Tags): { Key: string; Value: string }[] {
  return Object.entries(tags)
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([Key, Value]) => ({ Key, Value }));
}
