// AWS::IAM::Group and AWS::IAM::GroupPolicy.

import { documentLike } from '../policy-document.ts';
import { provider } from '../provider.ts';
import type { Provider } from '../provider.ts';
import { groupHolder, heldNow, hold } from './holders.ts';

const LONGEST = 128;

export const group: Provider = provider({
  type: 'AWS::IAM::Group',
  create(work) {
    const { Path } = work.properties;
    const GroupName = work.properties.GroupName ?? work.name({ longest: LONGEST });
    work.call('iam', 'CreateGroup', { GroupName, Path });
    hold(groupHolder(work, GroupName), work.properties);
    return GroupName;
  },
  update(work) {
    const GroupName = work.physicalId;
    const { Path = '/' } = work.properties;
    if (work.changed('Path')) work.call('iam', 'UpdateGroup', { GroupName, NewPath: Path });
    hold(groupHolder(work, GroupName), work.properties, work.previous);
  },
  delete(work) {
    hold(groupHolder(work, work.physicalId), {}, work.properties);
    work.find('iam', 'DeleteGroup', { GroupName: work.physicalId });
  },
  attributes: (work) => ({
    Arn: work.call('iam', 'GetGroup', { GroupName: work.physicalId }).Group?.Arn ?? '',
  }),
  read(work) {
    const GroupName = work.physicalId;
    const found = work.find('iam', 'GetGroup', { GroupName })?.Group;
    if (!found) return undefined;
    const { Path = '/' } = found;
    return { GroupName, Path, ...heldNow(work, groupHolder(work, GroupName), work.properties) };
  },
});

export const groupPolicy: Provider = provider({
  type: 'AWS::IAM::GroupPolicy',
  create(work) {
    const { GroupName, PolicyName, PolicyDocument = {} } = work.properties;
    groupHolder(work, GroupName).put(PolicyName, PolicyDocument);
    return `${PolicyName}|${GroupName}`;
  },
  update(work) {
    const { GroupName, PolicyName, PolicyDocument = {} } = work.properties;
    groupHolder(work, GroupName).put(PolicyName, PolicyDocument);
  },
  delete(work) {
    const { GroupName, PolicyName } = work.properties;
    groupHolder(work, GroupName).remove(PolicyName);
  },
  read(work) {
    const [PolicyName = '', GroupName = ''] = work.physicalId.split('|');
    const text = groupHolder(work, GroupName).get(PolicyName);
    if (text === undefined) return undefined;
    return { PolicyName, GroupName, PolicyDocument: documentLike(work.properties.PolicyDocument, text) };
  },
});
