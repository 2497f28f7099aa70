// Macros: functions that change templates, here modelled ones.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-macros.html

import { CloudFormationClient, CreateStackCommand } from '@aws-sdk/client-cloudformation';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { expect, it } from 'vitest';
import { settled } from '../../../tests/lambda-stand.ts';
import { checkPlain } from '../../../tests/simulation/rows.ts';
import { ProviderStand } from './providers/test-stand.ts';

/** Answers with its parameter. */
const ECHO = 'answers: { status: success, requestId: r, fragment: "${event.params.Said}" }';

const macro = {
  Role: {
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [
          { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
        ],
      },
    },
  },
  Function: {
    Type: 'AWS::Lambda::Function',
    Properties: {
      Runtime: 'nodejs22.x',
      Handler: 'index.handler',
      Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
      Code: { ZipFile: `// sandtable.yml\n// function: { ${ECHO} }\nexports.handler = async () => null;` },
    },
  },
  Echo: {
    Type: 'AWS::CloudFormation::Macro',
    Properties: { Name: 'Echo', FunctionName: { 'Fn::GetAtt': ['Function', 'Arn'] } },
  },
};

const echo = (Said: string): object => ({ 'Fn::Transform': { Name: 'Echo', Parameters: { Said } } });

it('a template with several macros within is transformed by one after the other', async () => {
  const stand = new ProviderStand();
  expect(await stand.create({ Resources: macro })).toBe('CREATE_COMPLETE');
  const value = (Value: object): object => ({ Type: 'String', Name: 'said', Value });
  const Value = { 'Fn::Join': ['-', [echo('one'), echo('two'), echo('three')]] };
  const TemplateBody = JSON.stringify({
    Resources: { Said: { Type: 'AWS::SSM::Parameter', Properties: value(Value) } },
  });
  const created = stand.table
    .client(CloudFormationClient)
    .send(
      new CreateStackCommand({ StackName: 'told', TemplateBody, Capabilities: ['CAPABILITY_AUTO_EXPAND'] }),
    );
  await settled();
  stand.table.advance(60_000);
  await created;
  stand.table.advance(60_000);
  const { Parameter } = await stand.table.client(SSMClient).send(new GetParameterCommand({ Name: 'said' }));
  expect(Parameter?.Value).toBe('one-two-three');
});

// LocalStack's test_failed_state recorded AWS's words.
it('a macro that fails rolls back the stack that it is for, in its own words', async () => {
  const stand = new ProviderStand();
  const failing = ECHO.replace('success', 'failed').replace('fragment:', 'errorMessage:');
  const Code = { ZipFile: macro.Function.Properties.Code.ZipFile.replace(ECHO, failing) };
  const Function = { ...macro.Function, Properties: { ...macro.Function.Properties, Code } };
  expect(await stand.create({ Resources: { ...macro, Function } })).toBe('CREATE_COMPLETE');
  const Value = echo('it is a test');
  const Resources = { Said: { Type: 'AWS::SSM::Parameter', Properties: { Type: 'String', Value } } };
  const created = stand.cloudformation.send(
    new CreateStackCommand({
      StackName: 'told',
      TemplateBody: JSON.stringify({ Resources }),
      Capabilities: ['CAPABILITY_AUTO_EXPAND'],
    }),
  );
  await settled();
  stand.table.advance(60_000);
  await created;
  expect(await stand.settle('told')).toBe('ROLLBACK_COMPLETE');
  expect((await stand.events('told')).join()).toMatch(
    /told ROLLBACK_IN_PROGRESS Transform \d{12}::Echo failed with: it is a test\. Rollback requested by user\./,
  );
});

it('the answer of a macro is JSON on its way through the world, so that it outlives the process', async () => {
  const stand = new ProviderStand();
  expect(await stand.create({ Resources: macro })).toBe('CREATE_COMPLETE');
  const changes: (readonly [string, object | undefined])[] = [];
  stand.table.world.observe((entry) => {
    for (const { table, key, after } of entry.changes) changes.push([`${table} ${key}`, after]);
  });
  const Resources = { Said: { Type: 'AWS::SNS::Topic', Properties: { TopicName: echo('said') } } };
  const request = {
    StackName: 'told',
    TemplateBody: JSON.stringify({ Resources }),
    Capabilities: ['CAPABILITY_AUTO_EXPAND' as const],
  };
  const created = stand.table.client(CloudFormationClient).send(new CreateStackCommand(request));
  await settled();
  stand.table.advance(60_000);
  await created;
  expect(JSON.stringify(changes)).toContain('macro-answered');
  for (const [where, after] of changes) if (after) checkPlain(after, where);
});
