// Who else may put events on a bus: its policy, whole or statement by statement.
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPermission.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { parsePolicy } from '#cloud/iam/policy.ts';
import type { Operations } from '#cloud/service.ts';
import { busNamed } from './bus.ts';
import { absentBus, invalid } from './faults.ts';
import { buses, DEFAULT_BUS } from './tables.ts';
import type { EventBus } from './tables.ts';
import { LONGEST_POLICY } from './timings.ts';

interface BusPolicy {
  readonly Version: string;
  readonly Statement: readonly { readonly Sid?: string }[];
}

function ownBus(ctx: Ctx, name: string = DEFAULT_BUS): EventBus {
  const bus = busNamed(ctx, name);
  if (!bus) throw absentBus(name);
  return bus;
}

function statementsOf({ policy }: EventBus): BusPolicy['Statement'] {
  return policy === undefined ? [] : [(JSON.parse(policy) as BusPolicy).Statement].flat();
}

function write(ctx: Ctx, bus: EventBus, policy: string): void {
  if (policy.length > LONGEST_POLICY)
    throw new Fault(
      'PolicyLengthExceededException',
      `The policy has more than ${LONGEST_POLICY} characters.`,
    );
  // What IAM cannot read is no policy of a bus either.
  parsePolicy(policy, 'resource', 'ValidationException');
  ctx.put(buses, { ...bus, policy, modifiedAt: ctx.now });
}

function removePolicy(ctx: Ctx, bus: EventBus): void {
  const { policy: _, ...rest } = bus;
  ctx.put(buses, { ...rest, modifiedAt: ctx.now });
}

function principalOf(principal: string): string | { AWS: string } {
  return principal === '*' ? '*' : { AWS: `arn:aws:iam::${principal}:root` };
}

export const permissionOperations: Operations<'events'> = {
  PutPermission(ctx, { EventBusName, Action, Principal, StatementId, Condition: condition, Policy }) {
    const bus = ownBus(ctx, EventBusName);
    if (Policy !== undefined) {
      if ([Action, Principal, StatementId, condition].some((one) => one !== undefined))
        throw invalid('Policy cannot be given together with Action, Principal, StatementId or Condition.');
      write(ctx, bus, Policy);
      return;
    }
    for (const [name, value] of Object.entries({ Action, Principal, StatementId }))
      if (value === undefined) throw invalid(`Parameter ${name} is required.`);
    if (Action !== 'events:PutEvents')
      throw invalid("Provided value in parameter 'action' is not supported.");
    const statement = {
      Sid: StatementId,
      Effect: 'Allow',
      Principal: principalOf(Principal ?? ''),
      Action,
      Resource: bus.arn,
      ...(condition && { Condition: { [condition.Type]: { [condition.Key]: condition.Value } } }),
    };
    const others = statementsOf(bus).filter(({ Sid }) => Sid !== StatementId);
    write(ctx, bus, JSON.stringify({ Version: '2012-10-17', Statement: [...others, statement] }));
  },

  RemovePermission(ctx, { EventBusName, StatementId, RemoveAllPermissions }) {
    const bus = ownBus(ctx, EventBusName);
    if (RemoveAllPermissions) {
      removePolicy(ctx, bus);
      return;
    }
    if (StatementId === undefined) throw invalid('Parameter StatementId is required.');
    const before = statementsOf(bus);
    const left = before.filter(({ Sid }) => Sid !== StatementId);
    if (left.length === before.length)
      throw new Fault('ResourceNotFoundException', 'Statement with the provided id does not exist.');
    if (left.length === 0) removePolicy(ctx, bus);
    else write(ctx, bus, JSON.stringify({ Version: '2012-10-17', Statement: left }));
  },
};
