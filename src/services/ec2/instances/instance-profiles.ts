// IAM instance profiles: which role an instance has.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import { pageOf } from '#cloud/pagination.ts';
import { rootOf } from '#cloud/principal.ts';
import type { Operations } from '#cloud/service.ts';
import { filtered } from '../filters.ts';
import { missing } from '../requests.ts';
import { profileAssociation } from '../timings.ts';
import { instanceOf, instanceRows } from './instances.ts';
import type { Instance, InstanceProfile } from './instances.ts';

type WireAssociation = NonNullable<
  Output<'ec2', 'AssociateIamInstanceProfile'>['IamInstanceProfileAssociation']
>;

interface ProfileName {
  readonly Arn?: string | undefined;
  readonly Name?: string | undefined;
}

/** A profile as IAM knows it. */
export interface KnownProfile {
  readonly arn: string;
  readonly id: string;
  /** Roles in it: at most one. */
  readonly roleArns: readonly string[];
}

/**
 * The profile that a request names, or EC2's answer where IAM has none. EC2 asks IAM for itself, whoever the
 * caller is.
 */
export function profileNamed(ctx: Ctx, { Arn, Name }: ProfileName): KnownProfile {
  if (Arn !== undefined && Name !== undefined) {
    throw new Fault(
      'InvalidParameterCombination',
      "The parameter 'iamInstanceProfile.name' may not be used in combination with 'iamInstanceProfile.arn'",
    );
  }
  const InstanceProfileName = Name ?? Arn?.split('/').at(-1);
  if (InstanceProfileName === undefined) throw missing('IamInstanceProfile');
  const found = ctx.call('iam', 'GetInstanceProfile', { InstanceProfileName }, rootOf(ctx.account));
  const profile = found.ok ? found.output.InstanceProfile : undefined;
  if (!profile || (Arn !== undefined && profile.Arn !== Arn)) {
    const [parameter, noun] = Arn === undefined ? ['name', 'name'] : ['arn', 'ARN'];
    throw new Fault(
      'InvalidParameterValue',
      `Value (${Arn ?? Name}) for parameter iamInstanceProfile.${parameter} is invalid. Invalid IAM Instance Profile ${noun}`,
    );
  }
  return { arn: profile.Arn, id: profile.InstanceProfileId, roleArns: profile.Roles.map((role) => role.Arn) };
}

/** The association that a launch or a request makes. */
export function associationWith(
  ctx: Ctx,
  { arn, id }: KnownProfile,
  instanceId: string,
  atOnce: boolean,
): InstanceProfile {
  const ms = atOnce ? 0 : ctx.duration(profileAssociation, instanceId, ctx.now);
  return {
    associationId: `iip-assoc-${ctx.id('profile-association')}`,
    arn,
    id,
    since: ctx.now,
    associatedAt: ctx.now + ms,
  };
}

function describe(
  ctx: Ctx,
  instanceId: string,
  profile: InstanceProfile,
  state?: WireAssociation['State'],
): WireAssociation {
  return {
    AssociationId: profile.associationId,
    InstanceId: instanceId,
    IamInstanceProfile: { Arn: profile.arn, Id: profile.id },
    State: state ?? (profile.associatedAt <= ctx.now ? 'associated' : 'associating'),
    Timestamp: profile.since,
  };
}

function associated(ctx: Ctx, associationId: string): Instance & { profile: InstanceProfile } {
  const found = ctx.list(instanceRows, 'profileAssociation', associationId)[0];
  if (!found?.profile) {
    throw new Fault(
      'InvalidAssociationID.NotFound',
      `An invalid association-id of '${associationId}' was given`,
    );
  }
  return found as Instance & { profile: InstanceProfile };
}

export const instanceProfileOperations: Operations<'ec2'> = {
  AssociateIamInstanceProfile(ctx, { InstanceId, IamInstanceProfile }) {
    const instance = instanceOf(ctx, InstanceId);
    const known = profileNamed(ctx, IamInstanceProfile);
    if (instance.state !== 'running' && instance.state !== 'stopped' && instance.state !== 'pending') {
      throw new Fault(
        'IncorrectInstanceState',
        `The instance '${InstanceId}' is not in the 'running' or 'stopped' states.`,
      );
    }
    if (instance.profile) {
      throw new Fault('IncorrectState', `There is an existing association for instance ${InstanceId}`);
    }
    const profile = associationWith(ctx, known, InstanceId, false);
    ctx.update(instanceRows, instance, { profile });
    return { IamInstanceProfileAssociation: describe(ctx, InstanceId, profile, 'associating') };
  },

  ReplaceIamInstanceProfileAssociation(ctx, { AssociationId, IamInstanceProfile }) {
    const instance = associated(ctx, AssociationId);
    const profile = associationWith(ctx, profileNamed(ctx, IamInstanceProfile), instance.instanceId, false);
    ctx.update(instanceRows, instance, { profile });
    return { IamInstanceProfileAssociation: describe(ctx, instance.instanceId, profile, 'associating') };
  },

  DisassociateIamInstanceProfile(ctx, { AssociationId }) {
    const { profile, ...rest } = associated(ctx, AssociationId);
    ctx.put<Instance>(instanceRows, rest);
    return { IamInstanceProfileAssociation: describe(ctx, rest.instanceId, profile, 'disassociating') };
  },

  DescribeIamInstanceProfileAssociations(ctx, { AssociationIds = [], Filters, MaxResults, NextToken }) {
    const all =
      AssociationIds.length > 0 ? AssociationIds.map((id) => associated(ctx, id)) : ctx.list(instanceRows);
    const shown = all.flatMap(({ instanceId, profile }) =>
      profile ? [describe(ctx, instanceId, profile)] : [],
    );
    const where = filtered<WireAssociation>(Filters, {
      operation: 'DescribeIamInstanceProfileAssociations',
      values: { 'instance-id': (one) => one.InstanceId, state: (one) => one.State },
    });
    const page = { token: NextToken, limit: MaxResults ?? 1000 };
    const { items, next } = pageOf(shown.filter(where), (one) => one.AssociationId ?? '', page);
    return { IamInstanceProfileAssociations: items, NextToken: next };
  },
};
