// AWS::Logs::ResourcePolicy.

import { documentLike, documentText } from '../policy-document.ts';
import { provider } from '../provider.ts';
import type { Provider, Work } from '../provider.ts';

type Policy = Work<'AWS::Logs::ResourcePolicy'>;

function put(work: Policy): void {
  const { PolicyName: policyName, PolicyDocument } = work.properties;
  work.call('logs', 'PutResourcePolicy', { policyName, policyDocument: documentText(PolicyDocument) });
}

function documentNamed(work: Policy, name: string): string | undefined {
  const { resourcePolicies = [] } = work.call('logs', 'DescribeResourcePolicies', {});
  return resourcePolicies.find(({ policyName }) => policyName === name)?.policyDocument;
}

export const resourcePolicy: Provider = provider({
  type: 'AWS::Logs::ResourcePolicy',
  create(work) {
    put(work);
    return work.properties.PolicyName;
  },
  update: put,
  delete(work) {
    work.find('logs', 'DeleteResourcePolicy', { policyName: work.physicalId });
  },
  read(work) {
    const text = documentNamed(work, work.physicalId);
    if (text === undefined) return undefined;
    const { PolicyDocument } = work.properties;
    return { PolicyName: work.physicalId, PolicyDocument: documentLike(PolicyDocument, text) };
  },
});
