// Lifecycle hooks and their actions: an instance waits until every hook of the transition has been
// answered, or has timed out. https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks.html

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input } from '#cloud/contracts.ts';
import { lifecycleActionBegan } from '#cloud/ports/scaling.ts';
import type { Operations } from '#cloud/service.ts';
import { tellEventBridge } from '#cloud/service-events.ts';
import { liveGroupOf, groupOf, PRINCIPAL } from '../group.ts';
import type { Group } from '../group.ts';
import { actionMessage, send, testMessage } from '../groups/notifications.ts';
import { instanceReconciler } from '../instance.ts';
import type { GroupInstance } from '../instance.ts';
import { globalTimeoutSeconds } from '../timings.ts';

export type Transition = 'autoscaling:EC2_INSTANCE_LAUNCHING' | 'autoscaling:EC2_INSTANCE_TERMINATING';
export type Result = 'CONTINUE' | 'ABANDON';

export interface Hook {
  group: string;
  name: string;
  transition: Transition;
  heartbeatSeconds: number;
  defaultResult: Result;
  /** Empty where there is none. */
  targetArn: string;
  roleArn: string;
  metadata: string;
}

// A hook's name holds no space, so the key is unambiguous.
export const hooks: Table<Hook> = table<Hook>('autoscaling/hooks', (row) => `${row.name} ${row.group}`, {
  group: (row) => row.group,
});

/** One instance waiting for one hook. */
export interface LifecycleAction {
  token: string;
  instanceId: string;
  group: string;
  hook: string;
  transition: Transition;
  heartbeatSeconds: number;
  defaultResult: Result;
  expiresAt: number;
  globalExpiresAt: number;
  /** Empty until it is answered or times out. */
  result: '' | Result;
  timedOut: boolean;
}

export const actions: Table<LifecycleAction> = table<LifecycleAction>(
  'autoscaling/lifecycle-actions',
  (row) => row.token,
  {
    instance: (row) => row.instanceId,
  },
);

const LAUNCHING: Transition = 'autoscaling:EC2_INSTANCE_LAUNCHING';
const TERMINATING: Transition = 'autoscaling:EC2_INSTANCE_TERMINATING';
/** https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PutLifecycleHook.html */
const DEFAULT_HEARTBEAT = 3600;
const MOST_HOOKS = 50;

/**
 * Queues of AWS's own, in accounts that nobody sees: CodeDeploy's hooks name such a one. Whoever owns it
 * gets the event.
 */
const AWS_OWNED = /^arn:aws[a-z-]*:sqs:[a-z0-9-]+:\d{12}:razorbill-/;

/** Starts an action for each hook of a transition. False where the group has none. */
export function beginActions(ctx: Ctx, group: Group, member: GroupInstance, transition: Transition): boolean {
  const wanted = ctx.list(hooks, 'group', group.name).filter((hook) => hook.transition === transition);
  for (const hook of wanted) beginAction(ctx, group, member, hook);
  return wanted.length > 0;
}

function beginAction(ctx: Ctx, group: Group, member: GroupInstance, hook: Hook): void {
  const token = ctx.uuid('lifecycle-action');
  const { heartbeatSeconds, defaultResult, transition } = hook;
  ctx.put(actions, {
    token,
    instanceId: member.instanceId,
    group: group.name,
    hook: hook.name,
    transition,
    heartbeatSeconds,
    defaultResult,
    expiresAt: ctx.now + heartbeatSeconds * 1000,
    globalExpiresAt: ctx.now + globalTimeoutSeconds(heartbeatSeconds) * 1000,
    result: '',
    timedOut: false,
  });
  const { instanceId } = member;
  const { metadata, targetArn: target } = hook;
  ctx.emit(lifecycleActionBegan, {
    group: group.name,
    hook: hook.name,
    instanceId,
    token,
    transition,
    metadata,
    target,
  });
  const launching = transition === LAUNCHING;
  const action = {
    Origin: launching ? 'EC2' : 'AutoScalingGroup',
    Destination: launching ? 'AutoScalingGroup' : 'EC2',
    LifecycleHookName: hook.name,
    LifecycleTransition: transition,
    EC2InstanceId: instanceId,
    LifecycleActionToken: token,
    ...(metadata === '' ? {} : { NotificationMetadata: metadata }),
  };
  // https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-event-reference.html
  tellEventBridge(ctx, 'aws.autoscaling', () => ({
    detailType: `EC2 Instance-${launching ? 'launch' : 'terminate'} Lifecycle Action`,
    resources: [group.arn],
    detail: { AutoScalingGroupName: group.name, ...action },
  }));
  if (target === '' || AWS_OWNED.test(target)) return;
  const message = actionMessage(ctx, group, action);
  // A message that cannot be sent is lost, and the action times out, as in AWS.
  send(ctx, target, message, through(hook.roleArn));
}

