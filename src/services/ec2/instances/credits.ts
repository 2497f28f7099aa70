// What burstable instances do once their CPU credits are spent: kept and shown, though every instance here works at its full speed.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-credits-baseline-concepts.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import type { Operations } from '#cloud/service.ts';
import { filtered } from '../filters.ts';
import { listed } from '../requests.ts';
import { instanceTypeOf } from './instance-types.ts';
import { instanceOf, instanceRows, launches, launchOf } from './instances.ts';
import type { Instance, Launch } from './instances.ts';

type Changed = Output<'ec2', 'ModifyInstanceCreditSpecification'>;
type Refusal = NonNullable<Changed['UnsuccessfulInstanceCreditSpecifications']>[number];
type Credits = NonNullable<Launch['cpuCredits']>;

/** The option that a launch or a change asks for, if the type of the instance has it. */
export function creditsOf(instanceType: string, asked: string): Credits {
  if (asked !== 'standard' && asked !== 'unlimited')
    throw new Fault('InvalidParameterValue', `Invalid value '${asked}' for CpuCredits.`);
  if (asked === 'unlimited' && !instanceTypeOf(instanceType).burstable) {
    throw new Fault(
      'InstanceCreditSpecification.NotSupported',
      `The ${instanceType} instance type does not support T2 Unlimited.`,
    );
  }
  return asked;
}

/** T2 instances begin as standard, later generations as unlimited; types without credits are shown as standard. */
function creditsShown(ctx: Ctx, { instanceId, instanceType }: Instance): Credits {
  const asked = launchOf(ctx, instanceId).cpuCredits;
  const initial =
    instanceTypeOf(instanceType).burstable && !instanceType.startsWith('t2.') ? 'unlimited' : 'standard';
  return asked ?? initial;
}

export const creditOperations: Operations<'ec2'> = {
  DescribeInstanceCreditSpecifications(ctx, { InstanceIds = [], Filters, ...page }) {
    const named = InstanceIds.length > 0;
    const wanted = filtered<Instance>(Filters, {
      operation: 'DescribeInstanceCreditSpecifications',
      values: { 'instance-id': ({ instanceId }) => instanceId },
    });
    const { rows, next } = listed(ctx, instanceRows, {
      ids: InstanceIds,
      of: instanceOf,
      // Unless they are named, those that may spend more than they earn.
      where: (row) =>
        wanted(row) && (named || (row.state !== 'terminated' && creditsShown(ctx, row) === 'unlimited')),
      page,
    });
    const InstanceCreditSpecifications = rows.map((row) => ({
      InstanceId: row.instanceId,
      CpuCredits: creditsShown(ctx, row),
    }));
    return { InstanceCreditSpecifications, NextToken: next };
  },

  ModifyInstanceCreditSpecification(ctx, { InstanceCreditSpecifications }) {
    const changed: { InstanceId: string }[] = [];
    const failed: Refusal[] = [];
    for (const { InstanceId, CpuCredits = '' } of InstanceCreditSpecifications) {
      try {
        const { instanceId, instanceType } = instanceOf(ctx, InstanceId);
        ctx.update(launches, launchOf(ctx, instanceId), { cpuCredits: creditsOf(instanceType, CpuCredits) });
        changed.push({ InstanceId: instanceId });
      } catch (error) {
        if (!(error instanceof Fault) || error.shape === 'InvalidParameterValue') throw error;
        const Code = error.shape as NonNullable<Refusal['Error']>['Code'];
        failed.push({ InstanceId, Error: { Code, Message: error.message } });
      }
    }
    return {
      SuccessfulInstanceCreditSpecifications: changed,
      UnsuccessfulInstanceCreditSpecifications: failed,
    };
  },
};
