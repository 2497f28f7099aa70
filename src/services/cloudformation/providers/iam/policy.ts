// AWS::IAM::Policy, one inline policy on many roles, users and groups, and AWS::IAM::ManagedPolicy.

import { documentLike, documentText, without } from '../policy-document.ts';
import { handlerFailure, provider } from '../provider.ts';
import type { Provider, TypeName, Work } from '../provider.ts';
import { groupHolder, inOrderOf, namesIn, roleHolder, rowsOf, userHolder } from './holders.ts';
import type { Holder } from './holders.ts';

interface Names {
  readonly Roles?: readonly string[] | undefined;
  readonly Users?: readonly string[] | undefined;
  readonly Groups?: readonly string[] | undefined;
}

function holders<T extends TypeName>(work: Work<T>, { Roles, Users, Groups }: Names): Holder[] {
  return [
    ...(Roles ?? []).map((name) => roleHolder(work, name)),
    ...(Users ?? []).map((name) => userHolder(work, name)),
    ...(Groups ?? []).map((name) => groupHolder(work, name)),
  ];
}

/** Whom only the first names. */
function onlyIn(one: Names, other: Names = {}): Names {
  return {
    Roles: without(one.Roles, other.Roles),
    Users: without(one.Users, other.Users),
    Groups: without(one.Groups, other.Groups),
  };
}

/** AWS's ids of such policies keep five letters of the stack's name and of the logical id. */
const ID_LENGTH = 24;

export const policy: Provider = provider({
  type: 'AWS::IAM::Policy',
  create(work) {
    const { PolicyName, PolicyDocument } = work.properties;
    const all = holders(work, work.properties);
    if (all.length === 0)
      throw handlerFailure(work, 'At least one of [Groups,Roles,Users] must be non-empty.');
    for (const holder of all) holder.put(PolicyName, PolicyDocument);
    return work.name({ longest: ID_LENGTH });
  },
  update(work) {
    const { PolicyName, PolicyDocument } = work.properties;
    const all = holders(work, work.properties);
    if (all.length === 0)
      throw handlerFailure(work, 'At least one of [Groups,Roles,Users] must be non-empty.');
    for (const holder of all) holder.put(PolicyName, PolicyDocument);
    const { previous } = work;
    if (!previous) return;
    const renamed = previous.PolicyName !== PolicyName;
    const left = renamed ? previous : onlyIn(previous, work.properties);
    for (const holder of holders(work, left)) holder.remove(previous.PolicyName);
  },
  delete(work) {
    for (const holder of holders(work, work.properties)) holder.remove(work.properties.PolicyName);
  },
  attributes: ({ physicalId }) => ({ Id: physicalId }),
  read(work) {
    const { PolicyName, PolicyDocument, ...names } = work.properties;
    const texts = holders(work, names).map((holder) => holder.get(PolicyName));
    const standing = texts.filter((text) => text !== undefined);
    if (standing.length === 0) return undefined;
    const expected = documentText(PolicyDocument);
    const shown = standing.find((text) => text !== expected) ?? expected;
    return { PolicyName, PolicyDocument: documentLike(PolicyDocument, shown) };
  },
});

const LONGEST = 128;
const MOST_VERSIONS = 5;

type Managed = Work<'AWS::IAM::ManagedPolicy'>;

/** Makes a new version the default one. The oldest makes room where there are as many as there may be. */
function newVersion(work: Managed): void {
  const PolicyArn = work.physicalId;
  const { Versions = [] } = work.call('iam', 'ListPolicyVersions', { PolicyArn });
  const oldest = Versions.findLast(({ IsDefaultVersion }) => !IsDefaultVersion);
  if (Versions.length >= MOST_VERSIONS && oldest)
    work.call('iam', 'DeletePolicyVersion', { PolicyArn, VersionId: oldest.VersionId ?? '' });
  const PolicyDocument = documentText(work.properties.PolicyDocument);
  work.call('iam', 'CreatePolicyVersion', { PolicyArn, PolicyDocument, SetAsDefault: true });
}

