// AWS::S3 through CloudFormation. What Ref and Fn::GetAtt give:
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_S3.html

import {
  CreateBucketCommand,
  GetBucketAclCommand,
  GetBucketCorsCommand,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketLoggingCommand,
  GetBucketNotificationConfigurationCommand,
  GetBucketPolicyCommand,
  GetBucketReplicationCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  GetBucketWebsiteCommand,
  GetObjectLockConfigurationCommand,
  GetPublicAccessBlockCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  PutBucketTaggingCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  DescribeStackDriftDetectionStatusCommand,
  DescribeStackResourceDriftsCommand,
  DetectStackDriftCommand,
} from '@aws-sdk/client-cloudformation';
import { describe, expect, it } from 'vitest';
import { ProviderStand } from '../test-stand.ts';

function newStand(): ProviderStand & { s3: S3Client } {
  const stand = new ProviderStand();
  return Object.assign(stand, { s3: stand.table.client(S3Client) });
}

const bucket = (Properties: object = {}, more: object = {}): object => ({
  Type: 'AWS::S3::Bucket',
  Properties,
  ...more,
});
const att = (name: string): object => ({ 'Fn::GetAtt': ['Bucket', name] });
const template = (Properties: object = {}) => ({ Resources: { Bucket: bucket(Properties) } });

async function names(s3: S3Client): Promise<(string | undefined)[]> {
  return ((await s3.send(new ListBucketsCommand({}))).Buckets ?? []).map(({ Name }) => Name);
}

async function drifts(stand: ProviderStand): Promise<(string | undefined)[]> {
  const asked = await stand.cloudformation.send(new DetectStackDriftCommand({ StackName: 'shop' }));
  const StackDriftDetectionId = asked.StackDriftDetectionId ?? '';
  stand.table.advance(60_000);
  await stand.cloudformation.send(new DescribeStackDriftDetectionStatusCommand({ StackDriftDetectionId }));
  const { StackResourceDrifts = [] } = await stand.cloudformation.send(
    new DescribeStackResourceDriftsCommand({ StackName: 'shop' }),
  );
  return StackResourceDrifts.flatMap(({ PropertyDifferences = [] }) =>
    PropertyDifferences.map(({ PropertyPath, DifferenceType }) => `${PropertyPath} ${DifferenceType}`),
  );
}

