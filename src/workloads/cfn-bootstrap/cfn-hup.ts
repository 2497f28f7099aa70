// cfn-hup: looks every so often whether metadata of its stack have changed, and then runs what its hooks say. A look that would
// find nothing new is left out: only after something has happened in its stack, or on its way there, it looks at its next turn.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/cfn-hup.html

import { table, wake } from '#world/index.ts';
import type { Reconciler, Table } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { instances, networkChanged } from '#cloud/ports/instances.ts';
import { stackChanged } from '#cloud/ports/stacks.ts';
import { watched } from './hup-configuration.ts';
import type { Hook, HupConfiguration } from './hup-configuration.ts';
import { describeResource } from './requests.ts';

/** A running cfn-hup. */
export interface Hup extends HupConfiguration {
  readonly instanceId: string;
  readonly startedAt: number;
  /** The turn at which it looks next, epoch ms. */
  readonly next?: number;
  /** It could not look at its last turn. */
  readonly failing: boolean;
  /** Blobs of what its hooks have seen last, by name. They stay on the disk. */
  readonly seen: Readonly<Record<string, string>>;
}

export const hups: Table<Hup> = table<Hup>('cfn-bootstrap/hups', (row) => row.instanceId, {
  stack: (row) => row.stack,
});

/** What cfn-hup needs of its machine's driver. */
export interface Runner {
  isUp(ctx: Ctx, instanceId: string): boolean;
  /** Whether its last actions still run: it waits for them. */
  isBusy(ctx: Ctx, instanceId: string): boolean;
  run(ctx: Ctx, instanceId: string, script: string): void;
}

const HUP = { name: 'cfn-bootstrap/hup' } as const;

/** cfn-hup on a driver. */
export function cfnHup(runner: Runner): Reconciler<Hup, Ctx> {
  return {
    ...HUP,
    table: hups,
    wakes: [
      wake<{ stackId: string; stackName: string; status: string }, Ctx>(stackChanged, (ctx, changed) =>
        changed.status.startsWith('UPDATE_') ? watching(ctx, changed) : [],
      ),
      wake<{ vpcId: string }, Ctx>(networkChanged, (ctx, { vpcId }) =>
        ctx
          .list(hups)
          .filter(({ instanceId, failing }) => failing && isIn(ctx, instanceId, vpcId))
          .map(({ instanceId }) => instanceId),
      ),
    ],
    step(ctx, hup) {
      if (!runner.isUp(ctx, hup.instanceId)) return undefined;
      const next = hup.next ?? turnAfter(hup, ctx.now);
      if (next > ctx.now || runner.isBusy(ctx, hup.instanceId)) {
        const turn = next > ctx.now ? next : turnAfter(hup, ctx.now);
        if (turn !== hup.next) ctx.update(hups, hup, { next: turn });
        return turn;
      }
      look(ctx, runner, hup);
      return undefined;
    },
  };
}

function watching(ctx: Ctx, { stackId, stackName }: { stackId: string; stackName: string }): string[] {
  return [stackId, stackName].flatMap((stack) =>
    ctx.list(hups, 'stack', stack).map(({ instanceId }) => instanceId),
  );
}

function isIn(ctx: Ctx, instanceId: string, vpcId: string): boolean {
  return ctx.port(instances).facts(ctx, instanceId)?.vpcId === vpcId;
}

/** The first turn at `now` or later. */
function turnAfter({ startedAt, intervalMs }: Hup, now: number): number {
  return startedAt + Math.ceil((now - startedAt) / intervalMs) * intervalMs;
}

function look(ctx: Ctx, runner: Runner, row: Hup): void {
  const { next: _, ...hup } = row;
  const { instanceId, stack, region, role } = hup;
  const seen: Record<string, string> = { ...hup.seen };
  const due: Hook[] = [];
  let failing = false;
  for (const hook of hup.hooks) {
    const of = { stack, resource: hook.resource, region, role: role !== undefined };
    const found = describeResource(ctx, instanceId, of);
    if (!found.ok) {
      failing = true;
      continue;
    }
    const text = watched(hook, found.value);
    const now = text === undefined ? undefined : ctx.putBlob(new TextEncoder().encode(text));
    const event = eventOf(hup.seen[hook.name], now);
    if (now === undefined) delete seen[hook.name];
    else seen[hook.name] = now;
    if (event !== undefined && hook.triggers.includes(event)) due.push(hook);
  }
  ctx.put(hups, { ...hup, seen, failing });
  if (due.length > 0) runner.run(ctx, instanceId, due.map(({ action }) => action).join('\n'));
}

function eventOf(before: string | undefined, now: string | undefined): string | undefined {
  if (before === now) return undefined;
  if (before === undefined) return 'post.add';
  return now === undefined ? 'post.remove' : 'post.update';
}

/** Starts cfn-hup; it looks at once. */
export function startHup(ctx: Ctx, instanceId: string, configuration: HupConfiguration): void {
  const { seen = {} } = ctx.get(hups, instanceId) ?? {};
  ctx.put(hups, { ...configuration, instanceId, startedAt: ctx.now, next: ctx.now, failing: false, seen });
  ctx.wake(HUP, instanceId);
}

/** Starts cfn-hup again with its machine. */
export function restartHup(ctx: Ctx, instanceId: string): void {
  const hup = ctx.get(hups, instanceId);
  if (hup) startHup(ctx, instanceId, hup);
}

export function stopHup(ctx: Ctx, instanceId: string): void {
  if (ctx.get(hups, instanceId)) ctx.delete(hups, instanceId);
}
