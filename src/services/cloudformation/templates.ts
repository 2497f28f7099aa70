// Operations that look at templates without making anything.

import type { Input, Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { checkPublished, templateText } from './definition.ts';
import { changeSets } from './rows.ts';
import type { Definition } from './rows.ts';
import { stackBy } from './stack-operations.ts';
import { invalid } from './template/faults.ts';
import { readTemplate } from './template/read.ts';
import { summaryOf } from './template/summary.ts';
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
      Capabilities: summary.capabilities,
      ...(summary.capabilitiesReason !== undefined && { CapabilitiesReason: summary.capabilitiesReason }),
      DeclaredTransforms: summary.declaredTransforms,
    };
  },

  GetTemplateSummary(ctx, input) {
    const summary = summaryOf(read(summaryText(ctx, input)));
    return {
      Parameters: summary.parameters.map(describeParameter),
      ...(summary.description !== undefined && { Description: summary.description }),
      Capabilities: summary.capabilities,
      ...(summary.capabilitiesReason !== undefined && { CapabilitiesReason: summary.capabilitiesReason }),
      ResourceTypes: summary.resourceTypes,
      Version: summary.version,
      ...(summary.metadata !== undefined && { Metadata: summary.metadata }),
      DeclaredTransforms: summary.declaredTransforms,
    };
  },

  GetTemplate(ctx, { StackName, ChangeSetName, TemplateStage = 'Original' }) {
    const definition = definitionOf(ctx, StackName, ChangeSetName);
    const text = textIn(ctx, definition.templateBlob);
    const body =
      TemplateStage === 'Processed' && hasTransforms(text) ? textIn(ctx, definition.processedBlob) : text;
    return { TemplateBody: body, StagesAvailable: ['Original', 'Processed'] };
  },
};

function hasTransforms(text: string): boolean {
  return readTemplate(text).declaredTransforms.length > 0;
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
    const stack = stackName === undefined ? undefined : stackBy(ctx, stackName);
    const found = changeSetName.startsWith('arn:')
      ? ctx.get(changeSets, changeSetName)
      : stack && ctx.list(changeSets, 'stack', stack.id).find(({ name }) => name === changeSetName);
    if (!found) throw invalid(`ChangeSet [${changeSetName}] does not exist`);
    return found.definition;
  }
  const stack = stackName === undefined ? undefined : stackBy(ctx, stackName);
  if (!stack) throw invalid(`Stack with id ${stackName ?? ''} does not exist`);
  return stack.definition;
}

function summaryText(ctx: Ctx, input: Input<'cloudformation', 'GetTemplateSummary'>): string {
  const { StackName, TemplateBody, TemplateURL } = input;
  if (StackName !== undefined && (TemplateBody !== undefined || TemplateURL !== undefined))
    throw invalid('Only one of StackName, TemplateBody or TemplateURL can be specified.');
  if (StackName === undefined) return templateText(ctx, input, ctx.principal);
  return textIn(ctx, definitionOf(ctx, StackName, undefined).templateBlob);
}
