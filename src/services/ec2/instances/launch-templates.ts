// Launch templates: named, numbered sets of launch parameters.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import { pageOf } from '#cloud/pagination.ts';
import { principalName } from '#cloud/principal.ts';
import type { Operations } from '#cloud/service.ts';
import { filtered } from '../filters.ts';
import { listed, malformedTemplateName, missing, notTogether, once, unmodelled } from '../requests.ts';
import { removeTagsOf, tagCreated, tagsOf, tagsShown } from '../tags.ts';

export type LaunchTemplateData = Input<'ec2', 'CreateLaunchTemplate'>['LaunchTemplateData'];
type WireTemplate = NonNullable<Output<'ec2', 'CreateLaunchTemplate'>['LaunchTemplate']>;
type WireVersion = NonNullable<Output<'ec2', 'CreateLaunchTemplateVersion'>['LaunchTemplateVersion']>;

export interface LaunchTemplate {
  templateId: string;
  name: string;
  createdAt: number;
  createdBy: string;
  defaultVersion: number;
  latestVersion: number;
}
export const launchTemplates: Table<LaunchTemplate> = table<LaunchTemplate>(
  'ec2/launch-templates',
  (row) => row.templateId,
  {
    name: (row) => row.name,
  },
);

export interface LaunchTemplateVersion {
  templateId: string;
  number: number;
  description?: string;
  data: LaunchTemplateData;
  createdAt: number;
  createdBy: string;
}
export const launchTemplateVersions: Table<LaunchTemplateVersion> = table<LaunchTemplateVersion>(
  'ec2/launch-template-versions',
  (row) => versionKey(row.templateId, row.number),
  { template: (row) => row.templateId },
);

/** Keys sort by number. */
function versionKey(templateId: string, number: number): string {
  return `${templateId} ${String(number).padStart(8, '0')}`;
}

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplate.html */
const NAME = /^[a-zA-Z0-9().\-/_]{3,128}$/;

interface TemplateName {
  readonly LaunchTemplateId?: string | undefined;
  readonly LaunchTemplateName?: string | undefined;
}

/** The template that a request names by id or by name. */
export function templateOf(ctx: Ctx, { LaunchTemplateId, LaunchTemplateName }: TemplateName): LaunchTemplate {
  if (LaunchTemplateId !== undefined && LaunchTemplateName !== undefined)
    throw notTogether('launchTemplateId', 'launchTemplateName');
  if (LaunchTemplateId !== undefined) return templateWithId(ctx, LaunchTemplateId);
  if (LaunchTemplateName === undefined) throw missing('launch template ID or launch template name');
  const found = ctx.list(launchTemplates, 'name', LaunchTemplateName)[0];
  if (found) return found;
  throw new Fault(
    'InvalidLaunchTemplateName.NotFoundException',
    `The specified launch template, with template name ${LaunchTemplateName}, does not exist.`,
  );
}

function templateWithId(ctx: Ctx, id: string): LaunchTemplate {
  const found = ctx.get(launchTemplates, id);
  if (found) return found;
  if (!/^lt-[0-9a-f]{17}$/.test(id))
    throw new Fault('InvalidLaunchTemplateId.Malformed', `Invalid id: "${id}" (expecting "lt-...")`);
  throw new Fault(
    'InvalidLaunchTemplateId.NotFound',
    `The specified launch template, with template ID ${id}, does not exist.`,
  );
}

/** A version by number, `$Latest` or `$Default`; the default version where nothing is said. */
export function versionOf(
  ctx: Ctx,
  template: LaunchTemplate,
  version: string = '$Default',
): LaunchTemplateVersion {
  const { templateId, defaultVersion, latestVersion } = template;
  const number = { $Default: defaultVersion, $Latest: latestVersion }[version] ?? Number(version);
  const found = Number.isInteger(number)
    ? ctx.get(launchTemplateVersions, versionKey(templateId, number))
    : undefined;
  if (found) return found;
  if (!Number.isInteger(number)) {
    throw new Fault(
      'InvalidLaunchTemplateId.VersionMalformed',
      `Launch template version ${version} is malformed.`,
    );
  }
  throw new Fault(
    'InvalidLaunchTemplateId.VersionNotFound',
    `Could not find the specified version ${version} for the launch template with ID ${templateId}.`,
  );
}

function describe(ctx: Ctx, template: LaunchTemplate): WireTemplate {
  return {
    LaunchTemplateId: template.templateId,
    LaunchTemplateName: template.name,
    CreateTime: template.createdAt,
    CreatedBy: template.createdBy,
    DefaultVersionNumber: template.defaultVersion,
    LatestVersionNumber: template.latestVersion,
    Tags: tagsShown(ctx, template.templateId),
  };
}

function describeVersion(template: LaunchTemplate, version: LaunchTemplateVersion): WireVersion {
  return {
    LaunchTemplateId: template.templateId,
    LaunchTemplateName: template.name,
    VersionNumber: version.number,
    VersionDescription: version.description,
    CreateTime: version.createdAt,
    CreatedBy: version.createdBy,
    DefaultVersion: version.number === template.defaultVersion,
    LaunchTemplateData: version.data as WireVersion['LaunchTemplateData'],
  };
}

