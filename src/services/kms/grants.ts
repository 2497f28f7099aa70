// Grants: permission to use a key that is in no policy, given for certain operations to one principal.
// https://docs.aws.amazon.com/kms/latest/developerguide/grants.html

import { Fault } from '#contract/fault.ts';
import { base64, fromBase64, textOf, utf8 } from '#contract/protocols/bytes.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { page } from '#cloud/pagination.ts';
import { sessions } from '#cloud/ports/identity.ts';
import type { Principal } from '#cloud/principal.ts';
import type { Operations, Request } from '#cloud/service.ts';
import { checkDryRun, invalid, invalidMarker, notFound } from './faults.ts';
import { checkUsable, homeOf, keyById, keyOfArn } from './key.ts';
import { grants } from './tables.ts';
import type { EncryptionContext, Grant, Key } from './tables.ts';
import { grantActivation } from './timings.ts';

const PAGE_SIZE = 50;
const PRINCIPAL =
  /^(?:arn:aws:(?:iam|sts)::\d{12}:(?:root|(?:user|role|assumed-role|federated-user)\/.+)|[a-z0-9.-]+\.amazonaws\.com)$/;

const ALWAYS = ['CreateGrant', 'RetireGrant', 'DescribeKey'];
/** What a grant can be for, by what the key is for. */
const OPERATIONS: Readonly<Record<Key['usage'], readonly string[]>> = {
  ENCRYPT_DECRYPT: [
    ...ALWAYS,
    'Decrypt',
    'Encrypt',
    'GenerateDataKey',
    'GenerateDataKeyWithoutPlaintext',
    'GenerateDataKeyPair',
    'GenerateDataKeyPairWithoutPlaintext',
    'ReEncryptFrom',
    'ReEncryptTo',
  ],
  GENERATE_VERIFY_MAC: [...ALWAYS, 'GenerateMac', 'VerifyMac'],
};

/** Those that have no encryption context, which constraints therefore leave alone. */
const WITHOUT_CONTEXT = new Set([...ALWAYS, 'GenerateMac', 'VerifyMac']);

// ---- In IAM's decisions ----

function isPrincipal(principal: Principal, arn: string | undefined): boolean {
  if (arn === undefined || principal.type === 'anonymous') return false;
  if (principal.type === 'service') return principal.service === arn;
  return principal.arn === arn || (principal.type === 'role' && principal.roleArn === arn);
}

const CONTEXT = 'kms:EncryptionContext:';

function contextOf(conditions: Request['conditions']): EncryptionContext {
  const pairs = Object.entries(conditions)
    .filter(([key]) => key.startsWith(CONTEXT))
    .map(([key, value]) => [key.slice(CONTEXT.length), String(value)]);
  return Object.fromEntries(pairs) as EncryptionContext;
}

function contains(context: EncryptionContext, wanted: EncryptionContext): boolean {
  return Object.entries(wanted).every(([key, value]) => context[key] === value);
}

function allows(grant: Grant, operation: string, conditions: Request['conditions']): boolean {
  const { operations, subset, equals } = grant;
  if (!operations.includes(operation)) return false;
  // A grantee can hand on no more than it has.
  if (operation === 'CreateGrant') {
    const wanted = conditions['kms:GrantOperations'] ?? [];
    return !subset && !equals && [wanted].flat().every((one) => operations.includes(one));
  }
  if (WITHOUT_CONTEXT.has(operation)) return true;
  const context = contextOf(conditions);
  if (subset && !contains(context, subset)) return false;
  return !equals || (contains(context, equals) && contains(equals, context));
}

/** Whether a grant lets the caller do what no policy does. */
export function granted(ctx: Ctx, { action, resource, conditions, input }: Request): boolean {
  const key = resource.includes(':key/') ? keyOfArn(ctx, resource) : undefined;
  if (!key) return false;
  const operation = action.slice('kms:'.length);
  const tokens = (input['GrantTokens'] ?? []) as readonly string[];
  return homeOf(ctx, resource)
    .scan(grants, { prefix: `${key.id}/` })
    .some(
      (grant) =>
        isPrincipal(ctx.principal, grant.grantee) &&
        (grant.activeAt <= ctx.now || grant.tokens.some((token) => tokens.includes(token))) &&
        allows(grant, operation, conditions),
    );
}

