// CodeDeployLambdaAliasUpdate: CodeDeploy takes an alias to another version, and the resource waits for it. The texts of the
// events are those that a stack's events were seen to bear.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatepolicy.html

import { stackDeployments } from '#cloud/ports/stacks.ts';
import { isFields } from '../../template/template.ts';
import { handlerFailure, ResourceFailure } from '../provider.ts';
import type { Progress, Work } from '../provider.ts';

type AliasWork = Work<'AWS::Lambda::Alias'>;

/** How often CloudFormation asks how far a deployment is. */
const LOOK_MS = 10_000;
/** A rollback of the stack puts all traffic back at once. */
const AT_ONCE = 'CodeDeployDefault.LambdaAllAtOnce';
const RUNNING = ['Created', 'Queued', 'InProgress', 'Ready', 'Baking'] as const;

interface ShiftPolicy {
  readonly applicationName: string;
  readonly deploymentGroupName: string;
  readonly before?: string;
  readonly after?: string;
}

/** The policy, where the alias has one. */
export function deployedBy({ policies }: AliasWork): ShiftPolicy | undefined {
  const given = policies.update?.['CodeDeployLambdaAliasUpdate'];
  if (!isFields(given)) return undefined;
  const { ApplicationName, DeploymentGroupName, BeforeAllowTrafficHook, AfterAllowTrafficHook } = given;
  if (typeof ApplicationName !== 'string' || typeof DeploymentGroupName !== 'string') {
    throw new ResourceFailure(
      'CodeDeployLambdaAliasUpdate needs an ApplicationName and a DeploymentGroupName.',
      'InvalidRequest',
    );
  }
  return {
    applicationName: ApplicationName,
    deploymentGroupName: DeploymentGroupName,
    ...(typeof BeforeAllowTrafficHook === 'string' && { before: BeforeAllowTrafficHook }),
    ...(typeof AfterAllowTrafficHook === 'string' && { after: AfterAllowTrafficHook }),
  };
}

function deploy(work: AliasWork, policy: ShiftPolicy, from: string): string {
  const { properties, stack, reverting, ctx } = work;
  const { FunctionName, FunctionVersion, Name } = properties;
  const hooks = reverting
    ? []
    : [
        ...(policy.before === undefined ? [] : [{ BeforeAllowTraffic: policy.before }]),
        ...(policy.after === undefined ? [] : [{ AfterAllowTraffic: policy.after }]),
      ];
  const Properties = {
    Name: FunctionName,
    Alias: Name,
    CurrentVersion: from,
    TargetVersion: FunctionVersion,
  };
  const content = JSON.stringify({
    version: 0.0,
    Resources: [{ [work.logicalId]: { Type: 'AWS::Lambda::Function', Properties } }],
    Hooks: hooks,
  });
  const { applicationName, deploymentGroupName } = policy;
  const { deploymentId = '' } = work.call('codedeploy', 'CreateDeployment', {
    applicationName,
    deploymentGroupName,
    revision: { revisionType: 'String', string: { content } },
    ...(reverting && { deploymentConfigName: AT_ONCE }),
  });
  ctx.port(stackDeployments).adopt(ctx, deploymentId, { stackId: stack.id, rollback: reverting });
  work.tell(`CodeDeploy deployment started: ${deploymentId}`);
  return deploymentId;
}

/** Begins the deployment, or, on the way back, leaves it to the looks: the alias may be back already, or on its way. */
export function beginShift(work: AliasWork): void {
  const policy = deployedBy(work);
  if (!policy) return;
  if (work.reverting) return work.remember({ back: true });
  work.remember({ deploymentId: deploy(work, policy, work.previous?.FunctionVersion ?? '') });
}

export function lookAtShift(work: AliasWork): Progress {
  if (work.memory['back'] === true) return lookBack(work);
  const { deploymentId } = work.memory;
  if (typeof deploymentId !== 'string') return 'done';
  const { deploymentInfo: info } = work.call('codedeploy', 'GetDeployment', { deploymentId });
  const status = info?.status ?? 'Failed';
  if (status === 'Succeeded') return 'done';
  if (isRunning(status)) return { again: LOOK_MS };
  const rollback = info?.rollbackInfo?.rollbackDeploymentId;
  if (rollback !== undefined) {
    if (work.memory['rollback'] !== rollback) {
      work.tell(`CodeDeploy rollback deployment started: ${rollback}`);
      work.remember({ rollback });
    }
    const going = work.call('codedeploy', 'GetDeployment', { deploymentId: rollback }).deploymentInfo;
    if (going?.status !== undefined && isRunning(going.status)) return { again: 0 };
  }
  const why = info?.errorInformation?.message ?? '';
  throw handlerFailure(work, `${deploymentId} failed. ${why}`, 'InternalFailure');
}

function isRunning(status: string): boolean {
  return (RUNNING as readonly string[]).includes(status);
}

/** Waits for CodeDeploy's own rollback, if one runs, and does what is left to do. */
function lookBack(work: AliasWork): Progress {
  const policy = deployedBy(work);
  const { FunctionName, FunctionVersion, Name } = work.properties;
  if (policy) {
    const { applicationName, deploymentGroupName } = policy;
    const { deployments = [] } = work.call('codedeploy', 'ListDeployments', {
      applicationName,
      deploymentGroupName,
      includeOnlyStatuses: RUNNING,
    });
    if (deployments.length > 0) return { again: LOOK_MS };
  }
  work.remember({ back: false });
  const found = work.call('lambda', 'GetAlias', { FunctionName, Name });
  if (found.FunctionVersion === FunctionVersion) {
    const shared = Object.keys(found.RoutingConfig?.AdditionalVersionWeights ?? {}).length > 0;
    const RoutingConfig = { AdditionalVersionWeights: {} };
    if (shared) work.call('lambda', 'UpdateAlias', { FunctionName, Name, RoutingConfig });
    return 'done';
  }
  if (!policy) return 'done';
  work.remember({ deploymentId: deploy(work, policy, found.FunctionVersion ?? '') });
  return { again: LOOK_MS };
}

/** The stack waits no longer: the deployment is stopped, and takes the traffic back. */
export function cancelShift(work: AliasWork): void {
  const { deploymentId } = work.memory;
  if (typeof deploymentId !== 'string') return;
  try {
    work.call('codedeploy', 'StopDeployment', { deploymentId, autoRollbackEnabled: true });
  } catch (error) {
    // It may have ended meanwhile.
    if (!(error instanceof ResourceFailure)) throw error;
  }
}