/** Switches that every launch may name, and that stay off. */
export function checkSwitches({ HibernationOptions, EnclaveOptions }: LaunchTemplateData): void {
  if (HibernationOptions?.Configured) throw unmodelled('Hibernation');
  if (EnclaveOptions?.Enabled) throw unmodelled('Nitro Enclaves');
}

function putVersion(
  ctx: Ctx,
  templateId: string,
  number: number,
  data: LaunchTemplateData,
  description: string | undefined,
): void {
  checkSwitches(data);
  if (Object.keys(data).length === 0) throw missing('LaunchTemplateData');
  ctx.put(launchTemplateVersions, {
    templateId,
    number,
    data: JSON.parse(JSON.stringify(data)) as LaunchTemplateData, // Drops members that were not given.
    createdAt: ctx.now,
    createdBy: principalName(ctx.principal),
    ...(description === undefined ? {} : { description }),
  });
}

/** Versions that a request chooses by number, or those between two numbers. */
function chosenVersions(
  ctx: Ctx,
  template: LaunchTemplate,
  input: Input<'ec2', 'DescribeLaunchTemplateVersions'>,
): LaunchTemplateVersion[] {
  const { Versions = [], MinVersion, MaxVersion } = input;
  if (Versions.length > 0) return Versions.map((version) => versionOf(ctx, template, version));
  const from = MinVersion === undefined ? 1 : Number(MinVersion);
  const to = MaxVersion === undefined ? Infinity : Number(MaxVersion);
  const all = ctx.list(launchTemplateVersions, 'template', template.templateId);
  // Newest first, as AWS lists them.
  return all.filter(({ number }) => number >= from && number <= to).toReversed();
}

const PAGE_SIZE = 200;

/** AWS's words, as moto recorded them. */
const WHICH_VERSIONS =
  'To describe the launch template data for all your launch templates, for ‘--versions’ specify ‘$Latest’, ‘$Default’, or both, ' +
  'and omit ‘--launch-template-id’, ‘--launch-template-name’, and version numbers. To describe the launch template data for a ' +
  'specific launch template, specify ‘--launch-template-id’ or ‘--launch-template-name’, and for ‘--versions’ specify one or more ' +
  'of the following values: ‘$Latest’, ‘$Default’, or one or more version numbers.';

