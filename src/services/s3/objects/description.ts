// What a request says about a new object beside its bytes: key, headers, metadata, settings.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { objectAcl } from '../access/acl.ts';
import { wantedAcl } from '../access/grants.ts';
import type { GrantHeaders } from '../access/grants.ts';
import type { Place } from '../bucket.ts';
import { notModelled } from '../faults.ts';
import type { Bucket, Description, Keeping } from '../tables.ts';
import { customerKeyFor } from './customer-key.ts';
import type { CustomerKey } from './customer-key.ts';
import { decodedWords } from './encoded-words.ts';
import { checkEncryption, encryptionFor } from './object-encryption.ts';
import { holdsFor } from './object-lock.ts';
import { storageClassOf } from './storage-class.ts';

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
const LONGEST_KEY = 1024;
/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html */
const LARGEST_METADATA = 2048;

const utf8Length = (text: string): number => new TextEncoder().encode(text).length;

export function checkKey(key: string): void {
  const Size = utf8Length(key);
  if (Size <= LONGEST_KEY) return;
  const fields = { Size, MaxSizeAllowed: LONGEST_KEY };
  throw new Fault('KeyTooLongError', 'Your key is too long', { status: 400, fields });
}

const HEADERS = [
  'CacheControl',
  'ContentDisposition',
  'ContentEncoding',
  'ContentLanguage',
  'ContentType',
  'Expires',
  'WebsiteRedirectLocation',
] as const;

export interface Described {
  readonly Metadata?: Readonly<Record<string, string>> | undefined;
  readonly CacheControl?: string | undefined;
  readonly ContentDisposition?: string | undefined;
  readonly ContentEncoding?: string | undefined;
  readonly ContentLanguage?: string | undefined;
  readonly ContentType?: string | undefined;
  readonly Expires?: string | undefined;
  readonly WebsiteRedirectLocation?: string | undefined;
  /** It came with a browser's form, whose fields are plain text. */
  readonly FromForm?: true;
}

/** What headers cannot hold, S3 drops from those that only are for headers. */
const forHeader = (value: string): string => value.replaceAll(/[^\0-\xff]/gu, ' ');

/** The framing of an upload is no encoding of the object. */
function unframed(encoding: string = ''): string {
  const encodings = encoding.split(',').map((one) => one.trim());
  return encodings.filter((one) => one.toLowerCase() !== 'aws-chunked').join(',');
}

/** Where the bucket's website sends those who ask for an object. */
export function checkRedirect(location: string | undefined): void {
  if (location === undefined || /^(?:\/|https?:\/\/)/.test(location)) return;
  const message = "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.";
  throw new Fault('InvalidRedirectLocation', message, { status: 400 });
}

/** What a request says about the object that it makes. */
export function describe(input: Described): Description {
  checkRedirect(input.WebsiteRedirectLocation);
  const headers: Record<string, string> = { ContentType: 'binary/octet-stream' };
  for (const name of HEADERS) {
    const value = name === 'ContentEncoding' ? unframed(input.ContentEncoding) : input[name];
    if (value) headers[name] = forHeader(value);
  }
  const metadata: Record<string, string> = {};
  let Size = 0;
  for (const [name, given] of Object.entries(input.Metadata ?? {})) {
    const value = input.FromForm ? given : decodedWords(given);
    metadata[name.toLowerCase()] = value;
    Size += utf8Length(name) + utf8Length(value);
  }
  if (Size > LARGEST_METADATA) {
    const message = 'Your metadata headers exceed the maximum allowed metadata size';
    throw new Fault('MetadataTooLarge', message, {
      status: 400,
      fields: { Size, MaxSizeAllowed: LARGEST_METADATA },
    });
  }
  return { headers, metadata };
}

interface Settings extends GrantHeaders, CustomerKey {
  readonly ACL?: string | undefined;
  readonly StorageClass?: string | undefined;
  readonly ServerSideEncryption?: string | undefined;
  readonly SSEKMSKeyId?: string | undefined;
  readonly BucketKeyEnabled?: boolean | undefined;
  readonly ObjectLockMode?: string | undefined;
  readonly ObjectLockRetainUntilDate?: number | undefined;
  readonly ObjectLockLegalHoldStatus?: string | undefined;
}

/** How a new object is kept, by the request and the bucket; throws for what S3 or Sandtable would not take. */
export function keepingOf(ctx: Ctx, within: Place, key: string, input: Settings): Keeping {
  const { bucket } = within;
  const { ACL, StorageClass } = input;
  const kept = storageClassOf(StorageClass);
  const sealed = customerKeyFor(ctx, input);
  checkEncryption(input);
  const acl = objectAcl(ctx, bucket, key, wantedAcl(ctx, input), 's3:PutObject');
  checkOwner(ctx, bucket, ACL);
  return {
    ...kept,
    ...acl,
    ...holdsFor(within, input),
    ...sealed,
    ...encryptionFor(ctx, bucket, key, input),
  };
}

/** Where writers keep what they write, objects of other accounts would not be the bucket owner's. */
function checkOwner(ctx: Ctx, { ownerEnforced, ownership, account }: Bucket, acl: string | undefined): void {
  if (ownerEnforced || (ctx.principal.type !== 'anonymous' && ctx.account === account)) return;
  if (ownership === 'BucketOwnerPreferred' && acl === 'bucket-owner-full-control') return;
  throw notModelled('An object that belongs to its writer and not to the owner of the bucket');
}
