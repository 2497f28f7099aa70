// What S3 says of requests that it does not take. All from LocalStack's tests/aws/services/s3, which recorded AWS's answers,
// but for what is said to come from elsewhere.

import {
  CreateBucketCommand,
  GetBucketLocationCommand,
  GetBucketTaggingCommand,
  GetObjectLegalHoldCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  PutBucketAccelerateConfigurationCommand,
  PutBucketEncryptionCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import type {
  BucketAccelerateStatus,
  CreateBucketCommandInput,
  FilterRule,
  LifecycleRule,
  ObjectLockMode,
  ObjectOwnership,
  TransitionDefaultMinimumObjectSize,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { newTable } from '../../../tests/table.ts';
import { Bucket, raw, stand, version } from './test-stand.ts';

describe('buckets', () => {
  // test_create_bucket_with_eu_location_constraint
  it('are made in Ireland under its old name, there too', async () => {
    const s3 = newTable().client(S3Client, { region: 'eu-west-1' });
    const CreateBucketConfiguration = { LocationConstraint: 'EU' as const };
    await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration }));
    expect((await s3.send(new GetBucketLocationCommand({ Bucket }))).LocationConstraint).toBe('EU');
  });

  // test_bucket_ownership_controls_exc, test_create_bucket_with_tags_exc
  it('are not made with ownership or tags that there cannot be', async () => {
    const { s3 } = await stand();
    const make = (more: Partial<CreateBucketCommandInput>): Promise<unknown> =>
      s3.send(new CreateBucketCommand({ Bucket: 'other', ...more }));
    await expect(make({ ObjectOwnership: 'RandomValue' as ObjectOwnership })).rejects.toMatchObject({
      name: 'InvalidArgument',
      message: 'Invalid x-amz-object-ownership header: RandomValue',
      ArgumentName: 'x-amz-object-ownership',
    });
    const Tags = [{ Key: 'aws:test', Value: 'v' }];
    await expect(make({ CreateBucketConfiguration: { Tags } })).rejects.toThrow(
      'User-defined tag keys can\'t start with "aws:".',
    );
  });

  // test_response_structure_get_bucket_location, test_s3_timestamp_precision
  it('are found from the first Region, and listed with the second in which they were made', async () => {
    const { s3, table } = await stand();
    const CreateBucketConfiguration = { LocationConstraint: 'eu-central-1' as const };
    table.advance(1234);
    await s3.send(new CreateBucketCommand({ Bucket: 'far', CreateBucketConfiguration }));
    const { LocationConstraint } = await s3.send(new GetBucketLocationCommand({ Bucket: 'far' }));
    expect(LocationConstraint).toBe('eu-central-1');
    const { Buckets = [] } = await s3.send(new ListBucketsCommand({ Prefix: 'far' }));
    expect(Buckets[0]?.CreationDate?.getMilliseconds()).toBe(0);
  });

  // test_list_buckets_region_validation
  it('are not listed in Regions that there are not', async () => {
    const { s3 } = await stand();
    await expect(s3.send(new ListBucketsCommand({ BucketRegion: 'eu-east-1' }))).rejects.toMatchObject({
      message: 'Argument value eu-east-1 is not a valid AWS Region',
      ArgumentName: 'bucket-region',
    });
  });

  // test_s3_default_bucket_encryption_exc
  it('are looked for before the request is read', async () => {
    const { s3 } = await stand();
    const put = (name: string): Promise<unknown> => {
      const ServerSideEncryptionConfiguration = { Rules: [] };
      return s3.send(new PutBucketEncryptionCommand({ Bucket: name, ServerSideEncryptionConfiguration }));
    };
    await expect(put('none')).rejects.toMatchObject({ name: 'NoSuchBucket', BucketName: 'none' });
    await expect(put(Bucket)).rejects.toMatchObject({ name: 'MalformedXML' });
  });

  // test_bucket_policy_exc
  it('take nothing for no policy', async () => {
    const { s3 } = await stand();
    await expect(s3.send(new PutBucketPolicyCommand({ Bucket, Policy: '' }))).rejects.toMatchObject({
      name: 'MalformedPolicy',
      message: "Policies must be valid JSON and the first byte must be '{'",
    });
  });

  // test_put_bucket_tagging_none_value
  it('take a document without a set of tags for an empty one', async () => {
    const { s3 } = await stand();
    const put = (Tagging: object): Promise<unknown> =>
      s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: Tagging as { TagSet: [] } }));
    await put({ TagSet: [{ Key: 'k', Value: 'v' }] });
    await put({});
    await expect(s3.send(new GetBucketTaggingCommand({ Bucket }))).rejects.toMatchObject({
      name: 'NoSuchTagSet',
    });
  });

  // test_bucket_acceleration_configuration_exc
  it('with dots in their names are not accelerated, and no other whatever is asked', async () => {
    const { s3 } = await stand();
    await s3.send(new CreateBucketCommand({ Bucket: 'with.dot' }));
    const put = (name: string): Promise<unknown> => {
      const AccelerateConfiguration = { Status: 'Random' as BucketAccelerateStatus };
      return s3.send(new PutBucketAccelerateConfigurationCommand({ Bucket: name, AccelerateConfiguration }));
    };
    await expect(put('with.dot')).rejects.toMatchObject({ name: 'InvalidRequest' });
    await expect(put(Bucket)).rejects.toMatchObject({ name: 'MalformedXML' });
  });

  // moto's test_header_content_type, verified against AWS
  it('say of what kind their document is that HEAD leaves out', async () => {
    const { table } = await stand();
    expect(raw(table, { method: 'HEAD', path: `/${Bucket}` }).headers).toMatchObject({
      'content-type': 'application/xml',
    });
  });
});

