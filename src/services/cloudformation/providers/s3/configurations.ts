// The configurations of a bucket: each is a property of the template and a subresource of S3, written after the bucket is
// there, in the order in which they need one another.

import type { Input } from '#cloud/contracts.ts';
import { handlerFailure } from '../provider.ts';
import type { Json, Properties, Work } from '../provider.ts';
import { given, inTemplate } from './given.ts';
import { templateRule, wireRules } from './lifecycle.ts';
import type { WireRule } from './lifecycle.ts';
import { templateNotifications, wireNotifications } from './notifications.ts';
import { templateReplication, wireReplication } from './replication.ts';
import { templateWebsite, wireWebsite } from './website.ts';

type BucketWork = Work<'AWS::S3::Bucket'>;
type Bucket = Properties<'AWS::S3::Bucket'>;
type Name = keyof Bucket;

/** One property: how it is written, taken away and read. `Bucket` is the name of the bucket. */
export interface Configuration {
  readonly property: Name;
  write(work: BucketWork, Bucket: string): void;
  /** The template has it no more. */
  clear(work: BucketWork, Bucket: string): void;
  /** In the template's terms; nothing where it is not configured. */
  read(work: BucketWork, Bucket: string): Json | undefined;
}

function configuration<N extends Name>(
  property: N,
  {
    write,
    clear,
    read,
  }: {
    write: (work: BucketWork, Bucket: string, value: NonNullable<Bucket[N]>) => void;
    clear: Configuration['clear'];
    read: Configuration['read'];
  },
): Configuration {
  return {
    property,
    write(work, name) {
      const value = work.properties[property];
      if (value !== undefined) write(work, name, value as NonNullable<Bucket[N]>);
    },
    clear,
    read,
  };
}

/** What a template calls the canned lists. */
const LISTS: Readonly<Record<string, string>> = {
  Private: 'private',
  PublicRead: 'public-read',
  PublicReadWrite: 'public-read-write',
  AuthenticatedRead: 'authenticated-read',
  LogDeliveryWrite: 'log-delivery-write',
  // Of buckets S3 ignores these two: https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl
  BucketOwnerRead: 'private',
  BucketOwnerFullControl: 'private',
};

/** The canned list that a template asks for, where it is more than the owner has anyway. */
export function cannedList(work: BucketWork): Input<'s3', 'PutBucketAcl'>['ACL'] {
  const { AccessControl = 'Private' } = work.properties;
  const list = LISTS[AccessControl];
  if (list === undefined)
    throw handlerFailure(work, `Sandtable does not model the access control list ${AccessControl}.`);
  return list === 'private' ? undefined : (list as Input<'s3', 'PutBucketAcl'>['ACL']);
}

const ownership = configuration('OwnershipControls', {
  write(work, Bucket, OwnershipControls) {
    work.call('s3', 'PutBucketOwnershipControls', {
      Bucket,
      OwnershipControls: OwnershipControls as Input<'s3', 'PutBucketOwnershipControls'>['OwnershipControls'],
    });
  },
  clear: (work, Bucket) => void work.call('s3', 'DeleteBucketOwnershipControls', { Bucket }),
  read: (work, Bucket) =>
    work.find('s3', 'GetBucketOwnershipControls', { Bucket })?.OwnershipControls as Json | undefined,
});

const publicAccess = configuration('PublicAccessBlockConfiguration', {
  write(work, Bucket, PublicAccessBlockConfiguration) {
    work.call('s3', 'PutPublicAccessBlock', { Bucket, PublicAccessBlockConfiguration });
  },
  clear: (work, Bucket) => void work.call('s3', 'DeletePublicAccessBlock', { Bucket }),
  read: (work, Bucket) =>
    work.find('s3', 'GetPublicAccessBlock', { Bucket })?.PublicAccessBlockConfiguration as Json | undefined,
});

function takeListAway(work: BucketWork, Bucket: string): void {
  const { AccessControl = 'Private' } = work.previous ?? {};
  // Where lists are off, S3 takes not even the one that says nothing.
  if ((LISTS[AccessControl] ?? 'private') !== 'private')
    work.call('s3', 'PutBucketAcl', { Bucket, ACL: 'private' });
}

const list = configuration('AccessControl', {
  write(work, Bucket) {
    const ACL = cannedList(work);
    if (ACL === undefined) takeListAway(work, Bucket);
    else work.call('s3', 'PutBucketAcl', { Bucket, ACL });
  },
  clear: takeListAway,
  // The registry has it for one that can only be written.
  read: () => undefined,
});

const versioning = configuration('VersioningConfiguration', {
  write(work, Bucket, { Status }) {
    work.call('s3', 'PutBucketVersioning', {
      Bucket,
      VersioningConfiguration: { Status: Status as 'Enabled' | 'Suspended' },
    });
  },
  clear(work, Bucket) {
    work.call('s3', 'PutBucketVersioning', { Bucket, VersioningConfiguration: { Status: 'Suspended' } });
  },
  read(work, Bucket) {
    const { Status } = work.call('s3', 'GetBucketVersioning', { Bucket });
    return Status && { Status };
  },
});

