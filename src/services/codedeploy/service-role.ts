// What CodeDeploy does in other services: always through the deployment group's service role, so that a permission that
// the role lacks fails here as it does in AWS.
// https://docs.aws.amazon.com/codedeploy/latest/userguide/getting-started-create-service-role.html

import { Fault } from '#contract/fault.ts';
import type { Input, OperationName, Output, ServiceId } from '#cloud/contracts.ts';
import type { Outcome } from '#cloud/caller.ts';
import type { ThroughRole } from '#cloud/caller.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { ErrorCode } from './rows.ts';

export const PRINCIPAL = 'codedeploy.amazonaws.com';

/** Something that carries a service role and names the session. */
export interface Acting {
  readonly serviceRoleArn: string;
  readonly id: string;
}

/** Why a deployment cannot go on. */
export class Trouble extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** The names of services in CodeDeploy's messages. */
const SERVICE_NAMES: Readonly<Record<string, string>> = {
  autoscaling: 'AmazonAutoScaling',
  ec2: 'AmazonEC2',
  elasticloadbalancing: 'AmazonElasticLoadBalancing',
  'elasticloadbalancing-classic': 'AmazonElasticLoadBalancing',
  lambda: 'AWSLambda',
  monitoring: 'AmazonCloudWatch',
  s3: 'AmazonS3',
  sns: 'AmazonSNS',
};

function through({ serviceRoleArn, id }: Acting): ThroughRole {
  return { roleArn: serviceRoleArn, service: PRINCIPAL, sessionName: id };
}

/** Calls another service under the service role. */
export function callAs<S extends ServiceId, O extends OperationName<S>>(
  ctx: Ctx,
  acting: Acting,
  service: S,
  operation: O,
  input: Input<S, O>,
): Outcome<Output<S, O>> {
  return ctx.call(service, operation, input, through(acting));
}

/** The same, where a fault means that the deployment cannot go on: throws `Trouble`. */
export function demand<S extends ServiceId, O extends OperationName<S>>(
  ctx: Ctx,
  acting: Acting,
  service: S,
  operation: O,
  input: Input<S, O>,
): Output<S, O> {
  const outcome = callAs(ctx, acting, service, operation, input);
  if (outcome.ok) return outcome.output;
  throw troubleOf(acting, service, outcome.fault);
}

/** Whether a fault says that the role may not do it. */
export function isDenied({ shape }: Fault): boolean {
  return shape === 'AccessDenied' || shape === 'AccessDeniedException' || shape === 'UnauthorizedOperation';
}

export function deniedMessage({ serviceRoleArn }: Acting, service: ServiceId): string {
  return (
    `The IAM role ${serviceRoleArn} does not give you permission to perform operations in the following AWS service: ` +
    `${SERVICE_NAMES[service] ?? service}. Contact your AWS administrator if you need help. If you are an AWS ` +
    'administrator, you can grant permissions to your users or groups by creating IAM policies.'
  );
}

function troubleOf(acting: Acting, service: ServiceId, fault: Fault): Trouble {
  if (isDenied(fault)) {
    const code = service === 'autoscaling' ? 'AUTO_SCALING_IAM_ROLE_PERMISSIONS' : 'IAM_ROLE_PERMISSIONS';
    return new Trouble(code, deniedMessage(acting, service));
  }
  if (service === 'autoscaling') return new Trouble('AUTO_SCALING_CONFIGURATION', fault.message);
  if (service.startsWith('elasticloadbalancing'))
    return new Trouble('ELASTIC_LOAD_BALANCING_INVALID', fault.message);
  return new Trouble('INTERNAL_ERROR', fault.message);
}

/** Throws CodeDeploy's answer unless the role trusts it. */
export function checkRole(ctx: Ctx, acting: Acting): void {
  try {
    ctx.principalOf(through(acting));
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new Fault('InvalidRoleException', 'Cannot assume role provided.');
  }
}

/** Whether the role still exists and can be assumed. */
export function roleMissing(ctx: Ctx, acting: Acting): boolean {
  try {
    ctx.principalOf(through(acting));
    return false;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return true;
  }
}
