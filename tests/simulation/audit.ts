// Safety at large: what must hold at any time and costs a look at the whole world.

import type { Ctx } from '#cloud/ctx.ts';
import { waits, waitDue } from '#cloud/waiting.ts';
import { instanceRows } from '#services/ec2/instances/instances.ts';
import { interfaces } from '#services/ec2/vpcs/network.ts';
import { runningTimes } from '#services/ec2/instances/lifecycle.ts';
import { targetGroups, targets } from '#services/elasticloadbalancing/tables.ts';
import { hostCounts } from '#services/elasticloadbalancing/host-counts.ts';
import { countsOf, messages } from '#services/sqs/message.ts';
import { queues } from '#services/sqs/queue.ts';
import { arrivals, CELL_ROOM, cellMicros, inCell } from '#traffic/arrivals.ts';
import { loads } from '#traffic/load.ts';
import type { Load } from '#traffic/load.ts';
import { measured } from '#traffic/measure.ts';
import { applications } from '#workloads/application.ts';
import { agents } from '#workloads/codedeploy-agent/agent-rows.ts';
import { disks, installed, machineRows } from '#workloads/modelled/machine-rows.ts';
import type { Table } from '#world/index.ts';
import type { Store, Timer } from '#world/store.ts';
import { SCOPE } from './stage.ts';
import type { Stage } from './stage.ts';

export function audit(stage: Stage, terminatedAt: ReadonlyMap<string, number>): void {
  stage.world.read(SCOPE, (ctx) => {
    const { store } = ctx.kernel;
    for (const table of store.tables) checkIndexes(store, table);
    checkTimers(ctx, store);
    checkInstances(ctx);
    checkTargets(ctx, terminatedAt);
    checkQueues(ctx);
    for (const load of ctx.everywhere.list(loads)) checkTraffic(ctx, load);
  });
}

/** What an index lists under each of its values is exactly the rows that have it, in the order of their keys. */
function checkIndexes(store: Store, table: Table): void {
  for (const [name, valueOf] of Object.entries(table.indexes)) {
    const expected = new Map<string, object[]>();
    store.scanAll(table, (row, scope) => {
      const value = valueOf(row as never);
      if (value === undefined) return;
      const place = `${scope}\u0000${value}`;
      const list = expected.get(place);
      if (list) list.push(row);
      else expected.set(place, [row]);
    });
    for (const [place, rows] of expected) {
      const end = place.indexOf('\u0000');
      const [scope, value] = [place.slice(0, end), place.slice(end + 1)];
      const found: object[] = [];
      store.scanIndex(table, scope, name, value, (row) => void found.push(row));
      if (found.length !== rows.length || found.some((row, at) => row !== rows[at]))
        throw new Error(`Index ${name} of ${table.name} is wrong under '${value}'.`);
    }
  }
}

/** Nothing is overdue, and every request that is parked has its deadline. */
function checkTimers(ctx: Ctx, store: Store): void {
  const deadlines = new Set<string>();
  let foreground = 0;
  store.scanTimers((timer: Timer) => {
    if (timer.due < ctx.now) throw new Error(`Timer ${timer.kind} is overdue by ${ctx.now - timer.due} ms.`);
    if (!timer.background) foreground += 1;
    const { id } = timer.payload as { id?: string };
    if (timer.kind === waitDue.name && id !== undefined) deadlines.add(id);
  });
  if (foreground !== store.foreground)
    throw new Error(`${foreground} foreground timers are pending; the store says ${store.foreground}.`);
  store.scanAll(waits, (row) => {
    const wait = row as { id: string; replyTo: { to: string } };
    if (wait.replyTo.to === 'client' && !deadlines.has(wait.id))
      throw new Error(`Request ${wait.id} waits without a deadline.`);
  });
}