describe('lifecycle rules', () => {
  const rule = { ID: 'r', Status: 'Enabled', Expiration: { Days: 1 } } as const;
  const put = (s3: S3Client, one: LifecycleRule, minimum?: string): Promise<unknown> =>
    s3.send(
      new PutBucketLifecycleConfigurationCommand({
        Bucket,
        LifecycleConfiguration: { Rules: [one] },
        TransitionDefaultMinimumObjectSize: minimum as TransitionDefaultMinimumObjectSize,
      }),
    );

  // test_put_bucket_lifecycle_conf_exc, test_s3_transition_default_minimum_object_size
  it('name no tag twice, no hour of the day and no size that there is not', async () => {
    const { s3 } = await stand();
    const Tags = ['a', 'b'].map((Value) => ({ Key: 'k', Value }));
    await expect(put(s3, { ...rule, Filter: { And: { Tags } } })).rejects.toThrow(
      'Duplicate Tag Keys are not allowed.',
    );
    const Expiration = { Date: new Date('2027-01-01T02:02:00Z') };
    await expect(put(s3, { ...rule, Filter: { Prefix: '' }, Expiration })).rejects.toMatchObject({
      ArgumentName: 'Date',
      message: "'Date' must be at midnight GMT",
    });
    await expect(put(s3, { ...rule, Filter: { Prefix: '' } }, 'value')).rejects.toMatchObject({
      name: 'InvalidRequest',
      message: 'Invalid TransitionDefaultMinimumObjectSize found: value',
    });
  });

  // test_bucket_lifecycle_configuration_object_expiry_versioned
  it('show when an object expires only to who names no version of it', async () => {
    const { s3, put: write } = await stand('Enabled');
    await put(s3, { ...rule, Filter: { Prefix: '' } });
    const { VersionId } = await write('k');
    const head = (id?: string) => s3.send(new HeadObjectCommand({ Bucket, Key: 'k', VersionId: id }));
    expect(await head()).toHaveProperty('Expiration');
    expect(await head(VersionId)).not.toHaveProperty('Expiration');
  });
});

