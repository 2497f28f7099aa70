// Deleting parameters.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { keyOf, parameters, parameterVersions, versionKey } from './tables.ts';

/** Deletes a parameter with all its versions; says whether it was there. */
export function remove(ctx: Ctx, key: string): boolean {
  if (!ctx.get(parameters, key)) return false;
  for (const { version } of ctx.scan(parameterVersions, { prefix: `${key}:` }))
    ctx.delete(parameterVersions, versionKey(key, version));
  ctx.delete(parameters, key);
  return true;
}

export const deletionOperations: Operations<'ssm'> = {
  DeleteParameter(ctx, { Name }) {
    // AWS says no more than the name of the error.
    if (!remove(ctx, keyOf(Name))) throw new Fault('ParameterNotFound', '');
  },

  DeleteParameters(ctx, { Names }) {
    const DeletedParameters: string[] = [];
    const InvalidParameters: string[] = [];
    for (const name of Names) (remove(ctx, keyOf(name)) ? DeletedParameters : InvalidParameters).push(name);
    return { DeletedParameters, InvalidParameters };
  },
};
