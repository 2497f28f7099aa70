// AWS::EC2::KeyPair, of a public key that the template gives. Without one EC2 would make a private key, which
// CloudFormation puts into Parameter Store: there are no private keys here that are random in earnest.

import { handlerFailure, provider } from '../provider.ts';
import type { Provider, Work } from '../provider.ts';

type KeyPair = Work<'AWS::EC2::KeyPair'>;

function live(work: KeyPair) {
  const { KeyPairs = [] } = work.find('ec2', 'DescribeKeyPairs', { KeyNames: [work.physicalId] }) ?? {};
  return KeyPairs[0];
}

export const keyPair: Provider = provider({
  type: 'AWS::EC2::KeyPair',
  refused: ['KeyFormat'],
  create(work) {
    const { KeyName, PublicKeyMaterial, KeyType, Tags } = work.properties;
    if (PublicKeyMaterial === undefined) {
      const why =
        'Sandtable does not model key pairs whose private key EC2 makes: give the property PublicKeyMaterial.';
      throw handlerFailure(work, why, 'NotImplemented');
    }
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
    work.call('ec2', 'DeleteKeyPair', { KeyName: work.physicalId });
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
