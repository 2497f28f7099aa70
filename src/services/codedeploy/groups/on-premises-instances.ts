// On-premises instances: machines outside EC2 that are known by an IAM user or by a session of a role.
// https://docs.aws.amazon.com/codedeploy/latest/userguide/instances-on-premises.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import { page } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { mergeTags, tagList } from '#cloud/tags.ts';
import type { Tags } from '#cloud/tags.ts';
import { invalidToken, PAGE_SIZE, tooMany } from '../faults.ts';
import { onPremisesInstances } from '../rows.ts';
import type { OnPremisesInstance } from '../rows.ts';
import { LIMITS } from '../timings.ts';

const USER_ARN = /^arn:aws[a-z-]*:iam::\d{12}:user\/.+$/;
const SESSION_ARN = /^arn:aws[a-z-]*:sts::\d{12}:assumed-role\/[^/]+\/[^/]+$/;
const NAME = /^[A-Za-z0-9._+=,@-]{1,100}$/;

export type TagFilter = NonNullable<Input<'codedeploy', 'ListOnPremisesInstances'>['tagFilters']>[number];

/** Whether one of the filters holds; filters in one list are alternatives. */
export function matchesAny(filters: readonly TagFilter[], tags: Tags): boolean {
  return filters.some(({ Key, Value, Type = 'KEY_AND_VALUE' }) => {
    if (Type === 'KEY_ONLY') return Key !== undefined && Object.hasOwn(tags, Key);
    if (Type === 'VALUE_ONLY') return Object.values(tags).includes(Value ?? '');
    return Key !== undefined && Object.hasOwn(tags, Key) && tags[Key] === (Value ?? '');
  });
}

/** What its agent calls itself. */
export function hostOf({ iamUserArn, iamSessionArn, arn }: OnPremisesInstance): string {
  return iamSessionArn ?? iamUserArn ?? arn;
}

function registered(ctx: Ctx, name: string): OnPremisesInstance {
  const found = ctx.get(onPremisesInstances, name);
  if (found && found.deregisteredAt === undefined) return found;
  throw new Fault('InstanceNotRegisteredException', `The on-premises instance ${name} is not registered.`);
}

function describe(
  row: OnPremisesInstance,
): NonNullable<Output<'codedeploy', 'GetOnPremisesInstance'>['instanceInfo']> {
  const { name, arn, iamUserArn, iamSessionArn, registeredAt, deregisteredAt, tags } = row;
  return {
    instanceName: name,
    instanceArn: arn,
    ...(iamUserArn === undefined ? {} : { iamUserArn }),
    ...(iamSessionArn === undefined ? {} : { iamSessionArn }),
    registerTime: registeredAt,
    ...(deregisteredAt === undefined ? {} : { deregisterTime: deregisteredAt }),
    tags: tagList(tags),
  };
}

function checkArns(ctx: Ctx, iamUserArn: string | undefined, iamSessionArn: string | undefined): void {
  if (iamUserArn !== undefined && iamSessionArn !== undefined) {
    throw new Fault(
      'MultipleIamArnsProvidedException',
      'Both an user ARN and an IAM session ARN were included in the request. Use only one ARN type.',
    );
  }
  if (iamUserArn === undefined && iamSessionArn === undefined) {
    throw new Fault(
      'IamArnRequiredException',
      'No IAM ARN was included in the request. You must use an IAM session ARN or user ARN in the request.',
    );
  }
  if (iamUserArn !== undefined && !USER_ARN.test(iamUserArn)) {
    throw new Fault('InvalidIamUserArnException', 'The user ARN was specified in an invalid format.');
  }
  if (iamSessionArn !== undefined && !SESSION_ARN.test(iamSessionArn)) {
    throw new Fault(
      'InvalidIamSessionArnException',
      'The IAM session ARN was specified in an invalid format.',
    );
  }
  const others = ctx.list(onPremisesInstances).filter(({ deregisteredAt }) => deregisteredAt === undefined);
  if (iamUserArn !== undefined && others.some((row) => row.iamUserArn === iamUserArn)) {
    throw new Fault(
      'IamUserArnAlreadyRegisteredException',
      'The specified user ARN is already registered with an on-premises instance.',
    );
  }
  if (iamSessionArn !== undefined && others.some((row) => row.iamSessionArn === iamSessionArn)) {
    throw new Fault(
      'IamSessionArnAlreadyRegisteredException',
      'The request included an IAM session ARN that has already been used to register a different instance.',
    );
  }
}

