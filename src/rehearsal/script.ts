// The rehearsal of a program of the user's, such as a shell script of AWS CLI commands: it really runs, and virtual time moves
// while all of it waits.

import { rootOf } from '#cloud/principal.ts';
import type { Output } from '#cloud/contracts.ts';
import type { Deferred } from '#cloud/gateway.ts';
import type { LoadRequest } from '#traffic/load-control.ts';
import { expectation } from './expectations.ts';
import type { Expectation } from './expectations.ts';
import type { Rehearsal } from './rehearsal.ts';
import type { StackEventReport } from './result.ts';
import type { Scene } from './scene.ts';
import { eventsOf, reportOf } from './stacks.ts';

/** When a program waits, and for what. */
export interface ProgramTime {
  begin(world: { now: () => number; traffic: (request: LoadRequest) => string }): void;
  /** Settles once all of the program waits, or has ended. */
  allWait(ended: () => boolean): Promise<void>;
  /** When the first wait is over (epoch ms). */
  readonly due: number;
  /** Answers that it waits for. */
  readonly answers: readonly Deferred[];
  /** Ends the waits that time has come up to. */
  resume(): void;
}

export interface ProgramEnd {
  readonly exitCode: number;
  readonly output: string;
}

/** A program that runs outside the world. */
export interface Program {
  readonly title: string;
  readonly time: ProgramTime;
  start(): Promise<ProgramEnd>;
  /** Ends it, and everything that it started. */
  stop(): void;
}

const succeeded: Expectation = expectation('the script exits with 0', ({ facts }) => ({
  passed: facts['exitCode'] === 0,
  found: String(facts['exitCode']),
}));

export function scriptRehearsal(program: Program, expect: readonly Expectation[]): Rehearsal {
  return {
    title: program.title,
    async run(scene) {
      const { exitCode, output } = await runToEnd(scene, program);
      return {
        ended: `exit ${exitCode}`,
        output,
        facts: { exitCode },
        deploymentIds: deploymentsOf(scene),
        stackEvents: await stackEventsOf(scene),
      };
    },
    expect: [succeeded, ...expect],
  };
}

async function runToEnd({ clock, traffic }: Scene, { time, start, stop }: Program): Promise<ProgramEnd> {
  time.begin({ now: () => clock.now, traffic: (request) => traffic.start(request) });
  let end: ProgramEnd | undefined;
  const running = start().then((found) => (end = found));
  try {
    for (;;) {
      await clock.outside(Promise.race([running, time.allWait(() => end !== undefined)]));
      if (end) return end;
      await clock.rest(time.due, time.answers);
      time.resume();
    }
  } finally {
    stop();
  }
}

async function stackEventsOf({ door }: Scene): Promise<StackEventReport[]> {
  const { StackSummaries = [] } = await door.call('cloudformation', 'ListStacks', {});
  const found: StackEventReport[] = [];
  for (const { StackId = '' } of StackSummaries) found.push(...(await eventsOf(door, StackId)).map(reportOf));
  return found.toSorted((a, b) => a.at - b.at);
}

/** Deployments that began, oldest first. */
function deploymentsOf(scene: Scene): string[] {
  return scene.look((ctx) => {
    const ask = (operation: string, input: object): unknown => {
      const outcome = ctx.cloud.run(ctx, 'codedeploy', operation, input, rootOf(ctx.account));
      if (!outcome.ok) throw outcome.fault;
      return outcome.output;
    };
    const { deployments = [] } = ask('ListDeployments', {}) as Output<'codedeploy', 'ListDeployments'>;
    return deployments.toReversed().filter((deploymentId) => {
      const found = ask('GetDeployment', { deploymentId }) as Output<'codedeploy', 'GetDeployment'>;
      return found.deploymentInfo?.startTime !== undefined;
    });
  });
}
