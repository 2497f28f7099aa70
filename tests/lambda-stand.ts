// A table with a role, for the tests of Lambda: functions are packages with a manifest, run by the modelled host.

import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateFunctionCommand,
  GetFunctionCommand,
  InvokeCommand,
  LambdaClient,
  PublishVersionCommand,
  UpdateFunctionCodeCommand,
} from '@aws-sdk/client-lambda';
import type {
  CreateFunctionCommandInput,
  FunctionConfiguration,
  InvokeCommandInput,
} from '@aws-sdk/client-lambda';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { packBundle } from '#workloads/bundle.ts';
import { newTable } from './table.ts';
import type { TableOptions, TestTable } from './table.ts';

export const ACCOUNT = '000000000000';
export const ROLE = `arn:aws:iam::${ACCOUNT}:role/runner`;
export const SECOND = 1000;
export const MINUTE = 60_000;
export const functionArn = (name: string): string => `arn:aws:lambda:us-east-1:${ACCOUNT}:function:${name}`;
export const queueArn = (name: string): string => `arn:aws:sqs:us-east-1:${ACCOUNT}:${name}`;
export const queueUrl = (name: string): string => `https://sqs.us-east-1.amazonaws.com/${ACCOUNT}/${name}`;

/** A deployment package whose manifest says this of its functions. */
export const packaged = (manifest: string = ''): Uint8Array =>
  packBundle({ 'index.js': 'exports.handler = async () => null;', 'sandtable.yml': manifest });

export const trust = (service: string): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
  });

/** Lets what was asked for reach the world, and what the world answered reach whoever asked. */
export const settled = (): Promise<void> =>
  new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

export interface Answered {
  payload: unknown;
  error: string | undefined;
  version: string | undefined;
  log: string;
}

export class Stand {
  readonly table: TestTable;
  readonly lambda: LambdaClient;
  readonly sqs: SQSClient;
  readonly iam: IAMClient;

  constructor(options: TableOptions = {}) {
    this.table = newTable(options);
    this.lambda = this.table.client(LambdaClient);
    this.sqs = this.table.client(SQSClient);
    this.iam = this.table.client(IAMClient);
  }

  /** The execution role, allowed these actions on everything. */
  async role(...actions: string[]): Promise<void> {
    await this.iam.send(
      new CreateRoleCommand({
        RoleName: 'runner',
        AssumeRolePolicyDocument: trust('lambda.amazonaws.com'),
      }),
    );
    if (actions.length > 0) await this.allow(...actions);
  }

  async allow(...actions: string[]): Promise<void> {
    const Statement = [{ Effect: 'Allow', Action: actions, Resource: '*' }];
    const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
    await this.iam.send(new PutRolePolicyCommand({ RoleName: 'runner', PolicyName: 'does', PolicyDocument }));
  }

  /** Asks for a function. */
  create(
    name: string,
    manifest: string = '',
    more: Partial<CreateFunctionCommandInput> = {},
  ): Promise<FunctionConfiguration> {
    return this.lambda.send(
      new CreateFunctionCommand({
        FunctionName: name,
        Runtime: 'nodejs22.x',
        Handler: 'index.handler',
        Role: ROLE,
        Code: { ZipFile: packaged(manifest) },
        ...more,
      }),
    );
  }

  /** Asks for a function and waits until it is active. */
  async active(
    name: string,
    manifest: string = '',
    more: Partial<CreateFunctionCommandInput> = {},
  ): Promise<void> {
    await this.create(name, manifest, more);
    this.table.advance(10 * SECOND);
  }

  async update(name: string, manifest: string): Promise<void> {
    const ZipFile = packaged(manifest);
    await this.lambda.send(new UpdateFunctionCodeCommand({ FunctionName: name, ZipFile }));
    this.table.advance(10 * SECOND);
  }

  async publish(name: string): Promise<string> {
    const { Version } = await this.lambda.send(new PublishVersionCommand({ FunctionName: name }));
    return Version as string;
  }

  async configuration(name: string, Qualifier?: string): Promise<FunctionConfiguration> {
    const input = { FunctionName: name, ...(Qualifier === undefined ? {} : { Qualifier }) };
    const { Configuration } = await this.lambda.send(new GetFunctionCommand(input));
    return Configuration as FunctionConfiguration;
  }

  /** Invokes and lets time pass until the answer is there. */
  async invoke(
    FunctionName: string,
    event: unknown = {},
    more: Partial<InvokeCommandInput> = {},
    withinMs: number = MINUTE,
  ): Promise<Answered> {
    const asked = this.lambda.send(
      new InvokeCommand({ FunctionName, Payload: JSON.stringify(event), LogType: 'Tail', ...more }),
    );
    asked.catch(() => undefined);
    await settled();
    this.table.advance(withinMs);
    const { Payload, FunctionError, ExecutedVersion, LogResult = '' } = await asked;
    const text = Payload ? new TextDecoder().decode(Payload) : '';
    return {
      payload: text === '' ? undefined : (JSON.parse(text) as unknown),
      error: FunctionError,
      version: ExecutedVersion,
      log: new TextDecoder().decode(Uint8Array.from(atob(LogResult), (one) => one.charCodeAt(0))),
    };
  }

  async send(FunctionName: string, event: unknown = {}): Promise<number | undefined> {
    const { StatusCode } = await this.lambda.send(
      new InvokeCommand({ FunctionName, InvocationType: 'Event', Payload: JSON.stringify(event) }),
    );
    return StatusCode;
  }

  async queue(QueueName: string, Attributes: Record<string, string> = {}): Promise<void> {
    await this.sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
  }

  /** Takes what is in a queue. */
  async bodies(name: string): Promise<string[]> {
    const QueueUrl = queueUrl(name);
    const { Messages = [] } = await this.sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
    );
    for (const { ReceiptHandle } of Messages) {
      await this.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    }
    return Messages.map(({ Body }) => Body as string);
  }
}

export async function stand(...actions: string[]): Promise<Stand> {
  const made = new Stand();
  await made.role(...actions);
  return made;
}
