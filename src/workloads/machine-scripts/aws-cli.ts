// Commands of the AWS CLI that scripts of machines wait with. Of all others it is not known what they answer.
// https://docs.aws.amazon.com/cli/latest/reference/

import { UNKNOWN } from '../shell/expansion.ts';
import { valueAt } from '../shell/json-path.ts';
import type { Doing } from '../shell/meaning.ts';
import type { Action, AwsRequest, Result } from './actions.ts';
import { polled } from './polling.ts';

/** Whose machine it is, for what a script finds out in a way that cannot be followed. */
export interface Own {
  readonly instanceId: string;
  /** Its Auto Scaling group. */
  readonly groupName?: string;
}

export interface AwsCommand {
  readonly request: AwsRequest;
  /** Of `wait`: where the states stand in the answer, and which one is waited for in all of them, or in any. */
  readonly until?: { readonly path: string; readonly state: string; readonly any: boolean };
  readonly query?: string;
  readonly format: string;
}

/** https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-returncodes.html */
export const SERVICE_ERROR = 254;
export const NO_CREDENTIALS = 253;
export const UNREACHABLE = 255;

/**
 * How waiters poll: every 15 seconds, 40 times.
 * https://docs.aws.amazon.com/cli/latest/reference/elbv2/wait/target-in-service.html
 */
const WAITER = { pauseMs: () => 15_000, tries: 40, failed: 255 } as const;

type Arguments = ReadonlyMap<string, readonly string[]>;
type Reader = (given: Arguments, own: Own) => Omit<AwsCommand, 'format' | 'query'> | undefined;

const COMMANDS: Readonly<Record<string, Reader>> = {
  'elb describe-instance-health': (given, own) => instanceHealth(given, own),
  'elb wait instance-in-service': (given, own) => instanceHealth(given, own, false),
  'elb wait any-instance-in-service': (given, own) => instanceHealth(given, own, true),
  'elbv2 describe-target-health': (given, own) => targetHealth(given, own, false),
  'elbv2 wait target-in-service': (given, own) => targetHealth(given, own, true),
  'autoscaling complete-lifecycle-action': (given, own) =>
    lifecycle('CompleteLifecycleAction', given, own, {
      LifecycleActionResult: one(given, 'lifecycle-action-result') ?? '',
    }),
  'autoscaling record-lifecycle-action-heartbeat': (given, own) =>
    lifecycle('RecordLifecycleActionHeartbeat', given, own),
};

/** Options that every command has, with one value each; and those without any. */
const GLOBAL = new Set([
  'region',
  'query',
  'output',
  'profile',
  'endpoint-url',
  'color',
  'cli-read-timeout',
  'cli-connect-timeout',
  'ca-bundle',
]);
const FLAGS = new Set([
  'debug',
  'no-paginate',
  'no-verify-ssl',
  'no-sign-request',
  'no-cli-pager',
  'no-cli-auto-prompt',
]);

/** A command's meaning by its words after `aws`; nothing where it is none of these, or asks for what cannot be known. */
export function awsCommand(words: readonly string[], own: Own): AwsCommand | undefined {
  const names: string[] = [];
  const given = new Map<string, string[]>();
  let last: string[] | undefined;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const [, option, value] = /^--([\w-]+)(?:=(.*))?$/s.exec(word) ?? [];
    if (option === undefined) {
      if (last) last.push(word);
      else names.push(word);
      continue;
    }
    if (FLAGS.has(option)) continue;
    const values = value === undefined ? [] : [value];
    given.set(option, values);
    if (!GLOBAL.has(option)) last = values;
    else if (value === undefined) values.push(words[(at += 1)] ?? '');
  }
  const name = names.join(' ');
  const found = Object.hasOwn(COMMANDS, name) ? COMMANDS[name]?.(given, own) : undefined;
  if (!found) return undefined;
  const region = one(given, 'region') ?? '';
  const query = given.get('query')?.[0];
  return {
    ...found,
    request: { ...found.request, region },
    format: given.get('output')?.[0] ?? 'json',
    ...(query === undefined ? {} : { query }),
  };
}

/** A value that is known. */
function one(given: Arguments, name: string): string | undefined {
  const value = given.get(name)?.[0];
  return value === undefined || value === '' || value.includes(UNKNOWN) ? undefined : value;
}

