// What dynamic references stand for: values that a template takes from Parameter Store and Secrets Manager when a resource is made.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html

import { Fault } from '#contract/fault.ts';
import { jsonIn } from '#contract/json-text.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Principal } from '#cloud/principal.ts';

type Service = 'ssm' | 'ssm-secure' | 'secretsmanager';

/** `text` is what stands behind the service: `name:version`, or `id:SecretString:key:stage:version`. */
export function dynamicReference(ctx: Ctx, as: Principal, service: Service, text: string): string {
  return service === 'secretsmanager' ? secret(ctx, as, text) : parameter(ctx, as, service, text);
}

function parameter(ctx: Ctx, as: Principal, service: Service, Name: string): string {
  const outcome = ctx.call('ssm', 'GetParameter', { Name, WithDecryption: service === 'ssm-secure' }, as);
  if (!outcome.ok) {
    throw new Fault(
      'ValidationError',
      `Unable to fetch parameters [${Name}] from parameter store for this account.`,
    );
  }
  const { Type, Value = '' } = outcome.output.Parameter ?? {};
  if (service === 'ssm' && Type === 'SecureString') {
    throw new Fault(
      'ValidationError',
      `Non-secure ssm prefix was used for secure parameter. Use ssm-secure instead: ${Name}`,
    );
  }
  return Value;
}

/** An ARN has colons of its own: six of them before the secret's name. */
function secret(ctx: Ctx, as: Principal, text: string): string {
  const parts = text.split(':');
  const length = text.startsWith('arn:') ? 7 : 1;
  const SecretId = parts.slice(0, length).join(':');
  const [kind = 'SecretString', key = '', VersionStage = '', VersionId = ''] = parts.slice(length);
  const outcome = ctx.call(
    'secretsmanager',
    'GetSecretValue',
    { SecretId, ...(VersionStage && { VersionStage }), ...(VersionId && { VersionId }) },
    as,
  );
  if (!outcome.ok) {
    const { message, shape } = outcome.fault;
    throw new Fault(
      'ValidationError',
      `Could not resolve the dynamic reference {{resolve:secretsmanager:${text}}}: ${message} (${shape})`,
    );
  }
  const value = kind === '' || kind === 'SecretString' ? (outcome.output.SecretString ?? '') : '';
  return key === '' ? value : memberOf(value, key);
}

function memberOf(json: string, key: string): string {
  let members: unknown;
  try {
    members = jsonIn(json);
  } catch {
    members = undefined;
  }
  const found = (members as Record<string, unknown> | undefined)?.[key];
  if (found === undefined)
    throw new Fault('ValidationError', `Could not find a value associated with JSONKey in SecretString`);
  return typeof found === 'string' ? found : JSON.stringify(found);
}
