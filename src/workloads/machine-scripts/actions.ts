// What a machine's scripts do that takes time or reaches beyond the script. Each is answered when it is done.

import type { HupConfiguration } from '../cfn-bootstrap/hup-configuration.ts';

/** A resource of a stack, as the helper scripts are told it. An empty name stands for the instance's own. */
export interface StackResource {
  readonly stack: string;
  readonly resource: string;
  readonly region: string;
  /** The instance's role, by whose credentials the request is signed; without it, by the instance's identity. */
  readonly role: boolean;
}

export interface Signal {
  readonly uniqueId: string;
  readonly status: 'SUCCESS' | 'FAILURE';
}

/** A request to a port of the machine itself. */
export interface OwnRequest {
  readonly port: number;
  /** `TCP` only connects. */
  readonly protocol: 'HTTP' | 'TCP';
  readonly path: string;
  /** It is given up after so long; otherwise it waits for its answer. */
  readonly limitMs?: number;
  /** Something may listen there of which nothing is known: where nothing else does, it is taken to answer. */
  readonly unknown?: true;
}

/** Of `look`, where no HTTP status comes: nothing listens, or nothing answers. */
export const REFUSED = 0;
export const SILENT = -1;

/** A request to AWS under the instance's role, from the command line interface. */
export interface AwsRequest {
  readonly service: 'autoscaling' | 'elasticloadbalancing' | 'elasticloadbalancing-classic';
  readonly operation: string;
  readonly input: object;
  /** Empty for the instance's own. */
  readonly region: string;
}

export type Verb = 'start' | 'restart' | 'stop' | 'enable' | 'disable';

/** Finds out something that may be otherwise the next time. */
export type Look =
  | { readonly kind: 'look'; readonly of: OwnRequest }
  | { readonly kind: 'ask'; readonly of: AwsRequest };

export type Action = (
  | { readonly kind: 'takes'; readonly ms: number }
  | { readonly kind: 'hangs' }
  /** Without a count the whole system is brought up to date. */
  | { readonly kind: 'packages'; readonly manager: string; readonly count?: number }
  | {
      readonly kind: 'spends';
      readonly on: 'download' | 'entries' | 'source' | 'command' | 'service';
      readonly count: number;
    }
  | { readonly kind: 'codedeploy-agent' }
  /** A service whose application is known. */
  | { readonly kind: 'service'; readonly name: string; readonly verb: Verb; readonly enabled: boolean }
  /** A `sandtable.yml` says what now runs. */
  | { readonly kind: 'declares'; readonly path: string; readonly text: string }
  | { readonly kind: 'describe'; readonly of: StackResource }
  | { readonly kind: 'signal'; readonly of: StackResource; readonly signal: Signal }
  | { readonly kind: 'put'; readonly url: string; readonly body: string }
  | { readonly kind: 'cfn-hup'; readonly configuration: HupConfiguration | undefined }
  /** What the script has written into the configuration of the container agent. */
  | { readonly kind: 'ecs-agent'; readonly configuration: string }
  | { readonly kind: 'tells'; readonly problem: string }
  /** The application that a comment in user data declares. */
  | { readonly kind: 'starts' }
  | Look
  /** Looks again every so often, until something else is seen or the time is over (status 1). */
  | {
      readonly kind: 'waits';
      readonly looks: readonly (readonly [Look, Result])[];
      readonly everyMs: number;
      readonly limitMs?: number;
    }
) & {
  /** It takes no time of its own: the manifest says how long its command takes. */
  readonly instant?: true;
};

export interface Result {
  /** An exit status; of `look` the HTTP status, `REFUSED` or `SILENT`. */
  readonly status: number;
  /**
   * Of `describe`: the metadata now, and what it was when it was asked for the last time. Of `ask`: the answer as JSON, or the
   * shape of its fault.
   */
  readonly text?: string;
  readonly previous?: string;
  /** Milliseconds that it took. */
  readonly ms?: number;
}

/** Ends with an exit status. */
export type Acts = Generator<Action, number, Result>;
