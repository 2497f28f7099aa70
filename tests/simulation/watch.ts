// Safety: what must hold after every transition. Cheap, because only what a transition touched is looked at again.

import type { Ctx } from '#cloud/ctx.ts';
import { groups } from '#services/autoscaling/group.ts';
import { instances as members } from '#services/autoscaling/instance.ts';
import { actions } from '#services/autoscaling/instances/lifecycle-hooks.ts';
import { activeDeployment, deployments, hasEnded, targets } from '#services/codedeploy/rows.ts';
import type { Deployment } from '#services/codedeploy/rows.ts';
import { instanceRows } from '#services/ec2/instances/instances.ts';
import { messages } from '#services/sqs/message.ts';
import { queues } from '#services/sqs/queue.ts';
import { machineRows } from '#workloads/modelled/machine-rows.ts';
import { TIMERS } from '#world/store.ts';
import type { Timer } from '#world/store.ts';
import { RECONCILE, wakes } from '#world/transition.ts';
import type { PendingWake } from '#world/transition.ts';
import type { Change, Entry } from '#world/index.ts';
import { audit } from './audit.ts';
import type { Behaviour } from './behaviour.ts';
import { checkPath, checkPlain } from './rows.ts';
import { SCOPE } from './stage.ts';
import type { Stage, Watch } from './stage.ts';

/** A condition that must always hold does not. */
export class Broken extends Error {
  constructor(what: string) {
    super(what);
    this.name = 'Broken';
  }
}

/** After so many transitions the whole world is looked at. */
const AUDIT_EVERY = 400;

export class Safety implements Watch {
  readonly #stage: Stage;
  readonly #behaviour: Behaviour;
  readonly #timers = new Map<string, Timer>();
  readonly #wakes = new Map<string, PendingWake>();
  /** Message ids in SQS, with the row that has each. */
  readonly #messages = new Map<string, string>();
  /** Since when an instance is terminated. */
  readonly terminatedAt = new Map<string, number>();
  readonly #tokens = new Set<string>();
  #entries: Entry[] = [];
  #sinceAudit = 0;
  seen = 0;

