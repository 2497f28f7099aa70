// The configuration of a function: what requests may set, what AWS checks, and how it is shown.
// https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html

import { hex } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import { formatIso } from '#contract/protocols/timestamp.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { notModelled } from '#cloud/refuse.ts';
import { checkSize, layersOf } from '../layers/of-functions.ts';
import { invalid } from '../names.ts';
import { networkOf } from '../network.ts';
import { LATEST } from '../rows.ts';
import type { Configuration, Logging, Version } from '../rows.ts';
import { roleMay } from './execution-role.ts';
import { checkRuntime, runtimeVersionArn, runtimeVersionOf } from './runtimes.ts';

/** What CreateFunction and UpdateFunctionConfiguration have in common. */
type Settings = Omit<Input<'lambda', 'UpdateFunctionConfiguration'>, 'FunctionName'>;
type Wire = Output<'lambda', 'GetFunctionConfiguration'>;

const LONGEST_TIMEOUT = 900;
const LARGEST_MEMORY = 10_240;
/** Bytes of all environment variables together, as JSON. */
const LARGEST_ENVIRONMENT = 4096;

/** Defined by Lambda itself; https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html */
const RESERVED_VARIABLES = new Set([
  '_HANDLER',
  '_X_AMZN_TRACE_ID',
  'AWS_DEFAULT_REGION',
  'AWS_REGION',
  'AWS_EXECUTION_ENV',
  'AWS_LAMBDA_FUNCTION_NAME',
  'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
  'AWS_LAMBDA_FUNCTION_VERSION',
  'AWS_LAMBDA_INITIALIZATION_TYPE',
  'AWS_LAMBDA_LOG_GROUP_NAME',
  'AWS_LAMBDA_LOG_STREAM_NAME',
  'AWS_ACCESS_KEY',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_LAMBDA_RUNTIME_API',
  'LAMBDA_TASK_ROOT',
  'LAMBDA_RUNTIME_DIR',
]);

/** What a function has of which the request says nothing. */
const DEFAULTS = {
  description: '',
  timeoutSeconds: 3,
  memoryMb: 128,
  storageMb: 512,
  architectures: ['x86_64'],
} as const;

export function initial(
  functionName: string,
  given: Pick<Configuration, 'runtime' | 'handler' | 'role' | 'code'>,
): Configuration {
  return { ...DEFAULTS, ...given, logging: { format: 'Text', group: `/aws/lambda/${functionName}` } };
}

/** The configuration with what a request changes of it. */
export function changed(
  ctx: Ctx,
  functionName: string,
  before: Configuration,
  given: Settings,
): Configuration {
  refuseUnmodelled(given);
  const { Runtime, Timeout, MemorySize, Environment, DeadLetterConfig } = given;
  if (Runtime !== undefined) checkRuntime(Runtime);
  if (Timeout !== undefined && Timeout > LONGEST_TIMEOUT) {
    throw invalid(
      `1 validation error detected: Value '${Timeout}' at 'timeout' failed to satisfy constraint: ` +
        `Member must have value less than or equal to ${LONGEST_TIMEOUT}`,
    );
  }
  if (MemorySize !== undefined && MemorySize > LARGEST_MEMORY) {
    throw invalid(
      `'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to ${LARGEST_MEMORY}`,
    );
  }
  const variables = Environment && (Environment.Variables ?? {});
  if (variables) checkVariables(variables);
  const { deadLetterArn, network, layers: had = [], ...rest } = before;
  const layers = given.Layers ? layersOf(ctx, given.Layers) : had;
  checkSize(ctx, before.code, layers);
  const role = given.Role ?? before.role;
  const runtime = Runtime ?? before.runtime;
  const target = DeadLetterConfig ? DeadLetterConfig.TargetArn || undefined : deadLetterArn;
  if (DeadLetterConfig && target !== undefined) checkDeadLetters(ctx, { role, functionName }, target);
  const placed = given.VpcConfig
    ? networkOf(ctx, { role, functionName }, given.VpcConfig)
    : network && { network };
  return {
    ...rest,
    role,
    runtime,
    runtimeVersion: runtimeVersionOf(ctx, runtime),
    handler: given.Handler ?? before.handler,
    description: given.Description ?? before.description,
    timeoutSeconds: Timeout ?? before.timeoutSeconds,
    memoryMb: MemorySize ?? before.memoryMb,
    storageMb: given.EphemeralStorage?.Size ?? before.storageMb,
    logging: given.LoggingConfig ? loggingOf(functionName, given.LoggingConfig) : before.logging,
    ...(variables ? { environment: variables } : {}),
    ...(target === undefined ? {} : { deadLetterArn: target }),
    ...(layers.length > 0 ? { layers } : {}),
    ...placed,
  };
}

/** Members of which only the value that changes nothing is modelled. */
function refuseUnmodelled({ TracingConfig, SnapStart }: Settings): void {
  if (TracingConfig?.Mode === 'Active') {
    throw notModelled('lambda', 'CreateFunction', 'TracingConfig.Mode (Active)');
  }
  if (SnapStart?.ApplyOn === 'PublishedVersions') {
    throw notModelled('lambda', 'CreateFunction', 'SnapStart.ApplyOn (PublishedVersions)');
  }
}

