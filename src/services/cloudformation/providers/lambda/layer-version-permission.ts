// AWS::Lambda::LayerVersionPermission: one statement of the policy of a layer's version. Any change makes another one.

import { provider } from '../provider.ts';
import type { Provider, Work } from '../provider.ts';

const LONGEST = 100;
const SEPARATOR = '#';

interface Statement {
  readonly Sid?: string;
  readonly Action?: string;
}

function versionOf({ properties }: Work<'AWS::Lambda::LayerVersionPermission'>): {
  LayerName: string;
  VersionNumber: number;
} {
  const { LayerVersionArn: arn } = properties;
  const at = arn.lastIndexOf(':');
  return { LayerName: arn.slice(0, at), VersionNumber: Number(arn.slice(at + 1)) };
}

/** `Ref` is the version's ARN and the statement's id. */
function statementIn(physicalId: string): string {
  return physicalId.split(SEPARATOR)[1] ?? '';
}

export const layerVersionPermission: Provider = provider({
  type: 'AWS::Lambda::LayerVersionPermission',
  create(work) {
    const { Action, Principal, OrganizationId, LayerVersionArn } = work.properties;
    const StatementId = work.name({ longest: LONGEST });
    const input = { ...versionOf(work), StatementId, Action, Principal, OrganizationId };
    work.call('lambda', 'AddLayerVersionPermission', input);
    return `${LayerVersionArn}${SEPARATOR}${StatementId}`;
  },
  delete(work) {
    const StatementId = statementIn(work.physicalId);
    work.find('lambda', 'RemoveLayerVersionPermission', { ...versionOf(work), StatementId });
  },
  attributes: ({ physicalId }) => ({ Id: physicalId }),
  read(work) {
    const policy = work.find('lambda', 'GetLayerVersionPolicy', versionOf(work))?.Policy;
    if (policy === undefined) return undefined;
    const { Statement: statements = [] } = JSON.parse(policy) as { Statement?: readonly Statement[] };
    const found = statements.find(({ Sid }) => Sid === statementIn(work.physicalId));
    return found && { LayerVersionArn: work.properties.LayerVersionArn, Action: found.Action };
  },
});