type Rules = Input<'s3', 'PutBucketEncryption'>['ServerSideEncryptionConfiguration']['Rules'];

const encryption = configuration('BucketEncryption', {
  write(work, Bucket, { ServerSideEncryptionConfiguration }) {
    const rules = ServerSideEncryptionConfiguration.map(({ ServerSideEncryptionByDefault, ...rest }) =>
      given({ ...rest, ApplyServerSideEncryptionByDefault: ServerSideEncryptionByDefault }),
    );
    work.call('s3', 'PutBucketEncryption', {
      Bucket,
      ServerSideEncryptionConfiguration: { Rules: rules as unknown as Rules },
    });
  },
  clear: (work, Bucket) => void work.call('s3', 'DeleteBucketEncryption', { Bucket }),
  read(work, Bucket) {
    const found = work.call('s3', 'GetBucketEncryption', { Bucket }).ServerSideEncryptionConfiguration;
    const wanted = work.properties.BucketEncryption?.ServerSideEncryptionConfiguration ?? [];
    const shown = (found?.Rules ?? []).map((rule, index) =>
      given({
        ServerSideEncryptionByDefault: rule.ApplyServerSideEncryptionByDefault,
        BucketKeyEnabled:
          wanted[index]?.BucketKeyEnabled === undefined && !rule.BucketKeyEnabled
            ? undefined
            : rule.BucketKeyEnabled,
      }),
    );
    return inTemplate({ ServerSideEncryptionConfiguration: shown });
  },
});

const lifecycle = configuration('LifecycleConfiguration', {
  write(work, Bucket, value) {
    const { TransitionDefaultMinimumObjectSize: size } = value;
    work.call('s3', 'PutBucketLifecycleConfiguration', {
      Bucket,
      LifecycleConfiguration: { Rules: wireRules(work, value) },
      TransitionDefaultMinimumObjectSize: size as 'varies_by_storage_class' | undefined,
    });
  },
  clear: (work, Bucket) => void work.call('s3', 'DeleteBucketLifecycle', { Bucket }),
  read(work, Bucket) {
    const found = work.find('s3', 'GetBucketLifecycleConfiguration', { Bucket });
    if (!found) return undefined;
    const { LifecycleConfiguration: wanted } = work.properties;
    const size = found.TransitionDefaultMinimumObjectSize;
    const rules = (found.Rules ?? []) as readonly WireRule[];
    const asked = wanted ? wireRules(work, wanted) : [];
    const Rules = rules.map((rule, index) => {
      // A rule may be spelled in several ways, and S3 names rules that the template does not name.
      const ours = asked[index];
      const { ID: _, ...unnamed } = rule;
      const same = ours && sameRule(ours.ID === undefined ? unnamed : rule, ours);
      return same ? (wanted?.Rules[index] as unknown as Json) : templateRule(rule);
    });
    const said = wanted?.TransitionDefaultMinimumObjectSize !== undefined;
    return { Rules, ...(said && size !== undefined && { TransitionDefaultMinimumObjectSize: size }) };
  },
});

function sameRule(left: object, right: object): boolean {
  const text = (rule: object): string =>
    JSON.stringify(Object.entries(rule).toSorted(([one], [other]) => (one < other ? -1 : 1)));
  return text(left) === text(right);
}

type CorsRules = Input<'s3', 'PutBucketCors'>['CORSConfiguration']['CORSRules'];

const cors = configuration('CorsConfiguration', {
  write(work, Bucket, { CorsRules }) {
    const CORSRules = CorsRules.map(({ Id, ExposedHeaders, MaxAge, ...rest }) =>
      given({ ...rest, ID: Id, ExposeHeaders: ExposedHeaders, MaxAgeSeconds: MaxAge }),
    ) as CorsRules;
    work.call('s3', 'PutBucketCors', { Bucket, CORSConfiguration: { CORSRules } });
  },
  clear: (work, Bucket) => void work.call('s3', 'DeleteBucketCors', { Bucket }),
  read(work, Bucket) {
    const found = work.find('s3', 'GetBucketCors', { Bucket });
    const rules = found?.CORSRules?.map(({ ID, ExposeHeaders, MaxAgeSeconds, ...rest }) =>
      given({ ...rest, Id: ID, ExposedHeaders: ExposeHeaders, MaxAge: MaxAgeSeconds }),
    );
    return rules && inTemplate({ CorsRules: rules });
  },
});

const website = configuration('WebsiteConfiguration', {
  write(work, Bucket, value) {
    work.call('s3', 'PutBucketWebsite', { Bucket, WebsiteConfiguration: wireWebsite(value) });
  },
  clear: (work, Bucket) => void work.call('s3', 'DeleteBucketWebsite', { Bucket }),
  read(work, Bucket) {
    const found = work.find('s3', 'GetBucketWebsite', { Bucket });
    return found && templateWebsite(found);
  },
});

