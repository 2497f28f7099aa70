// AWS::Logs::LogGroup and AWS::Logs::LogStream.

import type { Input } from '#cloud/contracts.ts';
import { handlerFailure, provider } from '../provider.ts';
import type { Provider, TypeName, Work } from '../provider.ts';

const LONGEST = 512;

type GroupClass = Input<'logs', 'CreateLogGroup'>['logGroupClass'];

interface Found {
  readonly arn: string;
  readonly retentionInDays?: number | undefined;
  readonly kmsKeyId?: string | undefined;
  readonly logGroupClass?: string | undefined;
  readonly deletionProtectionEnabled?: boolean | undefined;
}

function groupNamed<T extends TypeName>(work: Work<T>, name: string): Found | undefined {
  const found = work.call('logs', 'DescribeLogGroups', { logGroupNamePrefix: name, limit: 50 });
  const group = found.logGroups?.find(({ logGroupName }) => logGroupName === name);
  return group && { ...group, arn: group.arn ?? '' };
}

/** Tags are put on the ARN that does not end in `:*`. */
const taggable = (arn: string): string => arn.replace(/:\*$/, '');

export const logGroup: Provider = provider({
  type: 'AWS::Logs::LogGroup',
  refused: [
    'BearerTokenAuthenticationEnabled',
    'DataProtectionPolicy',
    'FieldIndexPolicies',
    'ResourcePolicyDocument',
  ],
  create(work) {
    const { KmsKeyId, LogGroupClass, RetentionInDays, DeletionProtectionEnabled, Tags } = work.properties;
    const logGroupName = work.properties.LogGroupName ?? work.name({ longest: LONGEST });
    work.call('logs', 'CreateLogGroup', {
      logGroupName,
      kmsKeyId: KmsKeyId,
      logGroupClass: LogGroupClass as GroupClass,
      deletionProtectionEnabled: DeletionProtectionEnabled,
      tags: work.tagMap(Tags),
    });
    if (RetentionInDays !== undefined)
      work.call('logs', 'PutRetentionPolicy', { logGroupName, retentionInDays: RetentionInDays });
    return logGroupName;
  },
  update(work) {
    const logGroupName = work.physicalId;
    const { KmsKeyId, RetentionInDays, DeletionProtectionEnabled = false } = work.properties;
    if (work.changed('LogGroupClass'))
      throw handlerFailure(work, 'The class of a log group cannot be changed.', 'NotUpdatable');
    if (work.changed('RetentionInDays')) {
      if (RetentionInDays === undefined) work.call('logs', 'DeleteRetentionPolicy', { logGroupName });
      else work.call('logs', 'PutRetentionPolicy', { logGroupName, retentionInDays: RetentionInDays });
    }
    if (work.changed('KmsKeyId')) {
      if (KmsKeyId === undefined) work.call('logs', 'DisassociateKmsKey', { logGroupName });
      else work.call('logs', 'AssociateKmsKey', { logGroupName, kmsKeyId: KmsKeyId });
    }
    if (work.changed('DeletionProtectionEnabled')) {
      work.call('logs', 'PutLogGroupDeletionProtection', {
        logGroupIdentifier: logGroupName,
        deletionProtectionEnabled: DeletionProtectionEnabled,
      });
    }
    const resourceArn = taggable(groupNamed(work, logGroupName)?.arn ?? '');
    const { put, remove } = work.tagChanges();
    const tags = Object.fromEntries(put.map(({ Key, Value }) => [Key, Value]));
    work.call('logs', 'TagResource', { resourceArn, tags });
    if (remove.length > 0) work.call('logs', 'UntagResource', { resourceArn, tagKeys: remove });
  },
  delete(work) {
    work.find('logs', 'DeleteLogGroup', { logGroupName: work.physicalId });
  },
  attributes: (work) => ({ Arn: groupNamed(work, work.physicalId)?.arn ?? '' }),
  read(work) {
    const found = groupNamed(work, work.physicalId);
    if (!found) return undefined;
    const { retentionInDays, kmsKeyId, logGroupClass = 'STANDARD', deletionProtectionEnabled } = found;
    return {
      LogGroupName: work.physicalId,
      LogGroupClass: logGroupClass,
      DeletionProtectionEnabled: deletionProtectionEnabled === true,
      RetentionInDays: retentionInDays,
      KmsKeyId: kmsKeyId,
    };
  },
});

export const logStream: Provider = provider({
  type: 'AWS::Logs::LogStream',
  create(work) {
    const { LogGroupName: logGroupName } = work.properties;
    const logStreamName = work.properties.LogStreamName ?? work.name({ longest: LONGEST });
    work.call('logs', 'CreateLogStream', { logGroupName, logStreamName });
    return logStreamName;
  },
  delete(work) {
    const { LogGroupName: logGroupName } = work.properties;
    work.find('logs', 'DeleteLogStream', { logGroupName, logStreamName: work.physicalId });
  },
  read(work) {
    const { LogGroupName: logGroupName } = work.properties;
    const logStreamNamePrefix = work.physicalId;
    const found = work.find('logs', 'DescribeLogStreams', { logGroupName, logStreamNamePrefix });
    const there = found?.logStreams?.some(({ logStreamName }) => logStreamName === work.physicalId);
    return there ? { LogGroupName: logGroupName, LogStreamName: work.physicalId } : undefined;
  },
});
