// Policies that a service keeps with what they protect, as topics and queues have one each: types of resources that give one
// document to many holders, or to one.

import { documentLike, documentText, without } from './policy-document.ts';
import { provider } from './provider.ts';
import type { Json, Properties, Provider, TypeName, Work } from './provider.ts';

const LONGEST = 128;

/** How a service is asked for the policy of one holder. */
export interface HeldPolicy {
  put<T extends TypeName>(work: Work<T>, holder: string, document: string): void;
  clear<T extends TypeName>(work: Work<T>, holder: string): void;
  text<T extends TypeName>(work: Work<T>, holder: string): string | undefined;
}

/** Which properties of a type name the holders and the document. */
interface Names<T extends TypeName> {
  readonly holders: keyof Properties<T> & string;
  readonly document: keyof Properties<T> & string;
}

/** A type that gives one document to a list of holders. */
export function policyOfMany<T extends TypeName>(type: T, policy: HeldPolicy, names: Names<T>): Provider {
  const holdersIn = (properties: Properties<T> | undefined): readonly string[] =>
    (properties?.[names.holders] ?? []) as readonly string[];
  const documentIn = (work: Work<T>): Json => work.properties[names.document] as Json;
  const putAll = (work: Work<T>): void => {
    for (const holder of holdersIn(work.properties)) policy.put(work, holder, documentText(documentIn(work)));
  };
  return provider<T>({
    type,
    create(work) {
      putAll(work);
      return work.name({ longest: LONGEST });
    },
    update(work) {
      const gone = without(holdersIn(work.previous), holdersIn(work.properties));
      for (const holder of gone) policy.clear(work, holder);
      putAll(work);
    },
    delete(work) {
      for (const holder of holdersIn(work.properties)) policy.clear(work, holder);
    },
    attributes: ({ physicalId }) => ({ Id: physicalId }),
    read(work) {
      const holders = holdersIn(work.properties);
      const texts = holders.map((holder) => policy.text(work, holder));
      const held = holders.filter((_, index) => texts[index] !== undefined);
      if (held.length === 0) return undefined;
      const expected = documentText(documentIn(work));
      const shown = texts.find((text) => text !== undefined && text !== expected) ?? expected;
      return { [names.holders]: held, [names.document]: documentLike(documentIn(work), shown) };
    },
  });
}

/** A type that gives a document to one holder, by whose name it goes. */
export function policyOfOne<T extends TypeName>(type: T, policy: HeldPolicy, names: Names<T>): Provider {
  const documentIn = (work: Work<T>): Json => work.properties[names.document] as Json;
  return provider<T>({
    type,
    create(work) {
      const holder = work.properties[names.holders] as string;
      policy.put(work, holder, documentText(documentIn(work)));
      return holder;
    },
    update(work) {
      policy.put(work, work.physicalId, documentText(documentIn(work)));
    },
    delete(work) {
      policy.clear(work, work.physicalId);
    },
    read(work) {
      const text = policy.text(work, work.physicalId);
      if (text === undefined) return undefined;
      return { [names.holders]: work.physicalId, [names.document]: documentLike(documentIn(work), text) };
    },
  });
}
