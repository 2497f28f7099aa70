import {
  ACMClient,
  AddTagsToCertificateCommand,
  DeleteCertificateCommand,
  DescribeCertificateCommand,
  ListCertificatesCommand,
  ListTagsForCertificateCommand,
  RemoveTagsFromCertificateCommand,
  RequestCertificateCommand,
  UpdateCertificateOptionsCommand,
} from '@aws-sdk/client-acm';
import type { RequestCertificateCommandInput } from '@aws-sdk/client-acm';
import {
  ChangeResourceRecordSetsCommand,
  CreateHostedZoneCommand,
  Route53Client,
} from '@aws-sdk/client-route-53';
import { describe, expect, it } from 'vitest';
import { newTable } from '../../../tests/table.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

function stage() {
  const table = newTable();
  const acm = table.client(ACMClient);
  const route53 = table.client(Route53Client);
  const ask = async (DomainName: string, more: Partial<RequestCertificateCommandInput> = {}) =>
    (await acm.send(new RequestCertificateCommand({ DomainName, ValidationMethod: 'DNS', ...more })))
      .CertificateArn as string;
  const detail = async (CertificateArn: string) =>
    (await acm.send(new DescribeCertificateCommand({ CertificateArn }))).Certificate;
  const zone = async (Name: string) => {
    const { HostedZone } = await route53.send(new CreateHostedZoneCommand({ Name, CallerReference: Name }));
    return HostedZone?.Id ?? '';
  };
  const change = async (HostedZoneId: string, arn: string, Action: 'UPSERT' | 'DELETE' = 'UPSERT') => {
    const records = (await detail(arn))?.DomainValidationOptions?.map(({ ResourceRecord }) => ResourceRecord);
    const Changes = (records ?? []).map((record) => ({
      Action,
      ResourceRecordSet: {
        Name: record?.Name ?? '',
        Type: 'CNAME' as const,
        TTL: 300,
        ResourceRecords: [{ Value: record?.Value ?? '' }],
      },
    }));
    await route53.send(new ChangeResourceRecordSetsCommand({ HostedZoneId, ChangeBatch: { Changes } }));
  };
  const until = (arn: string, status: string, withinMs: number) => {
    const from = table.world.now;
    return (async () => {
      while ((await detail(arn))?.Status !== status) {
        if (table.world.now - from > withinMs) throw new Error(`It is not ${status} in ${withinMs} ms.`);
        table.advance(10_000);
      }
      return table.world.now - from;
    })();
  };
  return { table, acm, ask, detail, zone, change, until };
}

// https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
describe('validation by DNS', () => {
  it('issues a certificate some time after its record is in the domain’s zone', async () => {
    const { ask, detail, zone, change, until, table } = stage();
    const arn = await ask('shop.example.com');
    expect(arn).toMatch(/^arn:aws:acm:us-east-1:000000000000:certificate\/[0-9a-f-]{36}$/);
    const [option] = (await detail(arn))?.DomainValidationOptions ?? [];
    expect(option).toMatchObject({ ValidationStatus: 'PENDING_VALIDATION', ValidationMethod: 'DNS' });
    expect(option?.ResourceRecord?.Name).toMatch(/^_[0-9a-f]{32}\.shop\.example\.com\.$/);
    expect(option?.ResourceRecord?.Value).toMatch(/^_[0-9a-f]{32}\.[a-z]{10}\.acm-validations\.aws\.$/);
    table.advance(HOUR);
    expect((await detail(arn))?.Status).toBe('PENDING_VALIDATION');
    await change(await zone('example.com'), arn);
    const took = await until(arn, 'ISSUED', HOUR);
    expect(took).toBeGreaterThan(60_000);
    const issued = await detail(arn);
    expect(issued?.DomainValidationOptions?.[0]?.ValidationStatus).toBe('SUCCESS');
    expect(issued?.Serial).toMatch(/^([0-9a-f]{2}:){15}[0-9a-f]{2}$/);
    expect(issued).toMatchObject({ Subject: 'CN=shop.example.com', Issuer: 'Amazon', InUseBy: [] });
    expect(Number(issued?.NotAfter) - Number(issued?.NotBefore)).toBe(198 * DAY);
  });

  it('asks for one record for a domain and its wildcard, and the same again for another certificate', async () => {
    const { ask, detail } = stage();
    const first = await detail(await ask('example.com', { SubjectAlternativeNames: ['*.example.com'] }));
    const second = await detail(await ask('example.com'));
    const records = [...(first?.DomainValidationOptions ?? []), ...(second?.DomainValidationOptions ?? [])];
    expect(records).toHaveLength(3);
    expect(new Set(records.map(({ ResourceRecord }) => ResourceRecord?.Value)).size).toBe(1);
  });

  it('needs the record of each name', async () => {
    const { ask, detail, zone, change, table } = stage();
    const arn = await ask('example.com', { SubjectAlternativeNames: ['example.org'] });
    const other = await ask('example.com');
    await change(await zone('example.com'), other);
    table.advance(HOUR);
    expect((await detail(other))?.Status).toBe('ISSUED');
    expect((await detail(arn))?.Status).toBe('PENDING_VALIDATION');
    const statuses = (await detail(arn))?.DomainValidationOptions?.map((one) => one.ValidationStatus);
    expect(statuses).toEqual(['SUCCESS', 'PENDING_VALIDATION']);
  });

  // https://docs.aws.amazon.com/acm/latest/userguide/troubleshooting-timed-out.html
  it('gives up after 72 hours', async () => {
    const { ask, detail, table } = stage();
    const arn = await ask('example.com');
    table.advance(72 * HOUR - 1);
    expect((await detail(arn))?.Status).toBe('PENDING_VALIDATION');
    table.advance(1);
    expect((await detail(arn))?.Status).toBe('VALIDATION_TIMED_OUT');
  });
});

