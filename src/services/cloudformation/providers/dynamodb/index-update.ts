// What an update of a stack does to the global indexes of a table: their throughput, and one that comes or goes.

import type { Input } from '#cloud/contracts.ts';
import { handlerFailure } from '../provider.ts';
import type { Properties, Work } from '../provider.ts';

type Table = Properties<'AWS::DynamoDB::Table'>;
type Index = NonNullable<Table['GlobalSecondaryIndexes']>[number];
export type IndexUpdate = NonNullable<
  Input<'dynamodb', 'UpdateTable'>['GlobalSecondaryIndexUpdates']
>[number];
type Create = NonNullable<IndexUpdate['Create']>;

/** As the API takes it: the members are the same, the template's words are not checked yet. */
export function indexInput({ IndexName, KeySchema, Projection, ProvisionedThroughput }: Index): Create {
  return {
    IndexName,
    KeySchema: KeySchema as Create['KeySchema'],
    Projection: Projection as Create['Projection'],
    ...(ProvisionedThroughput && { ProvisionedThroughput }),
  };
}

function same(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

/** Indexes that are there before and after. */
function kept(work: Work<'AWS::DynamoDB::Table'>): { before: Index; after: Index }[] {
  const { GlobalSecondaryIndexes: previous = [] } = work.previous ?? {};
  const { GlobalSecondaryIndexes: indexes = [] } = work.properties;
  return indexes.flatMap((after) => {
    const before = previous.find(({ IndexName }) => IndexName === after.IndexName);
    return before ? [{ before, after }] : [];
  });
}

/** Throws where the template asks for more than CloudFormation does in one update. */
export function checkIndexes(work: Work<'AWS::DynamoDB::Table'>): void {
  for (const { before, after } of kept(work)) {
    if (!same(before.KeySchema, after.KeySchema) || !same(before.Projection, after.Projection))
      throw handlerFailure(
        work,
        "Cannot update GSI's properties other than Provisioned Throughput and Contributor Insights Specification. You can create a new GSI with a different name.",
      );
  }
  if (onlineUpdates(work).length > 1)
    throw handlerFailure(work, 'Cannot perform more than one GSI creation or deletion in a single update');
}

/** Indexes whose throughput changes; all that have any, where the table comes to be provisioned. */
export function throughputUpdates(work: Work<'AWS::DynamoDB::Table'>, all: boolean): IndexUpdate[] {
  return kept(work).flatMap(({ before, after: { IndexName, ProvisionedThroughput } }) =>
    ProvisionedThroughput && (all || !same(before.ProvisionedThroughput, ProvisionedThroughput))
      ? [{ Update: { IndexName, ProvisionedThroughput } }]
      : [],
  );
}

export function onlineUpdates({ previous, properties }: Work<'AWS::DynamoDB::Table'>): IndexUpdate[] {
  const { GlobalSecondaryIndexes: before = [] } = previous ?? {};
  const { GlobalSecondaryIndexes: after = [] } = properties;
  const isIn = (list: readonly Index[], { IndexName }: Index): boolean =>
    list.some((one) => one.IndexName === IndexName);
  return [
    ...before.filter((index) => !isIn(after, index)).map(({ IndexName }) => ({ Delete: { IndexName } })),
    ...after.filter((index) => !isIn(before, index)).map((index) => ({ Create: indexInput(index) })),
  ];
}
