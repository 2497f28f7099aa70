// Typed doors between parts that must not import each other. Whoever needs something asks through a port; whoever has it
// provides it. Calls through a port stand for what AWS knows internally: no request, no IAM.

/** A door. The type parameter is what stands behind it. */
export interface Port<I extends object> {
  readonly name: string;
  readonly behind?: I;
}

/** Declares a port. */
export function port<I extends object>(name: string): Port<I> {
  return { name };
}

/** What one part puts behind a port. */
export interface Provision {
  readonly port: Port<object>;
  readonly behind: object;
}

export function provide<I extends object>(port: Port<I>, behind: I): Provision {
  return { port, behind };
}
