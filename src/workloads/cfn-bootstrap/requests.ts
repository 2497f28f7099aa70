// The requests of the helper scripts: to CloudFormation, and to the URLs of wait conditions' handles. A request that bears no
// credentials is signed with the instance's identity document, which CloudFormation takes for the instance's own stack only.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/cfn-signal.html

import type { Caller } from '#cloud/caller.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { customResources } from '#cloud/ports/stacks.ts';
import { identity } from '#cloud/ports/identity.ts';
import { instances } from '#cloud/ports/instances.ts';
import type { Reachability } from '#cloud/ports/instances.ts';
import type { Signal, StackResource } from '../machine-scripts/actions.ts';

export type Answer<V> =
  | { readonly ok: true; readonly value: V }
  | { readonly ok: false; readonly problem: string };

/** CloudFormation's endpoint as an instance meets it. */
export function reachCloudFormation(ctx: Ctx, instanceId: string, region: string): Reachability {
  const host = `cloudformation.${region || ctx.region}.amazonaws.com`;
  return ctx.port(instances).reachEndpoint(ctx, instanceId, host);
}

/**
 * Wait conditions' handles lie in S3.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/vpc-interface-endpoints.html
 */
export function reachWaitConditions(ctx: Ctx, instanceId: string): Reachability {
  const host = `cloudformation-waitcondition-${ctx.region}.s3.${ctx.region}.amazonaws.com`;
  return ctx.port(instances).reachEndpoint(ctx, instanceId, host);
}

/** What is left empty is the instance's own. */
function meant(ctx: Ctx, instanceId: string, { stack, resource, region }: StackResource) {
  const tags = ctx.port(instances).facts(ctx, instanceId)?.tags ?? {};
  return {
    home: ctx.in({ region: region || ctx.region }),
    StackName: stack || (tags['aws:cloudformation:stack-id'] ?? ''),
    LogicalResourceId: resource || (tags['aws:cloudformation:logical-id'] ?? ''),
  };
}

function callerOf(ctx: Ctx, instanceId: string, role: boolean): Caller | undefined {
  if (role) return instanceRole(ctx, instanceId);
  const sourceArn = ctx.arn('ec2', `instance/${instanceId}`);
  return { type: 'service', service: 'ec2.amazonaws.com', account: ctx.account, sourceArn };
}

/** The role of an instance's profile; nothing where it has none, and so no credentials. */
export function instanceRole(ctx: Ctx, instanceId: string): Caller | undefined {
  const profile = ctx.port(instances).facts(ctx, instanceId)?.instanceProfileArn;
  const roleArn = profile === undefined ? undefined : ctx.port(identity).profileRole(ctx, profile);
  return roleArn === undefined
    ? undefined
    : { roleArn, service: 'ec2.amazonaws.com', sessionName: instanceId };
}

const NO_CREDENTIALS = { ok: false, problem: 'Unable to retrieve credentials from the instance' } as const;

function blocked(way: Reachability): { ok: false; problem: string } | undefined {
  return way.ok ? undefined : { ok: false, problem: `cannot connect, blocked by ${way.blockedBy}` };
}

export interface Described {
  readonly physicalId: string;
  /** JSON text. */
  readonly metadata: string;
}

export function describeResource(ctx: Ctx, instanceId: string, of: StackResource): Answer<Described> {
  const as = callerOf(ctx, instanceId, of.role);
  const no = blocked(reachCloudFormation(ctx, instanceId, of.region));
  if (no) return no;
  if (!as) return NO_CREDENTIALS;
  const { home, ...input } = meant(ctx, instanceId, of);
  const found = home.call('cloudformation', 'DescribeStackResource', input, as);
  if (!found.ok) return { ok: false, problem: `${found.fault.shape}: ${found.fault.message}` };
  const { PhysicalResourceId: physicalId = '', Metadata: metadata = '{}' } =
    found.output.StackResourceDetail ?? {};
  return { ok: true, value: { physicalId, metadata } };
}

export function signalResource(
  ctx: Ctx,
  instanceId: string,
  of: StackResource,
  { uniqueId: UniqueId, status: Status }: Signal,
): Answer<undefined> {
  const as = callerOf(ctx, instanceId, of.role);
  const no = blocked(reachCloudFormation(ctx, instanceId, of.region));
  if (no) return no;
  if (!as) return NO_CREDENTIALS;
  const { home, ...input } = meant(ctx, instanceId, of);
  const told = home.call('cloudformation', 'SignalResource', { ...input, UniqueId, Status }, as);
  return told.ok
    ? { ok: true, value: undefined }
    : { ok: false, problem: `${told.fault.shape}: ${told.fault.message}` };
}

/** A PUT to a wait condition's handle. */
export function putSignal(ctx: Ctx, instanceId: string, url: string, body: string): Answer<undefined> {
  const no = blocked(reachWaitConditions(ctx, instanceId));
  if (no) return no;
  const taken = ctx.port(customResources).answer(ctx, url, body);
  return taken ? { ok: true, value: undefined } : { ok: false, problem: `${url} does not take the signal` };
}
