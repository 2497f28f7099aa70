// An upload from a browser's form, as the PutObject that it stands for, and the answers that forms get.
// https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html

import { Fault } from '../fault.ts';
import { pathStyle } from '../identify.ts';
import { utf8 } from '../protocols/bytes.ts';
import { escapeXml, parseXml, XmlError } from '../protocols/xml.ts';
import type { XmlElement } from '../protocols/xml.ts';
import type { WireRequest, WireResponse } from '../wire.ts';
import { readFormData } from './form-data.ts';
import type { FormData } from './form-data.ts';

export interface FormUpload {
  readonly wire: WireRequest;
  readonly bucket: string;
  readonly key: string;
  readonly fields: FormData['fields'];
  readonly bytes: Uint8Array;
}

const MOST_BEFORE_FILE = 20_480;

const badRequest = (code: string, message: string, fields: Record<string, string | number> = {}): Fault =>
  new Fault(code, message, { status: 400, fields });

export function missingField(ArgumentName: string): Fault {
  const message = `Bucket POST must contain a field named '${ArgumentName}'.  If it is specified, please check the order of the fields.`;
  return badRequest('InvalidArgument', message, { ArgumentName, ArgumentValue: '' });
}

/** Undefined for a request that posts nothing to a bucket. Throws where the form is none that S3 takes. */
export function formUpload(sent: WireRequest): FormUpload | undefined {
  if (sent.method !== 'POST' || sent.query !== '') return undefined;
  const wire = pathStyle(sent);
  const bucket = /^\/([^/]+)\/?$/.exec(wire.path)?.[1];
  if (bucket === undefined) return undefined;
  const contentType = wire.headers['content-type'] ?? '';
  if (!/^multipart\/form-data\b/i.test(contentType)) {
    throw new Fault('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', {
      status: 412,
      fields: { Condition: 'Bucket POST must be of the enclosure-type multipart/form-data' },
    });
  }
  const form = readFormData(contentType, wire.body);
  if (!form) {
    const message = 'The body of your POST request is not well-formed multipart/form-data.';
    throw badRequest('MalformedPOSTRequest', message);
  }
  const { fields, file } = form;
  const before = [...fields.values()].reduce((sum, { name, value }) => sum + name.length + value.length, 0);
  if (before > MOST_BEFORE_FILE) {
    const message = 'Your POST request fields preceding the upload file were too large.';
    throw badRequest('MaxPostPreDataLengthExceededError', message, {
      MaxPostPreDataLengthBytes: MOST_BEFORE_FILE,
    });
  }
  if (!file) {
    const message = 'POST requires exactly one file upload per request.';
    throw badRequest('InvalidArgument', message, { ArgumentName: 'file', ArgumentValue: 0 });
  }
  const key = fields.get('key')?.value;
  if (key === undefined) throw missingField('key');
  const name = file.filename?.split(/[/\\]/).at(-1);
  const named = name === undefined ? key : key.replaceAll('${filename}', () => name);
  return { wire, bucket, key: named, fields, bytes: file.bytes };
}

/** Fields that are a header of PutObject by their own name; so are those that begin with `x-amz-`. */
const HEADERS = new Set([
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
]);
const OF_SIGNATURE = new Set(
  ['algorithm', 'credential', 'date', 'signature', 'security-token'].map((one) => `x-amz-${one}`),
);

/** The tags of a document as those of a header. Other documents have none. */
function taggingHeader(document: string): string {
  let root: XmlElement;
  try {
    root = parseXml(document);
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    throw badRequest(
      'MalformedXML',
      'The XML you provided was not well-formed or did not validate against our published schema',
    );
  }
  const set = root.children.find(({ name }) => name === 'TagSet');
  const text = (tag: XmlElement, name: string): string =>
    encodeURIComponent(tag.children.find((child) => child.name === name)?.text ?? '');
  return (set?.children ?? []).map((tag) => `${text(tag, 'Key')}=${text(tag, 'Value')}`).join('&');
}

/** The request that puts the object. */
export function putRequest({ wire, bucket, key, fields, bytes }: FormUpload): WireRequest {
  const headers: Record<string, string> = {};
  for (const name of ['host', 'x-amz-expected-bucket-owner', 'user-agent'])
    if (wire.headers[name] !== undefined) headers[name] = wire.headers[name];
  for (const [name, { value }] of fields)
    if (HEADERS.has(name) || (name.startsWith('x-amz-') && !OF_SIGNATURE.has(name))) headers[name] = value;
  const acl = fields.get('acl')?.value;
  if (acl !== undefined) headers['x-amz-acl'] = acl;
  const tagging = fields.get('tagging')?.value;
  if (tagging !== undefined) headers['x-amz-tagging'] = taggingHeader(tagging);
  headers['content-length'] = String(bytes.length);
  const path = `/${bucket}/${encodeURIComponent(key.toWellFormed())}`;
  return { ...wire, method: 'PUT', path, headers, body: bytes, host: '' };
}

/** Where S3 sends the browser: nowhere if the field is no URL. */
function redirection({ fields, bucket, key }: FormUpload, etag: string): string | undefined {
  const field = fields.get('success_action_redirect') ?? fields.get('redirect');
  if (!field || !URL.canParse(field.value)) return undefined;
  const query = new URLSearchParams({ bucket, key, etag }).toString();
  return `${field.value}${field.value.includes('?') ? '&' : '?'}${query}`;
}

/** The answer to the form, from that to the object's upload. */
export function formAnswer(upload: FormUpload, put: WireResponse): WireResponse {
  const etag = put.headers['etag'] ?? '';
  const redirect = redirection(upload, etag);
  const none = new Uint8Array(0);
  if (redirect !== undefined)
    return { status: 303, headers: { ...put.headers, location: redirect }, body: none };
  const { bucket, key, fields } = upload;
  const path = key.split('/').map(encodeURIComponent).join('/');
  const location = `https://${bucket}.s3.amazonaws.com/${path}`;
  const headers = { ...put.headers, location };
  const status = fields.get('success_action_status')?.value;
  if (status === '200') return { status: 200, headers, body: none };
  if (status !== '201') return { status: 204, headers, body: none };
  const facts = { Location: location, Bucket: bucket, Key: key, ETag: etag };
  const xml = Object.entries(facts).map(([name, value]) => `<${name}>${escapeXml(value)}</${name}>`);
  const document = `<?xml version="1.0" encoding="UTF-8"?>\n<PostResponse>${xml.join('')}</PostResponse>`;
  return { status: 201, headers: { ...headers, 'content-type': 'application/xml' }, body: utf8(document) };
}