/** Where the hooks of a waiting instance stand. */
export type Verdict =
  | { readonly done: false; readonly nextAt: number }
  | { readonly done: true; readonly result: Result; readonly why: string };

/** Times out what has run out, and says whether the instance may go on. */
export function verdict(ctx: Ctx, member: GroupInstance): Verdict {
  const all = ctx.list(actions, 'instance', member.instanceId).map((action) => expire(ctx, action));
  const abandoned = all.find(({ result }) => result === 'ABANDON');
  if (abandoned) {
    const reason = abandoned.timedOut
      ? 'Heartbeat Timeout'
      : 'Lifecycle Action Completed with ABANDON Result';
    return {
      done: true,
      result: 'ABANDON',
      why: `Lifecycle Action with token ${abandoned.token} was abandoned: ${reason}`,
    };
  }
  const open = all.filter(({ result }) => result === '');
  if (open.length === 0) return { done: true, result: 'CONTINUE', why: '' };
  return { done: false, nextAt: Math.min(...open.map(({ expiresAt }) => expiresAt)) };
}

function expire(ctx: Ctx, action: LifecycleAction): LifecycleAction {
  if (action.result !== '' || ctx.now < action.expiresAt) return action;
  return ctx.update(actions, action, { result: action.defaultResult, timedOut: true });
}

/** Forgets the actions of an instance: nothing waits for them any more. */
export function dropActions(ctx: Ctx, instanceId: string): void {
  for (const { token } of ctx.list(actions, 'instance', instanceId)) ctx.delete(actions, token);
}

function complete(ctx: Ctx, action: LifecycleAction, result: Result): void {
  ctx.update(actions, action, { result });
  ctx.wake(instanceReconciler, action.instanceId);
}

interface Named {
  LifecycleHookName: string;
  LifecycleActionToken?: string | undefined;
  InstanceId?: string | undefined;
}

/** The open action that a request means: by token, or by instance. */
function activeAction(
  ctx: Ctx,
  group: Group,
  { LifecycleHookName: hook, LifecycleActionToken: token, InstanceId: id }: Named,
): LifecycleAction {
  if (token === undefined && id === undefined) {
    throw new Fault('ValidationError', 'Either LifecycleActionToken or InstanceId must be specified.');
  }
  const fits = (action: LifecycleAction | undefined): boolean =>
    action !== undefined &&
    action.group === group.name &&
    action.hook === hook &&
    action.result === '' &&
    ctx.now < action.expiresAt;
  const found =
    token === undefined
      ? ctx.list(actions, 'instance', id as string).find((row) => fits(row))
      : ctx.get(actions, token);
  if (found && fits(found)) return found;
  const by = token === undefined ? `instance ID ${id}` : `token ${token}`;
  throw new Fault('ValidationError', `No active Lifecycle Action found with ${by}`);
}

type HookInput = Omit<Input<'autoscaling', 'PutLifecycleHook'>, 'AutoScalingGroupName'>;

/** Makes or changes a hook. What a change leaves out stays as it was. */
export function putHook(ctx: Ctx, group: Group, input: HookInput): void {
  const before = ctx.get(hooks, `${input.LifecycleHookName} ${group.name}`);
  const {
    LifecycleTransition: transition = before?.transition,
    DefaultResult = before?.defaultResult ?? 'ABANDON',
  } = input;
  if (transition !== LAUNCHING && transition !== TERMINATING) {
    throw new Fault(
      'ValidationError',
      `Invalid lifecycle transition: ${transition}. Valid values are [${LAUNCHING}, ${TERMINATING}].`,
    );
  }
  if (DefaultResult !== 'CONTINUE' && DefaultResult !== 'ABANDON') throw invalidResult(DefaultResult);
  const heartbeatSeconds = input.HeartbeatTimeout ?? before?.heartbeatSeconds ?? DEFAULT_HEARTBEAT;
  if (heartbeatSeconds < 30 || heartbeatSeconds > 7200) {
    throw new Fault('ValidationError', 'Heartbeat timeout must be between 30 and 7200 seconds.');
  }
  if (!before && ctx.list(hooks, 'group', group.name).length >= MOST_HOOKS) {
    throw new Fault(
      'LimitExceededFault',
      `The limit of ${MOST_HOOKS} lifecycle hooks for the group ${group.name} has been reached.`,
    );
  }
  const hook: Hook = {
    group: group.name,
    name: input.LifecycleHookName,
    transition,
    heartbeatSeconds,
    defaultResult: DefaultResult,
    targetArn: input.NotificationTargetARN ?? before?.targetArn ?? '',
    roleArn: input.RoleARN ?? before?.roleArn ?? '',
    metadata: input.NotificationMetadata ?? before?.metadata ?? '',
  };
  tryTarget(ctx, group, hook);
  ctx.put(hooks, hook);
}

