// What the process driver asks of the computer it runs on. Each is an effect that paces time: while real work is under way,
// virtual time follows the wall clock, so that whatever a script waits for comes about. ./host/ does the work.

import { effect } from '#world/index.ts';
import type { EffectKind } from '#world/index.ts';
import type { Probe, ProbeResult } from '#cloud/ports/machines.ts';
import type { FileExistsBehavior } from '../appspec.ts';
import type { BundleType } from '../bundle.ts';
import type { StepResult } from '../codedeploy-agent/steps.ts';

/** Which step of which command of an agent a result belongs to. */
export interface Ticket {
  readonly commandId: string;
  readonly ordinal: number;
}

interface OnMachine {
  readonly instanceId: string;
}

/** A machine starts: it gets its root folder, on its first boot from its image. */
export interface Boot extends OnMachine {
  /** An image that was made from a machine of this world. */
  readonly imageId?: string;
  /** Its user data declares an application, which this driver cannot start. */
  readonly declaresApplication: boolean;
}
export const bootMachine: EffectKind<Boot, null> = effect('process/boot', 'attached', 'paces');

/** The processes of a machine get their stop signal (`term`), or end at once (`cut`). */
export interface Stop extends OnMachine {
  readonly how: 'term' | 'cut';
  /** The disk goes too. */
  readonly forget: boolean;
}
export const stopMachine: EffectKind<Stop, null> = effect('process/stop', 'attached', 'paces');

/** An image is made of a machine's root folder. */
export interface Imaging extends OnMachine {
  readonly imageId: string;
}
export const makeImage: EffectKind<Imaging, null> = effect('process/image', 'attached', 'paces');

/** A bundle in the store of the world. */
interface Bundle extends OnMachine {
  readonly ticket: Ticket;
  /** Where the agent unpacks it, as a path of the machine. */
  readonly folder: string;
  readonly blob: string;
  readonly bundleType: BundleType;
}

export interface Unpack extends Bundle {
  /** What people know the revision by. */
  readonly label: string;
  /** Whether its manifest says that it keeps to `$SANDTABLE_ROOT`, `$HOST` and `$PORT`. */
  readonly relocatable: boolean;
  /** Users and groups that its AppSpec file names. */
  readonly users: readonly string[];
  /** Whether its AppSpec file sets access lists or SELinux contexts. */
  readonly special: boolean;
}
export const unpackBundle: EffectKind<Unpack, StepResult> = effect('process/unpack', 'attached', 'paces');

export interface Install extends Bundle {
  readonly appSpecPath: string;
  readonly fileExistsBehavior: FileExistsBehavior;
  /** Files of the machine that the previous installation left. */
  readonly cleanup: readonly string[];
}
export const installBundle: EffectKind<Install, StepResult> = effect('process/install', 'attached', 'paces');

export interface Script extends OnMachine {
  readonly ticket: Ticket;
  readonly folder: string;
  readonly location: string;
  readonly timeoutMs: number;
  /** Port of the instance on which its application listens; the host says which port that is on this computer. */
  readonly port: number;
  readonly environment: Readonly<Record<string, string>>;
  /** The revision's version, if the script is to start it. */
  readonly starts?: string;
}
export const runScript: EffectKind<Script, StepResult> = effect('process/script', 'attached', 'paces');

/** Watches a port until it is no longer as `known` says, at most `forMs` of virtual time. */
export interface Watch extends OnMachine {
  readonly port: number;
  readonly known: boolean;
  readonly forMs: number;
}
export const watchPort: EffectKind<Watch, { readonly listens: boolean }> = effect(
  'process/watch',
  'attached',
  'paces',
);

/** A health check over real HTTP. */
export const sendProbe: EffectKind<Probe, ProbeResult> = effect('process/probe', 'attached', 'paces');

/** One request that the load balancer passes on. */
export interface ProxiedRequest extends OnMachine {
  readonly port: number;
  readonly method: string;
  /** With the query string. */
  readonly path: string;
  readonly host: string;
  /** What the client spoke with the load balancer, and where, if that adds `X-Forwarded-Proto` and the like. */
  readonly front?: { readonly protocol: 'http' | 'https'; readonly port: number };
  /** How long the load balancer waits for a connection and for an answer. */
  readonly connectMs: number;
  readonly idleMs: number;
  /** Handed back to whoever counts the request. */
  readonly reference: {
    readonly load: string;
    readonly front: { readonly scope: string; readonly loadBalancer: string; readonly group: string };
    /** What listened there when the request was sent, as far as was known. */
    readonly version: string;
  };
}

/** What came of it. `lost`: the connection broke while the answer was awaited. */
export type ProxiedAnswer =
  | { readonly kind: 'answered'; readonly status: number; readonly micros: number }
  | { readonly kind: 'refused' | 'unconnected' | 'timeout' | 'lost'; readonly micros: number };
export const proxyRequest: EffectKind<ProxiedRequest, ProxiedAnswer> = effect(
  'process/request',
  'attached',
  'paces',
);

/** Lets wall time pass until the next request of a load, so that its requests are as far apart as they should be. */
export interface Pause {
  readonly ms: number;
  readonly load: string;
}
export const pause: EffectKind<Pause, null> = effect('process/pause', 'attached', 'paces');
