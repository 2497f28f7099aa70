// The agents' API, as https://github.com/aws/aws-codedeploy-agent uses it.

import {
  RegisterOnPremisesInstanceCommand,
  AddTagsToOnPremisesInstancesCommand,
} from '@aws-sdk/client-codedeploy';
import { describe, expect, it } from 'vitest';
import type { Input, OperationName, Output } from '#cloud/contracts.ts';
import type { Principal } from '#cloud/principal.ts';
import { ACCOUNT, asInstance } from '../test-cloud.ts';
import { Stand } from '../test-stand.ts';

const ID = `i-${'0'.repeat(17)}`;
const HOST = `arn:aws:ec2:us-east-1:${ACCOUNT}:instance/${ID}`;

type Commands = 'codedeploy-commands';

function call<O extends OperationName<Commands>>(
  stand: Stand,
  operation: O,
  input: Input<Commands, O>,
  as: Principal = asInstance(ID),
): Output<Commands, O> {
  return stand.act((ctx) => {
    const outcome = ctx.call('codedeploy-commands', operation, input, as);
    if (!outcome.ok) throw outcome.fault;
    return outcome.output;
  });
}

type HostCommand = NonNullable<Output<Commands, 'PollHostCommand'>['HostCommand']>;

function poll(stand: Stand, HostIdentifier: string = HOST, as: Principal = asInstance(ID)): HostCommand {
  return call(stand, 'PollHostCommand', { HostIdentifier }, as).HostCommand as HostCommand;
}

async function deployed(more: object = {}): Promise<{ stand: Stand; id: string }> {
  const stand = new Stand();
  stand.hosts(1, { agent: false });
  await stand.group();
  const id = await stand.deploy('v1', more);
  stand.table.advance(10_000);
  return { stand, id };
}

describe('an agent', () => {
  it('is handed one lifecycle event as one command', async () => {
    const { stand, id } = await deployed();
    const command = poll(stand);
    expect(command).toMatchObject({ HostIdentifier: HOST, CommandName: 'ApplicationStop' });
    expect(command.DeploymentExecutionId).toBe(
      `CodeDeploy/us-east-1/Prod/arn:aws:sds:us-east-1:${ACCOUNT}:deployment/${id}`,
    );
    expect(() => poll(stand)).toThrow('waits'); // The next command comes when this one is done.
  });

  it('reads what to deploy from an envelope', async () => {
    const { stand, id } = await deployed({
      fileExistsBehavior: 'OVERWRITE',
      revision: {
        revisionType: 'S3',
        s3Location: { bucket: 'b', key: 'k', bundleType: 'tgz', version: 'v', eTag: 'e' },
      },
    });
    const { DeploymentExecutionId = '' } = poll(stand);
    const found = call(stand, 'GetDeploymentSpecification', { DeploymentExecutionId, HostIdentifier: HOST });
    expect(found.DeploymentSystem).toBe('CodeDeploy');
    const { Format, Payload = '' } = found.DeploymentSpecification?.GenericEnvelope ?? {};
    expect(Format).toBe('TEXT/JSON');
    expect(JSON.parse(Payload)).toMatchObject({
      DeploymentId: id,
      DeploymentGroupName: 'web',
      ApplicationName: 'shop',
      DeploymentCreator: 'user',
      DeploymentType: 'IN_PLACE',
      AppSpecFilename: 'appspec.yml',
      AgentActionOverrides: { AgentOverrides: { FileExistsBehavior: 'OVERWRITE' } },
      Revision: {
        RevisionType: 'S3',
        S3Revision: { Bucket: 'b', Key: 'k', BundleType: 'tgz', Version: 'v', ETag: 'e' },
      },
    });
  });

  it('that has no script for an event is done with it when it says so', async () => {
    const { stand } = await deployed();
    const { HostCommandIdentifier = '' } = poll(stand);
    const Diagnostics = { Format: 'JSON', Payload: '{"IsCommandNoop":true}' };
    expect(call(stand, 'PutHostCommandAcknowledgement', { HostCommandIdentifier, Diagnostics })).toEqual({
      CommandStatus: 'Succeeded',
    });
    stand.table.advance(2000);
    expect(poll(stand).CommandName).toBe('DownloadBundle');
  });

  it('that reports too late changes nothing', async () => {
    const { stand, id } = await deployed();
    const { HostCommandIdentifier = '' } = poll(stand);
    stand.end(id);
    expect(call(stand, 'PutHostCommandAcknowledgement', { HostCommandIdentifier })).toEqual({
      CommandStatus: 'Failed',
    });
    call(stand, 'PutHostCommandComplete', { HostCommandIdentifier, CommandStatus: 'Succeeded' });
    expect((await stand.events(id, ID))[0]).toBe('ApplicationStop Skipped');
  });

  it('speaks for its own instance only', async () => {
    const { stand } = await deployed();
    expect(() => poll(stand, HOST, asInstance('i-11111111111111111'))).toThrow();
    const { HostCommandIdentifier = '' } = poll(stand);
    const other = asInstance('i-11111111111111111');
    expect(() => call(stand, 'PutHostCommandAcknowledgement', { HostCommandIdentifier }, other)).toThrow();
  });
});

// https://docs.aws.amazon.com/codedeploy/latest/userguide/instances-on-premises.html
it('an on-premises instance is known by its IAM user and chosen by its tags', async () => {
  const stand = new Stand();
  const iamUserArn = `arn:aws:iam::${ACCOUNT}:user/rack-7`;
  await stand.codedeploy.send(new RegisterOnPremisesInstanceCommand({ instanceName: 'rack-7', iamUserArn }));
  const tags = [{ Key: 'room', Value: 'cellar' }];
  await stand.codedeploy.send(new AddTagsToOnPremisesInstancesCommand({ instanceNames: ['rack-7'], tags }));
  await stand.group({
    ec2TagFilters: [],
    onPremisesInstanceTagFilters: [{ Key: 'room', Value: 'cellar', Type: 'KEY_AND_VALUE' }],
  });
  const id = await stand.deploy('v1');
  stand.table.advance(10_000);
  expect(await stand.targets(id)).toEqual(['rack-7']);
  const user: Principal = { type: 'user', account: ACCOUNT, arn: iamUserArn, name: 'rack-7', id: 'AIDA' };
  expect(poll(stand, iamUserArn, user).CommandName).toBe('ApplicationStop');
});
