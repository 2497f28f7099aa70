// AWS Certificate Manager: certificates that are asked for (./certificates.ts) and the proof of who owns their domains, with
// their renewal (./validation.ts), or that are imported (./imports.ts); their end (./expiry.ts), and what the API shows of
// them (./descriptions.ts).

import type { Reconciler, Row, TimerHandler } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { provide } from '#cloud/port.ts';
import { certificates as certificatesPort } from '#cloud/ports/certificates.ts';
import { defineService } from '#cloud/service.ts';
import type { Service } from '#cloud/service.ts';
import { certificateOperations } from './certificates.ts';
import { descriptionOperations } from './descriptions.ts';
import { accountOperations, expires, warns } from './expiry.ts';
import { importOperations } from './imports.ts';
import { accountConfigurations, awaited, certificates } from './tables.ts';
import { tagOperations } from './tags.ts';
import { renews, timesOut, validation } from './validation.ts';

const ofCertificate = {
  resources: (_: Ctx, { CertificateArn }: { CertificateArn: string }): string => CertificateArn,
};

type WireTags = readonly { Key: string; Value?: string | undefined }[];

function ofTags(tags: WireTags = []): Readonly<Record<string, string | readonly string[]>> {
  const values = Object.fromEntries(tags.map(({ Key, Value = '' }) => [`aws:RequestTag/${Key}`, Value]));
  return tags.length === 0 ? {} : { ...values, 'aws:TagKeys': tags.map(({ Key }) => Key) };
}

export const service: Service = defineService({
  contract: 'acm',
  tables: [certificates, awaited, accountConfigurations],
  operations: {
    ...certificateOperations,
    ...importOperations,
    ...tagOperations,
    ...descriptionOperations,
    ...accountOperations,
  },
  timers: [timesOut, renews, warns, expires] as TimerHandler<unknown, Ctx>[],
  reconcilers: [validation] as unknown as Reconciler<Row, Ctx>[],
  provides: [
    provide(certificatesPort, {
      find(ctx, arn) {
        const row = ctx.get(certificates, arn);
        return row && { arn, usable: row.status === 'ISSUED' };
      },
    }),
  ],
  authorization: {
    RequestCertificate: {
      actions: (_, { Tags }) =>
        Tags ? ['acm:RequestCertificate', 'acm:AddTagsToCertificate'] : ['acm:RequestCertificate'],
      resources: (ctx) => ctx.arn('acm', 'certificate/*'),
      conditions: (_, input) => ({
        'acm:DomainNames': [input.DomainName, ...(input.SubjectAlternativeNames ?? [])],
        'acm:ValidationMethod': input.ValidationMethod ?? 'EMAIL',
        'acm:KeyAlgorithm': input.KeyAlgorithm ?? 'RSA_2048',
        ...ofTags(input.Tags),
      }),
    },
    ImportCertificate: {
      actions: (_, { Tags }) =>
        Tags ? ['acm:ImportCertificate', 'acm:AddTagsToCertificate'] : ['acm:ImportCertificate'],
      resources: (ctx, { CertificateArn }) => CertificateArn ?? ctx.arn('acm', 'certificate/*'),
      conditions: (_, { Tags }) => ofTags(Tags),
    },
    DescribeCertificate: ofCertificate,
    GetCertificate: ofCertificate,
    ExportCertificate: ofCertificate,
    ResendValidationEmail: ofCertificate,
    DeleteCertificate: ofCertificate,
    UpdateCertificateOptions: ofCertificate,
    AddTagsToCertificate: { ...ofCertificate, conditions: (_, { Tags }) => ofTags(Tags) },
    RemoveTagsFromCertificate: { ...ofCertificate, conditions: (_, { Tags }) => ofTags(Tags) },
    ListTagsForCertificate: ofCertificate,
  },
  resourceConditions(ctx, arn) {
    const tags = Object.entries(ctx.get(certificates, arn)?.tags ?? {});
    return Object.fromEntries(tags.map(([key, value]) => [`aws:ResourceTag/${key}`, value ?? '']));
  },
  refused: { RequestCertificate: ['CertificateAuthorityArn', 'ManagedBy'] },
  withoutEffect: { ExportCertificate: { Passphrase: 'Nothing can be exported that it would protect.' } },
});
