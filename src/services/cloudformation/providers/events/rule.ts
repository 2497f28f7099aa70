// AWS::Events::Rule.

import type { Input } from '#cloud/contracts.ts';
import { documentLike, documentText, without } from '../policy-document.ts';
import { handlerFailure, provider } from '../provider.ts';
import type { Json, Properties, Provider, Work } from '../provider.ts';
import { retag } from '../tagging.ts';

type RuleWork = Work<'AWS::Events::Rule'>;
type Targets = NonNullable<Properties<'AWS::Events::Rule'>['Targets']>;
type Wire = Input<'events', 'PutTargets'>['Targets'];

const LONGEST = 64;
/** The most that one request takes. */
const BATCH = 10;

interface Place {
  readonly Name: string;
  readonly EventBusName?: string;
}

/** `name` on the default bus, `bus|name` on others. */
function idOf(arn: string): string {
  const path = arn.slice(arn.indexOf(':rule/') + ':rule/'.length);
  const slash = path.lastIndexOf('/');
  return slash < 0 ? path : `${path.slice(0, slash)}|${path.slice(slash + 1)}`;
}

/** The bus as the template names it, which may be by an ARN of another account. */
function placeOf({ physicalId, properties: { EventBusName } }: RuleWork): Place {
  const Name = physicalId.split('|').at(-1) ?? physicalId;
  return { Name, ...(EventBusName !== undefined && { EventBusName }) };
}

function onRule({ Name: Rule, ...bus }: Place): { Rule: string; EventBusName?: string } {
  return { Rule, ...bus };
}

/** Returns the ARN. */
function putRule(work: RuleWork, place: Place, tagged: boolean): string {
  const { Description, EventPattern, RoleArn, ScheduleExpression, State, Tags } = work.properties;
  const { RuleArn = '' } = work.call('events', 'PutRule', {
    ...place,
    Description,
    RoleArn,
    ScheduleExpression,
    State: State as 'ENABLED' | undefined,
    ...(EventPattern !== undefined && { EventPattern: documentText(EventPattern) }),
    ...(tagged && { Tags: work.tags(Tags) }),
  });
  return RuleArn;
}

function putTargets(work: RuleWork, place: Place, all: Targets): void {
  for (let at = 0; at < all.length; at += BATCH) {
    const answer = work.call('events', 'PutTargets', {
      ...onRule(place),
      Targets: all.slice(at, at + BATCH) as unknown as Wire,
    });
    const [failed] = answer.FailedEntries ?? [];
    if (failed) throw handlerFailure(work, failed.ErrorMessage ?? '');
  }
}

function removeTargets(work: RuleWork, place: Place, Ids: readonly string[]): void {
  if (Ids.length > 0) work.find('events', 'RemoveTargets', { ...onRule(place), Ids });
}

export const rule: Provider = provider({
  type: 'AWS::Events::Rule',
  passedOn: ['Targets'],
  create(work) {
    const { EventBusName } = work.properties;
    const Name = work.properties.Name ?? work.name({ longest: LONGEST });
    const place = { Name, ...(EventBusName !== undefined && { EventBusName }) };
    // PutRule would change a rule that is there already.
    if (work.find('events', 'DescribeRule', place))
      throw handlerFailure(
        work,
        `Resource of type 'AWS::Events::Rule' with identifier '${Name}' already exists.`,
        'AlreadyExists',
      );
    const arn = putRule(work, place, true);
    putTargets(work, place, work.properties.Targets ?? []);
    return idOf(arn);
  },
  update(work) {
    const place = placeOf(work);
    const arn = putRule(work, place, false);
    const ids = (list: Targets = []): string[] => list.map(({ Id }) => Id);
    removeTargets(work, place, without(ids(work.previous?.Targets), ids(work.properties.Targets)));
    if (work.changed('Targets')) putTargets(work, place, work.properties.Targets ?? []);
    retag(work, 'events', arn);
  },
  delete(work) {
    const place = placeOf(work);
    const found = work.find('events', 'ListTargetsByRule', onRule(place));
    if (!found) return;
    removeTargets(
      work,
      place,
      (found.Targets ?? []).map(({ Id }) => Id),
    );
    work.find('events', 'DeleteRule', place);
  },
  attributes(work) {
    const place = placeOf(work);
    return { Arn: work.call('events', 'DescribeRule', place).Arn ?? '', RuleName: place.Name };
  },
  read(work) {
    const place = placeOf(work);
    const found = work.find('events', 'DescribeRule', place);
    if (!found) return undefined;
    const { Name = '', Description, EventPattern, RoleArn, ScheduleExpression, State = '' } = found;
    const targets = work.call('events', 'ListTargetsByRule', onRule(place)).Targets ?? [];
    const asked = (work.properties.Targets ?? []).map(({ Id }) => Id);
    const order = (id: string): number => (asked.includes(id) ? asked.indexOf(id) : asked.length);
    const Targets = targets.toSorted((left, right) => order(left.Id) - order(right.Id));
    const set = { Description, RoleArn, ScheduleExpression };
    const given = Object.entries(set).filter(([, value]) => value !== undefined);
    return {
      ...(Object.fromEntries(given) as Record<string, string>),
      Name,
      State,
      Targets: Targets as unknown as Json,
      ...(EventPattern !== undefined && {
        EventPattern: documentLike(work.properties.EventPattern, EventPattern),
      }),
    };
  },
});
