// Stacks: what CloudFormation tells others and is told.

import { event } from '#world/index.ts';
import type { EventKind } from '#world/index.ts';
import type { Ctx } from '../ctx.ts';
import { port } from '../port.ts';
import type { Port } from '../port.ts';

/** Something has happened in a stack, as its events tell: `status` is the stack's or a resource's. */
export const stackChanged: EventKind<{ stackId: string; stackName: string; status: string }> = event(
  'cloudformation/stack-changed',
);

/** The stack for which CloudFormation asked for a deployment. */
export interface StackOrigin {
  readonly stackId: string;
  /** The stack takes an update back. */
  readonly rollback: boolean;
}

/** What CloudFormation tells CodeDeploy of its own deployments beside the request. Implemented by CodeDeploy. */
export interface StackDeployments {
  adopt(ctx: Ctx, deploymentId: string, origin: StackOrigin): void;
}
export const stackDeployments: Port<StackDeployments> = port<StackDeployments>('stack-deployments');

/** Where modelled functions that stand behind custom resources answer. Implemented by CloudFormation. */
export interface CustomResources {
  /** An answer to a response URL, as an HTTP PUT would bring it. False where nobody waits for it there. */
  answer(ctx: Ctx, responseUrl: string, body: string): boolean;
}
export const customResources: Port<CustomResources> = port<CustomResources>('custom-resources');
