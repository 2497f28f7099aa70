// CloudWatch alarms that stop deployments. CodeDeploy looks at them at the start and when one of them changes.
// https://docs.aws.amazon.com/codedeploy/latest/userguide/monitoring-create-alarms.html

import { wake } from '#world/index.ts';
import type { Reconciler } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { alarmChanged } from '#cloud/ports/metrics.ts';
import { alarmWatches, deploymentOf } from '../rows.ts';
import type { AlarmWatch, Deployment } from '../rows.ts';
import { callAs, deniedMessage, isDenied } from '../service-role.ts';
import { alarmNotice } from '../timings.ts';
import { stopDeployment } from './ending.ts';

/** Why a deployment must stop now, if it must. */
function alarmed(
  ctx: Ctx,
  deployment: Deployment,
  { alarmNames, ignorePollAlarmFailure }: AlarmWatch,
): Deployment['error'] {
  const input = { AlarmNames: alarmNames, AlarmTypes: ['MetricAlarm', 'CompositeAlarm'] as const };
  const polled = callAs(ctx, deployment, 'monitoring', 'DescribeAlarms', input);
  if (!polled.ok) {
    if (ignorePollAlarmFailure) return undefined;
    const message = isDenied(polled.fault) ? deniedMessage(deployment, 'monitoring') : polled.fault.message;
    return { code: isDenied(polled.fault) ? 'IAM_ROLE_PERMISSIONS' : 'ALARM_ACTIVE', message };
  }
  const { MetricAlarms = [], CompositeAlarms = [] } = polled.output;
  const states = new Map(
    [...MetricAlarms, ...CompositeAlarms].map(({ AlarmName = '', StateValue }) => [AlarmName, StateValue]),
  );
  const active = alarmNames.filter((name) => states.get(name) === 'ALARM');
  if (active.length === 0) return undefined;
  const named = active.map((name) => `<${name}>`).join(' ');
  return {
    code: 'ALARM_ACTIVE',
    message:
      'One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, and the affected ' +
      `deployments have been stopped. Activated alarms: ${named}`,
  };
}

function isRollback({ creator }: Deployment): boolean {
  return creator === 'codeDeployRollback' || creator === 'CloudFormationRollback';
}

/**
 * Begins to watch a deployment's alarms. True where one stopped it at once. Rollbacks do not heed them: the alarm that caused
 * one is still active when it begins, and it would never get anywhere.
 */
export function watchAlarms(ctx: Ctx, deployment: Deployment): boolean {
  if (isRollback(deployment)) return false;
  const { enabled = false, ignorePollAlarmFailure = false, alarms = [] } = deployment.alarms ?? {};
  if (!enabled || alarms.length === 0) return false;
  const alarmNames = alarms.map(({ name = '' }) => name);
  const watch: AlarmWatch = { deploymentId: deployment.id, alarmNames, ignorePollAlarmFailure };
  ctx.put(alarmWatches, watch);
  const error = alarmed(ctx, deployment, watch);
  if (error) stopDeployment(ctx, deployment, 'DEPLOYMENT_STOP_ON_ALARM', error);
  return error !== undefined;
}

export const alarmReconciler: Reconciler<AlarmWatch, Ctx> = {
  name: 'codedeploy/alarms',
  table: alarmWatches,
  wakes: [
    wake<{ alarmName: string; state: string }, Ctx>(alarmChanged, (ctx, { alarmName, state }) => {
      if (state !== 'ALARM') return [];
      const watching = ctx.list(alarmWatches).filter(({ alarmNames }) => alarmNames.includes(alarmName));
      return watching.map(({ deploymentId }) => deploymentId);
    }),
  ],
  step(ctx, row) {
    const deployment = deploymentOf(ctx, row.deploymentId);
    if (row.noticeAt === undefined) {
      const noticeAt =
        ctx.now + ctx.duration(alarmNotice, `${deployment.applicationName}/${deployment.groupName}`);
      ctx.update(alarmWatches, row, { noticeAt });
      return noticeAt;
    }
    if (ctx.now < row.noticeAt) return row.noticeAt;
    const { noticeAt: _, ...watch } = row;
    ctx.put(alarmWatches, watch);
    const error = alarmed(ctx, deployment, watch);
    if (error) stopDeployment(ctx, deployment, 'DEPLOYMENT_STOP_ON_ALARM', error);
  },
};
