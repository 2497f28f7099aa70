import {
  CancelRotateSecretCommand,
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  RotateSecretCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import type { RotateSecretCommandInput } from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from 'vitest';
import { Cloud } from '#cloud/cloud.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { parsePolicy } from '#cloud/iam/policy.ts';
import { rootOf } from '#cloud/principal.ts';
import { defineService } from '#cloud/service.ts';
import { services } from '#services/index.ts';
import { modelled } from '#workloads/modelled/modelled.ts';
import { part as traffic } from '#traffic/traffic.ts';
import { newTable, START } from '../../../tests/table.ts';
import { nextRotation } from './schedule.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const functionArn = (name: string): string => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;

const LETS_IN = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { Service: 'secretsmanager.amazonaws.com' },
      Action: 'lambda:InvokeFunction',
      Resource: '*',
    },
  ],
});

interface Event {
  Step: string;
  SecretId: string;
  ClientRequestToken: string;
}

/**
 * Functions as AWS's template writes them. `flaky` fails in the first half hour, `idle` does nothing, `shut` lets
 * Secrets Manager not in.
 * https://github.com/aws-samples/aws-secrets-manager-rotation-lambdas/blob/master/SecretsManagerRotationTemplate/lambda_function.py
 */
const functions = defineService({
  contract: 'lambda',
  tables: [],
  operations: {
    Invoke(ctx, { FunctionName, InvocationType, Payload }) {
      if (InvocationType === 'DryRun') return { StatusCode: 204 };
      const event = JSON.parse(new TextDecoder().decode(Payload)) as Event;
      if (FunctionName.endsWith('flaky') && ctx.now < START + HOUR / 2)
        return { StatusCode: 200, FunctionError: 'Unhandled' };
      if (!FunctionName.endsWith('idle')) rotate(ctx, event);
      return { StatusCode: 200 };
    },
  },
  authorization: {
    Invoke: { actions: ['lambda:InvokeFunction'], resources: (_, { FunctionName }) => FunctionName },
  },
  resourcePolicy: (_, arn) => (arn.endsWith('shut') ? undefined : parsePolicy(LETS_IN, 'resource')),
});

function rotate(ctx: Ctx, { Step, SecretId, ClientRequestToken: token }: Event): void {
  const as = rootOf(ctx.account);
  const described = ctx.call('secretsmanager', 'DescribeSecret', { SecretId }, as);
  const versions = described.ok ? (described.output.VersionIdsToStages ?? {}) : {};
  if (!versions[token]?.includes('AWSPENDING')) throw new Error(`No pending version ${token}.`);
  if (Step === 'createSecret') {
    const input = {
      SecretId,
      ClientRequestToken: token,
      SecretString: `new ${token}`,
      VersionStages: ['AWSPENDING'],
    };
    ctx.call('secretsmanager', 'PutSecretValue', input, as);
  }
  if (Step === 'finishSecret') {
    const current = Object.keys(versions).find((id) => versions[id]?.includes('AWSCURRENT')) as string;
    const move = {
      SecretId,
      VersionStage: 'AWSCURRENT',
      MoveToVersionId: token,
      RemoveFromVersionId: current,
    };
    ctx.call('secretsmanager', 'UpdateSecretVersionStage', move, as);
  }
}

async function stage() {
  const others = services.filter(({ contract }) => contract !== 'lambda');
  const table = newTable({ cloud: new Cloud([...others, functions], [modelled, traffic]) });
  const sm = table.client(SecretsManagerClient);
  await sm.send(new CreateSecretCommand({ Name: 'db', SecretString: 'old' }));
  const rotation = (more: Partial<RotateSecretCommandInput> = {}, name = 'good') =>
    sm.send(new RotateSecretCommand({ SecretId: 'db', RotationLambdaARN: functionArn(name), ...more }));
  const value = async (VersionStage?: string) =>
    (await sm.send(new GetSecretValueCommand({ SecretId: 'db', VersionStage }))).SecretString;
  const described = () => sm.send(new DescribeSecretCommand({ SecretId: 'db' }));
  return { table, sm, rotation, value, described };
}

