// Disturbances by stacks: made, changed, cancelled, deleted, with resources that fail now and then.

import { stacks } from '#services/cloudformation/rows.ts';
import type { Draw } from './draw.ts';
import type { Disturb } from './stage.ts';

const NAMES = ['one', 'two', 'three'] as const;

const KINDS = ['Topic', 'Queue', 'Logs', 'Handle', 'Imports'] as const;
const CAPABILITIES = ['CAPABILITY_NAMED_IAM'] as const;

/** A template of topics, queues, groups of logs and roles, some of which need others, some of which fail. */
function template(draw: Draw): string {
  const resources: Record<string, object> = {};
  for (let n = draw.whole(1, 6); n > 0; n -= 1) {
    const before = Object.keys(resources);
    // A type is part of the logical id: AWS lets no update change it.
    const kind = draw.pick(KINDS);
    const needs = before.length > 0 && draw.chance(0.5) ? { DependsOn: draw.pick(before) } : {};
    const retained = draw.chance(0.05) ? { DeletionPolicy: 'Retain' } : {};
    resources[`${kind}${n}`] = { ...resource(draw, kind, before), ...needs, ...retained };
  }
  const [first = ''] = Object.keys(resources);
  const Outputs = {
    First: { Value: { Ref: first }, ...(draw.chance(0.3) && { Export: { Name: 'first' } }) },
  };
  return JSON.stringify({ Resources: resources, Outputs });
}

function resource(draw: Draw, kind: (typeof KINDS)[number], before: readonly string[]): object {
  // A name that AWS does not take makes its creation fail.
  const bad = draw.chance(0.1);
  switch (kind) {
    case 'Topic': {
      const DisplayName = before.length > 0 ? { 'Fn::Sub': `\${${draw.pick(before)}}` } : 'first';
      return { Type: 'AWS::SNS::Topic', Properties: bad ? { TopicName: 'no/slash' } : { DisplayName } };
    }
    case 'Queue':
      return {
        Type: 'AWS::SQS::Queue',
        Properties: {
          VisibilityTimeout: bad ? 50_000 : draw.pick([30, 60]),
          ...(draw.chance(0.2) && { QueueName: 'named' }),
        },
      };
    case 'Logs':
      return { Type: 'AWS::Logs::LogGroup', Properties: { RetentionInDays: bad ? 2 : draw.pick([1, 7]) } };
    case 'Imports':
      return { Type: 'AWS::SNS::Topic', Properties: { DisplayName: { 'Fn::ImportValue': 'first' } } };
    default:
      return { Type: 'AWS::CloudFormation::WaitConditionHandle' };
  }
}

export const stackDisturbances: Readonly<Record<string, Disturb>> = {
  'create stacks': (stage, draw) => {
    stage.call('cloudformation', 'CreateStack', {
      StackName: draw.pick(NAMES),
      TemplateBody: template(draw),
      Capabilities: [...CAPABILITIES],
      ...(draw.chance(0.3) && { OnFailure: draw.pick(['DELETE', 'DO_NOTHING', 'ROLLBACK']) }),
      ...(draw.chance(0.1) && { TimeoutInMinutes: 1 }),
    });
  },
  'update stacks': (stage, draw) => {
    stage.call('cloudformation', 'UpdateStack', {
      StackName: draw.pick(NAMES),
      TemplateBody: template(draw),
      Capabilities: [...CAPABILITIES],
      ...(draw.chance(0.3) && { DisableRollback: true }),
    });
  },
  'delete stacks': (stage, draw) => {
    stage.call('cloudformation', 'DeleteStack', { StackName: draw.pick(NAMES) });
  },
  'cancel and continue': (stage, draw) => {
    const StackName = draw.pick(NAMES);
    const found = stage.look((ctx) => ctx.list(stacks, 'name', StackName)[0]);
    if (found?.status === 'UPDATE_ROLLBACK_FAILED')
      stage.call('cloudformation', 'ContinueUpdateRollback', { StackName });
    else if (found?.status.endsWith('_FAILED')) stage.call('cloudformation', 'RollbackStack', { StackName });
    else stage.call('cloudformation', 'CancelUpdateStack', { StackName });
  },
  'execute change sets': (stage, draw) => {
    const StackName = draw.pick(NAMES);
    const { Summaries = [] } = valueOf(stage.call('cloudformation', 'ListChangeSets', { StackName }));
    const [ready] = Summaries.filter(({ ExecutionStatus }) => ExecutionStatus === 'AVAILABLE');
    if (ready?.ChangeSetId !== undefined) {
      stage.call('cloudformation', 'ExecuteChangeSet', { ChangeSetName: ready.ChangeSetId });
      return;
    }
    const found = stage.look((ctx) => ctx.list(stacks, 'name', StackName)[0]);
    const there = found !== undefined && found.status !== 'REVIEW_IN_PROGRESS';
    stage.call('cloudformation', 'CreateChangeSet', {
      StackName,
      ChangeSetName: `set-${draw.whole(1, 99)}`,
      ChangeSetType: there ? 'UPDATE' : 'CREATE',
      TemplateBody: template(draw),
      Capabilities: [...CAPABILITIES],
    });
  },
};

function valueOf<Q>(outcome: { ok: true; output: Q } | { ok: false }): Partial<Q> {
  return outcome.ok ? outcome.output : {};
}
