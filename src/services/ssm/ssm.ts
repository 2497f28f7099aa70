// AWS Systems Manager: Parameter Store (./put.ts, ./reading.ts) and documents (./documents.ts).

import type { TimerHandler } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { defineService } from '#cloud/service.ts';
import type { Service } from '#cloud/service.ts';
import { deletionOperations } from './deletion.ts';
import { documentOperations } from './documents.ts';
import { expire } from './expiration.ts';
import { labelOperations } from './labels.ts';
import { arnOf } from './names.ts';
import { putOperations, validateImage } from './put.ts';
import { readingOperations } from './reading.ts';
import {
  awaitedVersions,
  documents,
  documentVersions,
  keyOf,
  parameters,
  parameterVersions,
} from './tables.ts';
import { tagOperations } from './tagging.ts';

const ofName = (ctx: Ctx, { Name }: { Name: string }): string => arnOf(ctx, Name);
const ofNames = (ctx: Ctx, { Names }: { Names: readonly string[] }): readonly string[] =>
  Names.map((name) => arnOf(ctx, name));
const ofDocument = (ctx: Ctx, { Name }: { Name: string }): string =>
  Name.startsWith('arn:') ? Name : documentArn(ctx, Name);
const ofTagged = (
  ctx: Ctx,
  { ResourceType, ResourceId }: { ResourceType: string; ResourceId: string },
): string => (ResourceType === 'Parameter' ? arnOf(ctx, ResourceId) : documentArn(ctx, ResourceId));

function documentArn(ctx: Ctx, name: string): string {
  return ctx.arn('ssm', `document/${name}`);
}

/** Tags given at creation need the permission to tag. */
function tagging(
  resource: string,
  Tags: readonly object[] | undefined,
): { action: string; resource: string }[] {
  return Tags && Tags.length > 0 ? [{ action: 'ssm:AddTagsToResource', resource }] : [];
}

export const service: Service = defineService({
  contract: 'ssm',
  tables: [parameters, parameterVersions, awaitedVersions, documents, documentVersions],
  operations: {
    ...putOperations,
    ...readingOperations,
    ...deletionOperations,
    ...labelOperations,
    ...tagOperations,
    ...documentOperations,
  },
  timers: [validateImage as TimerHandler<unknown, Ctx>, expire as TimerHandler<unknown, Ctx>],
  authorization: {
    PutParameter: {
      resources: ofName,
      conditions: (_, { Overwrite = false }) => ({ 'ssm:Overwrite': String(Overwrite) }),
      further: (ctx, { Name, Tags }) => tagging(arnOf(ctx, Name), Tags),
    },
    GetParameter: { resources: ofName },
    GetParameters: { resources: ofNames },
    GetParametersByPath: {
      // The permission is on the path itself, which covers what lies below it.
      resources: (ctx, { Path }) => arnOf(ctx, Path.length > 1 ? Path.replace(/\/$/, '') : Path),
      conditions: (_, { Recursive = false }) => ({ 'ssm:Recursive': String(Recursive) }),
    },
    GetParameterHistory: { resources: ofName },
    DeleteParameter: { resources: ofName },
    DeleteParameters: { resources: ofNames },
    LabelParameterVersion: { resources: ofName },
    UnlabelParameterVersion: { resources: ofName },
    AddTagsToResource: { resources: ofTagged },
    RemoveTagsFromResource: { resources: ofTagged },
    ListTagsForResource: { resources: ofTagged },
    CreateDocument: {
      resources: ofDocument,
      conditions: (_, { DocumentType }) => (DocumentType ? { 'ssm:DocumentType': DocumentType } : {}),
      further: (ctx, { Name, Tags }) => tagging(documentArn(ctx, Name), Tags),
    },
    DescribeDocument: { resources: ofDocument },
    DescribeDocumentPermission: { resources: ofDocument },
    GetDocument: { resources: ofDocument },
    UpdateDocument: { resources: ofDocument },
    UpdateDocumentDefaultVersion: { resources: ofDocument },
    DeleteDocument: { resources: ofDocument },
    ListDocumentVersions: { resources: ofDocument },
  },
  resourceConditions(ctx, arn) {
    const [kind = '', ...rest] = (arn.split(':')[5] ?? '').split('/');
    const name = rest.join('/');
    const tags =
      kind === 'parameter' ? ctx.get(parameters, keyOf(`/${name}`))?.tags : ctx.get(documents, name)?.tags;
    return Object.fromEntries(
      Object.entries(tags ?? {}).flatMap(([key, value]) => [
        [`aws:ResourceTag/${key}`, value],
        [`ssm:resourceTag/${key}`, value],
      ]),
    );
  },
  refused: {
    DescribeParameters: ['Shared'],
    CreateDocument: ['Requires', 'Attachments'],
    UpdateDocument: ['Attachments'],
  },
  withoutEffect: {
    DescribeDocumentPermission: { PermissionType: 'there is one type of them, Share' },
    DeleteDocument: {
      Force: 'only deletions of ApplicationConfiguration documents need it, and those are refused',
    },
  },
});
