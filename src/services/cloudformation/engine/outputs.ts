// Outputs of a stack, and its exports with their locks.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html

import type { Ctx } from '#cloud/ctx.ts';
import { exports, imports, resources, stacks } from '../rows.ts';
import type { Stack, StackOutput } from '../rows.ts';
import type { Plan } from './plan.ts';

/** Outputs as the stack stands now. Throws `Fault` where one has no text for a value. */
export function evaluateOutputs({ evaluation }: Plan): StackOutput[] {
  return evaluation.outputs().map((output) => {
    const { name, description } = output;
    const exportName = evaluation.exportName(output);
    return {
      key: name,
      value: evaluation.output(output.value),
      ...(description !== undefined && { description }),
      ...(exportName !== undefined && { exportName }),
    };
  });
}

/** Stacks that use an export, by name; its own stack holds on to nothing. */
export function importersOf(ctx: Ctx, name: string): string[] {
  const owner = ctx.get(exports, name)?.stackId;
  return ctx
    .list(imports, 'name', name)
    .filter(({ stackId }) => stackId !== owner)
    .map(({ stackId }) => ctx.get(stacks, stackId)?.name ?? stackId)
    .toSorted();
}

/** Why the exports cannot become what the outputs say, or nothing. */
export function exportProblem(ctx: Ctx, stack: Stack, outputs: readonly StackOutput[]): string | undefined {
  const wanted = new Map(
    outputs.flatMap(({ exportName, value }) => (exportName ? [[exportName, value]] : [])),
  );
  for (const [name, value] of wanted) {
    const known = ctx.get(exports, name);
    if (!known) continue;
    if (known.stackId !== stack.id) {
      const owner = ctx.get(stacks, known.stackId)?.name ?? known.stackId;
      return `Export with name ${name} is already exported by stack ${owner}. `;
    }
    const users = importersOf(ctx, name);
    if (known.value !== value && users.length > 0)
      return `Export ${name} cannot be updated as it is in use by ${users.join(', ')}`;
  }
  for (const { name } of ctx.list(exports, 'stack', stack.id)) {
    const users = importersOf(ctx, name);
    if (!wanted.has(name) && users.length > 0)
      return `Export ${name} cannot be deleted as it is in use by ${users.join(', ')}`;
  }
  return undefined;
}

export function writeExports(ctx: Ctx, stack: Stack, outputs: readonly StackOutput[]): void {
  for (const { name } of ctx.list(exports, 'stack', stack.id)) ctx.delete(exports, name);
  for (const { exportName, value } of outputs) {
    if (exportName !== undefined) ctx.put(exports, { name: exportName, value, stackId: stack.id });
  }
}

/** Which exports the stack uses from now on: those of its resources and of its outputs. */
export function writeImports(ctx: Ctx, stack: Stack, ofOutputs: ReadonlySet<string>): void {
  const used = new Set(ofOutputs);
  for (const row of ctx.scan(resources, { prefix: `${stack.id} ` })) {
    if (!row.gone) for (const name of row.imports) used.add(name);
  }
  for (const { name } of ctx.list(imports, 'stack', stack.id)) {
    if (!used.has(name)) ctx.delete(imports, `${name} ${stack.id}`);
  }
  for (const name of [...used].toSorted()) ctx.put(imports, { name, stackId: stack.id });
}
