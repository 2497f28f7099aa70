// AWS::SSM::Document.

import type { Input } from '#cloud/contracts.ts';
import { documentLike, documentText } from '../policy-document.ts';
import { provider, ResourceFailure } from '../provider.ts';
import type { Provider, Work } from '../provider.ts';

type Document = Work<'AWS::SSM::Document'>;
type Create = Input<'ssm', 'CreateDocument'>;

const LONGEST = 128;

function contentOf({ properties }: Document): Pick<Create, 'Content' | 'DocumentFormat'> {
  const { Content, DocumentFormat } = properties;
  return { Content: documentText(Content), DocumentFormat: DocumentFormat as Create['DocumentFormat'] };
}

/** The number of the version that has this content already, as it has after a way back. */
function versionWith(work: Document, Name: string, content: string): string | undefined {
  const { DocumentVersions = [] } = work.call('ssm', 'ListDocumentVersions', { Name });
  return DocumentVersions.find(({ DocumentVersion, DocumentFormat }) => {
    const found = work.call('ssm', 'GetDocument', { Name, DocumentVersion, DocumentFormat });
    return found.Content === content;
  })?.DocumentVersion;
}

/** A new version, which becomes the default one. */
function newVersion(work: Document): void {
  const Name = work.physicalId;
  const content = contentOf(work);
  const { VersionName, TargetType } = work.properties;
  let number: string | undefined;
  try {
    const { DocumentDescription } = work.call('ssm', 'UpdateDocument', {
      Name,
      ...content,
      VersionName,
      TargetType,
      DocumentVersion: '$LATEST',
    });
    number = DocumentDescription?.DocumentVersion;
  } catch (error) {
    const known = error instanceof ResourceFailure && error.fault?.shape === 'DuplicateDocumentContent';
    if (!known) throw error;
    number = versionWith(work, Name, content.Content);
  }
  if (number !== undefined)
    work.call('ssm', 'UpdateDocumentDefaultVersion', { Name, DocumentVersion: number });
}

export const document: Provider = provider({
  type: 'AWS::SSM::Document',
  refused: ['Attachments', 'Requires'],
  create(work) {
    const { DocumentType, TargetType, VersionName, Tags } = work.properties;
    const Name = work.properties.Name ?? work.name({ longest: LONGEST });
    work.call('ssm', 'CreateDocument', {
      Name,
      ...contentOf(work),
      DocumentType: DocumentType as Create['DocumentType'],
      TargetType,
      VersionName,
      Tags: work.tags(Tags),
    });
    return Name;
  },
  stands(work) {
    const found = work.call('ssm', 'DescribeDocument', { Name: work.physicalId, DocumentVersion: '$LATEST' });
    return found.Document?.Status === 'Active' ? 'done' : { again: 0 };
  },
  /** Only UpdateMethod NewVersion keeps the document. */
  replaces: ({ properties }) => properties.UpdateMethod !== 'NewVersion',
  update(work) {
    if (work.changed('Content', 'DocumentFormat', 'VersionName', 'TargetType')) newVersion(work);
    const resource = { ResourceType: 'Document', ResourceId: work.physicalId } as const;
    const { put, remove } = work.tagChanges();
    work.call('ssm', 'AddTagsToResource', { ...resource, Tags: put });
    if (remove.length > 0) work.call('ssm', 'RemoveTagsFromResource', { ...resource, TagKeys: remove });
  },
  delete(work) {
    // The error for a document that is not there is InvalidDocument.
    const { DocumentIdentifiers = [] } = work.call('ssm', 'ListDocuments', {
      Filters: [{ Key: 'Name', Values: [work.physicalId] }],
    });
    if (DocumentIdentifiers.some(({ Name }) => Name === work.physicalId))
      work.call('ssm', 'DeleteDocument', { Name: work.physicalId });
  },
  read(work) {
    const Name = work.physicalId;
    const { DocumentIdentifiers = [] } = work.call('ssm', 'ListDocuments', {
      Filters: [{ Key: 'Name', Values: [Name] }],
    });
    const known = DocumentIdentifiers.find((one) => one.Name === Name);
    if (!known) return undefined;
    const { DocumentFormat, DocumentType = 'Command', TargetType } = known;
    const { Content = '' } = work.call('ssm', 'GetDocument', { Name, DocumentFormat });
    const given = work.properties.Content;
    const readable = typeof given === 'string' || DocumentFormat === 'JSON';
    return {
      Name,
      DocumentType,
      TargetType,
      ...(readable ? { Content: documentLike(given, Content) } : {}),
    };
  },
});
