// Requests that wait for their answer: what they are as rows, and what an answer is as data.

import { table, timer } from '#world/index.ts';
import type { Table, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Outcome } from './caller.ts';
import type { Principal } from './principal.ts';

/** What an operation returns instead of its output when the answer is not there yet. */
export class Waiting {
  /** What it waits for, such as a queue's ARN: `ctx.wakeWaiting(key)` makes it look again. */
  readonly key: string;
  /** When it must answer, epoch ms. */
  readonly deadline: number;
  /** The answer at the deadline of an operation that would still wait then, such as a long poll's empty one. */
  readonly otherwise: object | undefined;
  /** A program inside the world that gets that answer only asks again: it is left waiting past the deadline. */
  readonly patient: boolean;
  /** Its answer is handed in by `answerWaits`: the operation does not run again, and there is no deadline. */
  readonly told: boolean;
  constructor(
    key: string,
    deadline: number,
    otherwise?: object,
    patient: boolean = false,
    told: boolean = false,
  ) {
    this.key = key;
    this.deadline = deadline;
    this.otherwise = otherwise;
    this.patient = patient;
    this.told = told;
  }
}

/** Where an answer goes: out to a client, or back into the world as a timer's payload. */
export type ReplyTo =
  | { readonly to: 'client' }
  | { readonly to: 'timer'; readonly kind: string; readonly scope: string; readonly payload: object };

/** A parked request. */
export interface Wait {
  readonly id: string;
  readonly service: string;
  readonly operation: string;
  readonly input: unknown;
  readonly principal: Principal;
  readonly key: string;
  readonly deadline: number;
  readonly replyTo: ReplyTo;
}

export const waits: Table<Wait> = table<Wait>('cloud/waits', (row) => row.id, { key: (row) => row.key });

/** An answer, as it goes into the journal for the client that waits and into the payload of a continuation. */
export type Answer =
  | { readonly ok: true; readonly output: unknown }
  | {
      readonly ok: false;
      readonly fault: { shape: string; message: string; fields: Readonly<Record<string, unknown>> };
    };

/** The journal note that carries an answer out to the client. */
export const REPLY = 'reply';

export interface Reply {
  readonly id: string;
  readonly answer: Answer;
}

/** A look at a parked request, because it was woken or because its deadline has come. */
export const waitDue: TimerKind<{ id: string }> = timer<{ id: string }>('cloud/wait-due', {
  background: true,
});

/** An outcome as plain data. */
export function answerOf(outcome: Outcome): Answer {
  if (outcome.ok) return { ok: true, output: outcome.output ?? {} };
  const { shape, message, fields } = outcome.fault;
  return { ok: false, fault: { shape, message, fields } };
}

/** A fault as it was, from an answer. */
export function faultOf(answer: Extract<Answer, { ok: false }>): Fault {
  const { shape, message, fields } = answer.fault;
  return new Fault(shape, message, { fields });
}
