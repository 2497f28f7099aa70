// Where invocations of a name go, for loads of which no invocation is made by itself.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { FunctionRoute, FunctionRoutes } from '#cloud/ports/functions.ts';
import { concurrencyOf } from './functions/concurrency.ts';
import { servingOf } from './functions/environments.ts';
import { named, targetOf } from './names.ts';
import type { Named, Target } from './names.ts';
import { versionKey, versions } from './rows.ts';

function targetNamed(ctx: Ctx, name: string): { of: Named; target: Target } | undefined {
  try {
    const of = named(ctx, name);
    return { of, target: targetOf(of) };
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

export const routes: FunctionRoutes = {
  route(ctx, name): FunctionRoute | undefined {
    const found = targetNamed(ctx, name);
    if (!found?.target.version.active) return undefined;
    const { fn, alias, version } = found.target;
    const { owner, qualifier } = found.of;
    const weight = alias?.additional?.weight ?? 0;
    const other = alias?.additional && owner.get(versions, versionKey(fn.name, alias.additional.version));
    const shares = [
      { of: version, share: other ? 1 - weight : 1 },
      ...(other ? [{ of: other, share: weight }] : []),
    ];
    return {
      functionName: fn.name,
      ...(qualifier === undefined ? {} : { qualifier }),
      throughAlias: alias !== undefined,
      concurrency: concurrencyOf(owner, fn),
      versions: shares.map(({ of, share }) => {
        const { code, handler, timeoutSeconds } = servingOf(of).configuration;
        const timeoutMs = timeoutSeconds * 1000;
        return { version: of.version, share, codeBlob: code.blob, handler, timeoutMs };
      }),
    };
  },
};
