// Server access logs: a line for each request, delivered to another bucket now and then.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html

import { table, timer } from '#world/index.ts';
import type { Table, TimerHandler, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import { utf8 } from '#contract/protocols/bytes.ts';
import { formatIso } from '#contract/protocols/timestamp.ts';
import type { Input } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { documentGrants, shownGrants } from '../access/grants.ts';
import { bucketNamed, bucketOf, canonicalUser, FIRST_REGION } from '../bucket.ts';
import { aclsNotSupported, notModelled } from '../faults.ts';
import { encodedKey } from '../objects/listing.ts';
import { changeVersion, currentObject } from '../objects/versions.ts';
import { buckets } from '../tables.ts';
import type { Bucket, Grant, Logging } from '../tables.ts';
import { logDelivery } from '../timings.ts';

/** A line that waits for its delivery. */
interface LogLine {
  id: string;
  bucket: string;
  text: string;
}

export const logLines: Table<LogLine> = table<LogLine>('s3/log-lines', (row) => `${row.bucket}/${row.id}`);

const deliveryDue: TimerKind<{ bucket: string }> = timer<{ bucket: string }>('s3/log-delivery-due', {
  background: true,
});

const DELIVERY = 'logging.s3.amazonaws.com';
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** How log lines call what was done; https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html */
const NAMES: Readonly<Record<string, string>> = {
  PutObject: 'REST.PUT.OBJECT',
  GetObject: 'REST.GET.OBJECT',
  HeadObject: 'REST.HEAD.OBJECT',
  DeleteObject: 'REST.DELETE.OBJECT',
  CopyObject: 'REST.COPY.OBJECT',
  DeleteObjects: 'REST.POST.MULTI_OBJECT_DELETE',
  CreateMultipartUpload: 'REST.POST.UPLOADS',
  UploadPart: 'REST.PUT.PART',
  UploadPartCopy: 'REST.COPY.PART',
  CompleteMultipartUpload: 'REST.POST.UPLOAD',
  AbortMultipartUpload: 'REST.DELETE.UPLOAD',
  ListParts: 'REST.GET.UPLOAD',
  ListMultipartUploads: 'REST.GET.UPLOADS',
  ListObjects: 'REST.GET.BUCKET',
  ListObjectsV2: 'REST.GET.BUCKET',
  ListObjectVersions: 'REST.GET.BUCKETVERSIONS',
  HeadBucket: 'REST.HEAD.BUCKET',
};

/** Operations on a configuration are named after it. */
function nameOf(operation: string): string {
  const [, verb = '', what = ''] = /^(Get|Put|Delete)(?:Bucket)?(.*)$/.exec(operation) ?? [];
  return NAMES[operation] ?? `REST.${verb.toUpperCase()}.${what.replace('Configuration', '').toUpperCase()}`;
}

/** `[06/Feb/2019:00:00:38 +0000]` */
function stamp(now: number): string {
  const [date = '', time = ''] = formatIso(now).split('T');
  const [year, month, day] = date.split('-');
  return `[${day}/${MONTHS[Number(month) - 1]}/${year}:${time.slice(0, 8)} +0000]`;
}

interface Request {
  readonly Bucket?: string;
  readonly Key?: string;
  readonly VersionId?: string;
}

/** What is put and answered with nothing. */
const NO_CONTENT: ReadonlySet<string> = new Set(['PutBucketPolicy', 'PutBucketTagging']);

function requester(ctx: Ctx): string {
  const { principal } = ctx;
  if (principal.type === 'anonymous') return '-';
  if (principal.type === 'service') return principal.service;
  return principal.type === 'root' ? canonicalUser(ctx, principal.account).ID : principal.arn;
}

function line(ctx: Ctx, at: Ctx, bucket: Bucket, operation: string, input: Request, output: object): string {
  const name = nameOf(operation);
  const key = input.Key === undefined ? '-' : encodedKey(input.Key);
  const method = name.split('.')[1] === 'COPY' ? 'PUT' : (name.split('.')[1] as string);
  const uri = `"${method} /${bucket.name}${input.Key === undefined ? '' : `/${key}`} HTTP/1.1"`;
  const status = method === 'DELETE' || NO_CONTENT.has(operation) ? '204' : '200';
  const { ContentLength } = output as { ContentLength?: number };
  const sent = ContentLength === undefined || method === 'HEAD' ? '-' : String(ContentLength);
  return [
    canonicalUser(ctx, bucket.account).ID,
    bucket.name,
    stamp(at.now),
    '127.0.0.1',
    requester(ctx),
    at.id('s3-request', 16, 'ABCDEFGHJKMNPQRSTVWXYZ0123456789'),
    name,
    key,
    uri,
    status,
    '-',
    sent,
    ContentLength === undefined ? '-' : String(ContentLength),
    // Times, referrer and agent are not known here; nor are the host id, the cipher and what follows the endpoint.
    '- - "-" "-"',
    input.VersionId ?? '-',
    ctx.principal.type === 'anonymous' ? '- - - -' : '- SigV4 - AuthHeader',
    `${bucket.name}.s3.${bucket.region}.amazonaws.com`,
    '- - -',
  ].join(' ');
}

function record(ctx: Ctx, operation: string, input: Request, output: object): void {
  const found = input.Bucket === undefined ? undefined : bucketNamed(ctx, input.Bucket);
  if (!found?.bucket.logging) return;
  const { at, bucket } = found;
  const [waiting] = at.scan(logLines, { prefix: `${bucket.name}/`, limit: 1 });
  // Identifiers that sort in the order in which the lines came.
  const id = String(ctx.kernel.nextSeq()).padStart(16, '0');
  at.put(logLines, { id, bucket: bucket.name, text: line(ctx, at, bucket, operation, input, output) });
  if (!waiting) {
    const due = at.now + at.duration(logDelivery, bucket.name, Math.floor(at.now / 1000));
    at.schedule(deliveryDue, due, { bucket: bucket.name });
  }
}

/** The same operations, each telling the log of its bucket what it did. */
export function logged(operations: Operations<'s3'>): Operations<'s3'> {
  type Run = (ctx: Ctx, input: Request) => object | undefined;
  const wrapped = Object.entries(operations as Record<string, Run>).map(([name, run]) => {
    const told: Run = (ctx, input) => {
      const output = run(ctx, input);
      record(ctx, name, input, output ?? {});
      return output;
    };
    return [name, told];
  });
  return Object.fromEntries(wrapped) as Operations<'s3'>;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html#server-log-keyname-format */
function keyFor(at: Ctx, bucket: Bucket, { prefix, partitionedBy }: Logging): string {
  const [date = '', time = ''] = formatIso(at.now).split('T');
  const unique = at.id('s3-log', 16, '0123456789ABCDEF');
  const name = `${date}-${time.slice(0, 8).replaceAll(':', '-')}-${unique}`;
  if (!partitionedBy) return prefix + name;
  const { account, region } = bucket;
  return `${prefix}${account}/${region}/${bucket.name}/${date.replaceAll('-', '/')}/${name}`;
}

/** Lets those in whom the configuration grants a delivered log; the owner of the bucket has all of it. */
function grantTo(at: Ctx, { logging, account }: Bucket, key: string): void {
  const target = logging?.grants && bucketNamed(at, logging.bucket);
  const log = target && currentObject(target.at, target.bucket.name, key);
  if (!log) return;
  const owner: Grant = { to: { id: canonicalUser(at, account).ID }, permission: 'FULL_CONTROL' };
  changeVersion(target.at, { ...log, acl: [owner, ...(logging.grants ?? [])] });
}

/** What the target's policy does not let in is lost, as in AWS. */
export const deliverLog: TimerHandler<{ bucket: string }, Ctx> = {
  kind: deliveryDue,
  live: (at, { bucket }) => at.scan(logLines, { prefix: `${bucket}/`, limit: 1 }).length > 0,
  fire(at, { bucket: name }) {
    const lines = at.scan(logLines, { prefix: `${name}/` });
    for (const row of lines) at.delete(logLines, logLines.key(row));
    const bucket = at.get(buckets, name);
    if (!bucket?.logging) return;
    const sourceArn = `arn:aws:s3:::${name}`;
    const as = { type: 'service', service: DELIVERY, account: bucket.account, sourceArn } as const;
    const bytes = utf8(lines.map(({ text }) => `${text}\n`).join(''));
    const request = {
      Bucket: bucket.logging.bucket,
      Key: keyFor(at, bucket, bucket.logging),
      Body: { bytes },
      ContentType: 'text/plain',
    };
    if (at.call('s3', 'PutObject', request, as).ok) grantTo(at, bucket, request.Key);
  },
};

type Wanted = NonNullable<Input<'s3', 'PutBucketLogging'>['BucketLoggingStatus']['LoggingEnabled']>;

const invalidTarget = (message: string, TargetBucket: string): Fault =>
  new Fault('InvalidTargetBucketForLogging', message, { status: 400, fields: { TargetBucket } });

/** S3 names the place of the source too, unless that is where it began. */
function elsewhere(source: Bucket, target: Bucket): Fault {
  const from = source.region === FIRST_REGION ? {} : { SourceBucketLocation: source.region };
  return new Fault('CrossLocationLoggingProhibitted', 'Cross S3 location logging not allowed. ', {
    status: 403,
    fields: { ...from, TargetBucketLocation: target.region },
  });
}

function checkTarget(ctx: Ctx, source: Bucket, { TargetBucket: name, TargetGrants }: Wanted): void {
  const target = bucketNamed(ctx, name)?.bucket;
  if (!target) throw invalidTarget('The target bucket for logging does not exist', name);
  if (target.account !== source.account) {
    const message = 'The owner for the bucket to be logged and the target bucket must be the same.';
    throw invalidTarget(message, name);
  }
  if (target.region !== source.region) throw elsewhere(source, target);
  // The documentation says that it is an error, and not which.
  if (TargetGrants?.length && target.ownerEnforced) throw aclsNotSupported();
}

function partitioning({ TargetObjectKeyFormat: format }: Wanted): Pick<Logging, 'partitionedBy'> {
  if (format?.SimplePrefix && format.PartitionedPrefix)
    throw new Fault('MalformedXML', 'Only one key format can be given.', { status: 400 });
  if (!format?.PartitionedPrefix) return {};
  const by = format.PartitionedPrefix.PartitionDateSource ?? 'DeliveryTime';
  if (by === 'EventTime') throw notModelled('Partitioning of logs by the time of events');
  return { partitionedBy: by };
}

export const loggingOperations: Operations<'s3'> = {
  PutBucketLogging(ctx, input) {
    const { at, bucket } = bucketOf(ctx, input);
    const { LoggingEnabled: wanted } = input.BucketLoggingStatus;
    const { logging: _, ...rest } = bucket;
    if (!wanted) {
      at.put(buckets, rest);
      return;
    }
    checkTarget(ctx, bucket, wanted);
    const { TargetBucket, TargetPrefix, TargetGrants = [] } = wanted;
    const grants = documentGrants(ctx, TargetGrants);
    const logging: Logging = {
      bucket: TargetBucket,
      prefix: TargetPrefix,
      ...partitioning(wanted),
      ...(grants.length === 0 ? {} : { grants }),
    };
    at.put(buckets, { ...rest, logging });
  },

  GetBucketLogging(ctx, input) {
    const { logging } = bucketOf(ctx, input).bucket;
    if (!logging) return {};
    const { bucket: TargetBucket, prefix: TargetPrefix, partitionedBy, grants } = logging;
    const format = partitionedBy && {
      TargetObjectKeyFormat: { PartitionedPrefix: { PartitionDateSource: partitionedBy } },
    };
    const TargetGrants = grants && { TargetGrants: shownGrants(grants) as Wanted['TargetGrants'] };
    return { LoggingEnabled: { TargetBucket, TargetPrefix, ...format, ...TargetGrants } };
  },
};