export const launchTemplateOperations: Operations<'ec2'> = {
  CreateLaunchTemplate(
    ctx,
    { LaunchTemplateName, LaunchTemplateData, VersionDescription, ClientToken, TagSpecifications },
  ) {
    const request = { LaunchTemplateName, LaunchTemplateData, VersionDescription, TagSpecifications };
    const id = once(ctx, 'CreateLaunchTemplate', ClientToken, request, () => {
      if (!NAME.test(LaunchTemplateName)) throw malformedTemplateName();
      if (ctx.list(launchTemplates, 'name', LaunchTemplateName).length > 0) {
        throw new Fault(
          'InvalidLaunchTemplateName.AlreadyExistsException',
          'Launch template name already in use.',
        );
      }
      const templateId = `lt-${ctx.id('launch-template')}`;
      const createdBy = principalName(ctx.principal);
      ctx.put(launchTemplates, {
        templateId,
        name: LaunchTemplateName,
        createdAt: ctx.now,
        createdBy,
        defaultVersion: 1,
        latestVersion: 1,
      });
      putVersion(ctx, templateId, 1, LaunchTemplateData, VersionDescription);
      tagCreated(ctx, TagSpecifications, templateId);
      return templateId;
    });
    return { LaunchTemplate: describe(ctx, templateWithId(ctx, id)) };
  },

  CreateLaunchTemplateVersion(ctx, input) {
    const { LaunchTemplateData, SourceVersion, VersionDescription, ClientToken } = input;
    const template = templateOf(ctx, input);
    const number = once(ctx, 'CreateLaunchTemplateVersion', ClientToken, input, () => {
      // Parameters of the source version hold unless they are given anew.
      const source = SourceVersion === undefined ? {} : versionOf(ctx, template, SourceVersion).data;
      const next = template.latestVersion + 1;
      putVersion(ctx, template.templateId, next, { ...source, ...LaunchTemplateData }, VersionDescription);
      ctx.update(launchTemplates, template, { latestVersion: next });
      return String(next);
    });
    const now = templateWithId(ctx, template.templateId);
    return { LaunchTemplateVersion: describeVersion(now, versionOf(ctx, now, number)) };
  },

  DescribeLaunchTemplates(
    ctx,
    { LaunchTemplateIds = [], LaunchTemplateNames = [], Filters, NextToken, MaxResults },
  ) {
    const where = filtered<LaunchTemplate>(Filters, {
      operation: 'DescribeLaunchTemplates',
      values: { 'launch-template-name': (template) => template.name },
      tags: (template) => tagsOf(ctx, template.templateId),
    });
    const byName = LaunchTemplateNames.map((name) => {
      const [found] = ctx.list(launchTemplates, 'name', name);
      if (found) return found.templateId;
      throw new Fault(
        'InvalidLaunchTemplateName.NotFoundException',
        'At least one of the launch templates specified in the request does not exist.',
      );
    });
    const listing = {
      ids: [...LaunchTemplateIds, ...byName],
      of: templateWithId,
      where,
      page: { NextToken, MaxResults },
    };
    const { rows, next } = listed(ctx, launchTemplates, listing);
    return { LaunchTemplates: rows.map((template) => describe(ctx, template)), NextToken: next };
  },

  DescribeLaunchTemplateVersions(ctx, input) {
    const { LaunchTemplateId, LaunchTemplateName, Versions = [], MaxResults, NextToken } = input;
    const named = LaunchTemplateId !== undefined || LaunchTemplateName !== undefined;
    // Without a template, `$Latest` and `$Default` ask for those versions of all templates.
    const templates = named
      ? [templateOf(ctx, { LaunchTemplateId, LaunchTemplateName })]
      : ctx.list(launchTemplates);
    if (!named && Versions.length === 0) throw new Fault('MissingParameter', WHICH_VERSIONS);
    if (!named && Versions.some((version) => !version.startsWith('$')))
      throw new Fault('InvalidParameterValue', WHICH_VERSIONS);
    const shown = templates.flatMap((template) =>
      chosenVersions(ctx, template, input).map((version) => describeVersion(template, version)),
    );
    const key = (version: WireVersion): string => `${version.LaunchTemplateId} ${version.VersionNumber}`;
    const { items, next } = pageOf(shown, key, { token: NextToken, limit: MaxResults ?? PAGE_SIZE });
    return { LaunchTemplateVersions: items, NextToken: next };
  },

  ModifyLaunchTemplate(ctx, input) {
    const { LaunchTemplateId, LaunchTemplateName, DefaultVersion } = input;
    if (LaunchTemplateId !== undefined && LaunchTemplateName !== undefined) {
      throw new Fault(
        'InvalidParameterCombination',
        'Either provide launch template ID or launch template name to modify the template.',
      );
    }
    const template = templateOf(ctx, input);
    if (DefaultVersion === undefined) throw missing('DefaultVersion');
    const number = Number(DefaultVersion);
    if (!ctx.get(launchTemplateVersions, versionKey(template.templateId, number))) {
      throw new Fault(
        'InvalidLaunchTemplateId.VersionNotFound',
        `The launch template version ${DefaultVersion} is not found for the specified launch template.`,
      );
    }
    // Setting the default twice changes nothing more, so a client token has nothing to guard.
    const changed = ctx.update(launchTemplates, template, { defaultVersion: number });
    return { LaunchTemplate: describe(ctx, changed) };
  },

  DeleteLaunchTemplate(ctx, { LaunchTemplateId, LaunchTemplateName }) {
    const template = templateOf(ctx, { LaunchTemplateId, LaunchTemplateName });
    const shown = describe(ctx, template);
    for (const { number } of ctx.list(launchTemplateVersions, 'template', template.templateId)) {
      ctx.delete(launchTemplateVersions, versionKey(template.templateId, number));
    }
    ctx.delete(launchTemplates, template.templateId);
    removeTagsOf(ctx, template.templateId);
    return { LaunchTemplate: shown };
  },

  DeleteLaunchTemplateVersions(ctx, { LaunchTemplateId, LaunchTemplateName, Versions }) {
    const template = templateOf(ctx, { LaunchTemplateId, LaunchTemplateName });
    const head = { LaunchTemplateId: template.templateId, LaunchTemplateName: template.name };
    const deleted: (typeof head & { VersionNumber: number })[] = [];
    const failed: (typeof head & {
      VersionNumber: number;
      ResponseError: { Code: 'launchTemplateVersionDoesNotExist' | 'unexpectedError'; Message: string };
    })[] = [];
    for (const version of Versions) {
      const number = Number(version);
      const item = { ...head, VersionNumber: number };
      if (!ctx.get(launchTemplateVersions, versionKey(template.templateId, number))) {
        const Message = `Could not find the specified version ${version} for the launch template with ID ${template.templateId}.`;
        failed.push({ ...item, ResponseError: { Code: 'launchTemplateVersionDoesNotExist', Message } });
      } else if (number === template.defaultVersion) {
        const Message = 'The default version of a launch template cannot be deleted.';
        failed.push({ ...item, ResponseError: { Code: 'unexpectedError', Message } });
      } else {
        ctx.delete(launchTemplateVersions, versionKey(template.templateId, number));
        deleted.push(item);
      }
    }
    return {
      SuccessfullyDeletedLaunchTemplateVersions: deleted,
      UnsuccessfullyDeletedLaunchTemplateVersions: failed,
    };
  },
};
