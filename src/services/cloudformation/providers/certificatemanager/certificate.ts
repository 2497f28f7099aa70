// AWS::CertificateManager::Certificate: stands when it is issued. Where a hosted zone is given, CloudFormation puts the record
// that ACM asks for into it; the records stay when the certificate goes.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-certificatemanager-certificate.html

import type { Input, Output } from '#cloud/contracts.ts';
import { handlerFailure, provider } from '../provider.ts';
import type { Progress, Provider, Work } from '../provider.ts';

type Request = Input<'acm', 'RequestCertificate'>;
type Detail = NonNullable<Output<'acm', 'DescribeCertificate'>['Certificate']>;
type Certificate = Work<'AWS::CertificateManager::Certificate'>;

const LOOK_MS = 30_000;

function found(work: Certificate): Detail | undefined {
  return work.find('acm', 'DescribeCertificate', { CertificateArn: work.physicalId })?.Certificate;
}

/** Puts the records into the zones that the template gives, one for each name. */
function prove(work: Certificate, CertificateArn: string): void {
  const zones = new Map(
    (work.properties.DomainValidationOptions ?? []).map(({ DomainName = '', HostedZoneId }) => [
      DomainName.toLowerCase(),
      HostedZoneId,
    ]),
  );
  const { Certificate } = work.call('acm', 'DescribeCertificate', { CertificateArn });
  for (const { DomainName, ResourceRecord } of Certificate?.DomainValidationOptions ?? []) {
    if (!ResourceRecord) continue;
    const { Name, Type, Value } = ResourceRecord;
    work.tell(`Content of DNS Record is: {Name: ${Name},Type: ${Type},Value: ${Value}}`);
    const HostedZoneId = zones.get(DomainName);
    if (HostedZoneId === undefined) continue;
    const ResourceRecordSet = { Name, Type, TTL: 300, ResourceRecords: [{ Value }] };
    work.call('route53', 'ChangeResourceRecordSets', {
      HostedZoneId,
      ChangeBatch: { Changes: [{ Action: 'UPSERT', ResourceRecordSet }] },
    });
  }
}

/** Domains that are asked by mail, where the template names them. */
function domainsAsked(work: Certificate): Request['DomainValidationOptions'] {
  const given = (work.properties.DomainValidationOptions ?? []).flatMap(
    ({ DomainName = '', ValidationDomain }) =>
      ValidationDomain === undefined ? [] : [{ DomainName, ValidationDomain }],
  );
  return given.length > 0 ? given : undefined;
}

function preference({ properties }: Certificate): Request['Options'] {
  const { CertificateTransparencyLoggingPreference: logging, CertificateExport } = properties;
  if (logging === undefined && CertificateExport === undefined) return undefined;
  return {
    CertificateTransparencyLoggingPreference: logging,
    Export: CertificateExport,
  } as Request['Options'];
}

export const certificate: Provider = provider({
  type: 'AWS::CertificateManager::Certificate',
  refused: ['CertificateAuthorityArn'],
  create(work) {
    const { DomainName, SubjectAlternativeNames, KeyAlgorithm, Tags, ValidationMethod } = work.properties;
    const { CertificateArn = '' } = work.call('acm', 'RequestCertificate', {
      DomainName,
      SubjectAlternativeNames,
      ValidationMethod: ValidationMethod as Request['ValidationMethod'],
      KeyAlgorithm: KeyAlgorithm as Request['KeyAlgorithm'],
      DomainValidationOptions: domainsAsked(work),
      Options: preference(work),
      IdempotencyToken: work.token.replaceAll(/\W/g, '').slice(0, 32),
      Tags: work.tags(Tags),
    });
    prove(work, CertificateArn);
    return CertificateArn;
  },
  stands(work): Progress {
    const status = found(work)?.Status;
    if (status === 'PENDING_VALIDATION') return { again: LOOK_MS };
    if (status === 'ISSUED') return 'done';
    throw handlerFailure(
      work as Work,
      `Certificate ${work.physicalId} ended in the status ${status}.`,
      'NotStabilized',
    );
  },
  update(work) {
    const CertificateArn = work.physicalId;
    const Options = preference(work) ?? { CertificateTransparencyLoggingPreference: 'ENABLED' };
    if (work.changed('CertificateTransparencyLoggingPreference'))
      work.call('acm', 'UpdateCertificateOptions', { CertificateArn, Options });
    const { put, remove } = work.tagChanges();
    work.call('acm', 'AddTagsToCertificate', { CertificateArn, Tags: put });
    if (remove.length > 0) {
      const Tags = remove.map((Key) => ({ Key }));
      work.call('acm', 'RemoveTagsFromCertificate', { CertificateArn, Tags });
    }
  },
  delete(work) {
    work.find('acm', 'DeleteCertificate', { CertificateArn: work.physicalId });
  },
  attributes: ({ physicalId }) => ({ CertificateArn: physicalId }),
  read(work) {
    const there = found(work);
    return (
      there && {
        DomainName: there.DomainName ?? '',
        CertificateTransparencyLoggingPreference: there.Options?.CertificateTransparencyLoggingPreference,
      }
    );
  },
});