describe('locks', () => {
  // test_s3_object_lock_mode_validation
  it('have a mode that there is, once they have a date', async () => {
    const { s3 } = await stand();
    await s3.send(new CreateBucketCommand({ Bucket: 'locked', ObjectLockEnabledForBucket: true }));
    const put = (ObjectLockRetainUntilDate?: Date): Promise<unknown> => {
      const held = { ObjectLockMode: 'BAD-VALUE' as ObjectLockMode, ObjectLockRetainUntilDate };
      return s3.send(new PutObjectCommand({ Bucket: 'locked', Key: 'k', Body: 'x', ...held }));
    };
    await expect(put()).rejects.toMatchObject({ ArgumentName: 'x-amz-object-lock-retain-until-date' });
    await expect(put(new Date('2030-01-01'))).rejects.toMatchObject({
      ArgumentName: 'x-amz-object-lock-mode',
      message: 'Unknown wormMode directive.',
    });
  });

  // test_put_get_object_legal_hold, test_s3_object_retention_exc
  it('that are not there are not told with a key', async () => {
    const { s3 } = await stand();
    const locked = { Bucket: 'locked', Key: 'k' };
    await s3.send(new CreateBucketCommand({ Bucket: 'locked', ObjectLockEnabledForBucket: true }));
    await s3.send(new PutObjectCommand({ ...locked, Body: 'x' }));
    for (const command of [new GetObjectLegalHoldCommand(locked), new GetObjectRetentionCommand(locked)]) {
      const fault = await s3.send(command as GetObjectRetentionCommand).catch((error: unknown) => error);
      expect(fault).toMatchObject({ name: 'NoSuchObjectLockConfiguration' });
      expect(fault).not.toHaveProperty('Key');
    }
  });

  // test_s3_object_retention_exc
  it('are not set back to a time that is over, which is told in the time of Seattle', async () => {
    const { s3 } = await stand();
    const locked = { Bucket: 'locked', Key: 'k' };
    await s3.send(new CreateBucketCommand({ Bucket: 'locked', ObjectLockEnabledForBucket: true }));
    await s3.send(new PutObjectCommand({ ...locked, Body: 'x' }));
    const hold = (date: string): Promise<unknown> => {
      const Retention = { Mode: 'GOVERNANCE' as const, RetainUntilDate: new Date(date) };
      return s3.send(new PutObjectRetentionCommand({ ...locked, Retention }));
    };
    await expect(hold('2020-01-01')).rejects.toMatchObject({
      ArgumentName: 'RetainUntilDate',
      ArgumentValue: 'Tue Dec 31 16:00:00 PST 2019',
    });
    await expect(hold('2020-07-01')).rejects.toMatchObject({
      ArgumentValue: 'Tue Jun 30 17:00:00 PDT 2020',
    });
  });

  // test_put_object_legal_hold_exc; moto's test_put_object_lock_misconfiguration, verified against AWS
  it('are read from the request before the bucket is asked whether it takes any', async () => {
    const { s3, put } = await stand();
    await put('k');
    const hold = { Bucket, Key: 'k' };
    await expect(s3.send(new PutObjectLegalHoldCommand({ ...hold, LegalHold: {} }))).rejects.toMatchObject({
      name: 'MalformedXML',
    });
    await version(s3, 'Enabled');
    await expect(s3.send(new PutObjectLockConfigurationCommand({ Bucket }))).rejects.toMatchObject({
      name: 'MissingRequestBodyError',
      message: 'Request Body is empty',
    });
    const empty = new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration: {} });
    await expect(s3.send(empty)).rejects.toMatchObject({ name: 'MalformedXML' });
  });
});

describe('notifications', () => {
  const put = (s3: S3Client, QueueArn: string, ...FilterRules: object[]): Promise<unknown> => {
    const Filter = { Key: { FilterRules: FilterRules as FilterRule[] } };
    const QueueConfigurations = [{ QueueArn, Events: ['s3:ObjectCreated:*' as const], Filter }];
    const NotificationConfiguration = { QueueConfigurations };
    return s3.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }));
  };

  // test_bucket_notification_with_invalid_filter_rules, test_bucket_notification_with_missing_values_in_rule
  it('are filtered by rules that are whole, and by nothing but beginnings and ends', async () => {
    const { s3 } = await stand();
    const queue = 'arn:aws:sqs:us-east-1:000000000000:q';
    await expect(put(s3, queue, { Name: 'INVALID', Value: 'v' })).rejects.toMatchObject({
      ArgumentName: 'FilterRule.Name',
      ArgumentValue: 'INVALID',
      message: 'filter rule name must be either prefix or suffix',
    });
    for (const part of [{}, { Name: 'prefix' }, { Value: 'v' }])
      await expect(put(s3, queue, part)).rejects.toMatchObject({ name: 'MalformedXML' });
  });

  // moto's test_put_bucket_notification_errors
  it('go to destinations of the right kind, in the Region of the bucket', async () => {
    const { s3 } = await stand();
    await expect(put(s3, 'arn:aws:sns:us-east-1:000000000000:t')).rejects.toThrow(
      'The ARN is not well formed',
    );
    await expect(put(s3, 'arn:aws:sqs:us-west-2:000000000000:q')).rejects.toThrow(
      'The notification destination service region is not valid for the bucket location constraint',
    );
  });
});
