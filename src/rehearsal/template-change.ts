// The built-in rehearsal of a change to a template: the first one stands, traffic goes to it, and the second one is applied.

import { Fault } from '#contract/fault.ts';
import { UserError } from '#cloud/user-error.ts';
import { expectation } from './expectations.ts';
import type { Expectation } from './expectations.ts';
import type { FrontDoor } from './front-door.ts';
import type { Ending, Rehearsal } from './rehearsal.ts';
import type { Scene } from './scene.ts';
import { eventsOf, putUp, reportOf, StackFailed, stands, unmodelled } from './stacks.ts';
import type { StackEnd, StackRequest, StackSurroundings } from './stacks.ts';

/** Requests to a load balancer: named by an output of the stack, by its logical id, or by a host name. */
export interface TrafficTarget {
  readonly target: string;
  readonly ratePerSecond: number;
}

export interface TemplateChange {
  readonly title: string;
  readonly before: StackRequest;
  readonly after: StackRequest;
  readonly traffic: readonly TrafficTarget[];
  /** Traffic goes on for this long from the beginning of the change, and at least until a while after its end (ms). */
  readonly forMs: number;
  readonly expect: readonly Expectation[];
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** Traffic before the change, for comparison (ms). */
const LEAD_MS = MINUTE;
/** Traffic after the end of the change, at least (ms). */
const TAIL_MS = 2 * MINUTE;
/** Longest that is waited for targets to become healthy before traffic begins (ms). */
const SETTLING_MS = 20 * MINUTE;
/** Between two looks at targets (ms). */
const LOOK_MS = 15 * SECOND;

/** The stack comes through its update; expected unless the user expects another end. */
export const updated: Expectation = expectation('the stack ends as UPDATE_COMPLETE', ({ ended }) => ({
  passed: ended === 'UPDATE_COMPLETE',
  found: ended,
}));

export function templateChange(change: TemplateChange): Rehearsal<StackEnd> {
  return {
    title: change.title,
    prepare: (scene) => standing(scene, change),
    run: (scene, stack) => applied(scene, change, stack),
    expect: change.expect,
  };
}

function around(scene: Scene): StackSurroundings {
  return { door: scene.door, pause: (ms) => scene.clock.sleep(ms) };
}

async function standing(scene: Scene, { before }: TemplateChange): Promise<StackEnd> {
  const end = await putUp(before, around(scene));
  if (!stands(end)) throw new StackFailed(end);
  const from = scene.clock.now;
  while (!(await allHealthy(scene.door)) && scene.clock.now - from < SETTLING_MS)
    await scene.clock.sleep(LOOK_MS);
  return end;
}

/** Every target that is registered anywhere gets requests. */
async function allHealthy(door: FrontDoor): Promise<boolean> {
  const { TargetGroups = [] } = await door.call('elasticloadbalancing', 'DescribeTargetGroups', {});
  for (const { TargetGroupArn = '', LoadBalancerArns = [] } of TargetGroups) {
    if (LoadBalancerArns.length === 0) continue;
    const { TargetHealthDescriptions: targets = [] } = await door.call(
      'elasticloadbalancing',
      'DescribeTargetHealth',
      { TargetGroupArn },
    );
    // A group that nothing is registered in yet is not settled either: its instances may still be on their way.
    if (targets.length === 0 || targets.some(({ TargetHealth }) => TargetHealth?.State !== 'healthy'))
      return false;
  }
  return true;
}

async function applied(scene: Scene, change: TemplateChange, stack: StackEnd): Promise<Ending> {
  const { door, clock } = scene;
  const { after, traffic, forMs } = change;
  const known = new Set((await eventsOf(door, stack.name)).map(({ id }) => id));
  const loads: string[] = [];
  for (const { target, ratePerSecond } of traffic) {
    const place = await placeOf(door, stack, target);
    loads.push(scene.traffic.start({ ...place, ratePerSecond, resolution: 'binned' }));
  }
  await clock.sleep(LEAD_MS);
  const startedAt = clock.now;
  const end = await putUp(after, around(scene));
  // A rollback because something is not modelled tells nothing about AWS.
  if (unmodelled(end).length > 0) throw new StackFailed(end);
  const endedAt = clock.now;
  await clock.sleep(Math.max(TAIL_MS, startedAt + forMs - endedAt));
  const events = (await eventsOf(door, end.name)).filter(({ id }) => !known.has(id));
  return {
    ended: end.unchanged ? 'no change' : end.status,
    startedAt: events[0]?.at ?? startedAt,
    endedAt: events.at(-1)?.at ?? endedAt,
    stackEvents: events.map(reportOf),
    facts: {
      stackStatus: end.status,
      reasons: end.reasons,
      outputs: end.outputs,
      ...(loads[0] === undefined ? {} : servedVersions(scene, loads[0], endedAt)),
    },
  };
}

/** Versions that answered at all, and those that did after the end of the change. */
function servedVersions(scene: Scene, load: string, endedAt: number): Record<string, readonly string[]> {
  const { series } = scene.traffic.measured(load);
  const versions = (from: number): string[] => [
    ...new Set(series.filter(({ at }) => at >= from).flatMap(({ byVersion }) => Object.keys(byVersion))),
  ];
  return { versions: versions(0).toSorted(), versionsAfter: versions(endedAt + LOOK_MS).toSorted() };
}

interface Place {
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

/** Where traffic goes: an output's value (a host or a URL), a load balancer's address, or the name as it is. */
async function placeOf(door: FrontDoor, { name, outputs }: StackEnd, target: string): Promise<Place> {
  const output = outputs[target];
  if (output !== undefined) return placeIn(output, `The output ${target}`);
  const address = await balancerAddress(door, name, target);
  if (address !== undefined) return { host: address, port: 80, path: '/' };
  if (target.includes('.')) return placeIn(target, '--traffic');
  const known = Object.keys(outputs);
  throw new UserError(
    'no-traffic-target',
    `--traffic ${target}: stack ${name} has neither an output nor a load balancer of that name.`,
    {
      hint: known.length > 0 ? `Its outputs are ${known.join(', ')}.` : 'Give a host name, or a logical id.',
    },
  );
}

/** Throws `UserError` for what is no address. */
function placeIn(text: string, what: string): Place {
  const url = URL.parse(text.includes('://') ? text : `http://${text}`);
  if (url && url.hostname !== '' && /^https?:$/.test(url.protocol)) {
    const usual = url.protocol === 'https:' ? 443 : 80;
    const port = url.port === '' ? usual : Number(url.port);
    return { host: url.hostname, port, path: `${url.pathname}${url.search}` };
  }
  throw new UserError(
    'bad-traffic-target',
    `${what} is no host and no http:// or https:// URL: ${JSON.stringify(text)}.`,
    {
      hint: 'Traffic goes to a load balancer: give its DNS name, or http://NAME:PORT/path.',
    },
  );
}

/** Address of a load balancer of the stack, by its logical id. */
async function balancerAddress(
  door: FrontDoor,
  StackName: string,
  LogicalResourceId: string,
): Promise<string | undefined> {
  try {
    const { StackResourceDetail: found } = await door.call('cloudformation', 'DescribeStackResource', {
      StackName,
      LogicalResourceId,
    });
    const { PhysicalResourceId: arn = '', ResourceType } = found ?? {};
    if (ResourceType !== 'AWS::ElasticLoadBalancingV2::LoadBalancer') return undefined;
    const { LoadBalancers: [balancer] = [] } = await door.call(
      'elasticloadbalancing',
      'DescribeLoadBalancers',
      { LoadBalancerArns: [arn] },
    );
    return balancer?.DNSName;
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}