  constructor(stage: Stage, behaviour: Behaviour) {
    this.#stage = stage;
    this.#behaviour = behaviour;
    stage.world.observe((entry) => void this.#entries.push(entry));
    stage.watch = this;
  }

  look(): void {
    const entries = this.#entries;
    this.#entries = [];
    for (const entry of entries) {
      try {
        this.#follow(entry);
      } catch (error) {
        const { kind, name, detail } = entry.cause;
        const cause = `${kind} ${name} ${JSON.stringify(detail)?.slice(0, 300) ?? ''}`;
        throw new Broken(`${(error as Error).message}\n  after entry ${entry.position}: ${cause}`);
      }
    }
    this.seen += entries.length;
    this.#sinceAudit += entries.length;
    if (this.#sinceAudit >= AUDIT_EVERY) this.audit();
  }

  audit(): void {
    this.#sinceAudit = 0;
    audit(this.#stage, this.terminatedAt);
    let due = 0;
    for (const timer of this.#timers.values()) if (timer.kind === RECONCILE) due += 1;
    if (due !== this.#wakes.size) throw new Broken(`${due} looks are due for ${this.#wakes.size} wakes.`);
  }

  #follow({ changes, at }: Entry): void {
    const touched = new Set<string>();
    for (const change of changes) {
      if (change.table === TIMERS) this.#timer(change, at);
      else {
        if (change.after) checkPlain(change.after, `${change.table} ${change.key}`);
        if (change.table === wakes.name) this.#wake(change);
        else {
          checkPath(change);
          this.#count(change, at);
          touched.add(`${change.table}\u0000${change.key}`);
        }
      }
    }
    this.#checkWakes(changes);
    this.#stage.world.read(SCOPE, (ctx) => {
      for (const place of touched) this.#relations(ctx, place);
    });
  }

  #timer({ key, before, after }: Change, at: number): void {
    if (before && !this.#timers.delete(key)) throw new Error(`Timer ${key} went that was never set.`);
    if (!after) return;
    const timer = after as Timer;
    if (this.#timers.has(key)) throw new Error(`Two timers have the number ${key}.`);
    if (timer.due < at) throw new Error(`Timer ${timer.kind} is due ${at - timer.due} ms ago.`);
    if (!Number.isInteger(timer.due)) throw new Error(`Timer ${timer.kind} is due at ${timer.due}.`);
    checkPlain(timer, `timer ${timer.kind}`);
    const known =
      timer.kind === RECONCILE
        ? this.#behaviour.reconcilers.has((timer.payload as PendingWake).reconciler)
        : this.#behaviour.timers.has(timer.kind);
    if (!known) throw new Error(`Nothing handles timer ${timer.kind} ${JSON.stringify(timer.payload)}.`);
    this.#timers.set(key, timer);
  }

  #wake({ key, after }: Change): void {
    if (after) this.#wakes.set(key, after as PendingWake);
    else this.#wakes.delete(key);
  }

  /** Every wake has its timer, and every look its wake. */
  #checkWakes(changes: readonly Change[]): void {
    for (const { table, key, after } of changes) {
      if (table === wakes.name) {
        const wake = this.#wakes.get(key);
        if (!wake) continue;
        const timer = this.#timers.get(String(wake.seq));
        if (timer?.kind !== RECONCILE || timer.due !== wake.due) throw new Error(`Wake ${key} has no timer.`);
      } else if (table === TIMERS && after && (after as Timer).kind === RECONCILE) {
        const { scope, seq, payload } = after as Timer;
        const { reconciler, key: row } = payload as PendingWake;
        if (!this.#timers.has(key)) continue;
        if (this.#wakes.get(`${scope}|${reconciler} ${row}`)?.seq !== seq)
          throw new Error(`The look of ${reconciler} at ${row} has no wake.`);
      }
    }
  }

  #count({ table, key, before, after }: Change, at: number): void {
    if (table === 'sqs/messages') {
      const [old, now] = [before, after] as ({ id: string } | undefined)[];
      if (old && this.#messages.get(old.id) === key) this.#messages.delete(old.id);
      if (now && (this.#messages.get(now.id) ?? key) !== key)
        throw new Error(`Message ${now.id} is there twice: ${key} and ${this.#messages.get(now.id)}.`);
      if (now) this.#messages.set(now.id, key);
    } else if (table === instanceRows.name) {
      const state = (after as { state?: string } | undefined)?.state;
      const id = key.slice(key.indexOf('|') + 1);
      if (state === 'terminated' && !this.terminatedAt.has(id)) this.terminatedAt.set(id, at);
    } else if (table === actions.name && after && !before) {
      if (this.#tokens.has(key)) throw new Error(`Lifecycle action token ${key} was given out twice.`);
      this.#tokens.add(key);
    }
  }

  #relations(ctx: Ctx, place: string): void {
    const [end, bar] = [place.indexOf('\u0000'), place.indexOf('|')];
    const [table, scope, key] = [place.slice(0, end), place.slice(end + 1, bar), place.slice(bar + 1)];
    RELATIONS[table]?.(ctx.inScope(scope), key);
  }
}

type Relation = (ctx: Ctx, key: string) => void;

/** What holds between a row and others, by table. */
const RELATIONS: Readonly<Record<string, Relation>> = {
  [groups.name](ctx, name) {
    const group = ctx.get(groups, name);
    if (!group) {
      if (ctx.list(members, 'group', name).length > 0)
        throw new Error(`Group ${name} went before its instances.`);
      return;
    }
    const { minSize, desired, maxSize } = group;
    if (!(minSize <= desired && desired <= maxSize))
      throw new Error(`Group ${name}: ${minSize} <= ${desired} <= ${maxSize} does not hold.`);
  },
  [members.name](ctx, id) {
    const member = ctx.get(members, id);
    const waiting = ctx.list(actions, 'instance', id);
    if (!member) {
      if (waiting.length > 0) throw new Error(`Instance ${id} left its group, and its hooks wait on.`);
      return;
    }
    if (!ctx.get(groups, member.group))
      throw new Error(`Instance ${id} is in group ${member.group}, which is gone.`);
    const waits = member.state.endsWith(':Wait');
    if (waits !== waiting.length > 0)
      throw new Error(`Instance ${id} is in ${member.state} with ${waiting.length} hooks.`);
  },
  [instanceRows.name]: machineOf,
  [machineRows.name]: machineOf,
  [deployments.name]: deploymentOf,
  [targets.name]: (ctx, key) => deploymentOf(ctx, key.slice(0, key.indexOf('/'))),
  'sqs/messages'(ctx, key) {
    const name = key.slice(0, key.indexOf('@'));
    if (ctx.get(messages, key) && !ctx.get(queues, name)) throw new Error(`Message ${key} is in no queue.`);
  },
};

/** Which phases a machine can be in while its instance is in a state; '' is no machine. */
const PHASES: Readonly<Record<string, readonly string[]>> = {
  pending: ['', 'off'],
  // It shuts down to reboot, too.
  running: ['booting', 'user-data', 'up', 'lost', 'shutting-down'],
  stopping: ['shutting-down', 'lost', 'booting', 'up', 'user-data'],
  stopped: ['off'],
  'shutting-down': ['', 'shutting-down', 'lost', 'off', 'booting', 'up', 'user-data'],
  terminated: [''],
  gone: [''],
};

function machineOf(ctx: Ctx, id: string): void {
  const state = ctx.get(instanceRows, id)?.state ?? 'gone';
  const phase = ctx.get(machineRows, id)?.phase ?? '';
  if (!PHASES[state]?.includes(phase))
    throw new Error(`Instance ${id} is ${state}, and its machine '${phase}'.`);
}

function deploymentOf(ctx: Ctx, id: string): void {
  const deployment = ctx.get(deployments, id);
  if (!deployment) throw new Error(`Deployment ${id} is gone, or never was.`);
  checkOverview(ctx, deployment);
  const ended = hasEnded(deployment);
  if (ended !== (deployment.completedAt !== undefined) || ended !== (deployment.stage === 'ended'))
    throw new Error(`Deployment ${id} is ${deployment.status} in stage ${deployment.stage}.`);
  const own = ctx.list(deployments, 'active', deployment.groupId).filter(({ launch }) => !launch);
  if (own.length > 1) throw new Error(`${own.length} deployments of one group are active at once.`);
  if (own.length === 1 && activeDeployment(ctx, deployment.groupId)?.id !== own[0]?.id)
    throw new Error(`The active deployment of ${deployment.groupName} is not found.`);
}

/** What a deployment counts is what its instances are. */
function checkOverview(ctx: Ctx, deployment: Deployment): void {
  const counted: Record<string, number> = {
    Pending: 0,
    InProgress: 0,
    Succeeded: 0,
    Failed: 0,
    Skipped: 0,
    Ready: 0,
  };
  for (const { status } of ctx.scan(targets, { prefix: `${deployment.id}/` }))
    counted[status] = (counted[status] ?? 0) + 1;
  if (hasEnded(deployment)) {
    // Instances that did not get to their end are shown as skipped.
    const { Pending = 0, InProgress = 0, Ready = 0, Skipped = 0 } = counted;
    Object.assign(counted, {
      Pending: 0,
      InProgress: 0,
      Ready: 0,
      Skipped: Skipped + Pending + InProgress + Ready,
    });
  }
  for (const [status, count] of Object.entries(deployment.overview)) {
    if (counted[status] !== count) {
      const [shown, real] = [JSON.stringify(deployment.overview), JSON.stringify(counted)];
      throw new Error(`Deployment ${deployment.id} (${deployment.status}) counts ${shown}; it has ${real}.`);
    }
  }
}