/** Roles, users or groups of the stack that attach the policy themselves, by name. */
function holdersOf(work: Managed, type: TypeName): string[] {
  return rowsOf(work, type)
    .filter(({ properties }) => namesIn(properties['ManagedPolicyArns']).includes(work.physicalId))
    .map(({ physicalId = '' }) => physicalId);
}

export const managedPolicy: Provider = provider({
  type: 'AWS::IAM::ManagedPolicy',
  create(work) {
    const { ManagedPolicyName, PolicyDocument, Path, Description } = work.properties;
    const { Policy } = work.call('iam', 'CreatePolicy', {
      PolicyName: ManagedPolicyName ?? work.name({ longest: LONGEST }),
      PolicyDocument: documentText(PolicyDocument),
      Path,
      Description,
    });
    const arn = Policy?.Arn ?? '';
    for (const holder of holders(work, work.properties)) holder.attach(arn);
    return arn;
  },
  update(work) {
    if (work.changed('PolicyDocument')) newVersion(work);
    const { properties, previous = {} } = work;
    for (const holder of holders(work, onlyIn(previous, properties))) holder.detach(work.physicalId);
    for (const holder of holders(work, onlyIn(properties, previous))) holder.attach(work.physicalId);
  },
  /** Whoever else has attached it keeps it from being deleted. */
  delete(work) {
    const PolicyArn = work.physicalId;
    for (const holder of holders(work, work.properties)) holder.detach(PolicyArn);
    const found = work.find('iam', 'ListPolicyVersions', { PolicyArn });
    for (const { VersionId = '', IsDefaultVersion } of found?.Versions ?? [])
      if (!IsDefaultVersion) work.call('iam', 'DeletePolicyVersion', { PolicyArn, VersionId });
    work.find('iam', 'DeletePolicy', { PolicyArn });
  },
  attributes(work) {
    const { Policy = {} } = work.call('iam', 'GetPolicy', { PolicyArn: work.physicalId });
    return {
      PolicyArn: work.physicalId,
      PolicyId: Policy.PolicyId ?? '',
      DefaultVersionId: Policy.DefaultVersionId ?? '',
      AttachmentCount: Policy.AttachmentCount ?? 0,
      PermissionsBoundaryUsageCount: Policy.PermissionsBoundaryUsageCount ?? 0,
      IsAttachable: Policy.IsAttachable ?? true,
    };
  },
  read(work) {
    const PolicyArn = work.physicalId;
    const found = work.find('iam', 'GetPolicy', { PolicyArn })?.Policy;
    if (!found) return undefined;
    const { DefaultVersionId: VersionId = '', PolicyName = '', Path = '/', Description } = found;
    const version = work.call('iam', 'GetPolicyVersion', { PolicyArn, VersionId }).PolicyVersion;
    const text = decodeURIComponent(version?.Document ?? '');
    const {
      PolicyRoles = [],
      PolicyUsers = [],
      PolicyGroups = [],
    } = work.call('iam', 'ListEntitiesForPolicy', { PolicyArn, PolicyUsageFilter: 'PermissionsPolicy' });
    const { Roles, Users, Groups } = work.properties;
    const others = (found: readonly string[], given: readonly string[] = [], type: TypeName): string[] =>
      inOrderOf(given, without(found, without(holdersOf(work, type), given)));
    const roleNames = PolicyRoles.map(({ RoleName = '' }) => RoleName);
    const userNames = PolicyUsers.map(({ UserName = '' }) => UserName);
    const groupNames = PolicyGroups.map(({ GroupName = '' }) => GroupName);
    return {
      ManagedPolicyName: PolicyName,
      Path,
      Description,
      PolicyDocument: documentLike(work.properties.PolicyDocument, text),
      Roles: others(roleNames, Roles, 'AWS::IAM::Role'),
      Users: others(userNames, Users, 'AWS::IAM::User'),
      Groups: others(groupNames, Groups, 'AWS::IAM::Group'),
    };
  },
});