type LoggingEnabled = Input<'s3', 'PutBucketLogging'>['BucketLoggingStatus']['LoggingEnabled'];

const logging = configuration('LoggingConfiguration', {
  write(work, Bucket, { DestinationBucketName, LogFilePrefix = '', TargetObjectKeyFormat }) {
    // Without a destination the bucket keeps its own logs.
    const enabled = { TargetBucket: DestinationBucketName ?? Bucket, TargetPrefix: LogFilePrefix };
    const LoggingEnabled = { ...enabled, ...given({ TargetObjectKeyFormat }) } as LoggingEnabled;
    work.call('s3', 'PutBucketLogging', { Bucket, BucketLoggingStatus: { LoggingEnabled } });
  },
  clear: (work, Bucket) => void work.call('s3', 'PutBucketLogging', { Bucket, BucketLoggingStatus: {} }),
  read(work, Bucket) {
    const { LoggingEnabled: found } = work.call('s3', 'GetBucketLogging', { Bucket });
    if (!found) return undefined;
    const said = work.properties.LoggingConfiguration ?? {};
    const { TargetBucket, TargetPrefix, TargetObjectKeyFormat } = found;
    const format = TargetObjectKeyFormat ?? said.TargetObjectKeyFormat;
    return inTemplate({
      DestinationBucketName:
        said.DestinationBucketName === undefined && TargetBucket === Bucket ? undefined : TargetBucket,
      LogFilePrefix: said.LogFilePrefix === undefined && TargetPrefix === '' ? undefined : TargetPrefix,
      TargetObjectKeyFormat: format,
    });
  },
});

const acceleration = configuration('AccelerateConfiguration', {
  write(work, Bucket, { AccelerationStatus }) {
    work.call('s3', 'PutBucketAccelerateConfiguration', {
      Bucket,
      AccelerateConfiguration: { Status: AccelerationStatus as 'Enabled' | 'Suspended' },
    });
  },
  clear(work, Bucket) {
    const AccelerateConfiguration = { Status: 'Suspended' } as const;
    work.call('s3', 'PutBucketAccelerateConfiguration', { Bucket, AccelerateConfiguration });
  },
  read(work, Bucket) {
    const { Status } = work.call('s3', 'GetBucketAccelerateConfiguration', { Bucket });
    return Status && { AccelerationStatus: Status };
  },
});

const notifications = configuration('NotificationConfiguration', {
  write(work, Bucket, value) {
    const NotificationConfiguration = wireNotifications(value);
    work.call('s3', 'PutBucketNotificationConfiguration', { Bucket, NotificationConfiguration });
  },
  clear(work, Bucket) {
    const NotificationConfiguration = {};
    work.call('s3', 'PutBucketNotificationConfiguration', { Bucket, NotificationConfiguration });
  },
  read(work, Bucket) {
    return templateNotifications(work.call('s3', 'GetBucketNotificationConfiguration', { Bucket }));
  },
});

type WireLock = NonNullable<Input<'s3', 'PutObjectLockConfiguration'>['ObjectLockConfiguration']>;

const objectLock = configuration('ObjectLockConfiguration', {
  write(work, Bucket, value) {
    const ObjectLockConfiguration = { ObjectLockEnabled: 'Enabled', ...value } as WireLock;
    work.call('s3', 'PutObjectLockConfiguration', { Bucket, ObjectLockConfiguration });
  },
  // A lock never goes; only its default does.
  clear(work, Bucket) {
    const ObjectLockConfiguration = { ObjectLockEnabled: 'Enabled' } as const;
    work.call('s3', 'PutObjectLockConfiguration', { Bucket, ObjectLockConfiguration });
  },
  read(work, Bucket) {
    const found = work.find('s3', 'GetObjectLockConfiguration', { Bucket });
    return found?.ObjectLockConfiguration as Json | undefined;
  },
});

const replication = configuration('ReplicationConfiguration', {
  write(work, Bucket, value) {
    work.call('s3', 'PutBucketReplication', { Bucket, ReplicationConfiguration: wireReplication(value) });
  },
  clear: (work, Bucket) => void work.call('s3', 'DeleteBucketReplication', { Bucket }),
  read(work, Bucket) {
    const found = work.find('s3', 'GetBucketReplication', { Bucket })?.ReplicationConfiguration;
    return found && templateReplication(found, work.properties.ReplicationConfiguration);
  },
});

/** Ownership decides whether there may be a list, and the public access block which. */
export const configurations: readonly Configuration[] = [
  ownership,
  publicAccess,
  list,
  versioning,
  objectLock,
  replication,
  encryption,
  lifecycle,
  cors,
  website,
  logging,
  acceleration,
  notifications,
];
