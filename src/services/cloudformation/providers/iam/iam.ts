// The types of AWS::IAM that are modelled.

import type { Provider } from '../provider.ts';
import { group, groupPolicy } from './group.ts';
import { instanceProfile } from './instance-profile.ts';
import { managedPolicy, policy } from './policy.ts';
import { role, rolePolicy } from './role.ts';
import { accessKey, user, userPolicy, userToGroupAddition } from './user.ts';

export const iamProviders: readonly Provider[] = [
  accessKey,
  group,
  groupPolicy,
  instanceProfile,
  managedPolicy,
  policy,
  role,
  rolePolicy,
  user,
  userPolicy,
  userToGroupAddition,
];
