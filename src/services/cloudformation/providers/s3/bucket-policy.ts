// AWS::S3::BucketPolicy.

import { documentLike, documentText } from '../policy-document.ts';
import { handlerFailure, provider } from '../provider.ts';
import type { Provider, Work } from '../provider.ts';

type PolicyWork = Work<'AWS::S3::BucketPolicy'>;

function policyNow(work: PolicyWork): string | undefined {
  return work.find('s3', 'GetBucketPolicy', { Bucket: work.properties.Bucket })?.Policy;
}

function put(work: PolicyWork): void {
  const { Bucket, PolicyDocument } = work.properties;
  work.call('s3', 'PutBucketPolicy', { Bucket, Policy: documentText(PolicyDocument) });
}

export const bucketPolicy: Provider = provider({
  type: 'AWS::S3::BucketPolicy',
  create(work) {
    const { Bucket } = work.properties;
    // A bucket has one policy, and a second resource would only overwrite the first.
    if (policyNow(work) !== undefined)
      throw handlerFailure(work, `The bucket policy already exists on bucket ${Bucket}.`, 'AlreadyExists');
    put(work);
    return Bucket;
  },
  update: put,
  delete(work) {
    work.find('s3', 'DeleteBucketPolicy', { Bucket: work.physicalId });
  },
  read(work) {
    const text = policyNow(work);
    if (text === undefined) return undefined;
    return {
      Bucket: work.physicalId,
      PolicyDocument: documentLike(work.properties.PolicyDocument, text),
    };
  },
});
