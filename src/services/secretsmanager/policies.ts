// Resource policies of secrets.

import { Fault } from '#contract/fault.ts';
import { parsePolicy } from '#cloud/iam/policy.ts';
import type { Operations } from '#cloud/service.ts';
import { homeOf, livingSecret } from './secret.ts';
import { secrets } from './tables.ts';
import type { Secret } from './tables.ts';

interface Statement {
  readonly Effect?: string;
  readonly Principal?: unknown;
  readonly Condition?: object;
}

/** Whether a policy lets everybody in: an Allow for any principal without a condition. */
function isPublic(text: string): boolean {
  const { Statement: given = [] } = JSON.parse(text) as { Statement?: Statement | readonly Statement[] };
  return [given].flat().some(({ Effect, Principal, Condition }) => {
    const aws =
      typeof Principal === 'object' && Principal !== null ? (Principal as { AWS?: unknown }).AWS : undefined;
    const anyone = Principal === '*' || [aws].flat().includes('*');
    return Effect === 'Allow' && anyone && (!Condition || Object.keys(Condition).length === 0);
  });
}

function checked(text: string): void {
  parsePolicy(text, 'resource', 'MalformedPolicyDocumentException');
}

export const policyOperations: Operations<'secretsmanager'> = {
  PutResourcePolicy(ctx, { SecretId, ResourcePolicy, BlockPublicPolicy = false }) {
    const secret = livingSecret(ctx, SecretId);
    checked(ResourcePolicy);
    if (BlockPublicPolicy && isPublic(ResourcePolicy)) {
      throw new Fault(
        'PublicPolicyException',
        'You attempted to attach a resource policy that allows broad access to the secret.',
      );
    }
    homeOf(ctx, secret.arn).update(secrets, secret, { policy: ResourcePolicy });
    return { ARN: secret.arn, Name: secret.name };
  },

  GetResourcePolicy(ctx, { SecretId }) {
    const { arn, name, policy } = livingSecret(ctx, SecretId);
    return { ARN: arn, Name: name, ResourcePolicy: policy };
  },

  DeleteResourcePolicy(ctx, { SecretId }) {
    const { policy: _, ...secret }: Secret = livingSecret(ctx, SecretId);
    homeOf(ctx, secret.arn).put(secrets, secret);
    return { ARN: secret.arn, Name: secret.name };
  },

  ValidateResourcePolicy(ctx, { SecretId, ResourcePolicy }) {
    if (SecretId !== undefined) livingSecret(ctx, SecretId);
    const ValidationErrors: { CheckName: string; ErrorMessage: string }[] = [];
    checked(ResourcePolicy);
    if (isPublic(ResourcePolicy)) {
      ValidationErrors.push({
        CheckName: 'BroadAccess',
        ErrorMessage: 'The resource policy allows broad access to the secret.',
      });
    }
    return { PolicyValidationPassed: ValidationErrors.length === 0, ValidationErrors };
  },
};