/** AWS sends a test message when a hook with a target is put, and refuses the hook where that fails. */
function tryTarget(ctx: Ctx, group: Group, { targetArn, roleArn }: Hook): void {
  if (targetArn === '' || AWS_OWNED.test(targetArn)) return;
  if (!/^arn:aws[a-z-]*:(sqs|sns):/.test(targetArn)) {
    throw new Fault(
      'NotImplemented',
      `The notification target ${targetArn} is not modelled by Sandtable: only SQS queues and SNS topics are.`,
    );
  }
  if (send(ctx, targetArn, testMessage(ctx, group), through(roleArn))) {
    throw new Fault(
      'ValidationError',
      `Unable to publish test message to notification target ${targetArn} using IAM role ${roleArn}. ` +
        'Please check your target and role configuration and try to put lifecycle hook again.',
    );
  }
}

function through(roleArn: string): { roleArn: string; service: string; sessionName: string } {
  return { roleArn, service: PRINCIPAL, sessionName: 'AutoScaling' };
}

function invalidResult(result: string): Fault {
  return new Fault(
    'ValidationError',
    `Invalid lifecycle action result: ${result}. Valid values are [CONTINUE, ABANDON].`,
  );
}

export const hookOperations: Operations<'autoscaling'> = {
  PutLifecycleHook(ctx, input) {
    putHook(ctx, liveGroupOf(ctx, input.AutoScalingGroupName), input);
  },

  DescribeLifecycleHooks(ctx, { AutoScalingGroupName, LifecycleHookNames }) {
    const group = groupOf(ctx, AutoScalingGroupName);
    const wanted = ctx.list(hooks, 'group', group.name);
    const LifecycleHooks = wanted
      .filter(({ name }) => LifecycleHookNames === undefined || LifecycleHookNames.includes(name))
      .map((hook) => ({
        LifecycleHookName: hook.name,
        AutoScalingGroupName: hook.group,
        LifecycleTransition: hook.transition,
        ...(hook.targetArn === '' ? {} : { NotificationTargetARN: hook.targetArn }),
        ...(hook.roleArn === '' ? {} : { RoleARN: hook.roleArn }),
        ...(hook.metadata === '' ? {} : { NotificationMetadata: hook.metadata }),
        HeartbeatTimeout: hook.heartbeatSeconds,
        GlobalTimeout: globalTimeoutSeconds(hook.heartbeatSeconds),
        DefaultResult: hook.defaultResult,
      }));
    return { LifecycleHooks };
  },

  DescribeLifecycleHookTypes() {
    return { LifecycleHookTypes: [LAUNCHING, TERMINATING] };
  },

  /** Outstanding actions are completed first: ABANDON for launching, CONTINUE for terminating instances. */
  DeleteLifecycleHook(ctx, { AutoScalingGroupName, LifecycleHookName }) {
    const group = groupOf(ctx, AutoScalingGroupName);
    const key = `${LifecycleHookName} ${group.name}`;
    const hook = ctx.get(hooks, key);
    if (!hook) throw new Fault('ValidationError', `No Lifecycle Hook found with name: ${LifecycleHookName}`);
    const open = ctx
      .list(actions)
      .filter((row) => row.group === group.name && row.hook === hook.name && row.result === '');
    for (const action of open) complete(ctx, action, hook.transition === LAUNCHING ? 'ABANDON' : 'CONTINUE');
    ctx.delete(hooks, key);
  },

  CompleteLifecycleAction(ctx, input) {
    const group = groupOf(ctx, input.AutoScalingGroupName);
    const result = input.LifecycleActionResult;
    if (result !== 'CONTINUE' && result !== 'ABANDON') throw invalidResult(result);
    complete(ctx, activeAction(ctx, group, input), result);
  },

  RecordLifecycleActionHeartbeat(ctx, input) {
    const action = activeAction(ctx, groupOf(ctx, input.AutoScalingGroupName), input);
    const expiresAt = Math.min(ctx.now + action.heartbeatSeconds * 1000, action.globalExpiresAt);
    ctx.update(actions, action, { expiresAt });
  },
};
