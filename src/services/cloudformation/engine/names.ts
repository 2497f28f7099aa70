// Physical names of resources whose template gives none: the stack's name, the logical id and something random.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html

import type { Ctx } from '#cloud/ctx.ts';

export interface NameRules {
  /** Longest name that the service takes. */
  readonly longest: number;
  readonly lowerCase?: boolean;
  /** Ends every name, such as `.fifo`. */
  readonly suffix?: string;
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const LOWER = 'abcdefghijklmnopqrstuvwxyz0123456789';
const RANDOM = 12;

/** Long names lose the end of their parts, and what is random last. */
export function physicalName(ctx: Ctx, stackName: string, logicalId: string, rules: NameRules): string {
  const { longest, lowerCase = false, suffix = '' } = rules;
  const random = ctx.id('physical-name', RANDOM, lowerCase ? LOWER : LETTERS);
  const room = longest - suffix.length;
  if (room <= RANDOM) return `${random.slice(0, room)}${suffix}`;
  const forParts = room - RANDOM - 2;
  const half = Math.floor(forParts / 2);
  const stackPart =
    stackName.length + logicalId.length <= forParts
      ? stackName
      : stackName.slice(0, Math.max(half, forParts - logicalId.length));
  const logicalPart = logicalId.slice(0, Math.max(0, forParts - stackPart.length));
  const parts = [stackPart, logicalPart].filter((part) => part !== '');
  const name = `${parts.join('-')}-${random}${suffix}`;
  return lowerCase ? name.toLowerCase() : name;
}
