import {
  ACMClient,
  DeleteCertificateCommand,
  DescribeCertificateCommand,
  ExportCertificateCommand,
  GetAccountConfigurationCommand,
  GetCertificateCommand,
  ImportCertificateCommand,
  ListCertificatesCommand,
  PutAccountConfigurationCommand,
  RequestCertificateCommand,
} from '@aws-sdk/client-acm';
import type { ImportCertificateCommandInput } from '@aws-sdk/client-acm';
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { utf8 } from '#contract/protocols/bytes.ts';
import { newTable } from '../../../tests/table.ts';
import type { TestTable } from '../../../tests/table.ts';
import {
  authority,
  rsaByCurve,
  selfSigned,
  selfSignedKey,
  shop,
  shopAgain,
  shopKey,
  shopLess,
  shopPast,
} from './test-certificates.ts';

const DAY = 86_400_000;

interface Texts {
  readonly body?: string;
  readonly key?: string;
  readonly chain?: string | undefined;
}

function stage() {
  const table = newTable();
  const acm = table.client(ACMClient);
  const bring = async (
    { body = shop, key = shopKey, chain = authority }: Texts = {},
    more: Partial<ImportCertificateCommandInput> = {},
  ) => {
    const input = { Certificate: utf8(body), PrivateKey: utf8(key), CertificateChain: utf8(chain), ...more };
    return (await acm.send(new ImportCertificateCommand(input))).CertificateArn as string;
  };
  const bringSelfSigned = () =>
    bring({ body: selfSigned, key: selfSignedKey }, { CertificateChain: undefined });
  const detail = async (CertificateArn: string) =>
    (await acm.send(new DescribeCertificateCommand({ CertificateArn }))).Certificate;
  return { table, acm, bring, bringSelfSigned, detail };
}

// https://docs.aws.amazon.com/acm/latest/APIReference/API_ImportCertificate.html, and for what is shown LocalStack's validated
// test_import_certificate, which recorded it.
describe('an imported certificate', () => {
  it('is issued at once, and shown as it says of itself', async () => {
    const { bring, detail } = stage();
    expect(await detail(await bring())).toMatchObject({
      DomainName: 'shop.example.com',
      SubjectAlternativeNames: ['shop.example.com', 'www.example.com'],
      DomainValidationOptions: [{ DomainName: 'shop.example.com' }, { DomainName: 'www.example.com' }],
      Status: 'ISSUED',
      Type: 'IMPORTED',
      Serial: '03:e9',
      Subject: 'C=GB,O=Example,CN=shop.example.com',
      Issuer: 'Example Trust',
      KeyAlgorithm: 'EC-prime256v1',
      SignatureAlgorithm: 'SHA256WITHECDSA',
      KeyUsages: [{ Name: 'DIGITAL_SIGNATURE' }, { Name: 'KEY_AGREEMENT' }],
      ExtendedKeyUsages: [{ Name: 'TLS_WEB_SERVER_AUTHENTICATION', OID: '1.3.6.1.5.5.7.3.1' }],
      NotBefore: new Date('2020-01-01T00:00:00Z'),
      NotAfter: new Date('2040-01-01T00:00:00Z'),
      RenewalEligibility: 'INELIGIBLE',
      Options: { CertificateTransparencyLoggingPreference: 'DISABLED', Export: 'DISABLED' },
    });
  });

  it('is given back as it was given, without its key', async () => {
    const { acm, bring } = stage();
    const CertificateArn = await bring();
    const { Certificate, CertificateChain } = await acm.send(new GetCertificateCommand({ CertificateArn }));
    expect([Certificate, CertificateChain]).toEqual([shop, authority]);
    await expect(
      acm.send(new ExportCertificateCommand({ CertificateArn, Passphrase: utf8('secret') })),
    ).rejects.toMatchObject({
      name: 'ValidationException',
      message: `Certificate ARN: ${CertificateArn} is not a private certificate`,
    });
  });

  it('is listed by the kind of its key', async () => {
    const { acm, bring, bringSelfSigned } = stage();
    const [curve, rsa] = [await bring(), await bringSelfSigned()];
    const list = async (keyTypes?: ('RSA_2048' | 'EC_prime256v1')[]) =>
      (await acm.send(new ListCertificatesCommand({ Includes: { keyTypes } }))).CertificateSummaryList?.map(
        ({ CertificateArn }) => CertificateArn,
      );
    expect(await list()).toEqual([rsa]);
    expect(await list(['EC_prime256v1'])).toEqual([curve]);
  });

  it('expires when it says that it does', async () => {
    const { table, bringSelfSigned, detail } = stage();
    const arn = await bringSelfSigned();
    table.advance(new Date('2040-01-01T00:00:00Z').getTime() - table.world.now - 1);
    expect((await detail(arn))?.Status).toBe('ISSUED');
    table.advance(1);
    expect((await detail(arn))?.Status).toBe('EXPIRED');
  });

  // https://docs.aws.amazon.com/acm/latest/userguide/import-reimport.html
  it('is replaced under its ARN by one that serves at least what it served', async () => {
    const { bring, bringSelfSigned, detail } = stage();
    const CertificateArn = await bring();
    expect(await bring({ body: shopAgain }, { CertificateArn })).toBe(CertificateArn);
    expect(await detail(CertificateArn)).toMatchObject({ Serial: '03:ea', Status: 'ISSUED' });
    const refusal = { name: 'ValidationException' };
    await expect(bring({ body: shopLess }, { CertificateArn })).rejects.toMatchObject(refusal);
    await expect(
      bring({ body: shopAgain }, { CertificateArn, Tags: [{ Key: 'a', Value: '1' }] }),
    ).rejects.toMatchObject(refusal);
    const other = await bringSelfSigned();
    await expect(bring({}, { CertificateArn: other })).rejects.toMatchObject(refusal);
  });
});

