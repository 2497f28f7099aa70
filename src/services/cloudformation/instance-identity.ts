// What CloudFormation lets an instance do that signs with its identity document instead of credentials: tell about its own
// stack and signal to it, as the helper scripts on it need. No policy has a say in this.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/cfn-helper-scripts-reference.html

import type { Ctx } from '#cloud/ctx.ts';
import { instances } from '#cloud/ports/instances.ts';
import type { Request } from '#cloud/service.ts';

const OWN_STACK = new Set(['cloudformation:DescribeStackResource', 'cloudformation:SignalResource']);

export function grantedToInstance(ctx: Ctx, { action, resource }: Request): boolean {
  const { principal } = ctx;
  if (principal.type !== 'service' || principal.service !== 'ec2.amazonaws.com') return false;
  if (!OWN_STACK.has(action)) return false;
  const [, , , region = '', account = '', name = ''] = (principal.sourceArn ?? '').split(':');
  const instanceId = name.slice(name.indexOf('/') + 1);
  const facts = ctx.port(instances).facts(ctx.in({ account, region }), instanceId);
  return facts?.tags['aws:cloudformation:stack-id'] === resource;
}