// ---- Finding them ----

interface Place {
  readonly at: Ctx;
  readonly grant: Grant;
}

/** Tokens say where their grant is. */
function tokenFor(at: Ctx, keyId: string, id: string): string {
  return base64(utf8(`${at.account}/${keyId}/${id}/${at.id('kms-grant-token', 32)}`));
}

function grantOfToken(ctx: Ctx, token: string): Place {
  const text = textOf(fromBase64(token) ?? new Uint8Array(0)) ?? '';
  const [account, keyId, id] = text.split('/');
  const at = account && /^\d{12}$/.test(account) ? ctx.in({ account }) : ctx;
  const grant = at.get(grants, `${keyId}/${id}`);
  if (!grant?.tokens.includes(token)) throw new Fault('InvalidGrantTokenException', 'Invalid grant token.');
  return { at, grant };
}

type Retire = Input<'kms', 'RetireGrant'>;

/** The grant that a request retires: named by a token, or by its id and key. */
export function retired(ctx: Ctx, { GrantToken, KeyId, GrantId }: Retire): Place {
  if (GrantToken !== undefined) {
    if (KeyId !== undefined || GrantId !== undefined)
      throw invalid('Only one of Grant Token or Grant ID and Key ID can be provided.');
    return grantOfToken(ctx, GrantToken);
  }
  if (KeyId === undefined || GrantId === undefined)
    throw invalid('Please specify either a grant token or a key ID and a grant ID.');
  return grantById(ctx, KeyId, GrantId, 'kms:RetireGrant');
}

function grantById(ctx: Ctx, keyId: string, grantId: string, action: string): Place {
  const { at, key } = keyById(ctx, keyId, action);
  const grant = at.get(grants, `${key.id}/${grantId}`);
  if (!grant) throw notFound(`Grant ID ${grantId} not found`);
  return { at, grant };
}

/** Retiring is primarily the grant's own matter: no policy is asked where it names the caller. */
export function mayRetire({ principal }: Ctx, { grantee, retiring, operations, issuer }: Grant): boolean {
  if (isPrincipal(principal, retiring)) return true;
  if (operations.includes('RetireGrant') && isPrincipal(principal, grantee)) return true;
  return principal.type === 'root' && principal.account === issuer;
}

// ---- Operations ----

type Create = Input<'kms', 'CreateGrant'>;

function checkPrincipal(ctx: Ctx, arn: string): void {
  const role = /^arn:aws:iam::\d{12}:role\//.test(arn);
  if (PRINCIPAL.test(arn) && (!role || ctx.port(sessions).role(ctx, arn))) return;
  throw new Fault('InvalidArnException', `ARN does not refer to a valid principal: ${arn}`);
}

/** Two requests for the same named grant differ in nothing. */
function same(grant: Grant, wanted: Omit<Grant, 'id' | 'tokens' | 'createdAt' | 'activeAt'>): boolean {
  const facts = ({ grantee, retiring, operations, subset, equals }: typeof wanted): string =>
    JSON.stringify([grantee, retiring, operations, subset, equals]);
  return facts(grant) === facts(wanted);
}

function wantedGrant(
  ctx: Ctx,
  key: Key,
  input: Create,
): Omit<Grant, 'id' | 'tokens' | 'createdAt' | 'activeAt'> {
  const { GranteePrincipal, RetiringPrincipal, Operations: wanted, Constraints = {}, Name } = input;
  const { EncryptionContextSubset: subset, EncryptionContextEquals: equals } = Constraints;
  checkPrincipal(ctx, GranteePrincipal);
  if (RetiringPrincipal !== undefined) checkPrincipal(ctx, RetiringPrincipal);
  const wrong = wanted.find((one) => !OPERATIONS[key.usage].includes(one));
  if (wrong !== undefined)
    throw invalid(`The grant operation ${wrong} is not supported by keys of the usage ${key.usage}.`);
  return {
    keyId: key.id,
    ...(Name === undefined ? {} : { name: Name }),
    grantee: GranteePrincipal,
    ...(RetiringPrincipal === undefined ? {} : { retiring: RetiringPrincipal }),
    issuer: ctx.account,
    operations: [...new Set(wanted)],
    ...(subset ? { subset } : {}),
    ...(equals ? { equals } : {}),
  };
}

