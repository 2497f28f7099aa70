// AWS CloudFormation: stacks that stand, change and fall as their templates say, by the public operations of other services.

import type { EffectHandler, Reconciler, Row, TimerHandler } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { provide } from '#cloud/port.ts';
import { customResources } from '#cloud/ports/stacks.ts';
import { defineService } from '#cloud/service.ts';
import type { Service } from '#cloud/service.ts';
import { changeSetPlanned } from './change-set-planning.ts';
import { changeSetOperations } from './change-sets.ts';
import { detections, driftDetected, driftOperations, drifts } from './drift.ts';
import { SERVICE } from './engine/principal.ts';
import { removalLife } from './engine/removal-life.ts';
import { resourceLife } from './engine/resource-life.ts';
import { stackLife } from './engine/stack-life.ts';
import { grantedToInstance } from './instance-identity.ts';
import { nested } from './nested-stacks.ts';
import { nestedStacks } from './nesting.ts';
import { operationEventOperations } from './operation-events.ts';
import { answer, customRequests, doors } from './responses.ts';
import {
  changeSets,
  eventCounts,
  exports,
  imports,
  remaining,
  removals,
  resources,
  signals,
  stackEvents,
  stacks,
  walks,
} from './rows.ts';
import { descriptionOperations } from './stack-descriptions.ts';
import { stackBy, stackOperations } from './stack-operations.ts';
import { templateOperations } from './templates.ts';
import { applications, macroDone, macros, samTranslated } from './transforms.ts';

/** The stack that a request names; one that is not there is found out by the operation. */
function arnOfStack(ctx: Ctx, name: string | undefined): string {
  if (name === undefined) return '*';
  return stackBy(ctx, name)?.id ?? ctx.arn('cloudformation', `stack/${name}/*`);
}

const ofStack = {
  resources: (ctx: Ctx, { StackName }: { StackName?: string | undefined }): string =>
    arnOfStack(ctx, StackName),
};

interface Conditioned {
  readonly StackName?: string | undefined;
  readonly TemplateURL?: string | undefined;
  readonly RoleARN?: string | undefined;
  readonly ResourceTypes?: readonly string[] | undefined;
  readonly StackPolicyURL?: string | undefined;
  readonly ChangeSetName?: string | undefined;
  readonly ResourcesToImport?: readonly { ResourceType?: string | undefined }[] | undefined;
  readonly Tags?: readonly { Key?: string | undefined; Value?: string | undefined }[] | undefined;
}

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudformation.html */
const conditioned = {
  ...ofStack,
  conditions(_: Ctx, input: Conditioned): Record<string, string | readonly string[]> {
    const {
      TemplateURL,
      RoleARN,
      ResourceTypes,
      StackPolicyURL,
      ChangeSetName,
      ResourcesToImport,
      Tags = [],
    } = input;
    const keys = Tags.map(({ Key = '' }) => Key);
    return {
      ...(TemplateURL !== undefined && { 'cloudformation:TemplateUrl': TemplateURL }),
      ...(RoleARN !== undefined && { 'cloudformation:RoleArn': RoleARN }),
      ...(ResourceTypes && { 'cloudformation:ResourceTypes': ResourceTypes }),
      ...(StackPolicyURL !== undefined && { 'cloudformation:StackPolicyUrl': StackPolicyURL }),
      ...(ChangeSetName !== undefined && { 'cloudformation:ChangeSetName': ChangeSetName }),
      ...(ResourcesToImport && {
        'cloudformation:ImportResourceTypes': ResourcesToImport.map(({ ResourceType = '' }) => ResourceType),
      }),
      ...(keys.length > 0 && { 'aws:TagKeys': keys }),
      ...Object.fromEntries(Tags.map(({ Key = '', Value = '' }) => [`aws:RequestTag/${Key}`, Value])),
    };
  },
  passes: (_: Ctx, { RoleARN }: Conditioned): { roleArn: string; service: string }[] =>
    RoleARN === undefined ? [] : [{ roleArn: RoleARN, service: SERVICE }],
};

export const service: Service = defineService({
  contract: 'cloudformation',
  tables: [
    stacks,
    resources,
    removals,
    walks,
    remaining,
    stackEvents,
    eventCounts,
    exports,
    imports,
    signals,
    changeSets,
    customRequests,
    detections,
    drifts,
    macros,
    applications,
  ],
  doors,
  granted: grantedToInstance,
  provides: [provide(nestedStacks, nested), provide(customResources, { answer })],
  operations: {
    ...stackOperations,
    ...descriptionOperations,
    ...templateOperations,
    ...changeSetOperations,
    ...driftOperations,
    ...operationEventOperations,
  },
  timers: [changeSetPlanned, driftDetected, macroDone] as readonly TimerHandler<unknown, Ctx>[],
  effects: [samTranslated] as readonly EffectHandler<unknown, unknown, Ctx>[],
  reconcilers: [stackLife, resourceLife, removalLife] as unknown as readonly Reconciler<Row, Ctx>[],
  refused: {
    CreateChangeSet: ['DeploymentMode'],
    GetTemplateSummary: ['StackSetName', 'CallAs', 'TemplateSummaryConfig'],
  },
  authorization: {
    CreateStack: conditioned,
    UpdateStack: conditioned,
    CreateChangeSet: conditioned,
    DeleteStack: conditioned,
    ExecuteChangeSet: conditioned,
    DeleteChangeSet: conditioned,
    DescribeChangeSet: conditioned,
    ContinueUpdateRollback: conditioned,
    RollbackStack: conditioned,
    SetStackPolicy: conditioned,
    CancelUpdateStack: ofStack,
    DescribeEvents: ofStack,
    DescribeStackEvents: ofStack,
    DescribeStackResource: ofStack,
    DescribeStackResources: ofStack,
    DescribeStacks: ofStack,
    GetStackPolicy: ofStack,
    GetTemplate: ofStack,
    GetTemplateSummary: ofStack,
    ListChangeSets: ofStack,
    ListStackResources: ofStack,
    SignalResource: ofStack,
    UpdateTerminationProtection: ofStack,
    DetectStackDrift: ofStack,
    DetectStackResourceDrift: ofStack,
    DescribeStackResourceDrifts: ofStack,
  },
  resourceConditions(ctx, arn) {
    const tags = ctx.get(stacks, arn)?.definition.tags ?? {};
    return Object.fromEntries(Object.entries(tags).map(([key, tag]) => [`aws:ResourceTag/${key}`, tag]));
  },
});