describe('AWS::S3::Bucket', () => {
  it('has a name in lower case, its domain names and the tags of its stack', async () => {
    const stand = newStand();
    const shown = ['Arn', 'DomainName', 'DualStackDomainName', 'RegionalDomainName', 'WebsiteURL'];
    const Outputs = {
      Name: { Value: { Ref: 'Bucket' } },
      ...Object.fromEntries(shown.map((name) => [name, { Value: att(name) }])),
    };
    const Tags = [{ Key: 'team', Value: 'blue' }];
    expect(await stand.create({ ...template({ Tags }), Outputs })).toBe('CREATE_COMPLETE');
    const { Name = '', ...attributes } = await stand.outputs();
    expect(Name).toMatch(/^shop-bucket-[a-z0-9]{12}$/);
    expect(attributes).toEqual({
      Arn: `arn:aws:s3:::${Name}`,
      DomainName: `${Name}.s3.amazonaws.com`,
      DualStackDomainName: `${Name}.s3.dualstack.us-east-1.amazonaws.com`,
      RegionalDomainName: `${Name}.s3.us-east-1.amazonaws.com`,
      WebsiteURL: `http://${Name}.s3-website-us-east-1.amazonaws.com`,
    });
    const { TagSet = [] } = await stand.s3.send(new GetBucketTaggingCommand({ Bucket: Name }));
    expect(TagSet.map(({ Key, Value }) => `${Key}=${Value}`)).toEqual([
      'aws:cloudformation:logical-id=Bucket',
      expect.stringMatching('^aws:cloudformation:stack-id=arn:aws:cloudformation:'),
      'aws:cloudformation:stack-name=shop',
      'team=blue',
    ]);
    expect(await stand.delete()).toBe('DELETE_COMPLETE');
    expect(await names(stand.s3)).toEqual([]);
  });

  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/CostAllocTagging.html: `aws:` is for AWS's use.
  it('keeps the tags of its stack from everybody else', async () => {
    const stand = newStand();
    await stand.create(template());
    const { Bucket = '' } = await stand.physicalIds();
    const put = (TagSet: { Key: string; Value: string }[]): Promise<unknown> =>
      stand.s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } }));
    await expect(put([{ Key: 'team', Value: 'red' }])).rejects.toThrow(
      'System tags cannot be removed by requester',
    );
    const { TagSet = [] } = await stand.s3.send(new GetBucketTaggingCommand({ Bucket }));
    const system = TagSet.map(({ Key = '', Value = '' }) => ({ Key, Value }));
    await put([...system, { Key: 'team', Value: 'red' }]);
    await expect(put(system.map(({ Key }) => ({ Key, Value: 'x' })))).rejects.toThrow(
      'System tags cannot be added/updated by requester',
    );
  });

  it('is configured as its properties say, updated in place, and loses what the template loses', async () => {
    const stand = newStand();
    const all = {
      BucketName: 'shop-files',
      VersioningConfiguration: { Status: 'Enabled' },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          { BucketKeyEnabled: true, ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' } },
        ],
      },
      LifecycleConfiguration: {
        Rules: [
          {
            Id: 'old',
            Status: 'Enabled',
            Prefix: 'logs/',
            TagFilters: [{ Key: 'keep', Value: 'no' }],
            ExpirationInDays: 90,
            Transition: { StorageClass: 'STANDARD_IA', TransitionInDays: '30' },
            NoncurrentVersionExpirationInDays: 7,
          },
          { Status: 'Disabled', AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } },
        ],
      },
      CorsConfiguration: {
        CorsRules: [
          {
            AllowedMethods: ['GET'],
            AllowedOrigins: ['*'],
            ExposedHeaders: ['ETag'],
            MaxAge: 300,
            Id: 'all',
          },
        ],
      },
      WebsiteConfiguration: {
        IndexDocument: 'index.html',
        ErrorDocument: 'error.html',
        RoutingRules: [
          {
            RoutingRuleCondition: { KeyPrefixEquals: 'old/' },
            RedirectRule: { ReplaceKeyPrefixWith: 'new/', HttpRedirectCode: '302' },
          },
        ],
      },
      LoggingConfiguration: { LogFilePrefix: 'access/' },
      AccelerateConfiguration: { AccelerationStatus: 'Enabled' },
    };
    expect([await stand.create(template(all)), ...(await stand.failures())]).toEqual(['CREATE_COMPLETE']);
    const Bucket = 'shop-files';
    const { s3 } = stand;
    const { Rules = [] } = await s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }));
    expect(Rules).toEqual([
      {
        ID: 'old',
        Status: 'Enabled',
        Filter: { And: { Prefix: 'logs/', Tags: [{ Key: 'keep', Value: 'no' }] } },
        Expiration: { Days: 90 },
        Transitions: [{ Days: 30, StorageClass: 'STANDARD_IA' }],
        NoncurrentVersionExpiration: { NoncurrentDays: 7 },
      },
      {
        ID: expect.any(String),
        Status: 'Disabled',
        Filter: { Prefix: '' },
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
      },
    ]);
    const cors = await s3.send(new GetBucketCorsCommand({ Bucket }));
    expect(cors.CORSRules?.[0]).toMatchObject({ ID: 'all', ExposeHeaders: ['ETag'], MaxAgeSeconds: 300 });
    const website = await s3.send(new GetBucketWebsiteCommand({ Bucket }));
    expect(website).toMatchObject({
      IndexDocument: { Suffix: 'index.html' },
      ErrorDocument: { Key: 'error.html' },
      RoutingRules: [{ Redirect: { HttpRedirectCode: '302' } }],
    });
    const logging = await s3.send(new GetBucketLoggingCommand({ Bucket }));
    expect(logging.LoggingEnabled).toEqual({ TargetBucket: Bucket, TargetPrefix: 'access/' });
    expect(await drifts(stand)).toEqual([]);

    const { BucketName, BucketEncryption } = all;
    const ServerSideEncryptionConfiguration = [
      { ...BucketEncryption.ServerSideEncryptionConfiguration[0], BucketKeyEnabled: false },
    ];
    const fewer = { BucketName, BucketEncryption: { ServerSideEncryptionConfiguration } };
    expect(await stand.update(template(fewer))).toBe('UPDATE_COMPLETE');
    const encryption = await s3.send(new GetBucketEncryptionCommand({ Bucket }));
    expect(encryption.ServerSideEncryptionConfiguration?.Rules).toEqual([
      { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' }, BucketKeyEnabled: false },
    ]);
    const versioning = await s3.send(new GetBucketVersioningCommand({ Bucket }));
    expect(versioning.Status).toBe('Suspended');
    await expect(s3.send(new GetBucketCorsCommand({ Bucket }))).rejects.toThrow('CORS configuration');
    await expect(s3.send(new GetBucketWebsiteCommand({ Bucket }))).rejects.toThrow('website configuration');
  });

  it('is public only where ownership and the public access block let it be', async () => {
    const stand = newStand();
    const PublicAccessBlockConfiguration = { BlockPublicAcls: false, IgnorePublicAcls: false };
    const OwnershipControls = { Rules: [{ ObjectOwnership: 'ObjectWriter' }] };
    const AccessControl = 'PublicRead';
    const made = await stand.create(
      template({ AccessControl, OwnershipControls, PublicAccessBlockConfiguration }),
    );
    expect([made, ...(await stand.failures())]).toEqual(['CREATE_COMPLETE']);
    const { Bucket = '' } = await stand.physicalIds();
    const grants = async (): Promise<number> =>
      ((await stand.s3.send(new GetBucketAclCommand({ Bucket }))).Grants ?? []).length;
    expect(await grants()).toBe(2);
    // The list goes before lists are turned off.
    const private_ = { OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] } };
    expect(await stand.update(template(private_))).toBe('UPDATE_COMPLETE');
    expect(await grants()).toBe(1);
    await expect(stand.s3.send(new GetPublicAccessBlockCommand({ Bucket }))).rejects.toThrow('not found');
  });

  it.each([
    [{}, "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"],
    [
      { OwnershipControls: { Rules: [{ ObjectOwnership: 'ObjectWriter' }] } },
      'Bucket cannot have public ACLs set with BlockPublicAccess enabled',
    ],
    [{ AccessControl: 'AwsExecRead' }, 'Sandtable does not model the access control list AwsExecRead.'],
    [{ BucketName: 'shop-taken' }, "identifier 'shop-taken' already exists."],
    [
      { AnalyticsConfigurations: [{ Id: 'a', StorageClassAnalysis: {} }] },
      'does not model the property AnalyticsConfigurations',
    ],
  ])('cannot be made with %o', async (more, reason) => {
    const stand = newStand();
    await stand.s3.send(new CreateBucketCommand({ Bucket: 'shop-taken' }));
    expect(await stand.create(template({ AccessControl: 'PublicRead', ...more }))).toBe('ROLLBACK_COMPLETE');
    expect((await stand.failures())[0]).toContain(reason);
    expect(await names(stand.s3)).toEqual(['shop-taken']);
  });

  // https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-s3-bucket-replicationconfiguration.html
  it('locks its objects, and replicates them into another bucket of the stack', async () => {
    const stand = newStand();
    const role = {
      Type: 'AWS::IAM::Role',
      Properties: {
        AssumeRolePolicyDocument: {
          Version: '2012-10-17',
          Statement: {
            Effect: 'Allow',
            Principal: { Service: 's3.amazonaws.com' },
            Action: 'sts:AssumeRole',
          },
        },
        Policies: [
          {
            PolicyName: 'all',
            PolicyDocument: {
              Version: '2012-10-17',
              Statement: { Effect: 'Allow', Action: 's3:*', Resource: '*' },
            },
          },
        ],
      },
    };
    const VersioningConfiguration = { Status: 'Enabled' };
    const lock = (Days: number) => ({
      ObjectLockEnabled: 'Enabled',
      Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days } },
    });
    const rules = {
      Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
      Rules: [
        {
          Status: 'Enabled',
          Priority: 1,
          Filter: { And: { Prefix: 'a', TagFilters: [{ Key: 'k', Value: 'v' }] } },
          DeleteMarkerReplication: { Status: 'Disabled' },
          Destination: { Bucket: { 'Fn::GetAtt': ['Replica', 'Arn'] } },
        },
      ],
    };
    const made = (Days: number, more: object) => ({
      Resources: {
        Role: role,
        Replica: bucket({ BucketName: 'shop-replica', VersioningConfiguration, ObjectLockEnabled: true }),
        Bucket: bucket({
          BucketName: 'shop-source',
          VersioningConfiguration,
          ObjectLockEnabled: true,
          ObjectLockConfiguration: lock(Days),
          ...more,
        }),
      },
    });
    expect(await stand.create(made(1, { ReplicationConfiguration: rules }))).toBe('CREATE_COMPLETE');
    const Bucket = 'shop-source';
    await stand.s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'x', Tagging: 'k=v' }));
    stand.table.advance(300_000);
    const replica = await stand.s3.send(new HeadObjectCommand({ Bucket: 'shop-replica', Key: 'a' }));
    expect(replica).toMatchObject({
      ReplicationStatus: 'REPLICA',
      ObjectLockMode: 'GOVERNANCE',
      TagCount: 1,
    });
    expect(await drifts(stand)).toEqual([]);
    expect(await stand.update(made(2, {}))).toBe('UPDATE_COMPLETE');
    const { ObjectLockConfiguration } = await stand.s3.send(
      new GetObjectLockConfigurationCommand({ Bucket }),
    );
    expect(ObjectLockConfiguration?.Rule?.DefaultRetention).toEqual({ Mode: 'GOVERNANCE', Days: 2 });
    await expect(stand.s3.send(new GetBucketReplicationCommand({ Bucket }))).rejects.toThrow('not found');
  });

  it('tells queues and topics what happens to its objects', async () => {
    const stand = newStand();
    const notify = {
      QueueConfigurations: [
        {
          Event: 's3:ObjectCreated:*',
          Queue: { 'Fn::GetAtt': ['Queue', 'Arn'] },
          Filter: { S3Key: { Rules: [{ Name: 'prefix', Value: 'in/' }] } },
        },
      ],
      EventBridgeConfiguration: { EventBridgeEnabled: true },
    };
    const Statement = [
      {
        Effect: 'Allow',
        Principal: { Service: 's3.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: { 'Fn::GetAtt': ['Queue', 'Arn'] },
      },
    ];
    const Resources = (NotificationConfiguration: object) => ({
      Queue: { Type: 'AWS::SQS::Queue' },
      Policy: {
        Type: 'AWS::SQS::QueuePolicy',
        Properties: { Queues: [{ Ref: 'Queue' }], PolicyDocument: { Version: '2012-10-17', Statement } },
      },
      Bucket: bucket({ NotificationConfiguration }, { DependsOn: 'Policy' }),
    });
    const made = await stand.create({ Resources: Resources(notify) });
    expect([made, ...(await stand.failures())]).toEqual(['CREATE_COMPLETE']);
    const { Bucket = '' } = await stand.physicalIds();
    const found = await stand.s3.send(new GetBucketNotificationConfigurationCommand({ Bucket }));
    expect(found).toMatchObject({
      QueueConfigurations: [
        {
          Events: ['s3:ObjectCreated:*'],
          Filter: { Key: { FilterRules: [{ Name: 'Prefix', Value: 'in/' }] } },
        },
      ],
      EventBridgeConfiguration: {},
    });
    expect(await stand.update({ Resources: Resources({}) })).toBe('UPDATE_COMPLETE');
    const none = await stand.s3.send(new GetBucketNotificationConfigurationCommand({ Bucket }));
    expect([none.QueueConfigurations, none.EventBridgeConfiguration]).toEqual([undefined, undefined]);
  });

  it('is not deleted while there is something in it', async () => {
    const stand = newStand();
    await stand.create(template({ VersioningConfiguration: { Status: 'Enabled' } }));
    const { Bucket = '' } = await stand.physicalIds();
    await stand.s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'a' }));
    expect(await stand.delete()).toBe('DELETE_FAILED');
    expect((await stand.failures())[0]).toContain(
      'The bucket you tried to delete is not empty. You must delete all versions in the bucket. (Service: S3, Status Code: 409',
    );
  });

  it('drifts where somebody changes what the template sets', async () => {
    const stand = newStand();
    await stand.create(template({ VersioningConfiguration: { Status: 'Enabled' } }));
    const { Bucket = '' } = await stand.physicalIds();
    const VersioningConfiguration = { Status: 'Suspended' } as const;
    await stand.s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
    expect(await drifts(stand)).toEqual(['/VersioningConfiguration/Status NOT_EQUAL']);
  });
});