function checkVariables(variables: Readonly<Record<string, string>>): void {
  const reserved = Object.keys(variables).filter((name) => RESERVED_VARIABLES.has(name));
  if (reserved.length > 0) {
    throw invalid(
      'Lambda was unable to configure your environment variables because the environment variables you have provided ' +
        'contains reserved keys that are currently not supported for modification. ' +
        `Reserved keys used in this request: ${reserved.join(', ')}`,
    );
  }
  const measured = JSON.stringify(variables);
  if (new TextEncoder().encode(measured).length > LARGEST_ENVIRONMENT) {
    throw invalid(
      'Lambda was unable to configure your environment variables because the environment variables you have provided ' +
        `exceeded the 4KB limit. String measured: ${measured}`,
    );
  }
}

function checkDeadLetters(ctx: Ctx, of: { role: string; functionName: string }, target: string): void {
  const service = target.split(':')[2];
  if (service !== 'sqs' && service !== 'sns') {
    throw invalid(`The provided dead letter target ${target} is neither an SQS queue nor an SNS topic.`);
  }
  const action = service === 'sqs' ? 'SendMessage' : 'Publish';
  if (roleMay(ctx, of, service, action, target)) return;
  throw invalid(
    `The provided execution role does not have permissions to call ${action} on ${service.toUpperCase()}`,
  );
}

/** https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-advanced.html */
function loggingOf(functionName: string, given: NonNullable<Settings['LoggingConfig']>): Logging {
  const { LogFormat: format = 'Text', LogGroup, ApplicationLogLevel, SystemLogLevel } = given;
  const group = LogGroup ?? `/aws/lambda/${functionName}`;
  if (format === 'Text') {
    if (ApplicationLogLevel === undefined && SystemLogLevel === undefined) return { format, group };
    throw invalid('To use ApplicationLogLevel or SystemLogLevel, you must set LogFormat to JSON.');
  }
  return {
    format,
    group,
    applicationLevel: ApplicationLogLevel ?? 'INFO',
    systemLevel: SystemLogLevel ?? 'INFO',
  };
}

/** What publishing compares: a hash of everything that a version fixes. */
export function hashOf(ctx: Ctx, configuration: Configuration): string {
  return hex(ctx.kernel.primitives.sha256(JSON.stringify(configuration)));
}

/** As lists of functions and versions show it: without its state. */
export function listed(version: Version, arn: string): Wire {
  const { configuration } = version;
  const { environment, deadLetterArn, layers, logging, network } = configuration;
  const { applicationLevel, systemLevel } = logging;
  return {
    FunctionName: version.functionName,
    FunctionArn: arn,
    Runtime: configuration.runtime as Wire['Runtime'],
    Role: configuration.role,
    Handler: configuration.handler,
    CodeSize: configuration.code.sizeBytes,
    Description: configuration.description,
    Timeout: configuration.timeoutSeconds,
    MemorySize: configuration.memoryMb,
    LastModified: formatIso(version.modifiedAt).replace('Z', '+0000'),
    CodeSha256: configuration.code.sha256,
    Version: version.version,
    PackageType: 'Zip',
    TracingConfig: { Mode: 'PassThrough' },
    RevisionId: version.revisionId,
    Architectures: configuration.architectures as Wire['Architectures'],
    EphemeralStorage: { Size: configuration.storageMb },
    SnapStart: { ApplyOn: 'None', OptimizationStatus: 'Off' },
    LoggingConfig: {
      LogFormat: logging.format,
      LogGroup: logging.group,
      ...(applicationLevel === undefined
        ? {}
        : { ApplicationLogLevel: applicationLevel as never, SystemLogLevel: systemLevel as never }),
    },
    ...(environment ? { Environment: { Variables: environment } } : {}),
    ...(deadLetterArn === undefined ? {} : { DeadLetterConfig: { TargetArn: deadLetterArn } }),
    ...(layers && { Layers: layers.map(({ arn, sizeBytes }) => ({ Arn: arn, CodeSize: sizeBytes })) }),
    ...(network
      ? {
          VpcConfig: {
            VpcId: network.vpcId,
            SubnetIds: network.subnetIds,
            SecurityGroupIds: network.securityGroupIds,
            Ipv6AllowedForDualStack: network.ipv6 ?? false,
          },
        }
      : {}),
  };
}

/** As it is shown alone: with its state. */
export function described(version: Version, arn: string): Wire {
  const { active, update } = version;
  const { runtimeVersion } = version.configuration;
  const creating = { StateReason: 'The function is being created.', StateReasonCode: 'Creating' } as const;
  // AWS answers a code here that its own model does not list.
  const updating = {
    LastUpdateStatusReason: 'The function is being created.',
    LastUpdateStatusReasonCode: 'Creating' as never,
  };
  return {
    ...listed(version, arn),
    ...(runtimeVersion === undefined
      ? {}
      : { RuntimeVersionConfig: { RuntimeVersionArn: runtimeVersionArn(arn, runtimeVersion) } }),
    State: active ? 'Active' : 'Pending',
    ...(active ? {} : creating),
    ...(update === undefined ? {} : { LastUpdateStatus: update }),
    ...(update === 'InProgress' ? updating : {}),
  };
}

/** Versions are shown with their number in the ARN; `$LATEST` only where the request asked for it so. */
export function arnOf(functionArn: string, version: Version, qualifier?: string): string {
  if (qualifier !== undefined) return `${functionArn}:${qualifier}`;
  return version.version === LATEST ? functionArn : `${functionArn}:${version.version}`;
}

/** Updates wait for each other; https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html */
export function checkSettled(version: Version, functionArn: string): void {
  const problem = version.active
    ? version.update === 'InProgress' && `An update is in progress for resource: ${functionArn}`
    : 'The function is currently in the following state: Pending';
  if (!problem) return;
  throw new Fault('ResourceConflictException', `The operation cannot be performed at this time. ${problem}`, {
    fields: { Type: 'User' },
  });
}
