// As whom a request is made, and what comes of it.

import type { Fault } from '#contract/fault.ts';
import type { Principal } from './principal.ts';

/** A service that acts through a role which trusts it. */
export interface ThroughRole {
  readonly roleArn: string;
  /** The service's principal, such as `codedeploy.amazonaws.com`. */
  readonly service: string;
  readonly sessionName: string;
  /** The resource for which the service acts, for trust policies that ask for `aws:SourceArn`. */
  readonly sourceArn?: string;
}

/** As whom one part of the cloud calls another. */
export type Caller = Principal | ThroughRole;

/** What came of a call. */
export type Outcome<Q = unknown> =
  | { readonly ok: true; readonly output: Q }
  | { readonly ok: false; readonly fault: Fault };