describe('AWS::S3::BucketPolicy', () => {
  const policy = (Action: string): object => ({
    Type: 'AWS::S3::BucketPolicy',
    Properties: {
      Bucket: { Ref: 'Bucket' },
      PolicyDocument: {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Deny', Principal: '*', Action, Resource: att('Arn') }],
      },
    },
  });

  it('is the policy of its bucket, whose name it bears', async () => {
    const stand = newStand();
    const Resources = (action: string) => ({ Bucket: bucket(), Policy: policy(action) });
    expect(await stand.create({ Resources: Resources('s3:DeleteBucketWebsite') })).toBe('CREATE_COMPLETE');
    const { Bucket = '', Policy } = await stand.physicalIds();
    expect(Policy).toBe(Bucket);
    const text = async (): Promise<string | undefined> =>
      (await stand.s3.send(new GetBucketPolicyCommand({ Bucket }))).Policy;
    expect(await text()).toContain('s3:DeleteBucketWebsite');
    expect(await drifts(stand)).toEqual([]);
    await stand.update({ Resources: Resources('s3:PutBucketWebsite') });
    expect(await text()).toContain('s3:PutBucketWebsite');
    await stand.update({ Resources: { Bucket: bucket() } });
    await expect(text()).rejects.toThrow('The bucket policy does not exist');
  });

  it('is one for each bucket', async () => {
    const stand = newStand();
    const second = { ...policy('s3:PutBucketTagging'), DependsOn: 'First' };
    const Resources = { Bucket: bucket(), First: policy('s3:PutBucketAcl'), Second: second };
    expect(await stand.create({ Resources })).toBe('ROLLBACK_COMPLETE');
    expect((await stand.failures())[0]).toContain('The bucket policy already exists on bucket shop-bucket-');
  });
});
