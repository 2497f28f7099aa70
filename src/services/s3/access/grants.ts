// The access control lists that requests ask for: by a short name, by a header for each permission, or in the body.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html

import { Fault } from '#contract/fault.ts';
import type { Input } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { accountOfUser } from '../bucket.ts';
import { invalidArgument, invalidRequest, malformedXml } from '../faults.ts';
import type { Grant, Permission } from '../tables.ts';

type Document = NonNullable<Input<'s3', 'PutBucketAcl'>['AccessControlPolicy']>;
type WireGrant = NonNullable<Document['Grants']>[number];

const GROUPS = 'http://acs.amazonaws.com/groups/';
export const ALL_USERS: string = `${GROUPS}global/AllUsers`;
export const AUTHENTICATED_USERS: string = `${GROUPS}global/AuthenticatedUsers`;
export const LOG_DELIVERY: string = `${GROUPS}s3/LogDelivery`;
const KNOWN_GROUPS: ReadonlySet<string> = new Set([ALL_USERS, AUTHENTICATED_USERS, LOG_DELIVERY]);

const HEADERS = {
  GrantFullControl: ['x-amz-grant-full-control', 'FULL_CONTROL'],
  GrantRead: ['x-amz-grant-read', 'READ'],
  GrantReadACP: ['x-amz-grant-read-acp', 'READ_ACP'],
  GrantWrite: ['x-amz-grant-write', 'WRITE'],
  GrantWriteACP: ['x-amz-grant-write-acp', 'WRITE_ACP'],
} as const;
const PERMISSIONS: ReadonlySet<unknown> = new Set<Permission>([
  'FULL_CONTROL',
  'READ',
  'WRITE',
  'READ_ACP',
  'WRITE_ACP',
]);

/** Headers that grant, by the names of the API's members. */
export type GrantHeaders = { readonly [name in keyof typeof HEADERS]?: string | undefined };

export interface WantedAcl extends GrantHeaders {
  readonly ACL?: string | undefined;
  readonly AccessControlPolicy?: Document | undefined;
}

/** The headers that a request has, by their names on the wire: IAM's condition keys have those too. */
export function grantHeaders(input: GrantHeaders): readonly (readonly [string, string, Permission])[] {
  return Object.entries(HEADERS).flatMap(([member, [header, permission]]) => {
    const value = input[member as keyof GrantHeaders];
    return value === undefined ? [] : [[header, value, permission] as const];
  });
}

function user(ctx: Ctx, argument: string, id: string): Grant['to'] {
  if (accountOfUser(ctx, id) === undefined) throw invalidArgument(argument, id, 'Invalid id');
  return { id };
}

function group(argument: string, uri: string): Grant['to'] {
  if (!KNOWN_GROUPS.has(uri)) throw invalidArgument(argument, uri, 'Invalid group uri');
  return { group: uri };
}

/** Nobody can be named by an address any more; https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketAcl.html */
function byEmail(): Fault {
  const message = 'The specified method is not allowed against this resource.';
  return new Fault('MethodNotAllowed', message, { status: 405 });
}

/** `uri="http://…", id="…"` */
function granteesOf(ctx: Ctx, header: string, value: string): Grant['to'][] {
  return value.split(',').map((one) => {
    const [, name = '', quoted, bare = ''] = /^\s*([A-Za-z]+)=(?:"([^"]*)"|([^"]*))\s*$/.exec(one) ?? [];
    const text = quoted ?? bare;
    if (name === 'id') return user(ctx, name, text);
    if (name === 'uri') return group(name, text);
    if (name === 'emailAddress') throw byEmail();
    throw invalidArgument(header, value, 'Argument format not recognized');
  });
}

const malformedAcl = (): Fault => new Fault('MalformedACLError', malformedXml().message, { status: 400 });

function grantOf(ctx: Ctx, { Grantee: to, Permission: permission }: WireGrant): Grant {
  if (!to || !PERMISSIONS.has(permission)) throw malformedAcl();
  const given = { permission: permission as Permission };
  if (to.Type === 'CanonicalUser' && to.ID !== undefined)
    return { to: user(ctx, 'CanonicalUser/ID', to.ID), ...given };
  if (to.Type === 'Group' && to.URI !== undefined) return { to: group('Group/URI', to.URI), ...given };
  if (to.Type === 'AmazonCustomerByEmail' && to.EmailAddress !== undefined) throw byEmail();
  throw malformedAcl();
}

/** The grants of a document, such as a list in a body. */
export function documentGrants(ctx: Ctx, grants: readonly WireGrant[]): Grant[] {
  return grants.map((one) => grantOf(ctx, one));
}

function documentOf(ctx: Ctx, { Owner: owner, Grants: grants }: Document): Grant[] {
  if (owner?.ID === undefined || grants === undefined) throw malformedAcl();
  // S3 looks at all of the form before it looks for whom it names.
  if (grants.some(({ Permission: permission }) => !PERMISSIONS.has(permission))) throw malformedAcl();
  user(ctx, 'CanonicalUser/ID', owner.ID);
  return documentGrants(ctx, grants);
}

/** What a request says of a list: its short name or its grants; nothing where it says nothing. Throws S3's errors. */
export function wantedAcl(ctx: Ctx, input: WantedAcl): string | readonly Grant[] | undefined {
  const { ACL: canned, AccessControlPolicy: document } = input;
  const headers = grantHeaders(input);
  if (document && (canned !== undefined || headers.length > 0))
    throw new Fault('UnexpectedContent', 'This request does not support content', { status: 400 });
  if (canned !== undefined && headers.length > 0)
    throw invalidRequest('Specifying both Canned ACLs and Header Grants is not allowed');
  if (document) return documentOf(ctx, document);
  if (headers.length === 0) return canned;
  return headers.flatMap(([header, value, permission]) =>
    granteesOf(ctx, header, value).map((to) => ({ to, permission })),
  );
}

/** The same, of a request that sets a list and does nothing else. */
export function requiredAcl(ctx: Ctx, input: WantedAcl): string | readonly Grant[] {
  const wanted = wantedAcl(ctx, input);
  if (wanted !== undefined) return wanted;
  throw new Fault('MissingSecurityHeader', 'Your request was missing a required header', {
    status: 400,
    fields: { MissingHeaderName: 'x-amz-acl' },
  });
}

/** Grants as S3 shows them. */
export function shownGrants(grants: readonly Grant[]): {
  Grantee: { Type: 'CanonicalUser' | 'Group'; ID?: string; URI?: string };
  Permission: Permission;
}[] {
  return grants.map(({ to, permission }) => ({
    Grantee: 'id' in to ? { ID: to.id, Type: 'CanonicalUser' } : { Type: 'Group', URI: to.group },
    Permission: permission,
  }));
}
