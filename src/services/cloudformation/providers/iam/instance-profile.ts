// AWS::IAM::InstanceProfile.

import { provider } from '../provider.ts';
import type { Provider } from '../provider.ts';

const LONGEST = 128;

export const instanceProfile: Provider = provider({
  type: 'AWS::IAM::InstanceProfile',
  create(work) {
    const { Path, Roles } = work.properties;
    const InstanceProfileName = work.properties.InstanceProfileName ?? work.name({ longest: LONGEST });
    work.call('iam', 'CreateInstanceProfile', { InstanceProfileName, Path });
    for (const RoleName of Roles)
      work.call('iam', 'AddRoleToInstanceProfile', { InstanceProfileName, RoleName });
    return InstanceProfileName;
  },
  update(work) {
    const InstanceProfileName = work.physicalId;
    if (!work.changed('Roles')) return;
    for (const RoleName of work.previous?.Roles ?? [])
      work.find('iam', 'RemoveRoleFromInstanceProfile', { InstanceProfileName, RoleName });
    for (const RoleName of work.properties.Roles)
      work.call('iam', 'AddRoleToInstanceProfile', { InstanceProfileName, RoleName });
  },
  delete(work) {
    const InstanceProfileName = work.physicalId;
    for (const RoleName of work.properties.Roles)
      work.find('iam', 'RemoveRoleFromInstanceProfile', { InstanceProfileName, RoleName });
    work.find('iam', 'DeleteInstanceProfile', { InstanceProfileName });
  },
  attributes(work) {
    const found = work.call('iam', 'GetInstanceProfile', { InstanceProfileName: work.physicalId });
    return { Arn: found.InstanceProfile?.Arn ?? '' };
  },
  read(work) {
    const InstanceProfileName = work.physicalId;
    const found = work.find('iam', 'GetInstanceProfile', { InstanceProfileName })?.InstanceProfile;
    if (!found) return undefined;
    const Roles = (found.Roles ?? []).map(({ RoleName = '' }) => RoleName);
    return { InstanceProfileName, Path: found.Path ?? '/', Roles };
  },
});
