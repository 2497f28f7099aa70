// AWS::SecretsManager::Secret.

import { jsonIn } from '#contract/json-text.ts';
import { physicalName } from '../../engine/names.ts';
import { handlerFailure, provider } from '../provider.ts';
import type { Provider, Work } from '../provider.ts';
import { retag } from '../tagging.ts';

type Secret = Work<'AWS::SecretsManager::Secret'>;

const LONGEST = 512;
const OWN_KEY = 'alias/aws/secretsmanager';

/** A password, or a JSON object in which it stands under a key. */
function generated(work: Secret): string | undefined {
  const { GenerateSecretString } = work.properties;
  if (!GenerateSecretString) return undefined;
  const { SecretStringTemplate, GenerateStringKey, ...rules } = GenerateSecretString;
  if ((SecretStringTemplate === undefined) !== (GenerateStringKey === undefined))
    throw handlerFailure(work, 'SecretStringTemplate and GenerateStringKey must be given together.');
  const { RandomPassword = '' } = work.call('secretsmanager', 'GetRandomPassword', rules);
  if (SecretStringTemplate === undefined || GenerateStringKey === undefined) return RandomPassword;
  return JSON.stringify({ ...templateOf(work, SecretStringTemplate), [GenerateStringKey]: RandomPassword });
}

function templateOf(work: Secret, text: string): object {
  try {
    const template: unknown = jsonIn(text);
    if (typeof template === 'object' && template !== null && !Array.isArray(template)) return template;
  } catch {
    // The same answer as for JSON that is no object.
  }
  throw handlerFailure(work, 'SecretStringTemplate must be a JSON object.');
}

function valueOf(work: Secret): string | undefined {
  const { SecretString, GenerateSecretString } = work.properties;
  if (SecretString !== undefined && GenerateSecretString)
    throw handlerFailure(work, 'SecretString and GenerateSecretString must not be given together.');
  return SecretString ?? generated(work);
}

export const secret: Provider = provider({
  type: 'AWS::SecretsManager::Secret',
  refused: ['ReplicaRegions', 'Type'],
  passedOn: ['GenerateSecretString'],
  create(work) {
    const { Description, KmsKeyId, Tags } = work.properties;
    // The stack's name is not part of names that are made up: "MySecret-x8XyCHDW5ZlJ".
    const made = { longest: LONGEST };
    const Name = work.properties.Name ?? physicalName(work.ctx, '', work.logicalId, made);
    const { ARN = '' } = work.call('secretsmanager', 'CreateSecret', {
      Name,
      Description,
      KmsKeyId,
      SecretString: valueOf(work),
      ClientRequestToken: work.token,
      Tags: work.tags(Tags),
    });
    return ARN;
  },
  update(work) {
    const SecretId = work.physicalId;
    const { Description = '', KmsKeyId = OWN_KEY } = work.properties;
    const SecretString = work.changed('SecretString', 'GenerateSecretString') ? valueOf(work) : undefined;
    work.call('secretsmanager', 'UpdateSecret', {
      SecretId,
      ...(work.changed('Description') && { Description }),
      ...(work.changed('KmsKeyId') && { KmsKeyId }),
      ...(SecretString !== undefined && { SecretString }),
      ClientRequestToken: work.token,
    });
    retag(work, 'secretsmanager', SecretId);
  },
  /** At once: a secret of a stack has no recovery window. */
  delete(work) {
    const SecretId = work.physicalId;
    work.find('secretsmanager', 'DeleteSecret', { SecretId, ForceDeleteWithoutRecovery: true });
  },
  attributes: ({ physicalId }) => ({ Id: physicalId }),
  read(work) {
    const found = work.find('secretsmanager', 'DescribeSecret', { SecretId: work.physicalId });
    if (!found || found.DeletedDate !== undefined) return undefined;
    const { Name = '', Description, KmsKeyId } = found;
    return { Name, Description, KmsKeyId };
  },
});
