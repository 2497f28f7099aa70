// S3's errors with the statuses and fields that it gives them.
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html

import { Fault } from '#contract/fault.ts';

type Fields = Readonly<Record<string, unknown>>;

const badRequest = (code: string, message: string, fields: Fields = {}): Fault =>
  new Fault(code, message, { status: 400, fields });

export const accessDenied = (message: string = 'Access Denied'): Fault =>
  new Fault('AccessDenied', message, { status: 403 });

export const notModelled = (what: string): Fault =>
  new Fault('NotImplemented', `${what} is not modelled by Sandtable.`);

export const noSuchBucket = (BucketName: string): Fault =>
  new Fault('NoSuchBucket', 'The specified bucket does not exist', { status: 404, fields: { BucketName } });

export const invalidBucketName = (BucketName: string): Fault =>
  badRequest('InvalidBucketName', 'The specified bucket is not valid.', { BucketName });

export const noSuchKey = (Key: string, headers: Readonly<Record<string, string>> = {}): Fault =>
  new Fault('NoSuchKey', 'The specified key does not exist.', { status: 404, fields: { Key }, headers });

export const noSuchVersion = (Key: string, VersionId: string): Fault =>
  new Fault('NoSuchVersion', 'The specified version does not exist.', {
    status: 404,
    fields: { Key, VersionId },
  });

export const noSuchUpload = (UploadId: string): Fault =>
  new Fault(
    'NoSuchUpload',
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
    { status: 404, fields: { UploadId } },
  );

/** What is asked for is not configured; it has a status of 404 and the name of the bucket. */
export const notConfigured = (code: string, message: string, BucketName: string): Fault =>
  new Fault(code, message, { status: 404, fields: { BucketName } });

export const invalidArgument = (ArgumentName: string, ArgumentValue: unknown, message: string): Fault =>
  badRequest('InvalidArgument', message, {
    ArgumentName,
    ...(ArgumentValue === undefined ? {} : { ArgumentValue: String(ArgumentValue) }),
  });

export const invalidRequest = (message: string): Fault => badRequest('InvalidRequest', message);

export const invalidStorageClass = (StorageClassRequested: string): Fault =>
  badRequest('InvalidStorageClass', 'The storage class you specified is not valid', {
    StorageClassRequested,
  });

export const malformedXml = (): Fault =>
  badRequest(
    'MalformedXML',
    'The XML you provided was not well-formed or did not validate against our published schema',
  );

export const badDigest = (message: string, fields: Fields = {}): Fault =>
  badRequest('BadDigest', message, fields);

export const invalidDigest = (digest: string): Fault =>
  badRequest('InvalidDigest', 'The Content-MD5 you specified was invalid.', { 'Content-MD5': digest });

export const aclsNotSupported = (): Fault =>
  badRequest('AccessControlListNotSupported', 'The bucket does not allow ACLs');

export const preconditionFailed = (Condition: string): Fault =>
  new Fault('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', {
    status: 412,
    fields: { Condition },
  });

export const notModified = (headers: Readonly<Record<string, string>>): Fault =>
  new Fault('NotModified', 'Not Modified', { status: 304, headers });
