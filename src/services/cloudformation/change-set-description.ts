// Changes of a change set, as DescribeChangeSet tells them.

import type { Output } from '#cloud/contracts.ts';
import type { Concealment } from './concealment.ts';
import type { PropertyChange, ResourceChange } from './rows.ts';

type Change = NonNullable<Output<'cloudformation', 'DescribeChangeSet'>['Changes']>[number];

export function describeChange(change: ResourceChange, values: boolean, concealment: Concealment): Change {
  const scope = [...new Set(change.details.map(({ attribute }) => attribute))];
  return {
    Type: 'Resource',
    ResourceChange: {
      ...(change.policyAction && { PolicyAction: change.policyAction }),
      Action: change.action,
      LogicalResourceId: change.logicalId,
      ...(change.physicalId !== undefined && { PhysicalResourceId: change.physicalId }),
      ResourceType: change.type,
      ...(change.replacement && { Replacement: change.replacement }),
      ...(change.changeSetId !== undefined && { ChangeSetId: change.changeSetId }),
      Scope: scope,
      Details: change.details.map((one) => describeDetail(one, values, concealment)),
      ...(values && change.before !== undefined && { BeforeContext: concealment.json(change.before) }),
      ...(values && change.after !== undefined && { AfterContext: concealment.json(change.after) }),
    },
  };
}

type Detail = NonNullable<NonNullable<Change['ResourceChange']>['Details']>[number];

function describeDetail(detail: PropertyChange, values: boolean, concealment: Concealment): Detail {
  const { attribute, name, path, recreation, before, after, evaluation, source, cause } = detail;
  const kind = before === undefined ? 'Add' : after === undefined ? 'Remove' : 'Modify';
  return {
    Target: {
      Attribute: attribute,
      ...(name !== undefined && { Name: name }),
      RequiresRecreation: recreation,
      ...(path !== undefined && { Path: path }),
      ...(values && before !== undefined && { BeforeValue: concealment.text(before) }),
      ...(values && after !== undefined && { AfterValue: concealment.text(after) }),
      ...(attribute === 'Properties' && { AttributeChangeType: kind }),
    },
    Evaluation: evaluation,
    ...(source && { ChangeSource: source }),
    ...(cause !== undefined && { CausingEntity: cause }),
  };
}