type Listed = NonNullable<Output<'kms', 'ListGrants'>['Grants']>[number];

function describe(at: Ctx, grant: Grant): Listed {
  const { keyId, id, name = '', grantee, retiring, issuer, operations, subset, equals } = grant;
  const Constraints = {
    ...(subset ? { EncryptionContextSubset: subset } : {}),
    ...(equals ? { EncryptionContextEquals: equals } : {}),
  };
  return {
    KeyId: at.arn('kms', `key/${keyId}`),
    GrantId: id,
    Name: name,
    CreationDate: grant.createdAt,
    GranteePrincipal: grantee,
    ...(retiring === undefined ? {} : { RetiringPrincipal: retiring }),
    IssuingAccount: `arn:aws:iam::${issuer}:root`,
    Operations: operations as NonNullable<Listed['Operations']>,
    ...((subset ?? equals) ? { Constraints } : {}),
  };
}

interface Wanted {
  readonly Limit?: number | undefined;
  readonly Marker?: string | undefined;
}

function listed(
  at: Ctx,
  { Limit = PAGE_SIZE, Marker }: Wanted,
  prefix: string,
  where: (grant: Grant) => boolean,
): Output<'kms', 'ListGrants'> {
  const request = { token: Marker, limit: Limit, prefix, where, invalidToken: invalidMarker };
  const { rows, next } = page(at, grants, request);
  return {
    Grants: rows.map((grant) => describe(at, grant)),
    ...(next === undefined ? {} : { NextMarker: next }),
    Truncated: next !== undefined,
  };
}

export const grantOperations: Operations<'kms'> = {
  CreateGrant(ctx, input) {
    const { at, key } = keyById(ctx, input.KeyId, 'kms:CreateGrant');
    checkUsable(key);
    const wanted = wantedGrant(ctx, key, input);
    checkDryRun(input);
    const [existing] = wanted.name === undefined ? [] : at.list(grants, 'name', `${key.id}/${wanted.name}`);
    if (existing && same(existing, wanted)) {
      const token = tokenFor(at, key.id, existing.id);
      at.update(grants, existing, { tokens: [...existing.tokens, token] });
      return { GrantId: existing.id, GrantToken: token };
    }
    const id = at.id('kms-grant', 64);
    const token = tokenFor(at, key.id, id);
    const activeAt = at.now + at.duration(grantActivation, id);
    at.put(grants, { ...wanted, id, tokens: [token], createdAt: at.now, activeAt });
    return { GrantId: id, GrantToken: token };
  },

  ListGrants(ctx, input) {
    const { KeyId, GrantId, GranteePrincipal } = input;
    const { at, key } = keyById(ctx, KeyId, 'kms:ListGrants');
    return listed(
      at,
      input,
      `${key.id}/`,
      ({ id, grantee }) =>
        (GrantId === undefined || id === GrantId) &&
        (GranteePrincipal === undefined || grantee === GranteePrincipal),
    );
  },

  ListRetirableGrants(ctx, input) {
    return listed(ctx, input, '', ({ retiring }) => retiring === input.RetiringPrincipal);
  },

  RetireGrant(ctx, input) {
    const { at, grant } = retired(ctx, input);
    checkDryRun(input);
    at.delete(grants, grants.key(grant));
  },

  RevokeGrant(ctx, input) {
    const { at, grant } = grantById(ctx, input.KeyId, input.GrantId, 'kms:RevokeGrant');
    checkDryRun(input);
    at.delete(grants, grants.key(grant));
  },
};