/** Instance ids, plain or as `InstanceId=…`; one that cannot be known is the machine's own. */
function ids(words: readonly string[] = [], key: string, { instanceId }: Own): string[] {
  return words
    .flatMap((word) => word.split(/\s+/))
    .map(
      (word) =>
        word
          .split(',')
          .find((part) => part.startsWith(`${key}=`))
          ?.slice(key.length + 1) ?? word,
    )
    .map((id) => (id.includes(UNKNOWN) || id === '' ? instanceId : id));
}

function instanceHealth(given: Arguments, own: Own, any?: boolean): ReturnType<Reader> {
  const LoadBalancerName = one(given, 'load-balancer-name');
  if (LoadBalancerName === undefined) return undefined;
  const Instances = ids(given.get('instances'), 'InstanceId', own).map((InstanceId) => ({ InstanceId }));
  const input = { LoadBalancerName, ...(Instances.length > 0 ? { Instances } : {}) };
  return {
    request: {
      service: 'elasticloadbalancing-classic',
      operation: 'DescribeInstanceHealth',
      input,
      region: '',
    },
    ...(any === undefined ? {} : { until: { path: 'InstanceStates[].State', state: 'InService', any } }),
  };
}

function targetHealth(given: Arguments, own: Own, waits: boolean): ReturnType<Reader> {
  const TargetGroupArn = one(given, 'target-group-arn');
  if (TargetGroupArn === undefined) return undefined;
  const words = given.get('targets') ?? [];
  const Targets = ids(words, 'Id', own).map((Id, index) => {
    const [, port] = /(?:^|,)Port=(\d+)/.exec(words[index] ?? '') ?? [];
    return { Id, ...(port === undefined ? {} : { Port: Number(port) }) };
  });
  const input = { TargetGroupArn, ...(Targets.length > 0 ? { Targets } : {}) };
  const path = 'TargetHealthDescriptions[].TargetHealth.State';
  return {
    request: { service: 'elasticloadbalancing', operation: 'DescribeTargetHealth', input, region: '' },
    ...(waits ? { until: { path, state: 'healthy', any: false } } : {}),
  };
}

function lifecycle(
  operation: string,
  given: Arguments,
  { instanceId, groupName }: Own,
  more: object = {},
): ReturnType<Reader> {
  const LifecycleHookName = one(given, 'lifecycle-hook-name');
  const AutoScalingGroupName = one(given, 'auto-scaling-group-name') ?? groupName;
  if (LifecycleHookName === undefined || AutoScalingGroupName === undefined) return undefined;
  const token = one(given, 'lifecycle-action-token');
  // Without a token the instance says which action is meant.
  const of =
    token === undefined
      ? { InstanceId: one(given, 'instance-id') ?? instanceId }
      : { LifecycleActionToken: token };
  return {
    request: {
      service: 'autoscaling',
      operation,
      input: { LifecycleHookName, AutoScalingGroupName, ...of, ...more },
      region: '',
    },
  };
}

/** Asks AWS as the command does. */
export function* askAws({ request, until, query, format }: AwsCommand): Doing<Action, Result> {
  const ask = { kind: 'ask', of: request } as const;
  if (!until) {
    const { status, text } = yield ask;
    const printed = status === 0 ? shown(text, query, format) : '';
    return { status, ...(printed === undefined ? {} : { text: printed }) };
  }
  const reached = ({ status, text }: Result): boolean => {
    if (status !== 0 || text === undefined) return status === 0;
    const states = valueAt(text, until.path)?.value as readonly string[];
    const fits = states.filter((state) => state === until.state);
    return fits.length > 0 && (until.any || fits.length === states.length);
  };
  // An instance that is not there yet is waited for; any other fault ends the waiter.
  const fatal = ({ status, text }: Result): boolean =>
    status !== 0 && text !== 'InvalidTarget' && text !== 'InvalidEndPointException';
  const last = yield* polled(ask, WAITER.pauseMs, WAITER.tries, (result) => reached(result) || fatal(result));
  return { status: reached(last) ? 0 : WAITER.failed, text: '' };
}

/** What the command prints; nothing where that cannot be told. */
function shown(text: string | undefined, query: string | undefined, format: string): string | undefined {
  const found = text === undefined ? undefined : valueAt(text, query ?? '');
  if (!found) return undefined;
  const { value } = found;
  if (format === 'json') return `${JSON.stringify(value, null, 4)}\n`;
  if (format !== 'text' || query === undefined) return undefined;
  const cells = Array.isArray(value) ? (value as readonly unknown[]) : [value];
  if (cells.some((cell) => typeof cell === 'object' && cell !== null)) return undefined;
  return `${cells.map((cell) => (cell === null ? 'None' : String(cell))).join('\t')}\n`;
}
