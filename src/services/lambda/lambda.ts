// AWS Lambda: functions and their versions and aliases, who may invoke them, invocations at once and later, and event source
// mappings. What functions do is the business of the function host (`src/workloads/functions/`).

import type { TimerHandler } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { functionResults, functionRoutes } from '#cloud/ports/functions.ts';
import { provide } from '#cloud/port.ts';
import { defineService } from '#cloud/service.ts';
import type { Service } from '#cloud/service.ts';
import { codeDoors } from './code-door.ts';
import { mappingChanged, mappingOperations } from './event-source-mappings/event-source-mappings.ts';
import { batches, mappings } from './event-source-mappings/mapping-rows.ts';
import {
  dispatch,
  pollAgain,
  pollRefused,
  receive,
  windowOver,
} from './event-source-mappings/queue-poller.ts';
import { aliasOperations } from './functions/aliases.ts';
import { concurrencyOperations, runnings } from './functions/concurrency.ts';
import { environments, idled } from './functions/environments.ts';
import { functionOperations, settle } from './functions/functions.ts';
import { permissionOperations, policies, policyOf } from './functions/permissions.ts';
import { versionOperations } from './functions/versions.ts';
import { attempt, queuedEvents } from './invocations/asynchronous.ts';
import { eventInvokeConfigOperations, eventInvokeConfigs } from './invocations/event-invoke-configs.ts';
import { invocations } from './invocations/invocations.ts';
import { invokeOperations, refuse } from './invocations/invoke.ts';
import { layerVersionAt, layerVersions, layers, namedLayer } from './layers/layer.ts';
import { layerOperations } from './layers/layers.ts';
import { layerPermissionOperations } from './layers/permissions.ts';
import { named, qualifiedArn } from './names.ts';
import { results, silence } from './results.ts';
import { routes } from './routes.ts';
import { aliases, functions, PRINCIPAL, versions } from './rows.ts';
import { tagOperations } from './tags.ts';

/** IAM looks at the function, whatever the qualifier. */
const ofFunction = {
  resources: (ctx: Ctx, { FunctionName }: { FunctionName: string }): string => named(ctx, FunctionName).arn,
};
/** IAM looks at what is invoked: a version or an alias has an ARN of its own. */
const ofQualified = {
  resources: (
    ctx: Ctx,
    { FunctionName, Qualifier }: { FunctionName: string; Qualifier?: string | undefined },
  ): string => qualifiedArn(named(ctx, FunctionName, Qualifier)),
};
const ofMapping = {
  resources: (ctx: Ctx, { UUID }: { UUID: string }): string =>
    ctx.arn('lambda', `event-source-mapping:${UUID}`),
  /** The function that it is to call, or that it calls. */
  conditions(
    ctx: Ctx,
    { UUID, FunctionName }: { UUID: string; FunctionName?: string | undefined },
  ): Record<string, string> {
    const name = FunctionName ?? ctx.get(mappings, UUID)?.functionName;
    return name === undefined ? {} : { 'lambda:FunctionArn': named(ctx, name).arn };
  },
};
/** A number that is no version's is refused by the operation, not by IAM. */
const ofLayerVersion = {
  resources: (ctx: Ctx, { LayerName, VersionNumber }: { LayerName: string; VersionNumber: number }): string =>
    `${namedLayer(ctx, LayerName).arn}:${VersionNumber}`,
};
/** Whoever gives a function a layer must be allowed to read it. */
const readsLayers = ({
  Layers = [],
}: {
  Layers?: readonly string[] | undefined;
}): { action: string; resource: string }[] =>
  Layers.map((resource) => ({ action: 'lambda:GetLayerVersion', resource }));
const ofTagged = { resources: (_: Ctx, { Resource }: { Resource: string }): string => Resource };
const passesRole = (
  { account }: Ctx,
  { Role }: { Role?: string | undefined },
): { roleArn: string; service: string }[] => {
  if (Role === undefined) return [];
  if (Role.split(':')[4] !== account)
    throw new Fault('AccessDeniedException', 'Cross-account pass role is not allowed.');
  return [{ roleArn: Role, service: PRINCIPAL }];
};

/** https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html: policies may confine functions to networks. */
const placed = (
  _: Ctx,
  {
    VpcConfig,
    Layers,
  }: {
    Layers?: readonly string[] | undefined;
    VpcConfig?:
      | { SubnetIds?: readonly string[] | undefined; SecurityGroupIds?: readonly string[] | undefined }
      | undefined;
  },
): Record<string, readonly string[]> => ({
  ...(VpcConfig?.SubnetIds && { 'lambda:SubnetIds': VpcConfig.SubnetIds }),
  ...(VpcConfig?.SecurityGroupIds && { 'lambda:SecurityGroupIds': VpcConfig.SecurityGroupIds }),
  ...(Layers && { 'lambda:Layer': Layers }),
});

const UNMODELLED_SETTINGS = [
  'KMSKeyArn',
  'FileSystemConfigs',
  'ImageConfig',
  'CapacityProviderConfig',
  'DurableConfig',
] as const;
/** Of sources other than queues. */
const UNMODELLED_MAPPING = [
  'DestinationConfig',
  'MaximumRecordAgeInSeconds',
  'BisectBatchOnFunctionError',
  'MaximumRetryAttempts',
  'ParallelizationFactor',
  'TumblingWindowInSeconds',
  'SourceAccessConfigurations',
  'AmazonManagedKafkaEventSourceConfig',
  'SelfManagedKafkaEventSourceConfig',
  'DocumentDBEventSourceConfig',
  'KMSKeyArn',
  'MetricsConfig',
  'LoggingConfig',
  'ProvisionedPollerConfig',
] as const;

