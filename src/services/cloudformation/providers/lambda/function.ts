// AWS::Lambda::Function.

import type { Input } from '#cloud/contracts.ts';
import { handlerFailure, provider } from '../provider.ts';
import type { Progress, Properties, Provider, Work } from '../provider.ts';
import { retag } from '../tagging.ts';
import { inlinePackage } from './inline-code.ts';

type FunctionWork = Work<'AWS::Lambda::Function'>;
type Settings = Omit<Input<'lambda', 'UpdateFunctionConfiguration'>, 'FunctionName'>;
type Code = Pick<
  Input<'lambda', 'CreateFunction'>['Code'],
  'ZipFile' | 'S3Bucket' | 'S3Key' | 'S3ObjectVersion'
>;

const LONGEST = 64;

function codeOf(work: FunctionWork): Code {
  const { Code: code, Runtime = '' } = work.properties;
  const { ZipFile, S3Bucket, S3Key, S3ObjectVersion } = code;
  if (ZipFile === undefined) return { S3Bucket, S3Key, S3ObjectVersion };
  const zip = inlinePackage(Runtime, ZipFile);
  if (zip) return { ZipFile: zip };
  throw handlerFailure(work, 'ZipFile can only be used when Runtime is set to either of nodejs or python.');
}

/** What the update of a setting that the template no longer gives falls back to. */
function fallbacks(name: string): Settings {
  return {
    Description: '',
    Timeout: 3,
    MemorySize: 128,
    Environment: { Variables: {} },
    EphemeralStorage: { Size: 512 },
    DeadLetterConfig: { TargetArn: '' },
    LoggingConfig: { LogFormat: 'Text', LogGroup: `/aws/lambda/${name}` },
    TracingConfig: { Mode: 'PassThrough' },
    VpcConfig: { SubnetIds: [], SecurityGroupIds: [] },
    Layers: [],
  };
}

const SETTINGS = [
  'Description',
  'Timeout',
  'MemorySize',
  'Environment',
  'EphemeralStorage',
  'DeadLetterConfig',
  'LoggingConfig',
  'TracingConfig',
  'VpcConfig',
  'Handler',
  'Role',
  'Runtime',
  'SnapStart',
  'Layers',
] as const;

function settingsOf(properties: Properties<'AWS::Lambda::Function'>): Settings {
  const given = SETTINGS.flatMap((name) =>
    properties[name] === undefined ? [] : [[name, properties[name]]],
  );
  return Object.fromEntries(given) as Settings;
}

/** Changes the settings that differ. Lambda takes no second change while one is in progress. */
function configure(work: FunctionWork): void {
  const changed = SETTINGS.filter((name) => work.changed(name));
  const next: Readonly<Record<string, unknown>> = {
    ...fallbacks(work.physicalId),
    ...settingsOf(work.properties),
  };
  const change = Object.fromEntries(changed.map((name) => [name, next[name]]));
  work.call('lambda', 'UpdateFunctionConfiguration', { FunctionName: work.physicalId, ...change });
}

function reserve(work: FunctionWork, FunctionName: string): void {
  const { ReservedConcurrentExecutions } = work.properties;
  if (ReservedConcurrentExecutions !== undefined) {
    work.call('lambda', 'PutFunctionConcurrency', { FunctionName, ReservedConcurrentExecutions });
  } else if (work.previous?.ReservedConcurrentExecutions !== undefined) {
    work.call('lambda', 'DeleteFunctionConcurrency', { FunctionName });
  }
}

function arnOf({ ctx, physicalId }: FunctionWork): string {
  return ctx.arn('lambda', `function:${physicalId}`);
}

function stands(work: FunctionWork): Progress {
  const input = { FunctionName: work.physicalId };
  const { State, LastUpdateStatus } = work.call('lambda', 'GetFunctionConfiguration', input);
  if (State !== 'Active' || LastUpdateStatus !== 'Successful') return { again: 0 };
  if (work.memory['configure'] !== true) return 'done';
  work.remember({ configure: false });
  configure(work);
  return { again: 0 };
}

export const lambdaFunction: Provider = provider({
  type: 'AWS::Lambda::Function',
  refused: [
    'CapacityProviderConfig',
    'Code.ImageUri',
    'Code.S3ObjectStorageMode',
    'Code.SourceKMSKeyArn',
    'CodeSigningConfigArn',
    'DurableConfig',
    'FileSystemConfigs',
    'FunctionScalingConfig',
    'ImageConfig',
    'KmsKeyArn',
    'PublishToLatestPublished',
    'RecursiveLoop',
    'RuntimeManagementConfig',
    'TenancyConfig',
  ],
  passedOn: [
    'DeadLetterConfig',
    'Environment',
    'EphemeralStorage',
    'LoggingConfig',
    'SnapStart',
    'TracingConfig',
    'VpcConfig',
  ],
  create(work) {
    const { properties } = work;
    const { FunctionName: given, Role, Architectures, PackageType, Tags } = properties;
    const FunctionName = given ?? work.name({ longest: LONGEST });
    type Create = Input<'lambda', 'CreateFunction'>;
    work.call('lambda', 'CreateFunction', {
      ...settingsOf(properties),
      FunctionName,
      Role,
      Code: codeOf(work),
      Architectures: Architectures as Create['Architectures'],
      PackageType: PackageType as Create['PackageType'],
      Tags: work.tagMap(Tags),
    });
    reserve(work, FunctionName);
    return FunctionName;
  },
  stands,
  update(work) {
    const FunctionName = work.physicalId;
    const inline = work.properties.Code.ZipFile !== undefined;
    const recoded = work.changed('Code', 'Architectures') || (inline && work.changed('Runtime'));
    const reset = SETTINGS.some((name) => work.changed(name));
    if (recoded) {
      const Architectures = work.properties.Architectures as Input<
        'lambda',
        'UpdateFunctionCode'
      >['Architectures'];
      work.call('lambda', 'UpdateFunctionCode', { FunctionName, ...codeOf(work), Architectures });
      work.remember({ configure: reset });
    } else if (reset) configure(work);
    if (work.changed('ReservedConcurrentExecutions')) reserve(work, FunctionName);
    retag(work, 'lambda', arnOf(work));
  },
  delete(work) {
    work.find('lambda', 'DeleteFunction', { FunctionName: work.physicalId });
  },
  attributes: (work) => ({ Arn: arnOf(work) }),
  read(work) {
    const FunctionName = work.physicalId;
    const found = work.find('lambda', 'GetFunction', { FunctionName });
    const configuration = found?.Configuration;
    if (!configuration) return undefined;
    const { VpcId: _, ...VpcConfig } = configuration.VpcConfig ?? {};
    const Layers = configuration.Layers?.map(({ Arn }) => Arn);
    const shown: Readonly<Record<string, unknown>> = { ...configuration, VpcConfig, Layers };
    const settings = SETTINGS.map((name) => [name, shown[name]]);
    return {
      ...(Object.fromEntries(settings) as ReturnType<NonNullable<Provider['read']>>),
      FunctionName,
      Architectures: configuration.Architectures,
      PackageType: configuration.PackageType,
      ReservedConcurrentExecutions: found?.Concurrency?.ReservedConcurrentExecutions,
    };
  },
});
