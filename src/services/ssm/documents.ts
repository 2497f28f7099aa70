// Documents: stored with their versions, and held against their schemas. Nothing here runs them.

import { hex } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import { utf8 } from '#contract/protocols/bytes.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import { page } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { mergeTags, tagList } from '#cloud/tags.ts';
import {
  checkedContent,
  converted,
  documentParameters,
  parsedContent,
  platformsOf,
} from './document-content.ts';
import type { Format } from './document-content.ts';
import { documents, documentVersionKey, documentVersions } from './tables.ts';
import type { Document, DocumentVersion } from './tables.ts';
import { documentCreation } from './timings.ts';

type Description = NonNullable<Output<'ssm', 'DescribeDocument'>['Document']>;
type ListFilter = NonNullable<Input<'ssm', 'ListDocuments'>['Filters']>[number];

const MOST_VERSIONS = 1000;
const PAGE_SIZE = 50;

const noDocument = (): Fault => new Fault('InvalidDocument', 'The specified document does not exist.');
const noVersion = (): Fault =>
  new Fault('InvalidDocumentVersion', 'The document version is not valid or does not exist.');

/** A document by name or ARN. AWS's own are not kept here. */
function documentOf(ctx: Ctx, asked: string): Document {
  const name = asked.startsWith('arn:') ? asked.slice(asked.lastIndexOf('/') + 1) : asked;
  if (/^(AWS|Amazon)/.test(name)) {
    throw new Fault('NotImplemented', `The document ${name} of AWS's own is not modelled by Sandtable.`);
  }
  const found = ctx.get(documents, name);
  if (!found) throw noDocument();
  return found;
}

function versionOf(
  ctx: Ctx,
  document: Document,
  { version = '$DEFAULT', versionName }: { version?: string | undefined; versionName?: string | undefined },
): DocumentVersion {
  if (versionName !== undefined) {
    const named = versionsOf(ctx, document.name).find((one) => one.versionName === versionName);
    if (!named) throw noVersion();
    return named;
  }
  const numbers: Record<string, number> = {
    $DEFAULT: document.defaultVersion,
    $LATEST: document.latestVersion,
  };
  const found = ctx.get(
    documentVersions,
    documentVersionKey(document.name, numbers[version] ?? Number(version)),
  );
  if (!found) throw noVersion();
  return found;
}

function versionsOf(ctx: Ctx, name: string): DocumentVersion[] {
  return ctx.scan(documentVersions, { prefix: `${name}:` });
}

function formatOf(format: string | undefined): Format {
  if (format === 'TEXT')
    throw new Fault('NotImplemented', 'Documents of plain text are not modelled by Sandtable.');
  return (format ?? 'JSON') as Format;
}

function sha256(ctx: Ctx, text: string): string {
  return hex(ctx.kernel.primitives.sha256(utf8(text)));
}

function statusOf(
  ctx: Ctx,
  version: DocumentVersion,
  document: Document,
): 'Creating' | 'Updating' | 'Active' {
  if (ctx.now >= version.activeAt) return 'Active';
  return document.latestVersion === 1 ? 'Creating' : 'Updating';
}

function describe(ctx: Ctx, document: Document, version: DocumentVersion): Description {
  const content = parsedContent(version.content, version.format);
  const { description } = content;
  return {
    Hash: sha256(ctx, version.content),
    HashType: 'Sha256',
    Name: document.name,
    DisplayName: document.displayName,
    VersionName: version.versionName,
    Owner: ctx.account,
    CreatedDate: version.createdAt,
    Status: statusOf(ctx, version, document),
    DocumentVersion: String(version.version),
    Description: typeof description === 'string' ? description : undefined,
    Parameters: documentParameters(content),
    PlatformTypes: platformsOf(content),
    DocumentType: document.type as 'Command',
    SchemaVersion: String(content['schemaVersion']),
    LatestVersion: String(document.latestVersion),
    DefaultVersion: String(document.defaultVersion),
    DocumentFormat: version.format,
    TargetType: document.targetType,
    Tags: tagList(document.tags),
  };
}