// Recorded answers: LocalStack, tests/aws/services/secretsmanager/test_secretsmanager.snapshot.json, test_rotate_secret_*
describe('rotation', () => {
  it('makes a new version in four steps, and leaves the old one as AWSPREVIOUS', async () => {
    const { table, rotation, value, described } = await stage();
    const { VersionId } = await rotation({ RotationRules: { AutomaticallyAfterDays: 1 } });
    expect(await value()).toBe('old');
    table.advance(2000);
    expect(await value()).toBe(`new ${VersionId}`);
    expect(await value('AWSPREVIOUS')).toBe('old');
    const secret = await described();
    expect(secret).toMatchObject({
      RotationEnabled: true,
      RotationLambdaARN: functionArn('good'),
      RotationRules: { AutomaticallyAfterDays: 1 },
      NextRotationDate: new Date(START + DAY),
    });
    expect(secret.LastRotatedDate?.getTime()).toBeLessThan(START + 2000);
    expect(secret.VersionIdsToStages?.[VersionId as string]).toEqual(['AWSCURRENT']);
  });

  it('happens again by its schedule until it is cancelled', async () => {
    const { table, sm, rotation, value } = await stage();
    await rotation({ RotationRules: { ScheduleExpression: 'rate(10 days)' } });
    const values = new Set<string | undefined>();
    for (let day = 0; day < 25; day += 1) {
      table.advance(DAY);
      values.add(await value());
    }
    expect(values.size).toBe(3);
    await sm.send(new CancelRotateSecretCommand({ SecretId: 'db' }));
    table.advance(30 * DAY);
    expect(values).toContain(await value());
  });

  it('is tried again after its function failed, and meanwhile stands in the way of another', async () => {
    const { table, rotation, value } = await stage();
    const { VersionId } = await rotation({}, 'flaky');
    table.advance(60_000);
    expect(await value()).toBe('old');
    await expect(rotation({}, 'good')).rejects.toMatchObject({
      name: 'InvalidRequestException',
      message: "A previous rotation isn't complete. That rotation will be reattempted.",
    });
    table.advance(2 * HOUR);
    expect(await value()).toBe(`new ${VersionId}`);
  });

  it('has not happened where the function left the old version current', async () => {
    const { table, rotation, value, described } = await stage();
    await rotation({}, 'idle');
    table.advance(60_000);
    expect(await value()).toBe('old');
    expect((await described()).LastRotatedDate).toBeUndefined();
    await expect(rotation()).rejects.toThrow("A previous rotation isn't complete.");
  });

  it('needs a function, which lets Secrets Manager in', async () => {
    const { rotation } = await stage();
    await expect(rotation({ RotationLambdaARN: undefined })).rejects.toMatchObject({
      name: 'InvalidRequestException',
      message: 'No Lambda rotation function ARN is associated with this secret.',
    });
    await expect(rotation({}, 'shut')).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });

  // https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html
  it('can be tried without being done', async () => {
    const { table, rotation, value, described } = await stage();
    await rotation({ RotateImmediately: false, RotationRules: { AutomaticallyAfterDays: 30 } });
    table.advance(5000);
    expect(await value()).toBe('old');
    expect(Object.values((await described()).VersionIdsToStages ?? {})).toEqual([['AWSCURRENT']]);
  });
});

// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html
describe('schedules', () => {
  const next = (scheduleExpression: string): string =>
    new Date(nextRotation({ scheduleExpression }, START) ?? 0).toISOString();

  it.each([
    ['rate(4 hours)', '2026-01-05T04:00:00.000Z'],
    ['cron(0 10 ? * MON *)', '2026-01-05T10:00:00.000Z'],
    ['cron(0 0 ? * MON *)', '2026-01-12T00:00:00.000Z'],
    ['cron(0 1 1,15 * ? *)', '2026-01-15T01:00:00.000Z'],
    ['cron(0 /8 * * ? *)', '2026-01-05T08:00:00.000Z'],
    ['cron(0 17 L * ? *)', '2026-01-31T17:00:00.000Z'],
    ['cron(0 16 1 1/3 ? *)', '2026-04-01T16:00:00.000Z'],
    ['cron(0 17 ? * 2#1 *)', '2026-01-05T17:00:00.000Z'],
    ['cron(0 17 ? * FRIL *)', '2026-01-30T17:00:00.000Z'],
  ])('say when: %s', (expression, instant) => {
    expect(next(expression)).toBe(instant);
  });

  it.each([
    'rate(1 hour)',
    'cron(30 1 * * ? *)',
    'cron(0 1 * * *)',
    'cron(0 1 * * * *)',
    'cron(0 1 31 2 ? *)',
    'daily',
  ])('are refused: %s', (expression) => {
    expect(() => next(expression)).toThrow('Invalid ScheduleExpression');
  });
});
