// AWS::EC2::KeyPair, of a public key that the template gives. Without one EC2 makes a key, and its private half goes to
// Parameter Store.

import { handlerFailure, provider } from '../provider.ts';
import type { Provider, Work } from '../provider.ts';

type KeyPair = Work<'AWS::EC2::KeyPair'>;

function live(work: KeyPair) {
  const { KeyPairs = [] } = work.find('ec2', 'DescribeKeyPairs', { KeyNames: [work.physicalId] }) ?? {};
  return KeyPairs[0];
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-keypair.html */
const parameterOf = (keyPairId: string): string => `/ec2/keypair/${keyPairId}`;

function make(work: KeyPair): string {
  const { KeyName, KeyType, KeyFormat, Tags } = work.properties;
  const made = work.call('ec2', 'CreateKeyPair', {
    KeyName,
    ...(KeyType !== undefined && { KeyType: KeyType as 'rsa' }),
    ...(KeyFormat !== undefined && { KeyFormat: KeyFormat as 'pem' }),
    TagSpecifications: [{ ResourceType: 'key-pair', Tags: work.tags(Tags) }],
  });
  const { KeyPairId = '', KeyMaterial: Value = '' } = made;
  work.call('ssm', 'PutParameter', { Name: parameterOf(KeyPairId), Value, Type: 'SecureString' });
  return KeyName;
}

export const keyPair: Provider = provider({
  type: 'AWS::EC2::KeyPair',
  create(work) {
    const { KeyName, PublicKeyMaterial, KeyType, Tags } = work.properties;
    if (PublicKeyMaterial === undefined) return make(work);
    if (KeyType !== undefined)
      throw handlerFailure(work, 'KeyType cannot be specified together with PublicKeyMaterial.');
    work.call('ec2', 'ImportKeyPair', {
      KeyName,
      PublicKeyMaterial: new TextEncoder().encode(PublicKeyMaterial),
      TagSpecifications: [{ ResourceType: 'key-pair', Tags: work.tags(Tags) }],
    });
    return KeyName;
  },
  update(work) {
    // Only tags of the stack can have changed: those of the key pair replace it.
    const { KeyPairId = '' } = live(work) ?? {};
    work.call('ec2', 'CreateTags', { Resources: [KeyPairId], Tags: work.tags(work.properties.Tags) });
  },
  delete(work) {
    const { KeyPairId = '' } = live(work) ?? {};
    work.call('ec2', 'DeleteKeyPair', { KeyName: work.physicalId });
    if (work.properties.PublicKeyMaterial === undefined)
      work.find('ssm', 'DeleteParameter', { Name: parameterOf(KeyPairId) });
  },
  attributes(work) {
    const { KeyPairId = '', KeyFingerprint = '' } = live(work) ?? {};
    return { KeyPairId, KeyFingerprint };
  },
  read(work) {
    const found = live(work);
    return found && { KeyName: found.KeyName ?? '' };
  },
});
