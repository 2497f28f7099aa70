// What a deployment is to the agent: the payload of GetDeploymentSpecification's envelope.
// https://github.com/aws/aws-codedeploy-agent, deployment_specification.rb

import type { FileExistsBehavior } from '../appspec.ts';
import type { BundleType } from '../bundle.ts';
import { AgentError } from '../problem.ts';

export interface Deployment {
  readonly deploymentId: string;
  readonly groupId: string;
  readonly groupName: string;
  readonly application: string;
  readonly creator: string;
  readonly type: string;
  readonly appSpecPath: string;
  readonly fileExistsBehavior: FileExistsBehavior;
  /** Absent: the AppSpec's events are not checked. */
  readonly lifecycleEvents?: readonly string[];
  readonly revision: S3Revision;
}

export interface S3Revision {
  readonly bucket: string;
  readonly key: string;
  readonly bundleType: BundleType;
  readonly version?: string;
  readonly etag?: string;
}

interface Payload {
  DeploymentId?: string;
  DeploymentGroupId?: string;
  DeploymentGroupName?: string;
  ApplicationName?: string;
  DeploymentCreator?: string;
  DeploymentType?: string;
  AppSpecFilename?: string;
  AgentActionOverrides?: { AgentOverrides?: { FileExistsBehavior?: string } };
  AllPossibleLifecycleEvents?: readonly string[];
  Revision?: {
    RevisionType?: string;
    S3Revision?: { Bucket?: string; Key?: string; BundleType?: string; Version?: string; ETag?: string };
  };
}

/**
 * Reads an envelope. AWS signs it (`PKCS7/JSON`); inside one world the signature would prove nothing, so it
 * is plain text here, which the real agent takes from its local tool only.
 */
export function readSpecification(
  envelope: { Format?: string | undefined; Payload?: string | undefined } | undefined,
): Deployment {
  if (!envelope) throw new AgentError('Provided deployment spec was nil');
  if (envelope.Format !== 'TEXT/JSON')
    throw new AgentError(`Unsupported DeploymentSpecification format: ${envelope.Format ?? ''}`);
  const data = JSON.parse(envelope.Payload ?? '{}') as Payload;
  const overwrite =
    data.AgentActionOverrides?.AgentOverrides?.FileExistsBehavior?.toUpperCase() ?? 'DISALLOW';
  const events = data.AllPossibleLifecycleEvents;
  const id = needed(data, 'DeploymentId');
  return {
    deploymentId: id.startsWith('arn:') ? (id.split('/')[1] ?? id) : id,
    groupId: needed(data, 'DeploymentGroupId'),
    groupName: needed(data, 'DeploymentGroupName'),
    application: needed(data, 'ApplicationName'),
    creator: data.DeploymentCreator ?? 'user',
    type: data.DeploymentType ?? 'IN_PLACE',
    appSpecPath: data.AppSpecFilename || 'appspec.yml',
    fileExistsBehavior: behaviorOf(overwrite),
    ...(events ? { lifecycleEvents: events } : {}),
    revision: revisionOf(data.Revision),
  };
}

function needed(
  data: Payload,
  member: 'DeploymentId' | 'DeploymentGroupId' | 'DeploymentGroupName' | 'ApplicationName',
): string {
  const value = data[member];
  if (value === undefined || value === '') throw new AgentError(`Deployment Spec has no ${member}`);
  return value;
}

function behaviorOf(text: string): FileExistsBehavior {
  if (text === 'DISALLOW' || text === 'OVERWRITE' || text === 'RETAIN') return text;
  throw new AgentError(
    `The deployment failed because an invalid option was specified for fileExistsBehavior: ${text}. ` +
      'Valid options include OVERWRITE, RETAIN, and DISALLOW.',
  );
}

function revisionOf(revision: Payload['Revision']): S3Revision {
  if (!revision) throw new AgentError('Must specify a revison');
  if (revision.RevisionType !== 'S3') {
    throw new AgentError(
      `Not modelled: revisions of type ${revision.RevisionType ?? '(none)'}. Put the bundle into an S3 bucket.`,
    );
  }
  const { Bucket, Key, BundleType, Version, ETag } = revision.S3Revision ?? {};
  if (Bucket === undefined || Key === undefined || BundleType === undefined) {
    throw new AgentError('S3Revision in Deployment Spec must specify Bucket, Key and BundleType');
  }
  if (BundleType !== 'tar' && BundleType !== 'tgz' && BundleType !== 'zip') {
    throw new AgentError('BundleType in S3Revision must be tar, tgz or zip');
  }
  return {
    bucket: Bucket,
    key: Key,
    bundleType: BundleType,
    ...(Version === undefined ? {} : { version: Version }),
    ...(ETag === undefined ? {} : { etag: ETag }),
  };
}
