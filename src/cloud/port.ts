// Typed doors between parts that must not import each other. Whoever needs something asks through a port; whoever has it
// provides it. Calls through a port stand for what AWS knows internally: no request, no IAM.

/** A door. The type parameter is what stands behind it. */
export interface Port<I extends object> {
  readonly name: string;
  readonly behind?: I;
  /** How several parts behind it answer as one. Behind a port without this there is one part. */
  together?(parts: readonly I[]): I;
}

/** Declares a port; with `together` for one behind which several parts may stand. */
export function port<I extends object>(name: string, together?: (parts: readonly I[]) => I): Port<I> {
  return together ? { name, together } : { name };
}

/** What one part puts behind a port. */
export interface Provision {
  readonly port: Port<object>;
  readonly behind: object;
}

export function provide<I extends object>(port: Port<I>, behind: I): Provision {
  return { port, behind };
}
