// Stacks inside stacks: what the provider of AWS::CloudFormation::Stack asks of stacks. A port, because stacks know providers.

import type { Ctx } from '#cloud/ctx.ts';
import { port } from '#cloud/port.ts';
import type { Port } from '#cloud/port.ts';
import type { Tags } from '#cloud/tags.ts';
import type { Stack } from './rows.ts';

export interface NestedRequest {
  readonly templateUrl: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly tags: Tags;
  readonly notificationArns: readonly string[];
  readonly timeoutMinutes?: number;
}

export interface NestedStacks {
  /** Starts a stack within another and returns its id. */
  create(ctx: Ctx, name: string, parent: NonNullable<Stack['parent']>, request: NestedRequest): string;
  /** Starts an update; false where there is nothing to change. */
  update(ctx: Ctx, stackId: string, request: NestedRequest): boolean;
  /** Takes an update back that waits for its root. */
  revert(ctx: Ctx, stackId: string): void;
  remove(ctx: Ctx, stackId: string): void;
}
export const nestedStacks: Port<NestedStacks> = port<NestedStacks>('nested-stacks');
