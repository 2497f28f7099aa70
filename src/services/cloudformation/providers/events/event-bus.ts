// AWS::Events::EventBus and AWS::Events::EventBusPolicy, one statement of a bus's policy.

import { jsonIn } from '#contract/json-text.ts';
import { documentLike, documentText } from '../policy-document.ts';
import { handlerFailure, provider } from '../provider.ts';
import type { Json, Provider, TypeName, Work } from '../provider.ts';
import { retag } from '../tagging.ts';

type BusWork = Work<'AWS::Events::EventBus'>;
type PolicyWork = Work<'AWS::Events::EventBusPolicy'>;

function setPolicy(work: BusWork, EventBusName: string): void {
  const { Policy } = work.properties;
  if (Policy !== undefined)
    work.call('events', 'PutPermission', { EventBusName, Policy: documentText(Policy) });
}

function arnOf<T extends TypeName>({ ctx }: Work<T>, name: string): string {
  return ctx.arn('events', `event-bus/${name}`);
}

export const eventBus: Provider = provider({
  type: 'AWS::Events::EventBus',
  refused: ['DeadLetterConfig', 'EventSourceName', 'KmsKeyIdentifier', 'LogConfig'],
  create(work) {
    const { Name, Description, Tags } = work.properties;
    work.call('events', 'CreateEventBus', { Name, Description, Tags: work.tags(Tags) });
    setPolicy(work, Name);
    return Name;
  },
  update(work) {
    const Name = work.physicalId;
    const { Description, Policy } = work.properties;
    if (work.changed('Description')) work.call('events', 'UpdateEventBus', { Name, Description });
    if (work.changed('Policy')) {
      if (Policy === undefined)
        work.call('events', 'RemovePermission', { EventBusName: Name, RemoveAllPermissions: true });
      else setPolicy(work, Name);
    }
    retag(work, 'events', arnOf(work, Name));
  },
  delete(work) {
    work.find('events', 'DeleteEventBus', { Name: work.physicalId });
  },
  attributes(work) {
    const Name = work.physicalId;
    const { Policy } = work.call('events', 'DescribeEventBus', { Name });
    return { Arn: arnOf(work, Name), Name, ...(Policy !== undefined && { Policy }) };
  },
  read(work) {
    const found = work.find('events', 'DescribeEventBus', { Name: work.physicalId });
    if (!found) return undefined;
    const { Name = '', Description, Policy } = found;
    return {
      Name,
      ...(Description !== undefined && { Description }),
      ...(Policy !== undefined && { Policy: documentLike(work.properties.Policy, Policy) }),
    };
  },
});

interface Statement {
  readonly Sid?: string;
}

const DEFAULT_BUS = 'default';

function busOf({ properties: { EventBusName = DEFAULT_BUS } }: PolicyWork): string {
  return EventBusName;
}

/** The statements of the bus as they are. */
function statementsOf(work: PolicyWork): Statement[] {
  const { Policy } = work.find('events', 'DescribeEventBus', { Name: busOf(work) }) ?? {};
  return Policy === undefined ? [] : [(JSON.parse(Policy) as { Statement: Statement[] }).Statement].flat();
}

function ownStatement(work: PolicyWork): Statement | undefined {
  return statementsOf(work).find(({ Sid }) => Sid === work.properties.StatementId);
}

function statementIn(work: PolicyWork, text: string): object {
  try {
    const statement = jsonIn(text);
    if (typeof statement === 'object' && statement !== null) return statement;
  } catch {
    // The same answer as for JSON that is no object.
  }
  throw handlerFailure(work, 'Statement must be a JSON object.');
}

function put(work: PolicyWork): void {
  const { Action, Condition, Principal, Statement, StatementId } = work.properties;
  const EventBusName = busOf(work);
  if (Statement === undefined) {
    const { Type = '', Key = '', Value = '' } = Condition ?? {};
    const condition = Condition && { Condition: { Type, Key, Value } };
    work.call('events', 'PutPermission', { EventBusName, Action, Principal, StatementId, ...condition });
    return;
  }
  if (Action !== undefined || Principal !== undefined || Condition !== undefined)
    throw handlerFailure(work, 'Statement cannot be given together with Action, Principal or Condition.');
  const parsed = typeof Statement === 'string' ? statementIn(work, Statement) : (Statement as object);
  const others = statementsOf(work).filter(({ Sid }) => Sid !== StatementId);
  const all = [...others, { ...parsed, Sid: StatementId }];
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: all });
  work.call('events', 'PutPermission', { EventBusName, Policy });
}

export const eventBusPolicy: Provider = provider({
  type: 'AWS::Events::EventBusPolicy',
  create(work) {
    put(work);
    return `${busOf(work)}|${work.properties.StatementId}`;
  },
  update: put,
  delete(work) {
    const { StatementId } = work.properties;
    work.find('events', 'RemovePermission', { EventBusName: busOf(work), StatementId });
  },
  read(work) {
    const found = ownStatement(work);
    if (!found) return undefined;
    const { Statement, StatementId } = work.properties;
    const shown = { EventBusName: busOf(work), StatementId };
    if (Statement === undefined) return shown;
    const { Sid, ...rest } = found;
    const named = typeof Statement === 'object' && Statement !== null && 'Sid' in Statement;
    return { ...shown, Statement: (named ? { ...rest, Sid } : rest) as Json };
  },
});
