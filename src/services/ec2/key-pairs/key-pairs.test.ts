import { constants, createHash, createPrivateKey, createPublicKey, privateDecrypt } from 'node:crypto';
import {
  CreateKeyPairCommand,
  DescribeImagesCommand,
  DescribeKeyPairsCommand,
  EC2Client,
  GetPasswordDataCommand,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import type { CreateKeyPairCommandInput } from '@aws-sdk/client-ec2';
import { describe, expect, it } from 'vitest';
import { newTable } from '../../../../tests/table.ts';
import type { TestTable } from '../../../../tests/table.ts';

const MINUTE = 60_000;

async function made(table: TestTable, more: Partial<CreateKeyPairCommandInput> = {}) {
  const ec2 = table.client(EC2Client);
  const { KeyMaterial = '', KeyFingerprint } = await ec2.send(
    new CreateKeyPairCommand({ KeyName: 'mine', ...more }),
  );
  const { KeyPairs } = await ec2.send(
    new DescribeKeyPairsCommand({ KeyNames: ['mine'], IncludePublicKey: true }),
  );
  return { ec2, material: KeyMaterial, fingerprint: KeyFingerprint, shown: KeyPairs?.[0] };
}

describe('a key pair that EC2 makes', () => {
  // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/verify-keys.html: SHA-1 of the private key in PKCS #8
  it('is an RSA key of 2048 bits in PEM', async () => {
    const { material, fingerprint, shown } = await made(newTable());
    expect(material).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n/);
    const key = createPrivateKey(material);
    expect(key.asymmetricKeyDetails?.modulusLength).toBe(2048);
    const digest = createHash('sha1')
      .update(key.export({ format: 'der', type: 'pkcs8' }))
      .digest('hex');
    expect(fingerprint?.replaceAll(':', '')).toBe(digest);
    const { n = '' } = createPublicKey(key).export({ format: 'jwk' });
    const blob = Buffer.from(shown?.PublicKey?.split(' ')[1] ?? '', 'base64');
    expect(blob.subarray(-256).toString('base64url')).toBe(n);
  });

  // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_KeyPairInfo.html: SHA-256 in base64
  it("is an ED25519 key in OpenSSH's format", async () => {
    const { material, fingerprint, shown } = await made(newTable(), { KeyType: 'ed25519' });
    const body = Buffer.from(material.split('\n').slice(1, -2).join(''), 'base64');
    const blob = Buffer.from(shown?.PublicKey?.split(' ')[1] ?? '', 'base64');
    expect(body.subarray(0, 14).toString()).toBe('openssh-key-v1');
    expect(body.includes(blob)).toBe(true);
    expect(createHash('sha256').update(blob).digest('base64')).toBe(fingerprint);
  });

  it('is the same in a world of the same seed, and another in any other', async () => {
    const [one, same, other] = await Promise.all(
      ['a', 'a', 'b'].map(async (seed) => (await made(newTable({ seed }))).material),
    );
    expect(one).toBe(same);
    expect(one).not.toBe(other);
  });
});

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetPasswordData.html
it('encrypts the password of a Windows instance to its key pair, some minutes after the launch', async () => {
  const table = newTable();
  const { ec2, material } = await made(table);
  const Filters = [{ Name: 'name', Values: ['Windows_Server-2022-English-Full-Base-*'] }];
  const { Images } = await ec2.send(new DescribeImagesCommand({ Filters }));
  const request = { ImageId: Images?.[0]?.ImageId, KeyName: 'mine', MinCount: 1, MaxCount: 1 };
  const { Instances } = await ec2.send(new RunInstancesCommand({ ...request, InstanceType: 't3.large' }));
  const InstanceId = Instances?.[0]?.InstanceId;
  table.advance(MINUTE);
  expect((await ec2.send(new GetPasswordDataCommand({ InstanceId }))).PasswordData).toBe('');
  table.advance(10 * MINUTE);
  const { PasswordData = '' } = await ec2.send(new GetPasswordDataCommand({ InstanceId }));
  const padding = constants.RSA_PKCS1_PADDING;
  const password = privateDecrypt({ key: material, padding }, Buffer.from(PasswordData, 'base64'));
  expect(password.toString()).toHaveLength(32);
});