export const service: Service = defineService({
  contract: 'lambda',
  tables: [
    functions,
    versions,
    aliases,
    layers,
    layerVersions,
    policies,
    runnings,
    environments,
    invocations,
    queuedEvents,
    eventInvokeConfigs,
    mappings,
    batches,
  ],
  operations: {
    ...functionOperations,
    ...versionOperations,
    ...aliasOperations,
    ...permissionOperations,
    ...layerOperations,
    ...layerPermissionOperations,
    ...concurrencyOperations,
    ...invokeOperations,
    ...eventInvokeConfigOperations,
    ...mappingOperations,
    ...tagOperations,
  },
  timers: [
    settle,
    idled,
    silence,
    refuse,
    attempt,
    mappingChanged,
    pollAgain,
    pollRefused,
    receive,
    windowOver,
    dispatch,
  ] as readonly TimerHandler<unknown, Ctx>[],
  provides: [provide(functionResults, results), provide(functionRoutes, routes)],
  doors: codeDoors,
  authorization: {
    CreateFunction: {
      ...ofFunction,
      conditions: placed,
      passes: passesRole,
      further: (ctx, input) => [
        ...readsLayers(input),
        ...(Object.keys(input.Tags ?? {}).length > 0
          ? [{ action: 'lambda:TagResource', resource: named(ctx, input.FunctionName).arn }]
          : []),
      ],
    },
    UpdateFunctionConfiguration: {
      ...ofFunction,
      conditions: placed,
      passes: passesRole,
      further: (_, input) => readsLayers(input),
    },
    UpdateFunctionCode: ofFunction,
    GetFunction: ofQualified,
    GetFunctionConfiguration: ofQualified,
    DeleteFunction: ofQualified,
    PublishVersion: ofFunction,
    ListVersionsByFunction: ofFunction,
    CreateAlias: ofFunction,
    UpdateAlias: ofFunction,
    GetAlias: ofFunction,
    ListAliases: ofFunction,
    DeleteAlias: ofFunction,
    AddPermission: {
      ...ofQualified,
      conditions: (_, { Principal }) => ({ 'lambda:Principal': Principal }),
    },
    RemovePermission: ofQualified,
    GetPolicy: ofQualified,
    PublishLayerVersion: { resources: (ctx, { LayerName }) => namedLayer(ctx, LayerName).arn },
    GetLayerVersion: ofLayerVersion,
    GetLayerVersionByArn: {
      actions: ['lambda:GetLayerVersion'],
      resources: (ctx, { Arn }) => layerVersionAt(ctx, Arn).versionArn,
    },
    DeleteLayerVersion: ofLayerVersion,
    AddLayerVersionPermission: ofLayerVersion,
    GetLayerVersionPolicy: ofLayerVersion,
    RemoveLayerVersionPermission: ofLayerVersion,
    PutFunctionConcurrency: ofFunction,
    GetFunctionConcurrency: ofFunction,
    DeleteFunctionConcurrency: ofFunction,
    GetFunctionCodeSigningConfig: ofFunction,
    Invoke: { actions: ['lambda:InvokeFunction'], ...ofQualified },
    PutFunctionEventInvokeConfig: ofQualified,
    UpdateFunctionEventInvokeConfig: ofQualified,
    GetFunctionEventInvokeConfig: ofQualified,
    DeleteFunctionEventInvokeConfig: ofQualified,
    ListFunctionEventInvokeConfigs: ofFunction,
    CreateEventSourceMapping: {
      conditions: (ctx, { FunctionName }) => ({ 'lambda:FunctionArn': named(ctx, FunctionName).arn }),
    },
    UpdateEventSourceMapping: ofMapping,
    GetEventSourceMapping: ofMapping,
    DeleteEventSourceMapping: ofMapping,
    TagResource: ofTagged,
    UntagResource: ofTagged,
    ListTags: ofTagged,
  },
  resourcePolicy: policyOf,
  resourceConditions(ctx, arn) {
    const [, , , region = '', account = '', kind, name = ''] = arn.split(':');
    const owner = ctx.in({ region: region || ctx.region, account: account || ctx.account });
    const { tags = {} } =
      (kind === 'function' ? owner.get(functions, name) : owner.get(mappings, name)) ?? {};
    return Object.fromEntries(Object.entries(tags).map(([key, tag]) => [`aws:ResourceTag/${key}`, tag]));
  },
  // Lambda has its own words for runtimes.
  tolerates: (_, { constraint, members: [name] }) => constraint === 'enum' && name === 'Runtime',
  refused: {
    CreateFunction: [
      ...UNMODELLED_SETTINGS,
      'Code.ImageUri',
      'Code.SourceKMSKeyArn',
      'CodeSigningConfigArn',
      'PublishTo',
      'TenancyConfig',
    ],
    UpdateFunctionConfiguration: UNMODELLED_SETTINGS,
    UpdateFunctionCode: ['ImageUri', 'SourceKMSKeyArn', 'PublishTo'],
    PublishVersion: ['PublishTo'],
    ListFunctions: ['MasterRegion'],
    AddPermission: ['EventSourceToken', 'FunctionUrlAuthType', 'InvokedViaFunctionUrl'],
    Invoke: ['DurableExecutionName', 'TenantId'],
    CreateEventSourceMapping: [
      ...UNMODELLED_MAPPING,
      'StartingPosition',
      'StartingPositionTimestamp',
      'Topics',
      'Queues',
      'SelfManagedEventSource',
    ],
    UpdateEventSourceMapping: UNMODELLED_MAPPING,
  },
});