// https://repost.aws/knowledge-center/acm-import-troubleshooting
describe('a certificate is not imported', () => {
  const cases: [string, Texts, string | RegExp][] = [
    ['that is none', { body: 'CERT123' }, /Unable to parse certificate/],
    [
      'with its chain in the same text',
      { body: shop + authority },
      /The certificate field contains more than one certificate/,
    ],
    ['with a key that is none', { key: 'KEY123' }, /private key/],
    ['with the key of another', { key: selfSignedKey }, /private key/],
    ['that has expired', { body: shopPast }, /expired/],
    ['with a chain that did not sign it', { chain: selfSigned }, /Could not validate the certificate with/],
    [
      'whose algorithm is not that of its signer',
      { body: rsaByCurve, key: selfSignedKey },
      /Could not validate the certificate with/,
    ],
  ];
  it.each(cases)('%s', async (_, texts, message) => {
    const { bring } = stage();
    await expect(bring(texts)).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringMatching(message) as string,
    });
  });

  it('without the chain to its signer', async () => {
    const { bring } = stage();
    await expect(bring({}, { CertificateChain: undefined })).rejects.toMatchObject({
      name: 'ValidationException',
      message:
        'Provided certificate is not a valid self signed. Please provide either a valid self-signed certificate or certificate chain.',
    });
  });
});

// https://docs.aws.amazon.com/acm/latest/APIReference/API_GetCertificate.html
it('a certificate that is not issued yet has no text', async () => {
  const { acm } = stage();
  const { CertificateArn } = await acm.send(new RequestCertificateCommand({ DomainName: 'example.com' }));
  await expect(acm.send(new GetCertificateCommand({ CertificateArn }))).rejects.toMatchObject({
    name: 'RequestInProgressException',
  });
});