// https://docs.aws.amazon.com/acm/latest/userguide/email-validation.html
it('asks by mail unless told otherwise, and nobody answers', async () => {
  const { acm, detail, table } = stage();
  const { CertificateArn = '' } = await acm.send(
    new RequestCertificateCommand({
      DomainName: 'www.example.com',
      DomainValidationOptions: [{ DomainName: 'www.example.com', ValidationDomain: 'example.com' }],
    }),
  );
  expect((await detail(CertificateArn))?.DomainValidationOptions).toEqual([
    {
      DomainName: 'www.example.com',
      ValidationDomain: 'example.com',
      ValidationStatus: 'PENDING_VALIDATION',
      ValidationMethod: 'EMAIL',
      ValidationEmails: ['administrator', 'hostmaster', 'postmaster', 'webmaster', 'admin'].map(
        (box) => `${box}@example.com`,
      ),
    },
  ]);
  table.advance(72 * HOUR);
  expect((await detail(CertificateArn))?.Status).toBe('VALIDATION_TIMED_OUT');
});

// https://docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html
it('does not renew a certificate that nothing uses: it expires', async () => {
  const { ask, detail, zone, change, until, table } = stage();
  const arn = await ask('example.com');
  await change(await zone('example.com'), arn);
  await until(arn, 'ISSUED', HOUR);
  expect((await detail(arn))?.RenewalEligibility).toBe('INELIGIBLE');
  table.advance(197 * DAY);
  expect((await detail(arn))?.Status).toBe('ISSUED');
  table.advance(DAY);
  expect((await detail(arn))?.Status).toBe('EXPIRED');
});

// https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html
describe('requests', () => {
  it('with the same token within an hour get the same certificate', async () => {
    const { ask, table } = stage();
    const first = await ask('example.com', { IdempotencyToken: 'once' });
    expect(await ask('example.com', { IdempotencyToken: 'once' })).toBe(first);
    expect(await ask('example.com')).not.toBe(first);
    table.advance(HOUR);
    expect(await ask('example.com', { IdempotencyToken: 'once' })).not.toBe(first);
  });

  it('refuse more names than the quota, and domains of others', async () => {
    const { ask } = stage();
    const SubjectAlternativeNames = Array.from({ length: 10 }, (_, i) => `a${i}.example.com`);
    await expect(ask('example.com', { SubjectAlternativeNames })).rejects.toMatchObject({
      name: 'LimitExceededException',
    });
    const DomainValidationOptions = [{ DomainName: 'example.com', ValidationDomain: 'example.org' }];
    await expect(ask('example.com', { DomainValidationOptions })).rejects.toMatchObject({
      name: 'InvalidDomainValidationOptionsException',
    });
  });

  it('name what is not modelled', async () => {
    const { ask } = stage();
    await expect(ask('example.com', { Options: { Export: 'ENABLED' } })).rejects.toMatchObject({
      name: 'NotImplemented',
    });
  });
});

describe('certificates', () => {
  it('are listed by status, with RSA keys unless others are asked for, in the order that is asked for', async () => {
    const { acm, ask, table } = stage();
    const first = await ask('a.example.com');
    table.advance(1000);
    const second = await ask('b.example.com');
    const curve = await ask('c.example.com', { KeyAlgorithm: 'EC_prime256v1' });
    const list = async (more: object) =>
      (await acm.send(new ListCertificatesCommand(more))).CertificateSummaryList?.map(
        ({ CertificateArn }) => CertificateArn,
      );
    expect(await list({ SortBy: 'CREATED_AT', SortOrder: 'DESCENDING' })).toEqual([second, first]);
    expect(await list({ SortBy: 'CREATED_AT', SortOrder: 'ASCENDING' })).toEqual([first, second]);
    expect(await list({ Includes: { keyTypes: ['EC_prime256v1'] } })).toEqual([curve]);
    expect(await list({ CertificateStatuses: ['ISSUED'] })).toEqual([]);
    const page = await acm.send(new ListCertificatesCommand({ MaxItems: 1 }));
    expect(await list({ NextToken: page.NextToken })).toHaveLength(1);
  });

  it('carry tags, which go by key, or by key and value', async () => {
    const { acm, ask } = stage();
    const CertificateArn = await ask('example.com', { Tags: [{ Key: 'a', Value: '1' }] });
    await acm.send(new AddTagsToCertificateCommand({ CertificateArn, Tags: [{ Key: 'b', Value: '2' }] }));
    await acm.send(
      new RemoveTagsFromCertificateCommand({
        CertificateArn,
        Tags: [{ Key: 'a' }, { Key: 'b', Value: '3' }],
      }),
    );
    const { Tags } = await acm.send(new ListTagsForCertificateCommand({ CertificateArn }));
    expect(Tags).toEqual([{ Key: 'b', Value: '2' }]);
  });

  it('change whether they are logged, and go', async () => {
    const { acm, ask, detail } = stage();
    const CertificateArn = await ask('example.com');
    const Options = { CertificateTransparencyLoggingPreference: 'DISABLED' } as const;
    await acm.send(new UpdateCertificateOptionsCommand({ CertificateArn, Options }));
    expect((await detail(CertificateArn))?.Options).toMatchObject(Options);
    await acm.send(new DeleteCertificateCommand({ CertificateArn }));
    await expect(detail(CertificateArn)).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: `Could not find certificate ${CertificateArn}.`,
    });
  });
});