export const onPremisesOperations: Operations<'codedeploy'> = {
  RegisterOnPremisesInstance(ctx, { instanceName: name, iamUserArn, iamSessionArn }) {
    if (!NAME.test(name) || /^m?i-/.test(name)) {
      throw new Fault(
        'InvalidInstanceNameException',
        'The on-premises instance name was specified in an invalid format.',
      );
    }
    const known = ctx.get(onPremisesInstances, name);
    if (known && known.deregisteredAt === undefined) {
      throw new Fault(
        'InstanceNameAlreadyRegisteredException',
        'The specified on-premises instance name is already registered.',
      );
    }
    checkArns(ctx, iamUserArn, iamSessionArn);
    ctx.put(onPremisesInstances, {
      name,
      arn: ctx.arn(
        'codedeploy',
        `instance/${name}_${ctx.id('on-premises', 10, 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789')}`,
      ),
      ...(iamUserArn === undefined ? {} : { iamUserArn }),
      ...(iamSessionArn === undefined ? {} : { iamSessionArn }),
      registeredAt: ctx.now,
      tags: known?.tags ?? {},
    });
  },

  DeregisterOnPremisesInstance(ctx, { instanceName }) {
    const known = ctx.get(onPremisesInstances, instanceName);
    // What is not registered is already as it should be. Tags stay with the name.
    if (known && known.deregisteredAt === undefined)
      ctx.update(onPremisesInstances, known, { deregisteredAt: ctx.now });
  },

  GetOnPremisesInstance(ctx, { instanceName }) {
    const found = ctx.get(onPremisesInstances, instanceName);
    return { instanceInfo: describe(found ?? registered(ctx, instanceName)) };
  },

  BatchGetOnPremisesInstances(ctx, { instanceNames }) {
    if (instanceNames.length > LIMITS.batch) throw tooMany();
    const found = instanceNames.map((name) => ctx.get(onPremisesInstances, name));
    return { instanceInfos: found.filter((row) => row !== undefined).map(describe) };
  },

  ListOnPremisesInstances(ctx, { registrationStatus, tagFilters, nextToken: token }) {
    const where = ({ deregisteredAt, tags }: OnPremisesInstance): boolean => {
      const status = deregisteredAt === undefined ? 'Registered' : 'Deregistered';
      if (registrationStatus !== undefined && registrationStatus !== status) return false;
      return !tagFilters || tagFilters.length === 0 || matchesAny(tagFilters, tags);
    };
    const { rows, next } = page(ctx, onPremisesInstances, { token, limit: PAGE_SIZE, where, invalidToken });
    return { instanceNames: rows.map(({ name }) => name), nextToken: next };
  },

  AddTagsToOnPremisesInstances(ctx, { tags, instanceNames }) {
    for (const name of instanceNames) {
      const row = registered(ctx, name);
      const merged = mergeTags(row.tags, tags);
      if (Object.keys(merged).length > LIMITS.onPremisesTags) {
        throw new Fault('TagLimitExceededException', 'The maximum allowed number of tags was exceeded.');
      }
      ctx.update(onPremisesInstances, row, { tags: merged });
    }
  },

  RemoveTagsFromOnPremisesInstances(ctx, { tags, instanceNames }) {
    for (const name of instanceNames) {
      const row = registered(ctx, name);
      const kept = Object.entries(row.tags).filter(
        ([key, value]) =>
          !tags.some(
            ({ Key, Value }) => Key === key && (Value === undefined || Value === '' || Value === value),
          ),
      );
      ctx.update(onPremisesInstances, row, { tags: Object.fromEntries(kept) });
    }
  },
};
