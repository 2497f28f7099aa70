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

export type Verb = 'start' | 'restart' | 'stop' | 'enable' | 'disable';

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
  | { readonly kind: 'tells'; readonly problem: string }
) & {
  /** It takes no time of its own: the manifest says how long its command takes. */
  readonly instant?: true;
};

export interface Result {
  readonly status: number;
  /** Of `describe`: the metadata now, and what it was when it was asked for the last time. */
  readonly text?: string;
  readonly previous?: string;
}

/** Ends with an exit status. */
export type Acts = Generator<Action, number, Result>;
