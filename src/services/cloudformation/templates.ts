// Operations that look at templates without making anything.

import { Fault } from '#contract/fault.ts';
import { loadResourceType } from '#contract/load.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { changeSetNamed } from './change-sets.ts';
import { checkPublished, declaresTransforms } from './definition.ts';
import { changeSets } from './rows.ts';
import type { Definition, Stack } from './rows.ts';
import { stackBy } from './stack-operations.ts';
import { templateText } from './stored-text.ts';
import { invalid } from './template/faults.ts';
import { readTemplate } from './template/read.ts';
import { summaryOf } from './template/summary.ts';
import type { TemplateSummary } from './template/summary.ts';
import type { ParameterDeclaration, Template } from './template/template.ts';

type SummaryParameter = NonNullable<Output<'cloudformation', 'GetTemplateSummary'>['Parameters']>[number];

function describeParameter(declared: ParameterDeclaration): SummaryParameter {
  const { name, type, default: DefaultValue, noEcho, description, allowedValues } = declared;
  // Of a parameter's constraints the answer has the allowed values alone.
  const constraints = { ...(allowedValues && { AllowedValues: allowedValues }) };
  return {
    ParameterKey: name,
    ...(DefaultValue !== undefined && { DefaultValue }),
    ParameterType: type,
    NoEcho: noEcho,
    ...(description !== undefined && { Description: description }),
    ParameterConstraints: constraints,
  };
}

function read(text: string): Template {
  const template = readTemplate(text);
  checkPublished(template);
  return template;
}

export const templateOperations: Operations<'cloudformation'> = {
  ValidateTemplate(ctx, input) {
    const template = read(templateText(ctx, input, ctx.principal));
    const summary = summaryOf(template);
    return {
      Parameters: summary.parameters.map(({ name, default: value, noEcho, description }) => ({
        ParameterKey: name,
        ...(value !== undefined && { DefaultValue: value }),
        NoEcho: noEcho,
        ...(description !== undefined && { Description: description }),
      })),
      ...(summary.description !== undefined && { Description: summary.description }),
      ...demandsOf(summary),
    };
  },

  GetTemplateSummary(ctx, input) {
    const summary = summaryOf(read(summaryText(ctx, input)));
    return {
      Parameters: summary.parameters.map(describeParameter),
      ...(summary.description !== undefined && { Description: summary.description }),
      ...demandsOf(summary),
      ResourceTypes: summary.resourceTypes,
      Version: summary.version,
      ...(summary.metadata !== undefined && { Metadata: summary.metadata }),
      ResourceIdentifierSummaries: summary.resourceIdentifiers.map(({ type, logicalIds }) => ({
        ResourceType: type,
        LogicalResourceIds: logicalIds,
        ...identifiersOf(type),
      })),
    };
  },

  GetTemplate(ctx, { StackName, ChangeSetName, TemplateStage = 'Original' }) {
    const definition = definitionOf(ctx, StackName, ChangeSetName);
    const text = textIn(ctx, definition.templateBlob);
    const body =
      TemplateStage === 'Processed' && declaresTransforms(ctx, definition)
        ? textIn(ctx, definition.processedBlob)
        : text;
    return { TemplateBody: body, StagesAvailable: ['Original', 'Processed'] };
  },
};

/** What a template asks of whoever uses it; nothing is told of what it does not ask for. */
function demandsOf({
  capabilities,
  capabilitiesReason,
  declaredTransforms,
}: TemplateSummary): Partial<Output<'cloudformation', 'GetTemplateSummary'>> {
  return {
    ...(capabilities.length > 0 && { Capabilities: capabilities }),
    ...(capabilitiesReason !== undefined && { CapabilitiesReason: capabilitiesReason }),
    ...(declaredTransforms.length > 0 && { DeclaredTransforms: declaredTransforms }),
  };
}

/** By what resources of a type are imported. Types of nobody's registry have nothing. */
function identifiersOf(type: string): { ResourceIdentifiers?: readonly string[] } {
  const identifiers = loadResourceType(type)?.identifier ?? [];
  return identifiers.length === 0 ? {} : { ResourceIdentifiers: identifiers };
}

function textIn(ctx: Ctx, blob: string): string {
  return new TextDecoder().decode(ctx.blob(blob));
}

function definitionOf(
  ctx: Ctx,
  stackName: string | undefined,
  changeSetName: string | undefined,
): Definition {
  if (changeSetName !== undefined) {
    const byId = changeSetName.startsWith('arn:');
    if (!byId && stackName === undefined) throw invalid('StackName is a required parameter.');
    const stack = stackName === undefined ? undefined : stackBy(ctx, stackName);
    const found = byId
      ? ctx.get(changeSets, changeSetName)
      : stack && changeSetNamed(ctx.list(changeSets, 'stack', stack.id), changeSetName);
    if (!found) throw new Fault('ChangeSetNotFoundException', `ChangeSet [${changeSetName}] does not exist`);
    return found.definition;
  }
  if (stackName === undefined) throw invalid('StackName is required if ChangeSetName is not specified.');
  return known(ctx, stackName).definition;
}

function known(ctx: Ctx, nameOrId: string): Stack {
  const stack = stackBy(ctx, nameOrId);
  if (!stack) throw invalid(`Stack with id ${nameOrId} does not exist`);
  return stack;
}

function summaryText(ctx: Ctx, input: Input<'cloudformation', 'GetTemplateSummary'>): string {
  const { StackName, TemplateBody, TemplateURL } = input;
  if (StackName !== undefined && (TemplateBody !== undefined || TemplateURL !== undefined))
    throw invalid('Only one of StackName, TemplateBody or TemplateURL can be specified.');
  if (StackName === undefined) return templateText(ctx, input, ctx.principal);
  const { status, definition } = known(ctx, StackName);
  if (status === 'REVIEW_IN_PROGRESS')
    throw invalid('GetTemplateSummary cannot be called on REVIEW_IN_PROGRESS stacks.');
  return textIn(ctx, definition.templateBlob);
}
