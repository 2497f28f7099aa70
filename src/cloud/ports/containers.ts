// What runs in containers: Amazon ECS decides which and where, a driver says how they behave.

import { event } from '#world/index.ts';
import type { EventKind } from '#world/index.ts';
import type { Ctx } from '../ctx.ts';
import { port } from '../port.ts';
import type { Port } from '../port.ts';

/** One container that is to run. */
export interface ContainerRun {
  readonly containerId: string;
  /** Where its ports are: an instance, or the network interface of its task. */
  readonly hostId: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  /** TCP ports that lead into it. */
  readonly ports: readonly { readonly containerPort: number; readonly hostPort: number }[];
  /** All ports of the container are ports of its host. */
  readonly ownNetwork: boolean;
}

/** What has become of a container. */
export interface ContainerState {
  readonly running: boolean;
  /** Once it has ended. */
  readonly exitCode?: number;
  /** What a health check inside it finds now. */
  readonly healthy: boolean;
}

/** Runs containers. Clouds on whose machines servers really run have nothing behind this. */
export interface Containers {
  /** Starts a container; returns the lines that it writes to its log. Throws `UserError` for labels that cannot be read. */
  start(ctx: Ctx, run: ContainerRun): readonly string[];
  /** Sends the stop signal, and kills the container if it is still there `graceMs` later. */
  stop(ctx: Ctx, containerId: string, graceMs: number): void;
  /** Nothing for a container that was never started, or that was forgotten. */
  state(ctx: Ctx, containerId: string): ContainerState | undefined;
  /** Whether the container agent of an instance talks to Amazon ECS. */
  agentConnected(ctx: Ctx, instanceId: string): boolean;
  /** Removes a container; one that still runs ends at once. */
  remove(ctx: Ctx, containerId: string): void;
}
export const containers: Port<Containers> = port<Containers>('containers');

/** A container has ended, or its health check finds something else than before. */
export const containerChanged: EventKind<{ containerId: string }> = event('workloads/container-changed');

/** The container agent of an instance has begun or ceased to talk to Amazon ECS. */
export const ecsAgentChanged: EventKind<{ instanceId: string }> = event('workloads/ecs-agent-changed');
