// A world with a zone of its own and certificates that its records make ACM issue, for tests of what serves with them.

import { ACMClient, DescribeCertificateCommand, RequestCertificateCommand } from '@aws-sdk/client-acm';
import { DescribeSubnetsCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  ChangeResourceRecordSetsCommand,
  CreateHostedZoneCommand,
  Route53Client,
} from '@aws-sdk/client-route-53';
import type { ResourceRecordSet } from '@aws-sdk/client-route-53';
import { newTable } from './table.ts';
import type { TestTable } from './table.ts';

const HOUR = 3_600_000;

export class SecuredStand {
  readonly table: TestTable = newTable();
  readonly acm = this.table.client(ACMClient);
  readonly subnets: string[] = [];
  vpcId = '';
  zone = '';

  static async open(): Promise<SecuredStand> {
    const stand = new SecuredStand();
    const found = await stand.table.client(EC2Client).send(new DescribeSubnetsCommand({}));
    stand.subnets.push(...(found.Subnets ?? []).map(({ SubnetId = '' }) => SubnetId));
    stand.vpcId = found.Subnets?.[0]?.VpcId ?? '';
    const { HostedZone } = await stand.table
      .client(Route53Client)
      .send(new CreateHostedZoneCommand({ Name: 'example.com', CallerReference: 'tests' }));
    stand.zone = HostedZone?.Id ?? '';
    return stand;
  }

  /** Asks for a certificate that nobody proves to own. */
  async pending(DomainName: string): Promise<string> {
    const { CertificateArn = '' } = await this.acm.send(
      new RequestCertificateCommand({ DomainName, ValidationMethod: 'DNS' }),
    );
    return CertificateArn;
  }

  /** A certificate that is issued. */
  async issued(domainName: string): Promise<string> {
    const CertificateArn = await this.pending(domainName);
    const { Certificate } = await this.acm.send(new DescribeCertificateCommand({ CertificateArn }));
    const record = Certificate?.DomainValidationOptions?.[0]?.ResourceRecord;
    const ResourceRecordSet: ResourceRecordSet = {
      Name: record?.Name ?? '',
      Type: 'CNAME',
      TTL: 300,
      ResourceRecords: [{ Value: record?.Value ?? '' }],
    };
    await this.table.client(Route53Client).send(
      new ChangeResourceRecordSetsCommand({
        HostedZoneId: this.zone,
        ChangeBatch: { Changes: [{ Action: 'UPSERT', ResourceRecordSet }] },
      }),
    );
    this.table.advance(HOUR);
    return CertificateArn;
  }
}