/** Puts ACM's events into a queue; what it returns takes them out: their kinds, and how many days were left. */
async function listen(table: TestTable): Promise<() => Promise<[string, number | undefined][]>> {
  const Arn = 'arn:aws:sqs:us-east-1:000000000000:events';
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: '*', Action: 'sqs:SendMessage', Resource: Arn }],
  });
  const sqs = table.client(SQSClient);
  const queue = await sqs.send(new CreateQueueCommand({ QueueName: 'events', Attributes: { Policy } }));
  const events = table.client(EventBridgeClient);
  await events.send(new PutRuleCommand({ Name: 'acm', EventPattern: '{"source":["aws.acm"]}' }));
  await events.send(new PutTargetsCommand({ Rule: 'acm', Targets: [{ Id: 'q', Arn }] }));
  table.advance(60_000);
  return async () => {
    table.advance(1000);
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl: queue.QueueUrl, MaxNumberOfMessages: 10 }),
    );
    for (const { ReceiptHandle } of Messages)
      await sqs.send(new DeleteMessageCommand({ QueueUrl: queue.QueueUrl, ReceiptHandle }));
    const found = Messages.map(
      ({ Body = '' }) =>
        JSON.parse(Body) as { time: string; 'detail-type': string; detail: { DaysToExpiry?: number } },
    ).toSorted((left, right) => (left.time < right.time ? -1 : 1));
    return found.map((one) => [one['detail-type'], one.detail.DaysToExpiry]);
  };
}

// https://docs.aws.amazon.com/acm/latest/APIReference/API_PutAccountConfiguration.html
describe('the end of a certificate', () => {
  const until = (table: TestTable, daysLeft: number) =>
    table.advance(new Date('2040-01-01T00:00:00Z').getTime() - daysLeft * DAY - table.world.now);

  it('is told each day from 45 days before it', async () => {
    const { table, bringSelfSigned } = stage();
    const heard = await listen(table);
    await bringSelfSigned();
    expect(await heard()).toEqual([['ACM Certificate Available', 5109]]);
    until(table, 43.5);
    expect(await heard()).toEqual([
      ['ACM Certificate Approaching Expiration', 45],
      ['ACM Certificate Approaching Expiration', 44],
    ]);
  });

  it('is told from another day on, where the account says so, once for each token', async () => {
    const { table, acm, bringSelfSigned } = stage();
    const heard = await listen(table);
    await bringSelfSigned();
    await heard();
    const put = (IdempotencyToken: string, DaysBeforeExpiry?: number) =>
      acm.send(new PutAccountConfigurationCommand({ IdempotencyToken, ExpiryEvents: { DaysBeforeExpiry } }));
    await put('once', 2);
    await put('once', 60);
    const { ExpiryEvents } = await acm.send(new GetAccountConfigurationCommand({}));
    expect(ExpiryEvents?.DaysBeforeExpiry).toBe(2);
    until(table, 1.5);
    expect(await heard()).toEqual([['ACM Certificate Approaching Expiration', 2]]);
    until(table, 0);
    expect(await heard()).toEqual([
      ['ACM Certificate Approaching Expiration', 1],
      ['ACM Certificate Expired', undefined],
    ]);
    // As moto's test_put_account_configuration_without_parameters, which was verified against AWS.
    await expect(put('empty')).rejects.toMatchObject({ message: 'Configuration for events is empty.' });
  });

  it('is told once, also where the same certificate was imported twice in its place', async () => {
    const { table, bring, bringSelfSigned } = stage();
    const heard = await listen(table);
    const CertificateArn = await bringSelfSigned();
    table.advance(60_000);
    await bring({ body: selfSigned, key: selfSignedKey }, { CertificateArn, CertificateChain: undefined });
    await heard();
    until(table, 44.5);
    expect(await heard()).toEqual([['ACM Certificate Approaching Expiration', 45]]);
  });

  it('comes no more once it is deleted', async () => {
    const { table, acm, bringSelfSigned } = stage();
    const heard = await listen(table);
    const CertificateArn = await bringSelfSigned();
    await heard();
    await acm.send(new DeleteCertificateCommand({ CertificateArn }));
    until(table, 0);
    expect(await heard()).toEqual([]);
  });
});
