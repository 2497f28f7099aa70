// Functions: Lambda decides what runs where, a driver runs it.

import type { Ctx } from '../ctx.ts';
import { port } from '../port.ts';
import type { Port } from '../port.ts';
import type { AccessKey } from './identity.ts';

/** One invocation, to be carried out in one execution environment. */
export interface FunctionRun {
  /** The request id, by which `functionResults.ended` tells what came of it. */
  readonly requestId: string;
  /** The execution environment: code that was started once and takes one invocation at a time. */
  readonly environmentId: string;
  /** The environment is new: the code has to be fetched, started and initialised. */
  readonly cold: boolean;
  /** ARN as invoked, with the qualifier if there is one. */
  readonly invokedArn: string;
  readonly functionName: string;
  /** `$LATEST` or a number. */
  readonly version: string;
  /** Address of the deployment package, a zip. */
  readonly codeBlob: string;
  /** Addresses of its layers, zips too, in the order in which they are laid over one another in `/opt`. */
  readonly layerBlobs?: readonly string[];
  readonly handler: string;
  readonly runtime: string;
  readonly memoryMb: number;
  readonly timeoutMs: number;
  readonly environment: Readonly<Record<string, string>>;
  /** Temporary credentials of the execution role. */
  readonly credentials: AccessKey;
  readonly logGroup: string;
  readonly logStream: string;
  /** JSON text. */
  readonly event: string;
  /** JSON text, as the client sent it. */
  readonly clientContext?: string;
  readonly traceId: string;
}

/** What came of an invocation. Times are virtual milliseconds. */
export interface FunctionResult {
  readonly outcome:
    | { readonly kind: 'answered'; readonly payload: string }
    /** `payload`: JSON text with errorMessage and errorType. `Handled` where the code itself reported it. */
    | { readonly kind: 'error'; readonly payload: string }
    | { readonly kind: 'timeout' }
    /**
     * The process ended, or could not be started: `errorType` such as `Runtime.ExitError`, `Runtime.ImportModuleError`.
     * `message` lacks the request's id. `payload`: JSON text of the answer, where the host knows it better than that: with the
     * runtime's own trace of what kept it from loading the code.
     */
    | {
        readonly kind: 'crash';
        readonly errorType: string;
        readonly message: string;
        readonly payload?: string;
      };
  /** Of the code before its first invocation; present in a cold start. */
  readonly initMs?: number;
  readonly durationMs: number;
  readonly maxMemoryMb: number;
  /** What the code wrote to its log, line by line, without the platform's own lines. */
  readonly log: readonly { readonly at: number; readonly text: string }[];
}

/** Runs functions. Implemented by a workload driver. */
export interface FunctionHost {
  /** Answers through `functionResults.ended`, in a later transition. */
  run(ctx: Ctx, run: FunctionRun): void;
  /** The environment is no longer needed, or must not be used again. */
  retire(ctx: Ctx, environmentId: string): void;
  /** How the code behaves in the long run, which only a host knows on which nothing really runs. */
  model?(ctx: Ctx, code: Pick<FunctionRun, 'codeBlob' | 'handler'>): FunctionModel;
}

/** What code is like that does not really run. */
export interface FunctionModel {
  /** Invocations per million that take at most so many microseconds; nothing where nobody said how long they take. */
  readonly duration?: readonly (readonly [perMillion: number, microseconds: number])[];
  readonly errorsPerMillion: number;
  /** `hangs`: no invocation ever ends by itself. `crashes`: each one takes its process with it. */
  readonly ends: 'answers' | 'hangs' | 'crashes';
}
export const functionHost: Port<FunctionHost> = port<FunctionHost>('function-host');

/** Implemented by Lambda. */
export interface FunctionResults {
  ended(ctx: Ctx, requestId: string, result: FunctionResult): void;
}
export const functionResults: Port<FunctionResults> = port<FunctionResults>('function-results');

/** One of the versions that invocations come to. */
export interface RoutedVersion {
  readonly version: string;
  /** Of the invocations, 0 to 1. */
  readonly share: number;
  readonly codeBlob: string;
  readonly handler: string;
  readonly timeoutMs: number;
}

/** Where invocations of a function, a version or an alias go now. */
export interface FunctionRoute {
  readonly functionName: string;
  readonly qualifier?: string;
  readonly throughAlias: boolean;
  readonly versions: readonly RoutedVersion[];
  /** Executions that may run at once. */
  readonly concurrency: number;
}

/** Implemented by Lambda. */
export interface FunctionRoutes {
  /** `name` is a function's name or ARN, with a qualifier or without. Nothing where it is not there. */
  route(ctx: Ctx, name: string): FunctionRoute | undefined;
}
export const functionRoutes: Port<FunctionRoutes> = port<FunctionRoutes>('function-routes');