function checkInstances(ctx: Ctx): void {
  const addresses = new Map<string, string>();
  let running = 0;
  for (const { instanceId, state, subnetId, privateIp, interfaceId } of ctx.list(instanceRows)) {
    if (state === 'running') running += 1;
    if (state === 'terminated') continue;
    const address = `${subnetId} ${privateIp}`;
    const other = addresses.get(address);
    if (other !== undefined) throw new Error(`${instanceId} and ${other} have one address, ${privateIp}.`);
    addresses.set(address, instanceId);
    if (interfaceId === undefined || !ctx.get(interfaces, interfaceId))
      throw new Error(`Instance ${instanceId} is ${state} and has no network interface.`);
  }
  const metered = ctx.get(runningTimes, 'all')?.running ?? 0;
  if (metered !== running) throw new Error(`${running} instances run; ${metered} are metered.`);
  for (const table of [agents, disks, installed, applications]) {
    for (const row of ctx.list<{ instanceId: string }>(table as never)) {
      if (!ctx.get(machineRows, row.instanceId))
        throw new Error(`${table.name} has a row of ${row.instanceId}, whose machine is gone.`);
    }
  }
  for (const { instanceId } of ctx.list(agents)) {
    const phase = ctx.get(machineRows, instanceId)?.phase;
    if (phase !== 'up' && phase !== 'user-data')
      throw new Error(`An agent runs on ${instanceId}, whose machine is '${phase}'.`);
  }
}

/** How many health checks may pass until a target that is gone is found out, and what else that takes (ms). */
const CHECKS = 7;
const SLACK_MS = 30_000;

function checkTargets(ctx: Ctx, terminatedAt: ReadonlyMap<string, number>): void {
  for (const group of ctx.list(targetGroups)) {
    const all = ctx.list(targets, 'group', group.arn);
    const patience = group.healthCheck.intervalSeconds * 1000 * CHECKS + SLACK_MS;
    for (const { instanceId, health, drainingUntil } of all) {
      const since = terminatedAt.get(instanceId);
      if (health.state === 'healthy' && since !== undefined && ctx.now > since + patience)
        throw new Error(`Target ${instanceId} is healthy, and terminated for ${ctx.now - since} ms.`);
      if ((health.state === 'draining') !== (drainingUntil !== null))
        throw new Error(`Target ${instanceId} is ${health.state} with drainingUntil ${drainingUntil}.`);
      if (drainingUntil !== null && drainingUntil < ctx.now)
        throw new Error(`Target ${instanceId} drains since ${ctx.now - drainingUntil} ms too long.`);
    }
    const told = ctx.get(hostCounts, group.arn)?.zones[''];
    const registered = all.filter(({ drainingUntil }) => drainingUntil === null);
    const healthy = registered.filter(({ health }) => health.state === 'healthy').length;
    // Nothing is told of a group without targets.
    if (told ? told.healthy !== healthy : registered.length > 0)
      throw new Error(`${healthy} targets are healthy; CloudWatch was told ${told?.healthy}.`);
  }
}

function checkQueues(ctx: Ctx): void {
  for (const queue of ctx.list(queues)) {
    const { visible, inFlight, delayed } = countsOf(ctx, queue);
    const rows = ctx.scan(messages, { prefix: `${queue.name}@` });
    if (visible + inFlight + delayed > rows.length)
      throw new Error(`Queue ${queue.name} counts more than it has.`);
    for (const { key, visibleAt, sequence } of rows) {
      const at = queue.fifo ? '' : String(visibleAt).padStart(13, '0');
      if (key !== `${queue.name}@${at}@${sequence}`) throw new Error(`Message ${key} is filed wrongly.`);
    }
  }
}

/** Requests in are requests answered, failed, or under way. */
function checkTraffic(ctx: Ctx, load: Load): void {
  const { requests, failed, inFlight, byReason } = measured(ctx, load.id);
  const until = (Math.min(ctx.now, load.endsAt ?? ctx.now) - load.startedAt) * 1000;
  const arrived =
    load.resolution === 'exact' ? arrivedExactly(ctx, load, until) : arrivals(ctx.everywhere, load, 0, until);
  if (arrived !== requests + inFlight)
    throw new Error(
      `Load ${load.id}: ${arrived} requests came, ${requests} ended, ${inFlight} are under way.`,
    );
  const reasons = Object.values(byReason).reduce((sum, count) => sum + count, 0);
  if (reasons !== failed)
    throw new Error(`Load ${load.id}: ${failed} requests failed, for ${reasons} reasons.`);
}

function arrivedExactly(ctx: Ctx, load: Load, until: number): number {
  const cell = cellMicros(load);
  const number = ctx.everywhere.random('traffic/cells', load.id);
  const instant = ctx.everywhere.random('traffic/instants', load.id);
  let count = 0;
  for (let c = 0; c * cell <= until; c += 1) {
    const here = inCell(number(c));
    for (let k = 0; k < here; k += 1) if ((c + instant(c * CELL_ROOM + k)) * cell < until) count += 1;
  }
  return count;
}