function newVersion(
  ctx: Ctx,
  version: Omit<DocumentVersion, 'createdAt' | 'activeAt' | 'versionName'>,
  versionName: string | undefined,
): DocumentVersion {
  const row = {
    ...version,
    ...(versionName === undefined ? {} : { versionName }),
    createdAt: ctx.now,
    activeAt: ctx.now + ctx.duration(documentCreation, version.name, version.version),
  };
  ctx.put(documentVersions, row);
  return row;
}

export const documentOperations: Operations<'ssm'> = {
  CreateDocument(ctx, input) {
    const {
      Name,
      Content,
      DocumentType: type = 'Command',
      DisplayName,
      TargetType,
      VersionName,
      Tags,
    } = input;
    if (/^(aws|amazon|amzn)/i.test(Name)) {
      throw new Fault('ValidationException', `Invalid document name ${Name}`);
    }
    if (ctx.get(documents, Name))
      throw new Fault('DocumentAlreadyExists', 'The specified document already exists.');
    const format = formatOf(input.DocumentFormat);
    checkedContent(Content, format, type);
    const document: Document = {
      name: Name,
      type,
      ...(DisplayName === undefined ? {} : { displayName: DisplayName }),
      ...(TargetType === undefined ? {} : { targetType: TargetType }),
      defaultVersion: 1,
      latestVersion: 1,
      tags: mergeTags({}, Tags),
    };
    ctx.put(documents, document);
    const version = newVersion(ctx, { name: Name, version: 1, format, content: Content }, VersionName);
    return { DocumentDescription: describe(ctx, document, version) };
  },

  DescribeDocument(ctx, { Name, DocumentVersion: version, VersionName: versionName }) {
    const document = documentOf(ctx, Name);
    return { Document: describe(ctx, document, versionOf(ctx, document, { version, versionName })) };
  },

  DescribeDocumentPermission(ctx, { Name }) {
    documentOf(ctx, Name);
    // Documents are not shared: the operation that would do it is refused.
    return { AccountIds: [], AccountSharingInfoList: [] };
  },

  GetDocument(ctx, { Name, DocumentVersion: asked, VersionName: versionName, DocumentFormat }) {
    const document = documentOf(ctx, Name);
    const version = versionOf(ctx, document, { version: asked, versionName });
    // Without a format the document comes in JSON, whatever it was written in.
    const format = formatOf(DocumentFormat);
    return {
      Name: document.name,
      CreatedDate: version.createdAt,
      DisplayName: document.displayName,
      VersionName: version.versionName,
      DocumentVersion: String(version.version),
      Status: statusOf(ctx, version, document),
      Content: converted(version.content, version.format, format),
      DocumentType: document.type as 'Command',
      DocumentFormat: format,
    };
  },

  UpdateDocument(ctx, input) {
    const { Name, Content, VersionName, DisplayName, TargetType, DocumentVersion: changed } = input;
    const document = documentOf(ctx, Name);
    const base = versionOf(ctx, document, { version: changed ?? '$LATEST' });
    // Only the newest version can be changed, by a newer one.
    if (base.version !== document.latestVersion) throw noVersion();
    const format = formatOf(input.DocumentFormat);
    checkedContent(Content, format, document.type);
    const versions = versionsOf(ctx, document.name);
    if (VersionName !== undefined && versions.some((one) => one.versionName === VersionName))
      throw new Fault('DuplicateDocumentVersionName', 'The specified version name is a duplicate.');
    if (versions.some((one) => sha256(ctx, one.content) === sha256(ctx, Content))) {
      throw new Fault(
        'DuplicateDocumentContent',
        'The content of the association document matches another document. Change the content of the document and try ' +
          'again.',
      );
    }
    if (versions.length >= MOST_VERSIONS)
      throw new Fault(
        'DocumentVersionLimitExceeded',
        'The document has too many versions. Delete one or more.',
      );
    const number = document.latestVersion + 1;
    const updated = ctx.update(documents, document, {
      latestVersion: number,
      ...(DisplayName === undefined ? {} : { displayName: DisplayName }),
      ...(TargetType === undefined ? {} : { targetType: TargetType }),
    });
    const next = { name: document.name, version: number, format, content: Content };
    return { DocumentDescription: describe(ctx, updated, newVersion(ctx, next, VersionName)) };
  },

  UpdateDocumentDefaultVersion(ctx, { Name, DocumentVersion: wanted }) {
    const document = documentOf(ctx, Name);
    const version = versionOf(ctx, document, { version: wanted });
    ctx.update(documents, document, { defaultVersion: version.version });
    return {
      Description: {
        Name: document.name,
        DefaultVersion: String(version.version),
        DefaultVersionName: version.versionName,
      },
    };
  },

  DeleteDocument(ctx, { Name, DocumentVersion: wanted, VersionName: versionName }) {
    const document = documentOf(ctx, Name);
    if (wanted !== undefined || versionName !== undefined) {
      const version = versionOf(ctx, document, { version: wanted, versionName });
      if (version.version === document.defaultVersion)
        throw new Fault('InvalidDocumentOperation', "Default version of the document can't be deleted.");
      ctx.delete(documentVersions, documentVersionKey(document.name, version.version));
      const left = versionsOf(ctx, document.name).at(-1) as DocumentVersion;
      ctx.update(documents, document, { latestVersion: left.version });
      return;
    }
    for (const { version } of versionsOf(ctx, document.name))
      ctx.delete(documentVersions, documentVersionKey(document.name, version));
    ctx.delete(documents, document.name);
  },

  ListDocuments(ctx, { Filters = [], DocumentFilterList = [], MaxResults = PAGE_SIZE, NextToken }) {
    if (DocumentFilterList.length > 0)
      throw new Fault('ValidationException', 'DocumentFilterList is deprecated. Instead use Filters.');
    const { rows, next } = page(ctx, documents, {
      token: NextToken,
      limit: MaxResults,
      where: (document) => Filters.every((filter) => passes(ctx, document, filter)),
      invalidToken: () => new Fault('InvalidNextToken', 'The specified token is not valid.'),
    });
    const DocumentIdentifiers = rows.map((document) => {
      const version = versionOf(ctx, document, {});
      const all = describe(ctx, document, version);
      return {
        Name: all.Name,
        CreatedDate: all.CreatedDate,
        DisplayName: all.DisplayName,
        Owner: all.Owner,
        VersionName: all.VersionName,
        PlatformTypes: all.PlatformTypes,
        DocumentVersion: all.DocumentVersion,
        DocumentType: all.DocumentType,
        SchemaVersion: all.SchemaVersion,
        DocumentFormat: all.DocumentFormat,
        TargetType: all.TargetType,
        Tags: all.Tags,
      };
    });
    return { DocumentIdentifiers, NextToken: next };
  },

  ListDocumentVersions(ctx, { Name, MaxResults = PAGE_SIZE, NextToken }) {
    const document = documentOf(ctx, Name);
    const { rows, next } = page(ctx, documentVersions, {
      token: NextToken,
      limit: MaxResults,
      prefix: `${document.name}:`,
      invalidToken: () => new Fault('InvalidNextToken', 'The specified token is not valid.'),
    });
    const DocumentVersions = rows.map((version) => ({
      Name: version.name,
      DisplayName: document.displayName,
      DocumentVersion: String(version.version),
      VersionName: version.versionName,
      CreatedDate: version.createdAt,
      IsDefaultVersion: version.version === document.defaultVersion,
      DocumentFormat: version.format,
      Status: statusOf(ctx, version, document),
    }));
    return { DocumentVersions, NextToken: next };
  },
};

function passes(ctx: Ctx, document: Document, { Key = '', Values = [] }: ListFilter): boolean {
  switch (Key) {
    case 'Name':
      return Values.some((value) => document.name.startsWith(value));
    case 'DocumentType':
      return Values.includes(document.type);
    case 'TargetType':
      return document.targetType !== undefined && Values.includes(document.targetType);
    case 'Owner':
      // AWS's and third parties' documents are none of those that are here.
      return Values.some((value) => ['Self', 'Private', 'All'].includes(value));
    case 'PlatformTypes':
      return (
        describe(ctx, document, versionOf(ctx, document, {})).PlatformTypes?.some((one) =>
          Values.includes(one),
        ) ?? false
      );
    default:
      if (Key.startsWith('tag:')) return Values.includes(document.tags[Key.slice(4)] ?? '');
      throw new Fault('InvalidFilterKey', 'The specified key is not valid.');
  }
}
